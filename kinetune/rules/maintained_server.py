from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from kinetune.model.facts import Facts, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.rules.rule import rule
from kinetune.servers.maintenance import Line, line_of, successor

AHEAD = timedelta(days=90)  # time to plan the upgrade of a control plane's database


@rule("KT406", Severity.WARNING)
def maintained_server(facts: Facts) -> Iterator[Remark | Unknown]:
    """
    The server's release is still mended.

    Why it matters
        The whole state of the cluster, its secrets included, is in this server. Once its line has ended, security
        holes and bugs that lose data stay open. Ninety days before, and while only critical faults are mended, it is a
        remark.

    What to do
        Upgrade the server: PostgreSQL by pg_upgrade or a replica, with Kine stopped for the switch; YugabyteDB node by
        node, from 2.20 over 2024.2 (only from 2024.2.2 does a way lead to the lines on PostgreSQL 15). Then ANALYZE
        kine, and kinetune check again.

    When to ignore
        Somebody sells you longer support for this line.

    Source
        postgresql.org/support/versioning; docs.yugabyte.com/stable/releases/ybdb-releases (docs/facts/yugabytedb.md
        §1.3). Judged at the time of observation.
    """
    line, today = line_of(facts.server), facts.observed_at.date()
    if line is None:
        yield Unknown(f"{facts.server} is newer than this kinetune, which does not know until when it is mended")
        return
    if found := _judged(line, today):
        says, severity = found
        yield Remark(on=line.name, says=says, do=f"upgrade to {successor(facts.server)}", severity=severity)


def _judged(line: Line, today: date) -> tuple[str, Severity] | None:
    if line.ends is None:
        return "a preview: nobody mends it once the next is out", Severity.WARNING
    if line.ends < today:
        return f"out of maintenance since {line.ends.isoformat()}: nobody closes its security holes", Severity.WARNING
    if line.ends - today <= AHEAD:
        return f"its maintenance ends on {line.ends.isoformat()}", Severity.INFO
    if line.mended_until is not None and line.mended_until - today <= AHEAD:
        word = "ended" if line.mended_until < today else "end"
        until = f"only critical faults are mended until {line.ends.isoformat()}"
        return f"ordinary fixes {word} on {line.mended_until.isoformat()}; {until}", Severity.INFO
    return None
