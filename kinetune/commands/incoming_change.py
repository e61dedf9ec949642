"""What `move` and `restore` have in common: a change that fills kinetune_incoming and names it kine."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from kinetune.commands.change import Change, OptionsT, Plan, Runner
from kinetune.commands.incoming import IncomingRows, plan_table
from kinetune.model.failure import Refused
from kinetune.model.script import Script
from kinetune.model.server import Flavour
from kinetune.servers.sequence_flag import SEQUENCE_FLAG

if TYPE_CHECKING:
    from kinetune.database.session import Session
    from kinetune.model.backup import TableDefinition
    from kinetune.tuning.incoming import IncomingScripts


class IncomingTablePlan(Plan, Protocol):
    """A plan for a table of this definition. Between the two scripts its rows are copied."""

    @property
    def definition(self) -> TableDefinition: ...
    @property
    def scripts(self) -> IncomingScripts: ...


IncomingPlanT = TypeVar("IncomingPlanT", bound=IncomingTablePlan)


class IncomingChange(Change[IncomingPlanT, OptionsT]):
    """A confirmed plan. The command supplies the rows."""

    @abstractmethod
    def describe_rows(self) -> IncomingRows:
        """Where the rows come from."""

    @abstractmethod
    def fill(self, session: Session) -> None:
        """Copy the rows into kinetune_incoming, and compare them."""

    def check_session(self, session: Session) -> None:
        """On YugabyteDB the flag of this node decides the cache of a new sequence; no SQL lowers it later."""
        from kinetune.database.probe import read_least_cache

        if session.server.flavour is not Flavour.YUGABYTEDB or self.plan.definition.sequence.cache > 1:
            return
        if (cache := read_least_cache(session)) > 1:
            raise Refused(
                f"nothing was changed: ids would be cached {cache} at a time on this node",
                f"restart every tserver with --{SEQUENCE_FLAG}=1, then run again",
            )

    def plan_again(self, session: Session) -> Script:
        if self.plan.script.maintenance_script():
            # This run created the database, whose roles and schemas could not be read before: not a change.
            return self.plan.script.database_script()
        return self._plan_here(session).join(self.command)

    def _plan_here(self, session: Session) -> IncomingScripts:
        from kinetune.database.observe import observe_store

        facts = replace(observe_store(session), database=self.plan.endpoint.database)
        return plan_table(session, facts, self.plan.definition, self.describe_rows())

    def apply(self, session: Session, runner: Runner) -> None:
        # The comparison under the lock found no difference, unless this run created the database.
        scripts = self._plan_here(session) if self.plan.script.maintenance_script() else self.plan.scripts
        # Indexes and the name come after the rows: a load into a table without indexes is the fastest.
        runner.run(session, scripts.before_rows.database_script())
        self.fill(session)
        runner.run(session, scripts.after_rows, lambda: self._plan_rest(session))

    def _plan_rest(self, session: Session) -> Script:
        """On YugabyteDB an error does not say whether its statement took effect: what is left of `after_rows`."""
        from kinetune.database.table_definition import read_incoming_place

        if not read_incoming_place(session, "", database_exists=True).exists:  # it is called kine by now
            return Script("incoming", ())
        return self._plan_here(session).after_rows
