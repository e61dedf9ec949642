"""What `kinetune drop` says: what would go, what stays, what speaks against it; then what was done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING

from kinetune.model.facts import Unknown
from kinetune.model.plain import encode
from kinetune.model.report import Cell, Code, Heading, Items, Paragraph, Report, Section, Tone
from kinetune.plans.numbers import counted

if TYPE_CHECKING:
    from kinetune.commands.drop import Kept, Outcome, Seen, Wish
    from kinetune.model.facts import Relation
    from kinetune.model.holdings import Amount, Holdings, Watched
    from kinetune.model.script import Script, Step

SECRETS = "It holds every value of the cluster, Secrets among them: it can be read by its owner alone (mode 0600)."


@dataclass(frozen=True)
class Dropped:
    """The report of a run that dropped something: `tail` is what comes after what was shown before."""

    whole: Report
    tail: Report


def planned(seen: Seen, wish: Wish) -> Report:
    """What would go, or that there is nothing."""
    held, script = seen.holdings, seen.script
    sections: tuple[Section, ...] = (Paragraph(_place(held)),)
    if script:
        sections += (
            Heading("What goes"),
            Items(tuple(_goes(seen, wish))),
            Heading("Who uses it"),
            Items(tuple(_used(seen))),
        )
        if stays := tuple(_stays(held, wish)):
            sections += (Heading("What stays"), Items(stays))
        sections += (Heading("Statements"), Code(written(script), "sql"), _back(wish, held))
    else:
        sections += (Paragraph("Nothing is to be dropped: nothing of Kine's or kinetune's is there.", Tone.GOOD),)
    return Report("kinetune drop", "kinetune drop", sections, _data(seen, wish))


def dropped(plan: Report, outcome: Outcome) -> Dropped:
    """What was shown before, with the outcome behind it."""
    sent = counted(len(outcome.done), "statement")
    lines: list[Section] = [Paragraph(f"Dropped and verified: {sent}, {outcome.seconds:.1f} s.", Tone.GOOD)]
    if outcome.kept:
        lines = [Paragraph(_kept(outcome.kept), Tone.GOOD), *lines]
    data = plan.data | {
        "dropped": True,
        "seconds": outcome.seconds,
        "statements": [
            {"step": done.position, "sql": done.statement, "tries": done.tries, "seconds": done.seconds}
            for done in outcome.done
        ],
        "backup": outcome.kept,
    }
    whole = replace(plan, sections=(*plan.sections, *lines), data=data)
    return Dropped(whole, replace(whole, title="", sections=tuple(lines)))


def written(script: Script) -> str:
    """The statements as psql would run them."""
    return "\n".join(f"-- {step.does}\n" + "".join(f"{text};\n" for text in _texts(step)) for step in script.steps)


def _texts(step: Step) -> tuple[str, ...]:
    return ("BEGIN", *step.statements, "COMMIT") if step.atomic else step.statements


def size(bytes: int | None) -> str:
    if bytes is None:
        return "size not known"
    return f"{bytes / 1e6:,.1f} MB" if bytes < 1e9 else f"{bytes / 1e9:,.1f} GB"


def _place(held: Holdings) -> str:
    facts = held.facts
    if not facts.database_exists:
        return f"{facts.server}: there is no database {facts.database}"
    there = f"{facts.table.schema}.kine" if facts.table else "no table kine"
    return f"{facts.server}, database {facts.database}: {there}"


def _goes(seen: Seen, wish: Wish) -> Iterator[Cell]:
    held, table = seen.holdings, seen.holdings.facts.table
    if wish.database:
        yield Cell(f"the database {held.facts.database} with all that is in it", Tone.BAD)
    if table is not None:
        indexes = len(table.indexes) + 1
        yield Cell(
            f"the table {table.schema}.kine: {_amount(held.rows)} rows, {_amount(held.live)} live keys", Tone.BAD
        )
        yield Cell(f"on disk: {size(held.bytes)} with its {indexes} indexes")
        yield Cell(f"newest revision: {table.max_id or 0:,}{_sequence(table)}")
        if held.watched:
            yield Cell(f"last write: {_written(held.watched)}", Tone.BAD if held.watched.wrote else Tone.PLAIN)
    for left in held.leftovers:
        name = left.name if left.kind == "schema" else f"{left.schema}.{left.name}"
        yield Cell(f"left by kinetune: the {left.kind} {name}" + (f", {size(left.bytes)}" if left.bytes else ""))
    settings = [step.does for step in seen.script.steps if step.does.startswith("reset ")]
    if settings:
        yield Cell(f"settings of the database: {', '.join(text.split()[1] for text in settings)}")


def _amount(amount: Amount | Unknown | None) -> str:
    return str(amount) if not isinstance(amount, Unknown) else f"({amount.reason})"


def _sequence(table: Relation) -> str:
    ahead = (table.last_id or 0) - (table.max_id or 0)
    return f", the sequence is {ahead:,} ahead" if ahead > 0 and table.sequence else ""


def _written(watched: Watched) -> str:
    """Only what was observed: a row of Kine's bears no time of its own."""
    if watched.wrote:
        return f"now: {watched.wrote} within {watched.seconds:.1f} s"
    none = f"none in {watched.seconds:.1f} s of watching"
    if isinstance(watched.written_at, Unknown):
        return f"{none}; when the last one was is not known ({watched.written_at.reason})"
    when = watched.written_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return f"the newest revision was committed {when}, {_age(watched.age or 0)} ago; {none}"


