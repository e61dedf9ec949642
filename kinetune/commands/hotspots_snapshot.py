"""--save and --since: counters as a file, so that two times can be set against each other."""

from __future__ import annotations

import json
from pathlib import Path

from kinetune.model.counters import Snapshot
from kinetune.model.failure import UsageFailure
from kinetune.model.plain import decode, encode
from kinetune.model.report import Report

KIND, SCHEMA = "kinetune counters", 1
MAKE = "keep one with kinetune hotspots --save FILE"


def load(path: Path) -> Snapshot:
    """UsageFailure for what cannot be read, is of a newer form, or is no such file."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageFailure(f"cannot read {path}: {error.strerror}", MAKE) from None
    except (ValueError, RecursionError):
        raise UsageFailure(f"{path} is not JSON", MAKE) from None
    if not isinstance(data, dict) or data.get("kind") != KIND:
        raise UsageFailure(f"{path} holds no counters", MAKE)
    if data.get("schema") != SCHEMA:
        raise UsageFailure(
            f"{path} has form {data.get('schema')!r}, known is {SCHEMA}", "read it with the kinetune that wrote it"
        )
    try:
        found = decode(Snapshot, data)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageFailure(f"{path} is damaged: {error}", MAKE) from None
    assert isinstance(found, Snapshot)
    return found


def keep(snapshot: Snapshot, path: Path) -> None:
    """Whole or not at all. It holds Kine's names and numbers: no statement, no key."""
    from kinetune.reports.table import save

    save(Report(KIND, "", (), encode(snapshot), SCHEMA), path, "json")
