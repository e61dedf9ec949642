"""Facts survive the way to a file and back, and whatever else comes in says in one line what it is."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from kinetune.model.facts import Facts, Unknown
from kinetune.model.facts_file import KIND, SCHEMA, from_text, to_data
from kinetune.model.failure import UsageFailure
from tests.rules.made import healthy

PAGE = (Path(__file__).parent.parent.parent / "docs" / "facts-file.md").read_text(encoding="utf-8")


def document(facts: Facts) -> dict[str, object]:
    return {"kind": KIND, "schema": SCHEMA, **to_data(facts, "0.1.0")}


def test_facts_come_back_as_they_were() -> None:
    facts = dataclasses.replace(healthy(), growth=Unknown("a reason"), probe=Unknown("only with --probe"))
    assert from_text(json.dumps(document(facts)), "f.json") == facts


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Facts)])
def test_the_page_names_every_field(field: str) -> None:
    assert f"`{field}`" in PAGE


def test_a_missing_field_takes_its_default() -> None:
    saved = json.loads(json.dumps(document(healthy())))
    del saved["facts"]["growth"]
    assert isinstance(from_text(json.dumps(saved), "f.json").growth, Unknown)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"kind": "kinetune facts", "sch', "cut short"),
        ("[]", "holds no facts"),
        ('{"kind": "kinetune explain", "schema": 1}', "holds no facts"),
        ('{"kind": "kinetune facts", "schema": 2, "facts": {}}', "schema 2, this kinetune reads 1"),
        ('{"kind": "kinetune facts", "schema": 1, "facts": {"server": 3}}', "damaged"),
        ('{"kind": "kinetune facts", "schema": 1, "facts": {"observed_at": "yesterday"}}', "damaged"),
        ('{"kind": "kinetune facts", "schema": 1}', "damaged"),
    ],
)
def test_other_files_are_refused_by_name(text: str, says: str) -> None:
    with pytest.raises(UsageFailure, match=says) as failure:
        from_text(text, "f.json")
    assert str(failure.value).startswith("f.json ")


def test_bytes_have_no_plain_form() -> None:
    with pytest.raises(TypeError, match="bytes"):
        to_data(dataclasses.replace(healthy(), settings={"x": b"secret"}), "0.1.0")  # type: ignore[dict-item]
