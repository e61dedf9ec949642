from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Server
from kinetune.rules.rule import rule


@rule("KT412", Severity.ERROR)
def supported_server(server: Server) -> Iterator[Remark]:
    """
    The server is one that Kine's statements are written for.

    Why it matters
        Other servers speak PostgreSQL's protocol and not all of its language. On CockroachDB each compaction of Kine
        ends with a syntax error and the table grows for ever, and its ids are no revisions: they come from a clock,
        with gaps that Kine fills one by one.

    What to do
        Move to PostgreSQL or YugabyteDB.

    When to ignore
        You know that this Kine runs on that server, compaction included, and say so in the reason.

    Source
        kine#87 (Compact failed: … at or near "where": syntax error: unimplemented); docs/facts/kine.md §7.
    """
    if server.unsupported:
        yield Remark(
            on=server.unsupported,
            says="is not supported by Kine: its compaction fails and the table grows for ever (kine#87)",
            do="move to PostgreSQL or YugabyteDB",
        )
    elif server.note:
        yield Remark(on="server", says=server.note, do="use PostgreSQL or YugabyteDB", severity=Severity.WARNING)
