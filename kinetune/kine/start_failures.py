"""
Why Kine or K3s did not start: the lines that end a start, and their causes.

The messages of Kine v0.9.9, v0.10.1, v0.11.2, v0.14.16, v0.16.4 and v0.17.5 come from real starts
(tests/kine/test_signals_real.py), those of K3s from public reports and from K3s v1.35.0 (docs/facts/measured.md §10).
"""

from __future__ import annotations

import re

from kinetune.kine.other_store_causes import OTHER_STORE_CAUSES
from kinetune.kine.releases import Version, parse_kine_version
from kinetune.kine.signal_kind import SignalKind, find_kind, find_state
from kinetune.kine.start_causes import SPECIAL_CAUSES, USUAL_CAUSES, StartCause

FAILED, WAITING, STOPPED, CRASHED = "start-failed", "start-waiting", "stopped", "crashed"
_WAITING_WORDS = "Kine waits at its start, up to 5 minutes"
_UNKNOWN_CAUSE = StartCause(
    "", "not known: see the example", "read the lines before it, and the database server's own log of this time", ""
)
# Only Kine and K3s write these, each with the error after it.
_IN_KINE = re.compile(
    rb"building kine|creating storage endpoint|failed to create driver for|starting kine backend: |"
    rb"creating (?:listener|GRPC server): |\bpq: |\(SQLSTATE |failed to connect to `|desc = (?:sql|ERROR|pq)|"
    rb"sql: Scan error|storage backend is not defined"
)
_WITHOUT_KINE = tuple(cause.pattern for cause in SPECIAL_CAUSES if cause.program != "Kine")
_IN_START = re.compile("|".join(("preparing server: ", "starting kubernetes", *_WITHOUT_KINE)).encode())
_ERROR_OF_START = re.compile(
    rb"building kine: |failed to create driver for [^:]*: |starting kine backend: |encrypted with different token"
)
_FATAL = re.compile(
    rb"level=(?:\\*\")?(?:fatal|panic)\b|\b(?:FATA|PANI)(?:(?:\x1b|#033|\\u001b|<ESC>)\[0m)?\[|"
    rb"\"(?:severity|level)\\*\" ?: ?\\*\"(?:fatal|panic)|(?:^|[\s\"])F\d{4} \d\d:\d\d:\d\d\.\d+ "
)
_PING = re.compile(rb"[Ff]ailed to ping (?:database )?connection: ")
_PANIC = re.compile(rb"^\s*panic: ")
_PING_MESSAGES = ("failed to ping connection", "Failed to ping database connection")


def _make_kind(stage: str, cause: StartCause) -> SignalKind:
    words = _WAITING_WORDS if stage == WAITING else f"{cause.program} did not start"
    return SignalKind(
        f"{stage}-{cause.name}" if cause.name else stage,
        f"{words}: {cause.cause}" if cause.name else words,
        cause.rule,
        cause.cause,
        cause.fix,
        frozenset(cause.states.split()),
        re.compile(cause.pattern.encode()) if cause.pattern else None,
        messages=_PING_MESSAGES if stage == WAITING else (),
        known_in=cause.known_in,
        fixed_in=cause.fixed_in,
    )


def _make_kinds(stage: str, causes: tuple[StartCause, ...]) -> tuple[SignalKind, ...]:
    return tuple(_make_kind(stage, cause) for cause in causes)


_SPECIAL = {stage: _make_kinds(stage, (*SPECIAL_CAUSES, *OTHER_STORE_CAUSES)) for stage in (FAILED, WAITING)}
_USUAL = {stage: _make_kinds(stage, USUAL_CAUSES) for stage in (FAILED, WAITING)}
_UNKNOWN = {stage: _make_kind(stage, _UNKNOWN_CAUSE) for stage in (FAILED, WAITING)}
_UNKNOWN_OF_K3S = SignalKind(
    f"{FAILED}-k3s",
    "K3s did not start",
    cause="not known: see the example; no word of it is about the datastore",
    fix="read the lines before it",
)
_API_SERVER = SignalKind(
    f"{FAILED}-api-server",
    "the API server did not start: it could not use its datastore",
    cause="see the error in the example; for `context deadline exceeded`, Kine or etcd did not answer",
    fix="read Kine's own log of this time; check --etcd-servers, --etcd-cafile, --etcd-certfile and --etcd-keyfile of "
    "the API server",
    pattern=re.compile(rb"error creating storage factory: "),
)
_STOPPED = SignalKind(
    STOPPED,
    "Kine or K3s stopped with a fatal error",
    cause="not known: see the example",
    fix="read the lines before it",
)
_CRASHED = SignalKind(
    CRASHED,
    "Kine or K3s crashed (Go panic)",
    cause="not known: see the example and the stack trace after it; after lines about failed pings it is the end of "
    "300 attempts to connect",
    fix="read the lines before it, and report the stack trace to the project that wrote the line",
)
START_KINDS: tuple[SignalKind, ...] = (
    *_SPECIAL[FAILED],
    *_USUAL[FAILED],
    *(_UNKNOWN[FAILED], _UNKNOWN_OF_K3S, _API_SERVER),
    *_SPECIAL[WAITING],
    *_USUAL[WAITING],
    _UNKNOWN[WAITING],
)
STOP_KINDS = (_STOPPED, _CRASHED)


def match_start_failure(line: bytes, state: str) -> SignalKind | None:
    """The kind of a line that ends or delays a start; None for any other line."""
    if _PING.search(line):
        return _find_cause(line, state, WAITING)
    fatal = _FATAL.search(line) is not None
    in_kine = _IN_KINE.search(line) is not None
    if (fatal and (in_kine or _IN_START.search(line))) or _ERROR_OF_START.search(line):
        # Without Kine's words, x509 and refused connections are those of K3s: another server, an etcd.
        return _find_cause(line, state, FAILED, in_kine)
    return _API_SERVER if _API_SERVER.matches(line) else None


def match_stop(line: bytes) -> SignalKind | None:
    """The kind of a fatal line or a panic that no other kind explains."""
    if _PANIC.search(line):
        return _CRASHED
    return _STOPPED if _FATAL.search(line) else None


def _find_cause(line: bytes, state: str, stage: str, in_kine: bool = True) -> SignalKind:
    special = find_kind(line, "", _SPECIAL[stage])
    if special is not None:
        return special
    return (find_kind(line, state, _USUAL[stage]) or _UNKNOWN[stage]) if in_kine else _UNKNOWN_OF_K3S


def exclude_fixed_cause(kind: SignalKind, text: str, oldest: Version) -> SignalKind:
    """`kind`, or the kind of another cause of the text if each Kine of the log, from `oldest` on, has not this one."""
    if not kind.fixed_in or oldest < parse_kine_version(kind.fixed_in):
        return kind
    stage, line = FAILED if is_start_failure(kind.kind) else WAITING, text.encode()
    return find_kind(line, find_state(line), [other for other in _USUAL[stage] if other is not kind]) or _UNKNOWN[stage]


def is_start_failure(kind: str) -> bool:
    """Whether signals of this kind say that Kine or K3s did not start."""
    return kind.startswith(FAILED)
