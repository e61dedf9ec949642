"""The user's settings: kinetune.toml, or [tool.kinetune] of a pyproject.toml, as read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class SettingsFile:
    """`table` holds its keys and tables; without a `path` no file was found and the table is empty."""

    path: Path | None = None
    text: str = ""
    table: Mapping[str, Any] = field(default_factory=dict)

    def locate(self, key: str) -> str:
        """FILE:LINE of the first line that assigns the key or opens the table of that name, for errors."""
        pattern = re.compile(rf"""\s*(\[[^#]*\b)?["']?{re.escape(key)}["']?\s*[\]=.]""")
        lines = enumerate(self.text.splitlines(), 1)
        number = next((number for number, line in lines if pattern.match(line)), None)
        return f"{self.path}:{number}" if number else str(self.path)
