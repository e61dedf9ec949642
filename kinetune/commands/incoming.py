"""Fill the table that becomes kine, and prove that it holds the rows of its source: for `restore` and `move`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kinetune.commands.observer import Observer, show_stage
from kinetune.model.failure import CouldNotLook

if TYPE_CHECKING:
    from kinetune.database.session import Session
    from kinetune.kine.releases import EraInUse
    from kinetune.model.backup import TableDefinition
    from kinetune.model.facts import Facts
    from kinetune.model.server import Server
    from kinetune.model.transfer import Comparison
    from kinetune.transfer.incoming import IncomingTable
    from kinetune.transfer.source import Source
    from kinetune.tuning.incoming import IncomingScripts

NOT_IN_USE = "no table kine was created; run the command again, and report a bug if it fails again"


@dataclass(frozen=True)
class IncomingRows:
    """
    Where the rows come from, without secrets, and the revision above which the next one will be (0: there are none;
    None: the newest row). The table of an interrupted run with the same origin is continued.
    """

    origin: str
    next_above: int | None


def find_database_name(session: Session, facts: Facts) -> Facts:
    """The facts with the name of the database where libpq or a service has chosen it."""
    return facts if facts.database else replace(facts, database=session.connection.info.dbname)


def choose_definition(profile: str, era: EraInUse | None, server: Server) -> TableDefinition:
    """The table that a profile of `init` creates on this server, for the newest Kine where `era` is None."""
    from kinetune.kine.releases import newest_era
    from kinetune.tuning.incoming import definition_from_profile
    from kinetune.tuning.profiles import build_target

    return definition_from_profile(build_target(profile, server, era.era if era else newest_era()))


def plan_table(session: Session, facts: Facts, definition: TableDefinition, rows: IncomingRows) -> IncomingScripts:
    """The scripts for a table of this definition at the place of the session."""
    from kinetune.database.table_definition import read_incoming_place
    from kinetune.tuning.incoming import plan_incoming

    place = read_incoming_place(session, rows.origin, database_exists=facts.database_exists)
    return plan_incoming(definition, facts, place, rows.next_above)


def fill_table(session: Session, source: Source, observer: Observer) -> Comparison:
    """Copy the rows that the table kinetune_incoming lacks, then compare all of them with the source."""
    return require_equal(copy_source(session, source, observer), source, observer)


def copy_source(session: Session, source: Source, observer: Observer) -> IncomingTable:
    """Copy the rows that the table kinetune_incoming lacks."""
    from kinetune.database.table_definition import read_incoming_place
    from kinetune.transfer.copying import copy_missing_rows
    from kinetune.transfer.incoming import IncomingTable

    place = read_incoming_place(session, "", database_exists=True)
    table, rows = IncomingTable(session, place.table), source.state.rows or None
    with show_stage(observer, f"copy {source.state.place} to {place.table}", rows) as update:
        copy_missing_rows(source, table, update)
    return table


def require_equal(table: IncomingTable, source: Source, observer: Observer, *, exact_leases: bool = True) -> Comparison:
    """
    Make the ids of the table equal to those of a source that has stopped, then compare all rows. Without `exact_leases`
    any lease equals any other.

    Raises CouldNotLook if a row differs. The next run then starts from the beginning.
    """
    from kinetune.transfer.copying import make_equal
    from kinetune.transfer.verification import compare_with_source
    from kinetune.tuning.statements import remove_comment

    place = source.state.place
    with show_stage(observer, f"compare {table.table} with {place}", source.state.rows or None) as update:
        make_equal(source, table)
        found = compare_with_source(source, table, update, exact_leases=exact_leases)
    if found.mismatch:
        # Without its comment the table is not continued: a row that differs would never be copied again.
        table.session.connection.execute(remove_comment(table.table).encode())
        raise CouldNotLook(f"the rows read back differ from those of {place}: {found.mismatch}", NOT_IN_USE)
    return found
