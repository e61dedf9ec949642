"""Facts survive the way to a file and back, and whatever else comes in says in one line what it is."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from kinetune.model.facts import Facts
from kinetune.model.facts_file import facts_report, read_facts
from kinetune.model.failure import UsageFailure
from kinetune.model.unknown import Unknown
from tests.rules.made import healthy
from tests.saved import saved

PAGE = (Path(__file__).parent.parent.parent / "docs" / "facts-file.md").read_text(encoding="utf-8")


def test_facts_come_back_as_they_were(tmp_path: Path) -> None:
    facts = dataclasses.replace(healthy(), growth=Unknown("a reason"), probe=Unknown("only with --probe"))
    assert read_facts(saved(facts, tmp_path / "f.json")) == facts


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Facts)])
def test_the_page_names_every_field(field: str) -> None:
    assert f"`{field}`" in PAGE


def test_a_missing_field_takes_its_default(tmp_path: Path) -> None:
    file = saved(healthy(), tmp_path / "f.json")
    document = json.loads(file.read_text())
    del document["facts"]["growth"]
    file.write_text(json.dumps(document))
    assert isinstance(read_facts(file).growth, Unknown)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"kind": "kinetune facts", "sch', "is truncated"),
        ("[]", "contains no facts"),
        ('{"kind": "kinetune explain", "schema": 1}', "contains no facts"),
        ('{"kind": "kinetune facts", "schema": 2, "facts": {}}', "schema 2, this kinetune reads 1"),
        ('{"kind": "kinetune facts", "schema": 1, "facts": {"server": 3}}', "damaged"),
        ('{"kind": "kinetune facts", "schema": 1, "facts": {"observed_at": "yesterday"}}', "damaged"),
        ('{"kind": "kinetune facts", "schema": 1}', "damaged"),
    ],
)
def test_other_files_are_refused_by_name(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "f.json"
    file.write_text(text)
    with pytest.raises(UsageFailure, match=says) as failure:
        read_facts(file)
    assert str(failure.value).startswith(f"{file} ")


def test_bytes_have_no_plain_form() -> None:
    with pytest.raises(TypeError, match="bytes"):
        facts_report(dataclasses.replace(healthy(), settings={"x": b"secret"}), "0.1.0")  # type: ignore[dict-item]
