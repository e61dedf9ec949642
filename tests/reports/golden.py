"""Golden files, reviewed by a person. UPDATE_GOLDEN=1 rewrites them; review the difference."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "data" / "reports"


def assert_golden(name: str, text: str) -> None:
    path = FOLDER / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8"), f"{path}: UPDATE_GOLDEN=1 rewrites it"
