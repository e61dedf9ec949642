"""What `init`, `drop`, `restore` and `move` are about to do: what was observed, and the script that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kinetune.kine.bootstrap_key import TokenCheck
from kinetune.kine.releases import EraInUse
from kinetune.model.backup import Backup, TableDefinition
from kinetune.model.endpoint import Endpoint
from kinetune.model.facts import Facts
from kinetune.model.failure import Failure
from kinetune.model.holdings import Holdings
from kinetune.model.script import Hazard, Script
from kinetune.model.transfer import Census, Comparison, RangeDigest, SourceState
from kinetune.tuning.incoming import IncomingScripts
from kinetune.tuning.move_obstacles import MoveOptions


@dataclass(frozen=True)
class InitPlan:
    """
    From the store as it is to the profile that `script` names, for the Kine in use. `drops_old_table`: the script only
    drops the table from before a rebuild.
    """

    endpoint: Endpoint
    facts: Facts
    kine: EraInUse
    script: Script
    drops_old_table: bool = False


@dataclass(frozen=True)
class DropPlan:
    """What will be dropped, and each hazard with what was observed. `backup` is the file for a copy that is kept."""

    endpoint: Endpoint
    holdings: Holdings
    script: Script
    hazards: tuple[tuple[Hazard, str], ...]
    whole_database: bool = False
    backup: Path | None = None


@dataclass(frozen=True)
class RestorePlan:
    """
    A backup and where it will be restored, as a table of this definition. Between the two scripts its rows are copied.
    The next revision will be above `next_above`, which is the backup's own raised by `bump`. `profile` is empty if the
    definition is the backup's own.
    """

    endpoint: Endpoint
    file: Path
    backup: Backup
    facts: Facts
    scripts: IncomingScripts
    definition: TableDefinition
    next_above: int
    bump: int = 0
    profile: str = ""

    @property
    def script(self) -> Script:
        return self.scripts.join("restore")


@dataclass(frozen=True)
class MovePlan:
    """
    A source, what a pass over its rows has found, and where they will be moved, as a table of this definition.

    `obstacles` forbid the move; a dry run shows them. `token` is None where no token was given. `fenced` are the roles
    that an earlier run has kept from writing to the source.
    """

    endpoint: Endpoint
    source: SourceState
    census: Census
    facts: Facts
    scripts: IncomingScripts
    definition: TableDefinition
    profile: str
    options: MoveOptions
    obstacles: tuple[Failure, ...] = ()
    token: TokenCheck | None = None
    fenced: tuple[str, ...] = ()

    @property
    def is_verbatim(self) -> bool:
        """Whether all rows are moved as they are, not only the live ones."""
        return not (self.source.kind.is_etcd or self.options.live_only or self.options.bump)

    @property
    def script(self) -> Script:
        return self.scripts.join("move")


@dataclass
class MoveOutcome:
    """
    What was proved: the source as it was copied, and the digests of all ranges, which are equal on both sides. `top` is
    the revision of the gap row that was added because the source's sequence was ahead of its rows; 0 for none. Times
    are seconds since 1970: `stopped` when the source was seen to have stopped, `finished` when the table had its name.
    """

    source: SourceState | None = None
    ranges: tuple[RangeDigest, ...] = ()
    top: int = 0
    started: float = 0.0
    stopped: float = 0.0
    finished: float = 0.0
    fenced: tuple[str, ...] = ()
    """Roles that may no longer write to the source."""


@dataclass(frozen=True)
class MoveCheck:
    """The outcome of `move --verify-only`: what was compared, and the first row that differs."""

    source: SourceState
    target: str
    comparison: Comparison
