"""With --redact a key says its resource and no more, wherever it stands."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from kinetune.kine.redact import redacted

NAMES = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-.", min_size=3, max_size=30)


def test_a_key_is_cut_to_its_resource_and_a_mark() -> None:
    told = redacted("Index Cond: (name = '/registry/secrets/prod/db-password'::text)")
    assert told.startswith("Index Cond: (name = '/registry/secrets/…")
    assert "prod" not in told
    assert "password" not in told
    assert told.endswith("'::text)")


def test_equal_keys_stay_equal_and_others_differ() -> None:
    one, same, other = redacted(["/registry/pods/a/x", "/registry/pods/a/x", "/registry/pods/a/y"])
    assert one == same != other


def test_a_resource_alone_is_shown() -> None:
    assert redacted("/registry/pods/") == "/registry/pods/"
    assert redacted("WITH ikv AS (…) /* LIMIT */") == "WITH ikv AS (…) /* LIMIT */"


@given(namespace=NAMES, name=NAMES)
def test_no_name_is_left_anywhere_in_the_data(namespace: str, name: str) -> None:
    key = f"/registry/secrets/{namespace}q/{name}z"
    told = json.dumps(redacted({"a": [key, {"b": f"LIKE '{key}%'"}], "c": 3}))
    assert f"{namespace}q" not in told
    assert f"{name}z" not in told
