"""All named logs → one LogReading, in one process or in several."""

from __future__ import annotations

from kinetune.logs.collector import EventCollector
from kinetune.logs.options import LogOptions, LogSources
from kinetune.logs.scanner import Scanner
from kinetune.logs.sources import LogInput, list_inputs, read_blocks, split_input
from kinetune.model.failure import CouldNotLook, UsageFailure
from kinetune.model.hotspot import LogReading

_MIN_SHARE_BYTES = 32 << 20
"""A tenth of a second of work; below that, starting a process costs more than it saves."""
_LARGEST_RELEASED_BYTES = 30 << 20
"""
glibc returns a released block to the system if it is larger than each one released before (mallopt(3), at most 32 MB).
So it keeps blocks of a log for the next ones, which saves a tenth of the time.
"""
KNOWN_FORMATS = (
    "kinetune reads logs of Kine and K3s (text, JSON, journald, containerd, Docker, vcluster) "
    "and of PostgreSQL and YugabyteDB (stderr, csvlog, jsonlog), also as JSON or CSV of a log collector"
)


def read_logs(sources: LogSources, options: LogOptions | None = None) -> LogReading:
    """
    Read logs of any size in bounded memory: about 40 MB for each process.

    CouldNotLook if nothing could be read or no line has a known format. A log of a known format without slow calls is a
    LogReading without hotspots.
    """
    if sources.follow:
        raise UsageFailure("--follow has no end to report at", "use follow_logs, or leave out --follow")
    options = options or LogOptions()
    collector = EventCollector()
    inputs = list_inputs(sources, collector.counts.notice)
    names = ["stdin" if log.name == "-" else log.name for log in inputs]
    files = [log for log in inputs if not log.is_process_local]
    shares = _split_inputs(files, options.jobs) if options.jobs > 1 else []
    if len(shares) > 1:
        from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - 20 ms that one process does not need

        with ProcessPoolExecutor(min(options.jobs, len(shares))) as pool:
            for part in pool.map(_collect_share, shares, [options] * len(shares)):
                collector.merge(part)
        inputs = [log for log in inputs if log.is_process_local]
    for log in inputs:
        _collect_input(collector, log, options)
    reading = collector.to_reading()
    require_understood_lines(reading, names)
    return reading


def _collect_input(collector: EventCollector, log: LogInput, options: LogOptions) -> None:
    bytes(_LARGEST_RELEASED_BYTES)  # from calloc and never touched, unlike bytearray, so it takes no memory
    scanner = Scanner(log.name, options, collector.counts, log.modified_at)
    for block in read_blocks(log, collector.counts.notice):
        collector.add_events(scanner.feed(block))
    collector.add_events(scanner.finish())


def _collect_share(log: LogInput, options: LogOptions) -> EventCollector:
    collector = EventCollector()
    _collect_input(collector, log, options)
    return collector


def _split_inputs(inputs: list[LogInput], jobs: int) -> list[LogInput]:
    """Inputs with large files split, largest first: the last part to finish is then a small one."""
    shares = [part for log in inputs for part in split_input(log, min(4 * jobs, log.size // _MIN_SHARE_BYTES + 1))]
    return sorted(shares, key=lambda part: part.start - (part.end or part.size))


def require_understood_lines(reading: LogReading, names: list[str]) -> None:
    """CouldNotLook with the likeliest reason if nothing was understood in the logs of these names."""
    counts = reading.counts
    if counts.understood or counts.passing or counts.recognised:
        return
    if not counts.bytes:
        empty = f"{names[0]} is empty" if len(names) == 1 else f"all {len(names)} logs are empty"
        reason, _, step = (counts.notices[0] if counts.notices else empty).partition("; ")
        raise CouldNotLook(reason, step or "check the name of the file or unit, and your permission to read it")
    lines = f"cannot understand any of {counts.lines:,} lines"
    if counts.unknown_language:
        raise CouldNotLook(f"{lines}: messages are not English (lc_messages)", "set lc_messages = 'C' on the server")
    if counts.not_understood:
        unfinished = f"{lines}; {counts.not_understood:,} look like slow calls but are incomplete"
        raise CouldNotLook(unfinished, "check that no tool truncated or rewrote the lines")
    raise CouldNotLook(lines, KNOWN_FORMATS)
