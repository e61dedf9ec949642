"""Files of made facts, as `kinetune check --save-facts` writes them."""

from __future__ import annotations

from pathlib import Path

from kinetune.model.facts import Facts
from kinetune.model.facts_file import facts_report
from kinetune.reports.formats import save_report
from tests.rules.made import hashed, healthy, yugabytedb


def good(folder: Path) -> Path:
    """A store on which no rule has an error or a warning."""
    return saved(healthy(), folder / "kine-facts-good.json")


def bad(folder: Path) -> Path:
    """A store on YugabyteDB whose ids are sharded by hash (KT103)."""
    return saved(hashed(yugabytedb()), folder / "kine-facts-bad.json")


def saved(facts: Facts, path: Path) -> Path:
    save_report(facts_report(facts, "0.1.0"), path, "json")
    return path
