from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.schema import PRIMARY_KEY
from kinetune.kine.table_shape import has_id_key
from kinetune.model.facts import Relation
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour, Server
from kinetune.quoting import identifier
from kinetune.rules.remedies import qualified_table
from kinetune.rules.rule import rule


@rule("KT102", Severity.ERROR)
def misnamed_primary_key(table: Relation, server: Server) -> Iterator[Remark]:
    """
    The primary key of kine is not named kine_pkey.

    Why it matters
        Kine's gap filler may take the id of a create in progress. Kine then retries the create, but only if the
        violated constraint is named kine_pkey. With another name the client gets "already exists" for an object that
        does not exist: 1 of 300 creates and 7 of 4,992 updates failed with a release that does not retry, none with a
        release that does (docs/facts/kine.md §0.9).

    What to do
        Rename the constraint. No row is rewritten; writes wait until the statement is done.

    When to ignore
        On YugabyteDB, which sends no constraint name with that error: Kine never retries there, so the severity is
        info.

    Source
        docs/facts/kine.md §3 (InsertRetry, pgsql.go); docs/facts/yugabytedb.md §6.4.
    """
    key = table.primary_key
    # KT101 reports a table without a primary key, or with another one than (id).
    if key is None or not has_id_key(table) or key.index.name == PRIMARY_KEY.name:
        return
    name, blind = key.constraint or key.index.name, server.flavour is Flavour.YUGABYTEDB
    says = "is not named kine_pkey: a create that loses a race for its id fails with 'already exists'"
    yield Remark(
        on=name,
        says=f"{says} (YugabyteDB does not send the name, so this happens with any name)" if blind else says,
        do=f"ALTER TABLE {qualified_table(table)} RENAME CONSTRAINT {identifier(name)} TO {PRIMARY_KEY.name}",
        severity=Severity.INFO if blind else None,
    )
