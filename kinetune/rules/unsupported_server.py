from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Server
from kinetune.rules.rule import rule


@rule("KT412", Severity.ERROR)
def unsupported_server(server: Server) -> Iterator[Remark]:
    """
    Kine does not support this server.

    Why it matters
        Other servers implement PostgreSQL's protocol but only part of its SQL. On CockroachDB every compaction of Kine
        fails with a syntax error, so the table grows without limit. Its ids are not usable as revisions either: they
        are derived from a clock, and Kine fills the gaps between them one by one.

    What to do
        Use PostgreSQL or YugabyteDB.

    When to ignore
        You know that this Kine release works on that server, including compaction; give that as the reason.

    Source
        kine#87 (Compact failed: … at or near "where": syntax error: unimplemented); docs/facts/kine.md §7.
    """
    if server.unsupported:
        yield Remark(
            on=server.unsupported,
            says="is not supported by Kine: its compaction fails and the table grows without limit (kine#87)",
            do="use PostgreSQL or YugabyteDB",
        )
    elif server.note:
        yield Remark(on="server", says=server.note, do="use PostgreSQL or YugabyteDB", severity=Severity.WARNING)
