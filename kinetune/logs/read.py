"""`read`: everything that the named logs tell, in one Reading."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.logs.ledger import Ledger
from kinetune.logs.options import LogOptions, Sources
from kinetune.logs.scan import Event, Scanner
from kinetune.logs.sources import Input, blocks, expand, parts
from kinetune.logs.tally import Tally
from kinetune.model.failure import CouldNotLook, UsageFailure
from kinetune.model.hotspot import Reading

_WORTH_SPLITTING = 32 << 20
KNOWN = (
    "known are logs of Kine and K3s (text, JSON, journald, containerd, Docker, vcluster) "
    "and of PostgreSQL and YugabyteDB (stderr, csvlog, jsonlog)"
)


def read(sources: Sources, options: LogOptions | None = None) -> Reading:
    """
    Reads it all, however large, in bounded memory: about 40 MB a process.

    CouldNotLook where nothing could be read, or where no line was of a known form; a known log without slow calls is
    a Reading without hotspots.
    """
    if sources.follow:
        raise UsageFailure("a growing log has no end to report at", "use follow, or leave --follow out")
    options = options or LogOptions()
    ledger = Ledger()
    inputs = expand(sources, ledger.tally.notice)
    names = ["stdin" if one.name == "-" else one.name for one in inputs]
    shares = _shares([one for one in inputs if one.name != "-"], options.jobs) if options.jobs > 1 else []
    if len(shares) > 1:
        from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - 20 ms that one process does not need

        with ProcessPoolExecutor(min(options.jobs, len(shares))) as pool:
            for done in pool.map(_ledger_of, shares, [options] * len(shares)):
                ledger.merge(done)
        inputs = [one for one in inputs if one.name == "-"]  # a child has no stdin
    for one in inputs:
        _into(ledger, one, options)
    reading = ledger.reading()
    complain_of_nothing(reading, names)
    return reading


def events(sources: Sources, options: LogOptions, tally: Tally) -> Iterator[Event]:
    """Calls, signals and plans one by one as they stand in the logs, counted in `tally`."""
    for one in expand(sources, tally.notice):
        yield from _events(one, options, tally)


def _events(one: Input, options: LogOptions, tally: Tally) -> Iterator[Event]:
    scanner = Scanner(one.name, options, tally, one.changed)
    for block in blocks(one, tally.notice):
        yield from scanner.feed(block)
    yield from scanner.finish()


def _into(ledger: Ledger, one: Input, options: LogOptions) -> None:
    scanner = Scanner(one.name, options, ledger.tally, one.changed)
    for block in blocks(one, ledger.tally.notice):
        ledger.take(scanner.feed(block))
    ledger.take(scanner.finish())


def _ledger_of(one: Input, options: LogOptions) -> Ledger:
    ledger = Ledger()
    _into(ledger, one, options)
    return ledger


def _shares(inputs: list[Input], jobs: int) -> list[Input]:
    """Large plain files in parts, largest first, so that no process is left alone with the last one."""
    shares = [part for one in inputs for part in parts(one, min(4 * jobs, one.size // _WORTH_SPLITTING + 1))]
    return sorted(shares, key=lambda one: one.start - (one.end or one.size))


def complain_of_nothing(reading: Reading, names: list[str]) -> None:
    """CouldNotLook where nothing was understood in what has these names, with the likeliest reason."""
    counts = reading.counts
    if counts.understood or counts.passing or counts.recognised:
        return
    if not counts.bytes:
        empty = f"{names[0]} is empty" if len(names) == 1 else f"all {len(names)} logs are empty"
        reason, _, step = (counts.notices[0] if counts.notices else empty).partition("; ")
        raise CouldNotLook(reason, step or "is it the right file or unit, and may you read it?")
    lines = f"none of {counts.lines:,} lines was understood"
    if counts.not_understood:
        raise CouldNotLook(
            f"{lines}; {counts.not_understood:,} had a known marker", "is the log cut short or rewritten?"
        )
    raise CouldNotLook(lines, KNOWN)
