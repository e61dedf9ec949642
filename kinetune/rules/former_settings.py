from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Connections, Relation
from kinetune.model.finding import Remark, Severity
from kinetune.plans.numbers import counted
from kinetune.rules.rule import rule


@rule("KT410", Severity.WARNING)
def former_settings(connections: Connections, table: Relation) -> Iterator[Remark]:
    """
    Kine's sessions are newer than the settings of the database.

    Why it matters
        ALTER DATABASE … SET reaches sessions that begin afterwards. Kine keeps its connections open, so a Kine that ran
        while kinetune init changed planner settings goes on with the former plans, on YugabyteDB with writes that read
        the table (KT306), while every new session, that of kinetune check included, shows the new ones.

    What to do
        Restart Kine or K3s. Or end its idle sessions, on each node that it is connected to: SELECT
        pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle' AND pid <>
        pg_backend_pid(). Kine opens new ones. Not those at work: Kine v0.16.6 and v0.17.3 to v0.17.5 acknowledge a
        create whose connection is cut (KT601).

    When to ignore
        The sessions are those of another program.

    Source
        The comment that kinetune init leaves on kine, which holds the time, against pg_stat_activity.backend_start.
    """
    if connections.older and table.settings_since:
        yield Remark(
            on="kine",
            says=f"{counted(connections.older, 'session')} began before the settings of "
            f"{table.settings_since:%Y-%m-%d %H:%M:%S} UTC and keep the former ones",
            do="restart Kine",
        )
