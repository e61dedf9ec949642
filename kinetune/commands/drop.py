"""What `kinetune drop` does: what is dropped and what forbids it, and what is checked before and after."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from kinetune.commands.change import Change, Question
from kinetune.commands.drop_backup import find_backup, make_backup
from kinetune.commands.observer import SILENT, Observer
from kinetune.model.failure import CouldNotLook, Refused
from kinetune.model.script import Hazard
from kinetune.tuning.change_plans import DropPlan

if TYPE_CHECKING:
    from kinetune.database.session import Session
    from kinetune.model.change import SavedBackup
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.facts import Facts
    from kinetune.model.holdings import Holdings
    from kinetune.model.script import Script


@dataclass(frozen=True)
class DropOptions:
    """`whole_database` drops more than Kine's table; `observe` is how long writes are looked for, in seconds."""

    whole_database: bool = False
    backup: Path | None = None
    allow: frozenset[str] = frozenset()
    observe: float = 10.0


def plan_drop(endpoint: Endpoint, options: DropOptions, observer: Observer = SILENT) -> DropPlan:
    """In sessions that may only read. The plan's endpoint names the database even where libpq supplied the name."""
    from kinetune.database.holdings import observe_holdings
    from kinetune.tuning.removal import find_drop_hazards

    with observer.progress("connect") as update:  # nothing to count: observe_holdings names what it is doing
        held = observe_holdings(endpoint, "drop", options.observe, lambda title: update(title=title))
    return DropPlan(
        replace(endpoint, database=held.facts.database),
        held,
        _plan_script(held, options),
        tuple(find_drop_hazards(held, database=options.whole_database)),
        options.whole_database,
        options.backup,
    )


def _plan_script(held: Holdings, options: DropOptions) -> Script:
    """KINE_RUNS allows to end sessions, RECENT_WRITES a write between plan and drop."""
    from kinetune.tuning.removal import plan_database_drop, plan_removal

    if options.whole_database:
        return plan_database_drop(held, force=Hazard.KINE_RUNS in options.allow)
    return plan_removal(held, guarded=Hazard.RECENT_WRITES not in options.allow)


class DropChange(Change[DropPlan, DropOptions]):
    """The confirmed plan of `drop`."""

    command: ClassVar[str] = "drop"

    def check_allowed(self) -> None:
        from kinetune.tuning.refusals import require_drop_privileges
        from kinetune.tuning.removal import refuse_dependants

        if not self.options.whole_database:  # with the database, everything that depends on the table goes too
            refuse_dependants(self.plan.holdings)
        require_drop_privileges(self.plan.holdings, self.plan.script)
        for hazard, observed in self.plan.hazards:
            if hazard not in self.options.allow:
                raise Refused(f"nothing was changed: {observed}", f"remove the cause, or add --allow {hazard}")

    def find_backup(self) -> SavedBackup | None:
        return find_backup(self.plan, self.observer)

    def question(self) -> Question:
        name = self.plan.endpoint.database
        warning = "" if self.options.backup else "This cannot be undone. "
        return Question(f"{warning}Type the name of the database ({name}) to continue:", f"--confirm {name}", name)

    def make_backup(self) -> SavedBackup | None:
        return make_backup(self.plan, self.observer)

    @contextlib.contextmanager
    def open_maintenance(self) -> Iterator[Session | None]:
        """In another database of the server: DROP DATABASE fails while any session, even this one, is connected."""
        from kinetune.database.observe import maintenance_session, open_store

        with open_store(self.plan.endpoint, self.command) as (_, facts):
            self._refuse_written(facts)
        with maintenance_session(self.plan.endpoint, self.command) as session:
            yield session

    def plan_again(self, session: Session) -> Script:
        from kinetune.database.holdings import list_holdings
        from kinetune.database.observe import observe_store

        facts = observe_store(session)
        self._refuse_written(facts)
        return _plan_script(list_holdings(session, facts), self.options)

    def _refuse_written(self, facts: Facts) -> None:
        # A write moves the newest id or, where its transaction failed, at least the sequence.
        planned, now = self.plan.holdings.facts.table, facts.table
        newest = [table and (table.max_id, table.last_id) for table in (planned, now)]
        if newest[0] != newest[1] and Hazard.RECENT_WRITES not in self.options.allow:
            raise Refused(
                "nothing was dropped: kine has been written to since the plan was made",
                f"stop Kine and run again, or add --allow {Hazard.RECENT_WRITES}",
            )

    def verify(self) -> None:
        from kinetune.database.holdings import list_holdings
        from kinetune.database.lock import drop_lock_table
        from kinetune.database.observe import open_store
        from kinetune.model.holdings import Holdings

        # The lock row of YugabyteDB is kinetune's last table in the database; it goes when nothing is locked any more.
        if not self.options.whole_database:
            drop_lock_table(self.plan.endpoint)
        with open_store(self.plan.endpoint, self.command) as (session, facts):
            held = list_holdings(session, facts) if facts.database_exists else Holdings(facts)
        if left := _plan_script(held, self.options):
            raise CouldNotLook(
                f"dropped, but still to do: {left.steps[0].does}", "make sure that no Kine is running, and run again"
            )
