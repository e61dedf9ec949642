"""A backup, and the place where it is to land: the script before its rows and the one after them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kinetune.kine.schema import TABLE
from kinetune.model.backup import SCRATCH, Backup, Manifest, StoredIndex
from kinetune.model.facts import Facts
from kinetune.model.failure import CouldNotLook, Refused
from kinetune.model.script import Script, Step
from kinetune.model.server import Flavour, Server
from kinetune.quoting import identifier
from kinetune.tuning import statements
from kinetune.tuning.difference import create_database
from kinetune.tuning.planting import planting
from kinetune.tuning.target import OURS

NOTHING = "nothing: the table is not in use yet"
ASIDE = "under another name, so that no Kine meets a table that is not whole"


@dataclass(frozen=True)
class Landing:
    """
    Where new tables go. `taken` are names of relations there without those of an interrupted restore, whose indexes
    are `indexes`; `roles` are those that a table may be given to, `known` all there are.
    """

    schema: str
    taken: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    indexes: tuple[str, ...] = ()

    @property
    def scratch(self) -> str:
        return f"{identifier(self.schema)}.{SCRATCH}"


@dataclass(frozen=True)
class Restoration:
    """
    `first`, then the rows, then `then`, whose last statement gives the table its name. `left_out` cannot be made on
    this server, `strangers` are roles that were granted something and are not there.
    """

    first: Script
    then: Script
    left_out: tuple[StoredIndex, ...] = ()
    strangers: tuple[str, ...] = ()


def restoration(backup: Backup, facts: Facts, landing: Landing) -> Restoration:
    """
    What puts the backup back. Each statement stands alone; an interrupted run leaves a table kinetune_restore with all
    that belongs to it, which the next run drops before it begins anew. Raises Refused and CouldNotLook.
    """
    _refuse(backup.manifest, facts, landing)
    made = {
        stored.index.name: _index(stored, backup.manifest, facts.server, landing) for stored in backup.manifest.indexes
    }
    left_out = tuple(stored for stored in backup.manifest.indexes if not made[stored.index.name])
    first = Script("restore", tuple(_first(backup.manifest, facts, landing)))
    then = Script("restore", tuple(_then(backup, facts, landing, {name: text for name, text in made.items() if text})))
    strangers = {one.role for one in backup.manifest.grants if one.role} - landing.known
    return Restoration(first, then, left_out, tuple(sorted(strangers)))


def _refuse(manifest: Manifest, facts: Facts, landing: Landing) -> None:
    if facts.table is not None:
        raise Refused(
            f"nothing was changed: database {facts.database} has a {facts.table.schema}.{TABLE} already",
            "name another database in the endpoint, or kinetune drop that one first",
        )
    wanted = (manifest.primary_key.name, manifest.sequence.name, *(stored.index.name for stored in manifest.indexes))
    if taken := [name for name in wanted if name in landing.taken]:
        raise Refused(
            f"nothing was changed: {landing.schema}.{taken[0]} is in the way, a name that the backup needs",
            "kinetune drop takes away what is Kine's; else move it, or name another database",
        )
    if not facts.role.may_create:
        schema = identifier(landing.schema or "public")
        raise CouldNotLook(
            f"role {facts.role.name} may not create tables in schema {schema}",
            f"ask the administrator for: GRANT CREATE ON SCHEMA {schema} TO {identifier(facts.role.name)}",
        )
    if not facts.database_exists and not facts.role.create_database:
        raise CouldNotLook(
            f"role {facts.role.name} may not create the database {facts.database}",
            f"ask the administrator for: CREATE DATABASE {identifier(facts.database)} "
            f"OWNER {identifier(facts.role.name)}",
        )


def _first(manifest: Manifest, facts: Facts, landing: Landing) -> Iterator[Step]:
    if not facts.database_exists:
        yield create_database(facts.database)
    if SCRATCH in landing.taken:
        yield from _afresh(facts.server, landing)
    create = statements.create_plain(manifest.columns, manifest.primary_key, landing.scratch, facts.server)
    yield _step(f"create the table, as {SCRATCH}", ASIDE, create)
    name = _sequence(manifest, landing)
    yield _step(
        f"create its sequence {manifest.sequence.name}",
        "Kine draws its revisions from it",
        statements.create_sequence(manifest.sequence, name, landing.scratch),
        statements.draw_from(name, landing.scratch),
    )
    if facts.server.can("lasting_statistics"):
        yield planting(landing.scratch, facts.server)


def _afresh(server: Server, landing: Landing) -> Iterator[Step]:
    why = "left by an interrupted restore, which begins anew"
    if server.flavour is Flavour.YUGABYTEDB:
        for name in landing.indexes:
            yield _step(f"drop the index {name}", why, statements.drop("index", landing.schema, name))
    yield _step(f"drop the table {SCRATCH}", why, statements.drop("table", landing.schema, SCRATCH))


def _then(backup: Backup, facts: Facts, landing: Landing, indexes: dict[str, str]) -> Iterator[Step]:
    manifest = backup.manifest
    for name, text in indexes.items():
        yield _step(f"create the index {name}", "as it was", text)
    if last := backup.next_above:
        raised = statements.set_sequence(_sequence(manifest, landing), last)
        yield _step(f"set {manifest.sequence.name} to {last}", "no revision is ever given a second time", raised)
    if not facts.server.can("lasting_statistics"):  # planted ones stay, however few rows come back
        analyse = "ANALYZE" if facts.server.flavour is Flavour.YUGABYTEDB else "VACUUM (ANALYZE)"
        why = "without statistics and a visibility map the first lists are slow"
        yield _step("count what the planner must know", why, f"{analyse} {landing.scratch}")
    if manifest.owner != facts.role.name and manifest.owner in landing.roles:
        give = statements.give_to(manifest.owner, landing.scratch)
        yield _step(f"give it to the role {manifest.owner}", "the table was that role's", give)
    yield from _grants(manifest, landing)
    for name, value in OURS:
        if manifest.settings.get(name) == value and facts.database_settings.get(name) != value and _may_set(facts):
            setting = statements.set_setting(facts.database, name, value)
            yield _step(f"set {name} = {value} for new sessions", "kinetune init had set it", setting)
    yield _step(f"call it {TABLE}", "it is whole now", statements.rename_table(landing.scratch, TABLE))


def _grants(manifest: Manifest, landing: Landing) -> Iterator[Step]:
    """As one step, for the roles that are there."""
    names = {"table": landing.scratch, "sequence": f"SEQUENCE {_sequence(manifest, landing)}"}
    wanted = [one for one in manifest.grants if not one.role or one.role in landing.known]
    texts = [statements.grant(one.privilege, names[one.kind], one.role) for one in wanted]
    if texts:
        roles = ", ".join(dict.fromkeys(one.role or "PUBLIC" for one in wanted))
        yield _step(f"let {roles} do what they might do before", "they were granted it", *texts)


def _may_set(facts: Facts) -> bool:
    return facts.role.superuser or facts.role.owns_database or not facts.database_exists


def _index(stored: StoredIndex, manifest: Manifest, server: Server, landing: Landing) -> str:
    """The server's own words where it is one of the same kind; empty where an index cannot be made on this one."""
    if manifest.flavour is server.flavour and (server.flavour is Flavour.POSTGRESQL or not stored.whole):
        return stored.definition.replace(f" ON {SCRATCH} ", f" ON {landing.scratch} ", 1)
    return statements.create_index_on(landing.scratch, stored.index, server) if stored.whole else ""


def _sequence(manifest: Manifest, landing: Landing) -> str:
    return f"{identifier(landing.schema)}.{identifier(manifest.sequence.name)}"


def _step(does: str, why: str, *texts: str) -> Step:
    return Step(does, why, texts, locks=NOTHING)
