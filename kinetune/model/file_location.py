"""A location in a file, for findings and errors about configuration."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FileLocation:
    """A file as the user named it, and a line number; the first line is 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"
