from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.schema import PRIMARY_KEY
from kinetune.kine.shape import keyed_by_id
from kinetune.model.facts import Relation
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour, Server
from kinetune.quoting import identifier
from kinetune.rules.rule import rule
from kinetune.rules.words import qualified


@rule("KT102", Severity.ERROR)
def primary_key_name(table: Relation, server: Server) -> Iterator[Remark]:
    """
    The primary key of kine is called kine_pkey.

    Why it matters
        Kine's gap filler may take the id of a create that is under way. Kine sends that create again, but only when the
        violated constraint is called kine_pkey. Under another name the client hears "already exists" for an object that
        is not there: 1 of 300 creates and 7 of 4,992 updates with a release that does not send again, none with one
        that does (docs/facts/kine.md §0.9).

    What to do
        Rename the constraint; nothing is rewritten, and writes wait for a moment.

    When to ignore
        YugabyteDB sends no constraint name in that error, so that Kine cannot tell either way: info there.

    Source
        docs/facts/kine.md §3 (InsertRetry, pgsql.go); docs/facts/yugabytedb.md §6.4.
    """
    seen = table.primary_key
    if seen is None or not keyed_by_id(table) or seen.index.name == PRIMARY_KEY.name:
        return
    name, blind = seen.constraint or seen.index.name, server.flavour is Flavour.YUGABYTEDB
    says = "is not called kine_pkey: a create that loses a race for its id fails with 'already exists'"
    yield Remark(
        on=name,
        says=f"{says} (YugabyteDB never names the constraint, so that happens anyway)" if blind else says,
        do=f"ALTER TABLE {qualified(table)} RENAME CONSTRAINT {identifier(name)} TO {PRIMARY_KEY.name}",
        severity=Severity.INFO if blind else None,
    )
