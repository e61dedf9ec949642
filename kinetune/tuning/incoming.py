"""
The scripts of `move` and `restore`: one before the rows are copied, one after them.

The rows go into the table kinetune_incoming, which gets its own name last, so that no Kine opens an incomplete table.
An interrupted run leaves that table. Its comment says where its rows come from: the next run continues with the same
source and the same definition, and begins again with any other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from kinetune.kine.schema import TABLE
from kinetune.kine.table_shape import TABLES
from kinetune.model.backup import INCOMING, StoredGrant, StoredIndex, TableDefinition
from kinetune.model.facts import Facts
from kinetune.model.failure import CouldNotLook, Refused
from kinetune.model.incoming import IncomingComment, IncomingPlace
from kinetune.model.plain_data import encode
from kinetune.model.script import Script, Step
from kinetune.model.server import Flavour, Server
from kinetune.quoting import identifier
from kinetune.tuning import statements
from kinetune.tuning.difference import create_database_step, is_in_force
from kinetune.tuning.planted_statistics import plant_statistics_step
from kinetune.tuning.refusals import refuse_other_schema
from kinetune.tuning.target import PROFILE_SETTINGS, TargetSchema

INDEXES_BEFORE_ROWS: frozenset[Flavour] = frozenset()
"""Servers on which indexes are created before the rows are copied. On PostgreSQL the copy is then 2.4 times slower."""
INCOMING_KEY = f"{INCOMING}_pkey"
"""The name of its primary key until the empty kine, if there is one, has been dropped."""
NO_LOCKS = "nothing: the table is not in use yet"
NAME_REASON = "it has another name, so that no Kine opens an incomplete table"


@dataclass(frozen=True)
class IncomingScripts:
    """
    The last statement of `after_rows` renames the table to kine. `continues`: the table of an interrupted run is kept.

    `left_out` are indexes that this server cannot create, `strangers` are roles with privileges that do not exist here,
    `unset` are settings that this role may not set. `owner` is the role that the table is made for, empty for this one.
    """

    before_rows: Script
    after_rows: Script
    left_out: tuple[StoredIndex, ...] = ()
    strangers: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    owner: str = ""
    continues: bool = False

    def join(self, name: str) -> Script:
        """All statements but the copying of rows."""
        return Script(name, (*self.before_rows.steps, *self.after_rows.steps))


def definition_from_profile(target: TargetSchema) -> TableDefinition:
    """The table that a profile of `init` creates. It stays with the role that creates it."""
    indexes = tuple(map(StoredIndex, target.indexes))
    return TableDefinition(
        target.columns, target.primary_key, target.sequence, indexes, target.settings, plants=target.plants
    )


def plan_incoming(
    definition: TableDefinition, facts: Facts, place: IncomingPlace, next_above: int | None
) -> IncomingScripts:
    """
    The scripts for a table of this definition. The next revision will be above `next_above`: 0 for a table without
    rows, None for the newest row that was copied. An empty kine is replaced, with its owner and privileges.

    Raises Refused where the place is not free, and CouldNotLook where a privilege is missing.
    """
    _refuse_conflicts(definition, facts, place)
    plan = _IncomingPlan(_carry_over(definition, facts, place), facts, place)
    strangers = {one.role for one in plan.definition.grants if one.role} - place.known
    return IncomingScripts(
        Script("incoming", tuple(plan.steps_before_rows())),
        Script("incoming", tuple(plan.steps_after_rows(next_above))),
        tuple(stored for stored in definition.indexes if not plan.index_statement(stored)),
        tuple(sorted(strangers)),
        () if _may_change_settings(facts) else tuple(name for name, _ in plan.missing_settings()),
        plan.definition.owner,
        plan.continues,
    )


def _refuse_conflicts(definition: TableDefinition, facts: Facts, place: IncomingPlace) -> None:
    table = facts.table
    if table is not None and (table.kind not in TABLES or table.max_id is not None):
        raise Refused(
            f"nothing was changed: database {facts.database} already has a table {table.schema}.{TABLE}",
            "name another database in the endpoint, or remove the table with kinetune drop",
        )
    refuse_other_schema(facts)
    if table is not None and table.attached:
        raise Refused(
            f"nothing was changed: the empty table {table.schema}.{TABLE} has {', '.join(table.attached)}, which a new "
            "table would not have",
            "remove the table with kinetune drop",
        )
    # Checked before the rows are copied: the conflict would otherwise appear in the last statements of a long run.
    wanted = (definition.primary_key.name, definition.sequence.name, *(one.index.name for one in definition.indexes))
    if taken := [name for name in (*wanted, INCOMING_KEY) if name in place.taken]:
        raise Refused(
            f"nothing was changed: {place.schema}.{taken[0]} already exists, and the new table needs this name",
            "remove objects of Kine with kinetune drop; rename any other, or name another database",
        )
    _require_privileges(facts, place)


def _require_privileges(facts: Facts, place: IncomingPlace) -> None:
    if not facts.role.may_create:
        schema = identifier(place.schema or "public")
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


def _carry_over(definition: TableDefinition, facts: Facts, place: IncomingPlace) -> TableDefinition:
    """The definition with owner and privileges of the empty kine, also where an interrupted run has dropped it."""
    before: IncomingComment | IncomingPlace | None = place if facts.table is not None else None
    if before is None and place.comment and place.comment.table == digest_definition(definition):
        before = place.comment
    if before is None:
        return definition
    grants = tuple(dict.fromkeys((*before.grants, *definition.grants)))
    return replace(definition, owner=before.owner or definition.owner, grants=grants)


def digest_definition(definition: TableDefinition) -> str:
    """Equal for definitions of which one run may continue the table of another."""
    parts = (definition.columns, definition.primary_key, definition.sequence, definition.indexes, definition.plants)
    return hashlib.sha256(json.dumps(encode(parts)).encode()).hexdigest()[:16]


def _may_change_settings(facts: Facts) -> bool:
    return facts.role.superuser or facts.role.owns_database or not facts.database_exists


@dataclass(frozen=True)
class _IncomingPlan:
    definition: TableDefinition
    facts: Facts
    place: IncomingPlace

    @property
    def comment(self) -> IncomingComment:
        made = self.definition
        return IncomingComment(self.place.origin, digest_definition(made), made.owner, made.grants)

    @property
    def continues(self) -> bool:
        left, wanted = self.place.comment, self.comment
        return left is not None and (left.origin, left.table) == (wanted.origin, wanted.table)

    @property
    def sequence(self) -> str:
        return f"{identifier(self.place.schema)}.{identifier(self.definition.sequence.name)}"

    def steps_before_rows(self) -> Iterator[Step]:
        if not self.facts.database_exists:
            yield create_database_step(self.facts.database)
        if self.place.exists and not self.continues:
            yield from self._drop_unfinished_steps()
        if not self.continues:
            yield from self._create_steps()
        if self.facts.server.flavour in INDEXES_BEFORE_ROWS:
            yield from self._index_steps()

    def _drop_unfinished_steps(self) -> Iterator[Step]:
        why = "an interrupted run left it, with other rows or incomplete; this one starts from the beginning"
        schema = self.place.schema
        if self.facts.server.flavour is Flavour.YUGABYTEDB:  # it drops one object per statement
            for name in self.place.indexes:
                yield _step(f"drop the index {name}", why, statements.drop_object("index", schema, name))
        yield _step(f"drop the table {INCOMING}", why, statements.drop_object("table", schema, INCOMING))

    def _create_steps(self) -> Iterator[Step]:
        made, server, table = self.definition, self.facts.server, self.place.table
        key = replace(made.primary_key, name=INCOMING_KEY)
        create = statements.create_plain_table(made.columns, key, table, server)
        yield _step(f"create the table, as {INCOMING}", NAME_REASON, create)
        # While the table is empty, so that the statistics describe the planted rows only.
        if self._plants:
            yield plant_statistics_step(table, server)
        # Last, because it says that the table is complete and contains no planted rows.
        why = "the next run continues if this one is interrupted"
        yield _step("note the source of its rows", why, statements.comment_on_table(table, self.comment.format()))

    @property
    def _plants(self) -> bool:
        return self.definition.plants and self.facts.server.can("lasting_statistics")

    def steps_after_rows(self, next_above: int | None) -> Iterator[Step]:
        server, table = self.facts.server, self.place.table
        if server.flavour not in INDEXES_BEFORE_ROWS:
            yield from self._index_steps()
        yield from self._sequence_steps(next_above)
        if not self._plants:  # otherwise the planted statistics must stay
            analyse = "ANALYZE" if server.flavour is Flavour.YUGABYTEDB else "VACUUM (ANALYZE)"
            why = "without statistics and a visibility map the first lists are slow"
            yield _step("collect statistics for the planner", why, f"{analyse} {table}")
        # If the role does not exist here, the table stays with the current role, and Kine can use it with that one.
        owner = self.definition.owner
        if owner != self.facts.role.name and owner in self.place.roles:
            yield _step(f"make {owner} the owner", "as before", statements.change_owner(owner, table))
        yield from self._grant_steps()
        for name, value in self.missing_settings() if _may_change_settings(self.facts) else ():
            setting = statements.set_setting(self.facts.database, name, value)
            yield _step(f"set {name} = {value} for new sessions", "as kinetune init does", setting)
        yield from self._rename_steps()

    def _index_steps(self) -> Iterator[Step]:
        # Its indexes have the names that those of the new table need.
        if self.facts.table is not None:
            why = "the new table takes its place; it gets the same owner and privileges"
            yield _step(f"drop the empty table {TABLE}", why, statements.drop_if_empty(TABLE))
        for name in self.place.invalid if self.continues else ():
            drop = statements.drop_object("index", self.place.schema, name)
            yield _step(f"drop the index {name}", "its build was interrupted", drop)
        made = set(self.place.indexes) - set(self.place.invalid) if self.continues else set()
        for stored in self.definition.indexes:
            if stored.index.name not in made and (text := self.index_statement(stored)):
                yield _step(
                    f"create the index {stored.index.name}",
                    "at its start Kine finds every name and creates nothing",
                    text,
                )

    def _sequence_steps(self, next_above: int | None) -> Iterator[Step]:
        table, wanted = self.place.table, self.definition.sequence
        yield _step(
            f"create its sequence {wanted.name}",
            "Kine takes its revisions from it",
            statements.create_sequence(wanted, self.sequence, table, again=self.continues),
            statements.set_id_default(self.sequence, table),
        )
        # The ids of the rows do not come from the sequence.
        if next_above is None:
            raised = statements.set_sequence_to_newest(self.sequence, table)
            yield _step(f"set {wanted.name} to the newest revision", "so that no revision is used twice", raised)
        elif next_above:
            raised = statements.set_sequence_value(self.sequence, next_above)
            yield _step(f"set {wanted.name} to {next_above}", "so that no revision is used twice", raised)

    def _grant_steps(self) -> Iterator[Step]:
        """The privileges, as one step, for the roles that exist."""
        names = {"table": self.place.table, "sequence": f"SEQUENCE {self.sequence}"}
        # A GRANT to a role that does not exist would end the run with an error.
        wanted = [one for one in self.definition.grants if self._may_grant(one)]
        texts = [statements.grant_privilege(one.privilege, names[one.kind], one.role) for one in wanted]
        if texts:
            roles = ", ".join(dict.fromkeys(one.role or "PUBLIC" for one in wanted))
            yield _step(f"grant privileges to {roles}", "as before", *texts)

    def _may_grant(self, grant: StoredGrant) -> bool:
        return not grant.role or grant.role in self.place.known

    def _rename_steps(self) -> Iterator[Step]:
        table, name, schema = self.place.table, self.definition.primary_key.name, identifier(self.place.schema)
        if not (self.continues and self.place.key == name):
            renamed = statements.rename_constraint(INCOMING_KEY, name, table)
            yield _step(f"rename its primary key to {name}", "Kine looks for this name", renamed)
        renames = statements.rename_table(table, TABLE), statements.remove_comment(f"{schema}.{TABLE}")
        atomic = self.facts.server.can("transactional_ddl")
        yield replace(_step(f"rename it to {TABLE}", "it is complete", *renames), atomic=atomic)

    def missing_settings(self) -> Iterator[tuple[str, str]]:
        """Settings that kinetune makes, as the definition has them, where this server knows them and lacks them."""
        for name, value in PROFILE_SETTINGS:
            wanted = self.definition.settings.get(name) == value
            if wanted and self.facts.database_settings.get(name) != value and not is_in_force(self.facts, name, value):
                yield name, value

    def index_statement(self, stored: StoredIndex) -> str:
        """
        The CREATE INDEX of the definition's server if this one is of the same kind, otherwise one made from the parts
        of the index; empty if it cannot be created here.
        """
        server, table = self.facts.server, self.place.table
        if stored.definition and _accepts_text(server, self.definition, stored):
            # The text of the server is exact (operator classes, storage parameters), but only valid on the same kind of
            # server.
            return stored.definition.replace(f" ON {INCOMING} ", f" ON {table} ", 1)
        return statements.create_index_on(table, stored.index, server) if stored.whole else ""


def _accepts_text(server: Server, definition: TableDefinition, stored: StoredIndex) -> bool:
    return definition.flavour is server.flavour and (server.flavour is Flavour.POSTGRESQL or not stored.whole)


def _step(does: str, why: str, *texts: str) -> Step:
    return Step(does, why, texts, locks=NO_LOCKS)
