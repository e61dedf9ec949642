from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from kinetune.model.facts import Facts
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.rule import rule
from kinetune.servers.maintenance import ReleaseLine, find_line, recommended_line

AHEAD = timedelta(days=90)  # time to plan the upgrade of a control plane's database


@rule("KT406", Severity.WARNING)
def unmaintained_server(facts: Facts) -> Iterator[Remark | Unknown]:
    """
    The server's release line is not maintained any more, or its maintenance ends soon.

    Why it matters
        The whole state of the cluster, including its Secrets, is in this server. After the end of maintenance, security
        vulnerabilities and bugs that lose data are not fixed. The severity is info 90 days before, and while only
        critical bugs are fixed.

    What to do
        Upgrade the server: PostgreSQL with pg_upgrade or a replica, with Kine stopped during the switch; YugabyteDB
        node by node, from 2.20 to 2024.2 first (only 2024.2.2 and newer can be upgraded to the lines with PostgreSQL
        15). Then run ANALYZE kine and kinetune check.

    When to ignore
        A vendor provides longer support for this line.

    Source
        postgresql.org/support/versioning; docs.yugabyte.com/stable/releases/ybdb-releases (docs/facts/yugabytedb.md
        §1.3). The date of the observation counts.
    """
    line, today = find_line(facts.server), facts.observed_at.date()
    if line is None:
        yield Unknown(f"{facts.server} is newer than this kinetune: its maintenance dates are unknown")
        return
    if found := _check_maintenance(line, today):
        says, severity = found
        yield Remark(on=line.name, says=says, do=f"upgrade to {recommended_line(facts.server)}", severity=severity)


def _check_maintenance(line: ReleaseLine, today: date) -> tuple[str, Severity] | None:
    if line.ends is None:
        return "is a preview, which is not maintained after the next preview", Severity.WARNING
    if line.ends < today:
        return (
            f"maintenance ended on {line.ends.isoformat()}: security vulnerabilities are not fixed",
            Severity.WARNING,
        )
    # Checked before the end of ordinary fixes, because it is the more important date.
    if line.ends - today <= AHEAD:
        return f"its maintenance ends on {line.ends.isoformat()}", Severity.INFO
    if line.maintained_until is not None and line.maintained_until - today <= AHEAD:
        word = "ended" if line.maintained_until < today else "end"
        until = f"only critical bugs are fixed until {line.ends.isoformat()}"
        return f"ordinary fixes {word} on {line.maintained_until.isoformat()}; {until}", Severity.INFO
    return None
