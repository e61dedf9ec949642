"""The scripts of a restore: one before the rows of the backup are copied, one after them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kinetune.kine.schema import TABLE
from kinetune.model.backup import RESTORE_TABLE, Backup, Manifest, StoredIndex
from kinetune.model.facts import Facts
from kinetune.model.failure import CouldNotLook, Refused
from kinetune.model.script import Script, Step
from kinetune.model.server import Flavour, Server
from kinetune.quoting import identifier
from kinetune.tuning import statements
from kinetune.tuning.difference import create_database_step
from kinetune.tuning.planted_statistics import plant_statistics_step
from kinetune.tuning.target import PROFILE_SETTINGS

NO_LOCKS = "nothing: the table is not in use yet"
SCRATCH_REASON = "it has another name, so that no Kine opens an incomplete table"


@dataclass(frozen=True)
class RestoreTarget:
    """
    The schema for new tables. `taken` are the names of its relations, except those of an interrupted restore, whose
    indexes are in `indexes`. `roles` can be made the owner of a table here; `known` are all roles of the server.
    """

    schema: str
    taken: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    indexes: tuple[str, ...] = ()

    @property
    def scratch(self) -> str:
        """The quoted name of the table that takes the rows until it is complete."""
        return f"{identifier(self.schema)}.{RESTORE_TABLE}"


@dataclass(frozen=True)
class RestoreScripts:
    """
    The last statement of `after_rows` renames the table to kine. `left_out` are indexes that this server cannot create,
    `strangers` are roles with privileges in the backup that do not exist here.
    """

    before_rows: Script
    after_rows: Script
    left_out: tuple[StoredIndex, ...] = ()
    strangers: tuple[str, ...] = ()


def plan_restoration(backup: Backup, facts: Facts, target: RestoreTarget) -> RestoreScripts:
    """
    The scripts that restore a backup. An interrupted run leaves the table kinetune_restore with its indexes and its
    sequence; the next run drops it and starts from the beginning. Raises Refused and CouldNotLook.
    """
    _refuse_conflicts(backup.manifest, facts, target)
    made = {
        stored.index.name: _index_statement(stored, backup.manifest, facts.server, target)
        for stored in backup.manifest.indexes
    }
    left_out = tuple(stored for stored in backup.manifest.indexes if not made[stored.index.name])
    first = Script("restore", tuple(_steps_before_rows(backup.manifest, facts, target)))
    then = Script(
        "restore", tuple(_steps_after_rows(backup, facts, target, {name: text for name, text in made.items() if text}))
    )
    strangers = {one.role for one in backup.manifest.grants if one.role} - target.known
    return RestoreScripts(first, then, left_out, tuple(sorted(strangers)))


def _refuse_conflicts(manifest: Manifest, facts: Facts, target: RestoreTarget) -> None:
    if facts.table is not None:
        raise Refused(
            f"nothing was changed: database {facts.database} already has a table {facts.table.schema}.{TABLE}",
            "name another database in the endpoint, or remove the table with kinetune drop",
        )
    # Checked before the rows are copied: the conflict would otherwise appear in the last statements of a long restore.
    wanted = (manifest.primary_key.name, manifest.sequence.name, *(stored.index.name for stored in manifest.indexes))
    if taken := [name for name in wanted if name in target.taken]:
        raise Refused(
            f"nothing was changed: {target.schema}.{taken[0]} already exists, and the backup needs this name",
            "remove objects of Kine with kinetune drop; rename any other, or name another database",
        )
    if not facts.role.may_create:
        schema = identifier(target.schema or "public")
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


def _steps_before_rows(manifest: Manifest, facts: Facts, target: RestoreTarget) -> Iterator[Step]:
    if not facts.database_exists:
        yield create_database_step(facts.database)
    if RESTORE_TABLE in target.taken:
        yield from _drop_unfinished_steps(facts.server, target)
    create = statements.create_plain_table(manifest.columns, manifest.primary_key, target.scratch, facts.server)
    yield _restore_step(f"create the table, as {RESTORE_TABLE}", SCRATCH_REASON, create)
    name = _sequence_name(manifest, target)
    yield _restore_step(
        f"create its sequence {manifest.sequence.name}",
        "Kine takes its revisions from it",
        statements.create_sequence(manifest.sequence, name, target.scratch),
        statements.set_id_default(name, target.scratch),
    )
    # While the table is empty, so that the statistics describe the planted rows only.
    if facts.server.can("lasting_statistics"):
        yield plant_statistics_step(target.scratch, facts.server)


def _drop_unfinished_steps(server: Server, target: RestoreTarget) -> Iterator[Step]:
    why = "an interrupted restore left it; this one starts from the beginning"
    if server.flavour is Flavour.YUGABYTEDB:  # it drops one object per statement
        for name in target.indexes:
            yield _restore_step(f"drop the index {name}", why, statements.drop_object("index", target.schema, name))
    yield _restore_step(
        f"drop the table {RESTORE_TABLE}", why, statements.drop_object("table", target.schema, RESTORE_TABLE)
    )


def _steps_after_rows(backup: Backup, facts: Facts, target: RestoreTarget, indexes: dict[str, str]) -> Iterator[Step]:
    manifest = backup.manifest
    for name, text in indexes.items():
        yield _restore_step(f"create the index {name}", "as in the backup", text)
    # After the rows, because their ids do not come from the sequence.
    if last := backup.next_above:
        raised = statements.set_sequence_value(_sequence_name(manifest, target), last)
        yield _restore_step(f"set {manifest.sequence.name} to {last}", "so that no revision is used twice", raised)
    if not facts.server.can("lasting_statistics"):  # otherwise the planted statistics must stay
        analyse = "ANALYZE" if facts.server.flavour is Flavour.YUGABYTEDB else "VACUUM (ANALYZE)"
        why = "without statistics and a visibility map the first lists are slow"
        yield _restore_step("collect statistics for the planner", why, f"{analyse} {target.scratch}")
    # If the role does not exist here, the table stays with the current role, and Kine can use it with that one.
    if manifest.owner != facts.role.name and manifest.owner in target.roles:
        give = statements.change_owner(manifest.owner, target.scratch)
        yield _restore_step(f"make {manifest.owner} the owner", "as in the backup", give)
    yield from _grant_steps(manifest, target)
    for name, value in PROFILE_SETTINGS:
        if (
            manifest.settings.get(name) == value
            and facts.database_settings.get(name) != value
            and _may_change_settings(facts)
        ):
            setting = statements.set_setting(facts.database, name, value)
            yield _restore_step(f"set {name} = {value} for new sessions", "as in the backup, by kinetune init", setting)
    yield _restore_step(f"rename it to {TABLE}", "it is complete", statements.rename_table(target.scratch, TABLE))


def _grant_steps(manifest: Manifest, target: RestoreTarget) -> Iterator[Step]:
    """The privileges of the backup, as one step, for the roles that exist."""
    names = {"table": target.scratch, "sequence": f"SEQUENCE {_sequence_name(manifest, target)}"}
    # A GRANT to a role that does not exist would end the restore with an error.
    wanted = [one for one in manifest.grants if not one.role or one.role in target.known]
    texts = [statements.grant_privilege(one.privilege, names[one.kind], one.role) for one in wanted]
    if texts:
        roles = ", ".join(dict.fromkeys(one.role or "PUBLIC" for one in wanted))
        yield _restore_step(f"grant privileges to {roles}", "as in the backup", *texts)


def _may_change_settings(facts: Facts) -> bool:
    return facts.role.superuser or facts.role.owns_database or not facts.database_exists


def _index_statement(stored: StoredIndex, manifest: Manifest, server: Server, target: RestoreTarget) -> str:
    """
    The CREATE INDEX of the backup's server if this one is of the same kind, otherwise one made from the parts of the
    index; empty if it cannot be created here.
    """
    if manifest.flavour is server.flavour and (server.flavour is Flavour.POSTGRESQL or not stored.whole):
        # The text of the server is exact (operator classes, storage parameters), but only valid on the same kind of
        # server.
        return stored.definition.replace(f" ON {RESTORE_TABLE} ", f" ON {target.scratch} ", 1)
    return statements.create_index_on(target.scratch, stored.index, server) if stored.whole else ""


def _sequence_name(manifest: Manifest, target: RestoreTarget) -> str:
    return f"{identifier(target.schema)}.{identifier(manifest.sequence.name)}"


def _restore_step(does: str, why: str, *texts: str) -> Step:
    return Step(does, why, texts, locks=NO_LOCKS)
