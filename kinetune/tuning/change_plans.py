"""What `init`, `drop` and `restore` are about to do: what was observed, and the script that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kinetune.kine.releases import EraInUse
from kinetune.model.backup import Backup
from kinetune.model.endpoint import Endpoint
from kinetune.model.facts import Facts
from kinetune.model.holdings import Holdings
from kinetune.model.script import Hazard, Script
from kinetune.tuning.restoration import RestoreScripts


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
    """A backup and where it will be restored. Between the two scripts its rows are copied."""

    endpoint: Endpoint
    file: Path
    backup: Backup
    facts: Facts
    scripts: RestoreScripts

    @property
    def script(self) -> Script:
        """All statements but the copying of rows."""
        return Script("restore", (*self.scripts.before_rows.steps, *self.scripts.after_rows.steps))
