"""A password is printed nowhere: not by an endpoint, not by the failure to read one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetune.model.endpoint import Endpoint, parse
from kinetune.model.failure import UsageFailure

SECRET = "S3cr3t"
TEMPLATES = (
    "postgres://u:{}@h:5432/k",
    "postgres://u:{}@h1,[::1]:7/k?sslmode=require",
    "postgresql://u@h/k?password={}",
    "yugabytedb://u:{}@h/k?search_path=x",
    "postgres://h/k?user=u&password={}&sslpassword={}",
    "postgres://h/k?passwort={}&sslkey=/k",
    "host=h user=u password={} dbname=k",
    "host=h user=u password='{}' sslpassword='{}'",
    "password={} service=prod",
)
JUNK = st.text(st.sampled_from(":/?#[]@!$&'()*+,;=% \\\"\n09azé"), max_size=6)
SECRETS = st.tuples(JUNK, JUNK).map(lambda ends: f"{ends[0]}{SECRET}{ends[1]}")


def said(text: str) -> tuple[str, bool]:
    """All that kinetune may print about a text, and whether it was refused."""
    try:
        found = parse(text)
    except UsageFailure as failure:
        trace = "" if failure.__suppress_context__ else repr(failure.__context__)
        return f"{failure} {failure!r} {failure.cause} {failure.next_step} {trace}", True
    return f"{found} {found!r} {found.notes if isinstance(found, Endpoint) else ''}", False


@pytest.mark.parametrize("template", TEMPLATES)
def test_an_endpoint_never_shows_its_password(template: str) -> None:
    found = parse(template.replace("{}", SECRET))
    assert isinstance(found, Endpoint)
    assert said(template.replace("{}", SECRET)) == (f"{found} {found!r} {found.notes}", False)
    assert SECRET not in f"{found} {found!r} {found.notes}"
    assert SECRET in repr(found.libpq())


@given(st.sampled_from(TEMPLATES), SECRETS)
def test_nor_does_it_when_the_password_was_not_encoded(template: str, secret: str) -> None:
    assert SECRET not in said(template.replace("{}", secret))[0]


@given(st.sampled_from(TEMPLATES), SECRETS, st.tuples(st.integers(0, 80), st.integers(0, 12), JUNK))
def test_a_failure_never_shows_what_was_typed(template: str, secret: str, slip: tuple[int, int, str]) -> None:
    text = template.replace("{}", secret)
    at, cut, junk = slip
    printed, refused = said(text[:at] + junk + text[at + cut :])
    assert not refused or SECRET not in printed


@given(st.text())
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    printed, refused = said(text)
    assert not refused or "\n" not in printed


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("postgres://kine@db/k?work_mem=8MB&pool_max_conns=3", ("work_mem", "pool_max_conns")),
        ("postgres://kine@db/k?sslpassword=hun&ter2=x", ("sslpassword",)),
        ("host=db password='x://y?ter2=1&a=b'", ()),
    ],
)
def test_no_piece_of_a_password_is_kept_as_the_name_of_a_parameter(text: str, names: tuple[str, ...]) -> None:
    endpoint = parse(text)
    assert isinstance(endpoint, Endpoint)
    assert endpoint.written == names
