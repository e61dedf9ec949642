"""With --redact a key says its resource and no more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kinetune.kine.redact import hidden, hidden_in

NAMES = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-.", min_size=3, max_size=30)


def test_a_key_is_cut_to_its_resource_and_a_mark() -> None:
    assert hidden("/registry/secrets/prod/db-password").startswith("/registry/secrets/…")
    assert len(hidden("/registry/secrets/prod/db-password")) == len("/registry/secrets/…12345678")
    assert hidden("/Unfiled, it's/Token").startswith("/Unfiled, it's/…")


def test_equal_keys_stay_equal_and_others_differ() -> None:
    assert hidden("/registry/pods/a/x") == hidden("/registry/pods/a/x") != hidden("/registry/pods/a/y")


def test_a_resource_alone_is_shown() -> None:
    assert hidden("/registry/pods/") == "/registry/pods/"
    assert hidden_in("WITH ikv AS (…) /* LIMIT */") == "WITH ikv AS (…) /* LIMIT */"


@given(namespace=NAMES, name=NAMES)
def test_no_name_is_left_in_a_line_of_a_log(namespace: str, name: str) -> None:
    key = f"/registry/secrets/{namespace}q/{name}z"
    told = hidden_in(f"LIKE '{key}%' took long: {key}")
    assert f"{namespace}q" not in told
    assert f"{name}z" not in told
