"""Each rule's remedy has a test that executes it, or says why none does (proofs.py)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kinetune.rules.table import RULES
from tests.rules.proofs import PROOFS

REPOSITORY = Path(__file__).parents[2]
MOVES = r"\bALTER (?:TABLE|VIEW|FOREIGN TABLE) \S*kine(?:\s|$)[^;]*(?:RENAME TO|SET SCHEMA)"
TABLES = re.compile(MOVES + r"|DROP TABLE \S*kine\b")
"""What moves, renames or drops the table that a Kine works on."""


def test_each_rule_has_a_proof_or_a_reason() -> None:
    assert list(PROOFS) == [rule.code for rule in RULES]


@pytest.mark.parametrize("code", [code for code, proof in PROOFS.items() if proof.startswith("tests/")])
def test_the_proof_is_a_test(code: str) -> None:
    file, _, name = PROOFS[code].partition("::")
    assert f"\ndef {name}(" in (REPOSITORY / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("file", sorted((REPOSITORY / "kinetune" / "rules").glob("*.py")), ids=lambda file: file.stem)
def test_no_remedy_moves_renames_or_drops_the_table(file: Path) -> None:
    assert not TABLES.search(file.read_text(encoding="utf-8"))
