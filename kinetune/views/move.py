"""The report of `kinetune move`: what the source holds, what forbids the move, the statements; then the result."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_bytes, format_count, format_number, format_time
from kinetune.kine.bootstrap_key import TokenOutcome
from kinetune.model.change import ChangeResult
from kinetune.model.plain_data import encode
from kinetune.model.report import BulletList, Cell, Code, Heading, Paragraph, Report, Section, Tone
from kinetune.model.server import Flavour
from kinetune.model.transfer import SourceKind
from kinetune.tuning.change_plans import MoveCheck, MoveOutcome, MovePlan
from kinetune.views.backup import describe_store
from kinetune.views.change import ChangeReport, add_result, format_script, format_seconds
from kinetune.views.move_instructions import describe_restart

COPY_SHARE, AFTER_STOP_SHARE = 6.0, 3.0
"""
How long a move takes, and the part of it after the stop (comparison, indexes, statistics), in times of the pass that
took the census; on PostgreSQL 15 with 100,000 rows of 500 bytes (`bench move`).
"""
INDEX_ROWS = 4_000
"""Rows a second whose indexes YugabyteDB builds, in addition (docs/facts/measured.md §14)."""
KEEP_KEY = "keep this key in the API server's configuration"
STOP_SECONDS = 3.0
"""Until the source is seen to have stopped, at most: a pass and an observation."""


def build_plan_report(plan: MovePlan) -> Report:
    """The source, what forbids the move, the target and its statements."""
    facts = plan.facts
    database = f"database {facts.database}" if facts.database_exists else f"a new database {facts.database}"
    sections: tuple[Section, ...] = (
        Heading("Source"),
        BulletList(tuple(_describe_source(plan))),
        Heading("Target"),
        BulletList(tuple(_describe_target(plan, f"{facts.server}, {database}"))),
    )
    if plan.obstacles:
        cells = tuple(Cell(f"{one.cause}; {one.next_step}", Tone.BAD) for one in plan.obstacles)
        sections += (Heading("What forbids the move"), BulletList(cells))
    sections += (
        *(Paragraph(f"Note: {note}", Tone.WARN) for note in (*plan.source.notes, *_notes(plan))),
        Heading("Statements"),
        Code(_format_statements(plan), "sql"),
    )
    return Report("kinetune move", "kinetune move", sections, _plan_data(plan))


def build_result_report(plan: MovePlan, outcome: MoveOutcome, report: Report, result: ChangeResult) -> ChangeReport:
    """The plan's report with the proof, and how to start Kubernetes on the target."""
    rows = sum(one.rows for one in outcome.ranges)
    text = (
        f"Moved and verified: {format_count(rows, 'row')} in {format_seconds(result.seconds)}, equal in "
        f"{format_count(len(outcome.ranges), 'range')} of 1,000 ids."
    )
    if plan.options.follow:
        text += (
            f" It ended {format_seconds(outcome.finished - outcome.stopped)} after the source was seen to have stopped."
        )
    if outcome.top:
        text += (
            f" One gap row was added for revision {format_number(outcome.top)}, which the source had given out last."
        )
    sections = (Paragraph(text, Tone.GOOD), *describe_restart(plan, outcome))
    return add_result(report, sections, {"moved": True, "certificate": _certify(plan, outcome)})


def _certify(plan: MovePlan, outcome: MoveOutcome) -> dict[str, object]:
    """What was proved: the digests of all ranges, which are equal in source and target, revisions and times."""
    times = {name: format_time(getattr(outcome, name)) for name in ("started", "stopped", "finished")}
    source = outcome.source
    revision = max(source.revision if source else 0, outcome.top)
    return {"target": str(plan.endpoint), "revision": revision, **encode(outcome), **times}


def build_check_report(check: MoveCheck) -> Report:
    """What was compared, and the first row that differs."""
    found, source = check.comparison, check.source
    compared = f"{format_count(found.rows, 'row')} in {format_count(len(found.ranges), 'range')} of 1,000 ids are equal"
    if found.mismatch:
        verdict = Paragraph(f"Not equal: {found.mismatch}. Before it, {compared}.", Tone.BAD)
    else:
        verdict = Paragraph(f"Equal: {compared}.", Tone.GOOD)
    sections = (Paragraph(f"{source.kind} {source.place} and {check.target}"), verdict)
    return Report("kinetune move", "kinetune move: comparison", sections, encode(check))


def build_unfence_report(roles: tuple[str, ...]) -> Report:
    """Who may write again."""
    text = f"{', '.join(roles)} may write to the source again." if roles else "Nothing to do: the source has no fence."
    return Report("kinetune move", "kinetune move: fence", (Paragraph(text, Tone.GOOD),), {"roles": list(roles)})


def _describe_source(plan: MovePlan) -> Iterator[Cell]:
    state, census = plan.source, plan.census
    yield Cell(f"{describe_store(state)}: {state.place}")
    history = f", {format_number(census.tombstones)} deleted, {format_count(census.gap_rows, 'gap row')}"
    yield Cell(
        f"{format_count(census.rows, 'row')} with {format_bytes(census.bytes)} of values; "
        f"{format_count(census.live_keys, 'live key')}{history if plan.is_verbatim else ''}"
    )
    yield Cell(_describe_revision(plan))
    if census.leases:
        yield Cell(f"{format_count(census.leases, 'row')} with a lease; their time starts again with Kine")
    for name, count in census.encrypted.items():
        # K3s keeps the key in its bootstrap data, a file of kubeadm does not move (docs/facts/moving.md §4).
        step, tone = ("moved with K3s' key", Tone.PLAIN) if census.bootstrap else (KEEP_KEY, Tone.WARN)
        yield Cell(f"{format_count(count, 'value')} encrypted with {name}: {step}", tone)
    yield from _describe_bootstrap(plan)


