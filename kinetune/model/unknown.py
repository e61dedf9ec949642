"""What could not be seen is a value too."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Unknown:
    """Looked for and not seen; `reason` says why and, where a statement would help, which."""

    reason: str


NOT_ASKED = Unknown("not asked for")