def _age(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _used(seen: Seen) -> Iterator[Cell]:
    held = seen.holdings
    for user in held.users:
        who = user.application or "no application_name"
        yield Cell(f"server process {user.pid} ({who}): {user.why or 'nothing to do with kine was seen'}")
    if not held.users:
        yield Cell("no other session is connected to the database", Tone.GOOD)
    for notice in held.notices:
        yield Cell(notice, Tone.WARN)
    for hazard, why in seen.hazards:
        yield Cell(f"hazard {hazard}: {why}; see to it, or --allow {hazard}", Tone.BAD)
    for name in held.dependants:
        yield Cell(f"{name} depends on the table and has to go first", Tone.BAD)


def _stays(held: Holdings, wish: Wish) -> Iterator[Cell]:
    if held.others and not wish.database:
        named = ", ".join(held.others[:5])
        more = f" and {len(held.others) - 5} more" if len(held.others) > 5 else ""
        yield Cell(f"what is not Kine's: {named}{more}")
    settings = held.facts.database_settings
    others = [name for name in settings if not wish.database and (name, settings[name]) not in _ours()]
    if others:
        yield Cell(f"settings of the database that kinetune has not made: {', '.join(sorted(others))}")


def _ours() -> tuple[tuple[str, str], ...]:
    from kinetune.tuning.target import OURS

    return OURS


def _back(wish: Wish, held: Holdings) -> Paragraph:
    if held.facts.table is None:
        return Paragraph("There is no table to keep a copy of.")
    if wish.backup:
        from kinetune.commands.drop_backup import OF_PG_DUMP

        lost = () if wish.backup.suffix in OF_PG_DUMP else held.facts.table.attached
        without = f" It does not hold {', '.join(lost)}: pg_dump's would (end its name in .dump)." if lost else ""
        return Paragraph(f"A copy goes to {wish.backup} first.{without} {SECRETS}", Tone.WARN)
    return Paragraph("There is no way back: --backup FILE keeps a copy, which kinetune restore brings back.", Tone.WARN)


def _kept(kept: Kept) -> str:
    newest = f"newest revision {kept.max_id:,}" if kept.max_id is not None else "no revision"
    how = "was whole already, from an earlier run" if kept.again else "was written and read again"
    return f"The copy {kept.path} {how}: {kept.rows:,} rows, {newest}, {size(kept.bytes)}."


def _data(seen: Seen, wish: Wish) -> dict[str, object]:
    held = seen.holdings
    return {
        "server": str(held.facts.server),
        "database": held.facts.database,
        "database_exists": held.facts.database_exists,
        "whole_database": wish.database,
        "table": held.facts.table and f"{held.facts.table.schema}.kine",
        "max_id": held.facts.table and held.facts.table.max_id,
        "last_id": held.facts.table and held.facts.table.last_id,
        **{
            name: encode(getattr(held, name))
            for name in ("rows", "live", "bytes", "watched", "users", "leftovers", "dependants", "others", "notices")
        },
        "hazards": [{"hazard": hazard, "why": why} for hazard, why in seen.hazards],
        "steps": list(seen.script.steps),
        "dropped": False,
    }
