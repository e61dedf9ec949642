"""What `kinetune explain` does: look at the store, choose the calls, run them, read the plans."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kinetune.model.failure import CouldNotLook, UsageFailure

if TYPE_CHECKING:
    from kinetune.database.session import Session
    from kinetune.kine.releases import Era, EraInUse
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.facts import Facts
    from kinetune.model.workload import Call, Explained, Measured, Recording

ARGUMENTS = ("prefix", "key", "revision")


@dataclass(frozen=True)
class Look:
    """
    What to explain and how hard: `rows` is the size of the copy for writes, 0 leaves writes out. `settings` hold for
    the session alone.
    """

    era: EraInUse | None = None
    query: str | None = None
    given: Mapping[str, str] | None = None
    runs: int = 3
    timeout: float = 30.0
    rows: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)


def run(endpoint: Endpoint, look: Look) -> Explained:
    """All calls of the era on this store, slowest first. Raises CouldNotLook where there is no table or no object."""
    return next(_runs(endpoint, look, ()))


def run_with(endpoint: Endpoint, look: Look, settings: Mapping[str, str]) -> tuple[Explained, Explained]:
    """The same calls with the same arguments as things are, and once more under the settings. UsageFailure, Refused."""
    plain, tried = _runs(endpoint, look, (settings,))
    return plain, tried


def _runs(endpoint: Endpoint, look: Look, trials: tuple[Mapping[str, str], ...]) -> Iterator[Explained]:
    """As things are first; then each trial, whose settings end with the session."""
    from kinetune.database.era import era_in_use
    from kinetune.database.observe import observe
    from kinetune.database.session import visit
    from kinetune.database.trial import try_out
    from kinetune.plans.least import page_of

    with visit(endpoint, "explain") as session:
        facts = observe(session)
        refuse_nothing(facts)
        for settings in trials:
            try_out(session, settings)
        kine = look.era or era_in_use(session)
        calls = wanted_calls(session, kine.era, look)
        _refuse_powerless(session, calls)
        for settings in ({}, *trials):
            for name, value in settings.items():
                session.change(name, value)
            every = _recorded(session, calls, replace(look, settings=settings))
            page = page_of({**facts.settings, **settings})
            store = explained_store(facts, kine, ())
            yield replace(store, settings=settings, page=page, calls=slowest_first(every, page, store.rows))


def recordings(session: Session, era: Era, look: Look) -> tuple[Recording, ...]:
    """EXPLAIN's documents of every call that is asked for, with the number of listed objects in the words."""
    calls = wanted_calls(session, era, look)
    _refuse_powerless(session, calls)
    return _recorded(session, calls, look)


def _recorded(session: Session, calls: tuple[Call, ...], look: Look) -> tuple[Recording, ...]:
    return in_words(tuple(_recordings(session, calls, look)))


def in_words(every: tuple[Recording, ...]) -> tuple[Recording, ...]:
    """'{objects}' as many as the whole list returned."""
    objects = next((_objects(one) for one in every if one.call.scenario == "list" and one.custom), "")
    return tuple(
        replace(one, call=replace(one.call, words=one.call.words.replace("{objects} ", objects))) for one in every
    )


def slowest_first(every: tuple[Recording, ...], page: int, rows: int | None) -> tuple[Measured, ...]:
    """What failed is first: most likely it took longest."""
    from kinetune.plans.measure import measured

    calls = (measured(one, page, rows) for one in every)
    return tuple(sorted(calls, key=lambda one: (not one.failed, -(one.milliseconds or 0.0))))


def _objects(listed: Recording) -> str:
    """'8,000 ': as many as the whole list returned."""
    from kinetune.plans.measure import measured

    rows = measured(listed).rows
    return f"{rows:,} " if rows and rows > 1 else ""  # no object is a row too: Kine wants the revision then


def arguments(given: list[str] | None) -> dict[str, str]:
    """`--arg prefix=/registry/pods/` as a mapping; UsageFailure for another name or a revision that is no number."""
    pairs = dict(text.partition("=")[::2] for text in given or ())
    for name, value in pairs.items():
        if name not in ARGUMENTS or not value:
            raise UsageFailure(f"--arg {name}={value} is not understood", f"give {'=…, '.join(ARGUMENTS)}=…")
        if not value.isprintable():  # bytes that are no UTF-8 among them
            raise UsageFailure(f"--arg {name} holds what is no text", "give a key as Kine has it")
        if name == "revision" and not (value.isdecimal() and int(value) < 1 << 63):
            raise UsageFailure(f"--arg revision={value} is no revision", "give a number such as 120345")
    return pairs


