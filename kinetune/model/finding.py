"""What is wrong, why it matters, and what to do: in the reader's words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Remark:
    """
    One thing seen in one place.

    `on` names the place (a table, an index, a query), `says` what is wrong and what follows from it, `do` the command
    or statement that helps. `symptom` is a short stable name (`whole-table-read`), for programs.
    """

    symptom: str
    on: str
    says: str
    do: str = ""
    severity: Severity = Severity.WARNING
