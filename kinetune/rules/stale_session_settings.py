from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_count
from kinetune.model.facts import Connections, Relation
from kinetune.model.finding import Remark, Severity
from kinetune.rules.rule import rule


@rule("KT410", Severity.WARNING)
def stale_session_settings(connections: Connections, table: Relation) -> Iterator[Remark]:
    """
    Sessions of Kine are older than the settings of the database.

    Why it matters
        ALTER DATABASE … SET applies to new sessions. Kine keeps its connections open, so a Kine that ran while kinetune
        init changed planner settings continues with the old plans, on YugabyteDB with writes that read the table
        (KT306), while new sessions, such as that of kinetune check, show the new settings.

    What to do
        Restart Kine or K3s. Or terminate its idle sessions on each node that it is connected to: SELECT
        pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle' AND pid <>
        pg_backend_pid(). Kine opens new ones. Do not terminate active sessions: Kine v0.16.6 and v0.17.3 to v0.17.5
        acknowledge a create whose connection was closed (KT601).

    When to ignore
        The sessions belong to another program.

    Source
        The comment with a time that kinetune init writes on kine, and pg_stat_activity.backend_start.
    """
    if connections.older and table.settings_since:
        yield Remark(
            on="kine",
            says=f"{format_count(connections.older, 'session')} started before the settings were changed "
            f"({table.settings_since:%Y-%m-%d %H:%M:%S} UTC) and use the old ones",
            do="restart Kine",
        )
