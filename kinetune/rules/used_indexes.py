from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.schema import LIST_QUERY
from kinetune.kine.shape import NAMES
from kinetune.model.facts import Facts, Relation, SeenIndex, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.model.workload import Measured
from kinetune.plans.numbers import count, counted
from kinetune.plans.reads import MANY_ROWS
from kinetune.rules.rule import rule


@rule("KT111", Severity.INFO)
def used_indexes(table: Relation, calls: tuple[Measured, ...], facts: Facts) -> Iterator[Remark | Unknown]:
    """
    Each of Kine's indexes serves at least one of Kine's queries.

    Why it matters
        Every create, update, delete and lease renewal feeds every index. As placeholders, kine_name_index and
        kine_name_id_index saved 16 % of the WAL and 26 % of the index bytes of an insert on PostgreSQL, and 2 of 7
        write requests on YugabyteDB, and made no plan worse in the shapes measured (docs/facts/measured.md §4 and §6).

    What to do
        Save the plans, exchange the index for a placeholder `WHERE false` of the same name (Kine would build a missing
        one again at its next start), and compare.

    When to ignore
        When the plans were taken from a store that is smaller, or of another Kine, than the one that counts.

    Source
        Proved from the plans of this run, custom and generic, never guessed from counters, which are of one node on
        YugabyteDB. Not judged below 10,000 rows, where whole reads are right, nor when a call could not be explained.
        kine_list_query_index is left out: the next Kine needs it (KT107).
    """
    if (table.size or 0) < MANY_ROWS:
        yield Unknown(f"kine has fewer than {count(MANY_ROWS)} rows, or was never analysed: its plans prove nothing")
        return
    if (why := _gap(calls, facts)) is not None:
        yield why
        return
    used = {node.index for call in calls for plan in (call.plan, call.generic) if plan for node in plan.nodes()}
    for seen in table.indexes:
        name = seen.index.name
        if _may_be_idle(seen) and name not in used:
            yield Remark(
                on=name,
                says=f"no plan of {counted(len(calls), 'call')} uses it, and every write feeds it",
                do=f"kinetune explain --save before.json; DROP INDEX {name}; "
                f"CREATE INDEX {name} ON kine (id) WHERE false; kinetune explain --against before.json",
            )


def _gap(calls: tuple[Measured, ...], facts: Facts) -> Unknown | None:
    """Why the plans are not all: a call that failed might be the one that needs the index."""
    if not calls:
        return Unknown("there are no plans")
    recordings = () if isinstance(facts.recordings, Unknown) else facts.recordings
    failed = next((recording for recording in recordings if recording.failed), None)
    return Unknown(f"{failed.call.scenario} could not be explained: {failed.failed}") if failed else None


def _may_be_idle(seen: SeenIndex) -> bool:
    index = seen.index
    return seen.valid and not index.unique and not index.placeholder and index.name in NAMES - {LIST_QUERY.name}
