"""What each error that a YugabyteDB has answered asks for: to try again after a look, to refuse, or to explain."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kinetune.database.session import Reaction, classify_error

DATA = Path(__file__).parents[1] / "data" / "yugabytedb"
TABLE = DATA / "reactions.txt"
Error = tuple[str | None, str]


def errors(document: Any) -> Iterator[Error]:
    """Every recorded error below a document: sqlstate and primary message (libpq's own where there was no server)."""
    if isinstance(document, dict):
        if isinstance(found := document.get("error"), dict):
            diag = found.get("diag") or {}
            yield found["sqlstate"], diag.get("message_primary") or found["str"]
        for part in document.values():
            yield from errors(part)
    elif isinstance(document, list):
        for part in document:
            yield from errors(part)


def recorded() -> list[Error]:
    """Each once, in the order of their codes."""
    files = sorted(DATA.glob("*/*.json"))
    found = dict.fromkeys(error for file in files for error in errors(json.loads(file.read_text(encoding="utf-8"))))
    return sorted(found, key=lambda error: (error[0] or "", error[1]))


def line(error: Error) -> str:
    code, message = error
    return f"{classify_error(code, message):8}{code or '-':6} {' '.join(message.split())}"


def test_every_recorded_error_asks_for_what_was_reviewed() -> None:
    """UPDATE_GOLDEN=1 writes the table anew; then look again."""
    text = "".join(f"{line(error)}\n" for error in recorded())
    if os.environ.get("UPDATE_GOLDEN"):
        TABLE.write_text(text, encoding="utf-8", newline="\n")
    assert text == TABLE.read_text(encoding="utf-8")
    assert len(text.splitlines()) > 120


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("40001", "Restart read required at: { read: … }", Reaction.RETRY),
        ("XX000", "Restart read required at: { read: … }", Reaction.RETRY),
        ("40P01", "deadlock detected", Reaction.RETRY),
        ("55P03", "canceling statement due to lock timeout", Reaction.RETRY),
        ("XX000", "Catalog Version Mismatch: A DDL occurred while processing this query. Try again.", Reaction.RETRY),
        ("XX000", "timed out waiting for postgres backends to catch up", Reaction.RETRY),
        ("XX000", "Timed out waiting for Create Table: …", Reaction.RETRY),
        ("XX000", "could not find tuple for index 16405", Reaction.EXPLAIN),
        ("KT002", "the copy differs from kine in the ids from 0 to 4999", Reaction.REFUSE),
        ("57P01", "terminating connection due to administrator command", Reaction.EXPLAIN),
        (None, "the connection is closed", Reaction.EXPLAIN),
        (None, "schema version mismatch for table 1: the text of a lost connection", Reaction.EXPLAIN),
    ],
)
def test_what_was_not_recorded_is_known_by_its_code_or_its_words(
    code: str | None, message: str, expected: Reaction
) -> None:
    assert classify_error(code, message) is expected


def test_the_context_of_an_error_makes_no_other_of_it() -> None:
    """'Catalog Version Mismatch' hangs as CONTEXT on unrelated errors while DDL runs (docs/facts/recorded.md §5)."""
    assert classify_error("42501", "permission denied for table kine") is Reaction.EXPLAIN
