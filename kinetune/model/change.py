"""What a change to a store did: its statements, the copy that was kept, and how long it took."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kinetune.model.script import Step
from kinetune.model.transfer import SourceState


@dataclass(frozen=True)
class AppliedStatement:
    """
    A statement that has run: its step, the step's position in its script (from 1), tries and seconds.

    A step that unfolds reports its statement after each part: `share` is what is done so far, 1 at the end.
    """

    step: Step
    position: int
    statement: str
    tries: int
    seconds: float
    share: float = 1.0


@dataclass(frozen=True)
class SavedBackup:
    """
    A copy of a store, as `kinetune backup` and `kinetune drop --backup` keep it. `earlier` where an interrupted run had
    already made it.
    """

    path: Path
    bytes: int
    rows: int
    max_id: int | None
    earlier: bool = False


@dataclass(frozen=True)
class BackupResult:
    """
    What `kinetune backup` did. `place` names the store without secrets, `source` is its state in the copy; None where
    pg_dump has written it.
    """

    saved: SavedBackup
    place: str
    source: SourceState | None
    seconds: float


@dataclass(frozen=True)
class ChangeResult:
    """The statements that were applied, in order, the seconds from the confirmation to the last check, the copy."""

    statements: tuple[AppliedStatement, ...]
    seconds: float
    backup: SavedBackup | None = None
