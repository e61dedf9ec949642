"""Logs that `kinetune hotspots` reads without a file: a query of Loki, and the output of `kubectl logs`."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

from kinetune.commands.hotspots_options import HotspotsOptions
from kinetune.logs.options import LogStream
from kinetune.model.failure import CouldNotLook

DEFAULT_SPAN_S = 3600.0
"""How far back Loki is read without --from; logcli's default too."""
_LATE_S = 60.0
"""A call is logged when it ends, so the line of a call that began before --to may come later."""
_BLOCK_BYTES = 1 << 20
_MAX_NOTES = 3
_SELECTOR = re.compile(r"-l|-l.+|--selector(?:=.*)?")
_SECRET = re.compile(r"--(?:token|password|username|client-key|client-certificate)(?:=|$)")
_PLAIN_NAME = re.compile(r"[\w./=,!:-]+")

AddFailure = Callable[[CouldNotLook], None]
AddNote = Callable[[str], None]


def open_streams(options: HotspotsOptions, fail: AddFailure, note: AddNote) -> tuple[LogStream, ...]:
    """The streams of --loki and --kubectl. What cannot be read is passed to `fail`; what was read until then counts."""
    streams = []
    if options.loki:
        streams.append(_loki_stream(options, note))
    if options.kubectl:
        streams.append(LogStream(name_pods(options.kubectl), partial(_read_kubectl, options, note)))
    return tuple(LogStream(stream.name, partial(_read_until_failure, stream, fail)) for stream in streams)


def _read_until_failure(stream: LogStream, fail: AddFailure) -> Iterator[bytes]:
    try:
        yield from stream.read()
    except CouldNotLook as failure:
        fail(failure)


def _loki_stream(options: HotspotsOptions, note: AddNote) -> LogStream:
    from kinetune.http.loki import LokiQuery, read_loki
    from kinetune.http.read_text import hide_credentials

    assert options.loki is not None
    now = time.time()
    end = min(options.logs.until + _LATE_S, now)
    begin = options.logs.since
    if begin == -math.inf:
        begin = min(options.logs.until, now) - DEFAULT_SPAN_S
        note("Loki was read for one hour, because --from is not set")
    query = LokiQuery(options.loki.url, options.loki.query, begin, end)
    return LogStream(f"Loki at {hide_credentials(options.loki.url)}", partial(read_loki, query, os.environ))


def name_pods(arguments: tuple[str, ...]) -> str:
    """`kubectl logs deploy/kine`: without options, one of which may be a token."""
    for at, word in enumerate(arguments):
        if word in ("-l", "--selector") and at + 1 < len(arguments):
            return f"kubectl logs -l {arguments[at + 1]}"
        if word.startswith("--selector="):
            return f"kubectl logs -l {word.partition('=')[2]}"
        before = arguments[at - 1] if at else ""
        is_value = before.startswith("-") and "=" not in before
        if not word.startswith("-") and not is_value and _PLAIN_NAME.fullmatch(word):
            return f"kubectl logs {word}"
    return "kubectl logs"


def kubectl_command(options: HotspotsOptions) -> list[str]:
    """
    With times, because a line of Kine's terminal form may have none. A selector reads 10 lines a pod by default, so
    --tail=-1 is added.
    """
    arguments = list(options.kubectl)
    if any(map(_SELECTOR.fullmatch, arguments)) and not any(word.startswith("--tail") for word in arguments):
        arguments.append("--tail=-1")
    if options.logs.since > -math.inf:
        begin = datetime.fromtimestamp(max(options.logs.since, 0.0), UTC)
        arguments.append(f"--since-time={begin:%Y-%m-%dT%H:%M:%SZ}")
    return ["kubectl", "logs", *arguments, "--timestamps"]


def _read_kubectl(options: HotspotsOptions, note: AddNote) -> Iterator[bytes]:
    name = name_pods(options.kubectl)
    if shutil.which("kubectl") is None:
        raise CouldNotLook(f"cannot run {name}: kubectl is not installed", "install it, or save the log to a file")
    # A file: an unread pipe would block kubectl once it is full.
    with tempfile.TemporaryFile() as messages:
        process = subprocess.Popen(
            kubectl_command(options), stdout=subprocess.PIPE, stderr=messages, stdin=subprocess.DEVNULL
        )
        assert process.stdout is not None
        try:
            while block := process.stdout.read1(_BLOCK_BYTES):  # type: ignore[attr-defined]
                yield block
        finally:
            process.stdout.close()
            _stop(process)
        messages.seek(0)
        lines = _read_messages(messages.read(65536), options.kubectl)
        if process.returncode:
            reason = lines[-1] if lines else f"exit status {process.returncode}"
            raise CouldNotLook(f"{name} failed: {reason}", "run the same command in a shell")
        for line in lines[:_MAX_NOTES]:
            note(f"{name}: {line}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """After the end of its output it ends by itself; a reader that stopped early ends it."""
    try:
        process.wait(1.0)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait()


def _read_messages(text: bytes, arguments: tuple[str, ...]) -> list[str]:
    """kubectl's own lines, such as `Found 2 pods, using pod/kine-1`, without the secrets of its arguments."""
    found = text.decode("utf-8", "replace")
    for at, word in enumerate(arguments):
        if _SECRET.match(word):
            secret = word.partition("=")[2] or (arguments[at + 1] if at + 1 < len(arguments) else "")
            found = found.replace(secret, "…") if secret else found
    return [" ".join(line.split())[:300] for line in found.splitlines() if line.strip()]