def settings(given: list[str] | None) -> dict[str, str]:
    """`--with yb_bnl_batch_size=1` as a mapping; UsageFailure where there is no name or no `=`."""
    for text in given or ():
        if not text.partition("=")[0].strip() or "=" not in text:
            raise UsageFailure(f"--with {text} is not understood", "write SETTING=VALUE, such as enable_hashjoin=off")
    parts = (text.partition("=") for text in given or ())
    return {name.strip(): value.strip() for name, _, value in parts}


def load(path: Path) -> Explained:
    """A saved run; UsageFailure for a file that cannot be read or is none."""
    from kinetune.plans.saved import from_data

    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageFailure(f"cannot read {path}: {error.strerror}", "save a run with kinetune explain --save") from None
    except ValueError as error:
        raise UsageFailure(f"{path} is not JSON: {error}", "save a run with kinetune explain --save") from None
    return from_data(data if isinstance(data, dict) else {}, str(path))


def refuse_nothing(facts: Facts) -> None:
    from kinetune.tuning.refuse import refuse_strangers

    refuse_strangers(facts)
    if facts.table is None:
        raise CouldNotLook(
            f"there is no table kine in database {facts.database}", "start Kine on it, or prepare it with kinetune init"
        )


def wanted_calls(session: Session, era: Era, look: Look) -> tuple[Call, ...]:
    from kinetune.database.sample import sample
    from kinetune.kine.queries import catalogue
    from kinetune.kine.scenarios import calls

    every = tuple(calls(catalogue(era.name), sample(session), look.given))
    names = {call.scenario for call in every} | {call.query.name for call in every}
    if look.query and look.query not in names:
        raise UsageFailure(f"unknown call or query {look.query!r}", f"this era has {', '.join(sorted(names))}")
    chosen = [call for call in every if look.query in (None, call.scenario, call.query.name)]
    if not look.rows and all(call.writes for call in chosen):
        raise UsageFailure(f"{look.query} writes, and writes are left out", "add --writes: it runs on a copy")
    return tuple(call for call in chosen if look.rows or not call.writes)


def _refuse_powerless(session: Session, calls: tuple[Call, ...]) -> None:
    """A copy that cannot be made is told before a minute of reads, not after it."""
    from kinetune.database.session import visit
    from kinetune.database.shadow import shadow

    if any(call.writes for call in calls):
        with visit(session.endpoint, "explain", write=True) as writer, shadow(writer, 1):
            pass


def _recordings(session: Session, calls: tuple[Call, ...], look: Look) -> Iterator[Recording]:
    from kinetune.cli.progress import bars
    from kinetune.database.explain import Effort, explain

    effort = Effort(look.runs, look.timeout)
    with bars() as progress:
        task = progress.add_task("explaining", total=len(calls))
        for call in calls:
            progress.update(task, description=call.words.replace("{objects} ", ""))
            if call.writes:
                with _writer(session, look) as writer:
                    yield from explain(writer, [call], effort)
            else:
                yield from explain(session, [call], effort)
            progress.advance(task)


@contextlib.contextmanager
def _writer(session: Session, look: Look) -> Iterator[Session]:
    """A second session on a copy that is rolled back, under the same settings."""
    from kinetune.database.session import visit
    from kinetune.database.shadow import shadow

    with visit(session.endpoint, "explain", write=True, **look.settings) as writer, shadow(writer, look.rows):
        yield writer


def explained_store(facts: Facts, kine: EraInUse, calls: tuple[Measured, ...]) -> Explained:
    """The store with its calls, under the settings in force."""
    from kinetune.model.workload import Explained
    from kinetune.plans.least import page_of
    from kinetune.tuning.recognise import profile_of

    table = facts.table
    assert table is not None, "refuse_nothing has seen to it"
    indexes = [table.primary_key, *table.indexes]
    return Explained(
        observed_at=datetime.now(UTC),
        server=facts.server,
        database=facts.database,
        era=kine.era.name,
        era_source=kine.source,
        rows=table.size,
        table_bytes=table.bytes,
        index_bytes=sum(seen.bytes or 0 for seen in indexes if seen),
        profile=profile_of(facts, kine.era),
        calls=calls,
        page=page_of(facts.settings),
    )
