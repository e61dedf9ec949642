"""Which era's Kine has these names in its metrics (label `name` of kine_sql_time_seconds, from v0.16.0)."""

from __future__ import annotations

from collections.abc import Set

from kinetune.kine.releases import Era, era_named

# A query that first appears in an era, and that each Kine of it sends by itself at its start or at the first write
# (sql/kine; facts/kine.md §2.1). Newest first.
_FIRST_IN = (("InsertReturning", "E20"), ("AllCurrent", "E19"), ("AllCurrentVal", "E19"), ("AfterAllOldVal", "E18"))


def era_of_names(names: Set[str]) -> Era | None:
    """None where no name is one era's own: up to v0.15.0 metrics carry none."""
    return next((era_named(number) for name, number in _FIRST_IN if name in names), None)
