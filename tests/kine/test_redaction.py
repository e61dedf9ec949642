"""With --redact a key says its resource and no more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kinetune.kine.redaction import redact_key, redact_text

NAMES = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-.", min_size=3, max_size=30)


def test_a_key_is_cut_to_its_resource_and_a_mark() -> None:
    assert redact_key("/registry/secrets/prod/db-password").startswith("/registry/secrets/…")
    assert len(redact_key("/registry/secrets/prod/db-password")) == len("/registry/secrets/…12345678")
    assert redact_key("/Unfiled, it's/Token").startswith("/Unfiled, it's/…")


def test_equal_keys_stay_equal_and_others_differ() -> None:
    assert redact_key("/registry/pods/a/x") == redact_key("/registry/pods/a/x") != redact_key("/registry/pods/a/y")


def test_a_resource_alone_is_shown() -> None:
    assert redact_key("/registry/pods/") == "/registry/pods/"
    assert redact_text("WITH ikv AS (…) /* LIMIT */") == "WITH ikv AS (…) /* LIMIT */"


@given(namespace=NAMES, name=NAMES)
def test_no_name_is_left_in_a_line_of_a_log(namespace: str, name: str) -> None:
    key = f"/registry/secrets/{namespace}q/{name}z"
    told = redact_text(f"LIKE '{key}%' took long: {key}")
    assert f"{namespace}q" not in told
    assert f"{name}z" not in told
