from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_count, format_number
from kinetune.kine.schema import LIST_QUERY
from kinetune.kine.table_shape import NAMES
from kinetune.model.facts import Facts, ObservedIndex, Relation
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.model.workload import MeasuredCall
from kinetune.plans.reads import MANY_ROWS
from kinetune.rules.rule import rule


@rule("KT111", Severity.INFO)
def unused_indexes(table: Relation, calls: tuple[MeasuredCall, ...], facts: Facts) -> Iterator[Remark | Unknown]:
    """
    No query of Kine uses this index.

    Why it matters
        Every create, update, delete and lease renewal has to update every index. With placeholders for kine_name_index
        and kine_name_id_index an insert on PostgreSQL wrote 16 % less WAL and 26 % fewer index bytes, and 5 instead of
        7 write requests on YugabyteDB; no plan became worse in the variants measured (docs/facts/measured.md §4 and
        §6).

    What to do
        Save the plans, replace the index with a placeholder `WHERE false` of the same name (Kine would build a missing
        index at its next start), and compare the plans.

    When to ignore
        The plans come from a store that is smaller than the production store, or from another Kine release.

    Source
        The plans of this run, custom and generic. Usage counters are not used: on YugabyteDB they are those of one
        node. Skipped below 10,000 rows, where reading the whole table is the right plan, and if a call could not be
        explained. kine_list_query_index is not checked, because the next Kine release needs it (KT107).
    """
    if (why := _skip_reason(table, calls, facts)) is not None:
        yield why
        return
    # Generic plans count too: the server may use them after five executions on a connection.
    used = {node.index for call in calls for plan in (call.plan, call.generic) if plan for node in plan.nodes()}
    for seen in table.indexes:
        name = seen.index.name
        if _is_candidate(seen) and name not in used:
            yield Remark(
                on=name,
                says=f"no plan of {format_count(len(calls), 'call')} uses it, but every write has to update it",
                do=f"kinetune explain --save before.json; DROP INDEX {name}; "
                f"CREATE INDEX {name} ON kine (id) WHERE false; kinetune explain --against before.json",
            )


def _skip_reason(table: Relation, calls: tuple[MeasuredCall, ...], facts: Facts) -> Unknown | None:
    """Why the plans prove nothing: few rows, or a call without a plan, which may be the one that needs the index."""
    if (table.size or 0) < MANY_ROWS:
        rows = format_number(MANY_ROWS)
        return Unknown(f"kine has fewer than {rows} rows, or no statistics: its plans are not representative")
    if not calls:
        return Unknown("there are no plans")
    recordings = () if isinstance(facts.recordings, Unknown) else facts.recordings
    failed = next((recording for recording in recordings if recording.failed), None)
    return Unknown(f"{failed.call.scenario} could not be explained: {failed.failed}") if failed else None


def _is_candidate(seen: ObservedIndex) -> bool:
    index = seen.index
    return seen.valid and not index.unique and not index.placeholder and index.name in NAMES - {LIST_QUERY.name}
