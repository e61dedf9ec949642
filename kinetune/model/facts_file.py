"""Facts as a file: the offline gate, the bug report and the test fixture are one and the same. Schema 1."""

from __future__ import annotations

import json
from typing import Any

from kinetune.model.facts import Facts
from kinetune.model.failure import UsageFailure
from kinetune.model.plain import decode, encode

KIND = "kinetune facts"
SCHEMA = 1


def to_data(facts: Facts, version: str) -> dict[str, object]:
    """What goes beside kind and schema: facts, and the kinetune that saw them. No password and no object's value."""
    return {"kinetune": version, "facts": encode(facts)}


def from_text(text: str, source: str) -> Facts:
    """The facts that to_data() made; UsageFailure naming `source` for anything else."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise UsageFailure(f"{source} is not JSON, or cut short: {error}", "save it again with --save-facts") from None
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise UsageFailure(f"{source} holds no facts", "save them with kinetune check --save-facts FILE")
    if document.get("schema") != SCHEMA:
        raise UsageFailure(
            f"{source} has facts of schema {document.get('schema')}, this kinetune reads {SCHEMA}", "update kinetune"
        )
    return _facts(document, source)


def _facts(document: dict[str, Any], source: str) -> Facts:
    try:
        facts = decode(Facts, document["facts"])
    except (KeyError, TypeError, ValueError) as error:
        raise UsageFailure(f"{source} is damaged: {error}", "save it again with --save-facts") from None
    assert isinstance(facts, Facts)
    return facts