def _describe_revision(plan: MovePlan) -> str:
    state = plan.source
    if not plan.is_verbatim:  # the last row is one more, and declares all others compacted
        return f"newest revision {format_number(state.compacted - (plan.options.bump or 0))}"
    last = f", sequence at {format_number(state.last_id)}" if state.last_id is not None else ""
    compacted = f", compacted up to {format_number(state.compacted)}" if state.compacted else ""
    return f"newest revision {format_number(state.revision)}{last}{compacted}"


def _describe_bootstrap(plan: MovePlan) -> Iterator[Cell]:
    keys = plan.census.bootstrap
    if keys:
        yield Cell(f"K3s or RKE2: its certificates are moved ({', '.join(key.name for key in keys)})")
    if len(keys) > 1:
        yield Cell("several bootstrap keys: K3s uses the one of its token and prints a warning", Tone.WARN)
    if plan.token and plan.token.outcome in (TokenOutcome.FITS, TokenOutcome.SEVERAL_KEYS):
        yield Cell("the K3s token fits", Tone.GOOD)
    if plan.token and plan.token.outcome is TokenOutcome.NO_KEY:
        yield Cell("there is no bootstrap key that the K3s token could fit", Tone.WARN)


def _describe_target(plan: MovePlan, place: str) -> Iterator[Cell]:
    yield Cell(place)
    yield Cell(f"profile {plan.profile}, {len(plan.definition.indexes) + 1} indexes")
    if plan.facts.table is not None:
        yield Cell("its empty table kine is replaced; owner and privileges stay")
    if plan.is_verbatim:
        rows = "all rows but those that only fill gaps" if plan.options.skip_gap_rows else "all rows"
        yield Cell(f"{rows} are copied: watches, lists at old revisions and continue tokens stay valid")
    else:
        yield Cell("the newest row of each key is copied: clients that watch old revisions get 410 and list again")
    if plan.options.bump:
        yield Cell(f"the revision is raised by {format_number(plan.options.bump)}, above all that clients have seen")
    if plan.scripts.continues:
        yield Cell("an interrupted move is continued")
    yield Cell(_estimate_time(plan))


def _estimate_time(plan: MovePlan) -> str:
    indexes = plan.census.rows / INDEX_ROWS if plan.facts.server.flavour is Flavour.YUGABYTEDB else 0
    total, after_stop = (max(share * plan.census.seconds + indexes, 1) for share in (COPY_SHARE, AFTER_STOP_SHARE))
    if not plan.options.follow:
        return f"about {format_seconds(total)}; Kubernetes is stopped for all of it"
    seconds = format_seconds(after_stop + STOP_SECONDS)
    return f"about {format_seconds(total)} until the source has to be stopped; then Kubernetes is stopped for {seconds}"


def _notes(plan: MovePlan) -> Iterator[str]:
    options = plan.options
    if plan.source.kind is SourceKind.ETCD and options.requires_stop:
        yield (
            "etcd does not show who uses it. Before rows are compared it is observed for a few seconds; make sure that "
            "the API server is stopped on every server."
        )
    if plan.fenced and not options.fence:
        yield (
            f"{', '.join(plan.fenced)} may not write to the source: an earlier run with --fence was interrupted or has "
            "succeeded. Lift it with --unfence, or complete the move with --follow --fence."
        )
    if options.fence:
        yield (
            "--fence: Kine's roles lose the right to write to the source when the copy has caught up, and get it back "
            "if the move fails, or by --unfence. In between, clients get errors; Kine v0.16.6 and v0.17.3 to v0.17.5 "
            "acknowledge creates that failed (KT601): with one of these, stop Kubernetes instead."
        )
    for name, size in plan.census.oversized:
        yield f"the value of {name} has {format_bytes(size)}, more than etcd accepts (1.5 MiB)."
    if plan.census.compactions != 1 and plan.is_verbatim:
        count = format_count(plan.census.compactions, "row")
        yield f"{count} compact_rev_key instead of 1, as in the source: run kinetune check on the target (KT114)."
    if strangers := plan.scripts.strangers:
        yield f"privileges of {', '.join(strangers)} are not given: these roles do not exist here."
    if unset := plan.scripts.unset:
        yield f"{', '.join(unset)}: role {plan.facts.role.name} may not change settings of the database."


def _format_statements(plan: MovePlan) -> str:
    copy = f"-- copy {format_count(plan.census.rows, 'row')} and compare them with the source\n"
    return "\n".join((format_script(plan.scripts.before_rows), copy, format_script(plan.scripts.after_rows)))


def _plan_data(plan: MovePlan) -> dict[str, object]:
    return {
        "source": encode(plan.source),
        "census": encode(plan.census),
        "mode": "verbatim" if plan.is_verbatim else "live rows",
        "bump_revision": plan.options.bump,
        "server": str(plan.facts.server),
        "database": plan.facts.database,
        "database_exists": plan.facts.database_exists,
        "profile": plan.profile,
        "token": plan.token.outcome if plan.token else None,
        "obstacles": [{"cause": one.cause, "next_step": one.next_step} for one in plan.obstacles],
        "fenced": list(plan.fenced),
        "continues": plan.scripts.continues,
        "steps": list(plan.script.steps),
        "moved": False,
    }
