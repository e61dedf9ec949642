"""Made facts as a file, as `kinetune check --save-facts` leaves it."""

from __future__ import annotations

from pathlib import Path

from kinetune.commands.check import keep
from kinetune.model.facts import Facts
from tests.rules.made import hashed, healthy, yugabytedb


def good(folder: Path) -> Path:
    """A store on which no rule has an error or a warning."""
    return saved(healthy(), folder / "kine-facts-good.json")


def bad(folder: Path) -> Path:
    """A store on YugabyteDB whose ids are sharded by hash (KT103)."""
    return saved(hashed(yugabytedb()), folder / "kine-facts-bad.json")


def saved(facts: Facts, path: Path) -> Path:
    keep(facts, path)
    return path
