"""Calls of kinetune: in this process if possible, else in a process of its own, or on a terminal."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from kinetune.cli.main import run

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-W", "error", "-c", "from kinetune.cli.main import main; main()")
OURS = re.compile("KINETUNE_|KINE_|K3S_|PG|NO_COLOR|FORCE_COLOR|COLUMNS|TERM")


@dataclass(frozen=True)
class CallResult:
    """The exit status of a call, stdout and stderr."""

    status: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """All of stderr: the one line of an error, without the prefix `kinetune: `."""
        assert re.fullmatch(r"kinetune: [^\n]+\n", self.err), self.err
        return self.err.removeprefix("kinetune: ").rstrip("\n")


def environment(given: dict[str, str]) -> dict[str, str]:
    """The environment of this process without the variables that kinetune reads, and with the given ones."""
    return {name: value for name, value in os.environ.items() if not OURS.match(name)} | given


def call(*arguments: object, folder: Path = Path("/"), **environ: str) -> CallResult:
    """In this process: without a terminal, 80 columns wide, with the settings file of `folder` only."""
    out, err, here = io.StringIO(), io.StringIO(), Path.cwd()
    os.chdir(folder)
    try:
        with (
            mock.patch.dict(os.environ, environment({"COLUMNS": "80"} | environ), clear=True),
            mock.patch.object(sys, "stdin", io.StringIO()),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            status = run([str(argument) for argument in arguments])
    finally:
        os.chdir(here)
    return CallResult(status, out.getvalue(), err.getvalue())


def reset_signals(handling: signal.Handlers = signal.SIG_DFL) -> None:
    """
    For a child before it runs: a shell ignores SIGINT for what it starts with `&`, nohup ignores SIGHUP, and children
    inherit that. kinetune keeps ignoring such signals; a test that sends one must not depend on how the suite was
    started.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, handling)


def start_process(
    *arguments: object, folder: Path = Path("/"), handling: signal.Handlers = signal.SIG_DFL, **environ: str
) -> subprocess.Popen[str]:
    """In a process of its own, which is running when this returns."""
    return subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        cwd=folder,
        env=environment({"PYTHONPATH": str(ROOT)} | environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: reset_signals(handling),
    )


def wait_for_exit(process: subprocess.Popen[str], seconds: float = 20) -> CallResult:
    """The result of a process that ends within the time; it is killed otherwise."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return CallResult(process.returncode, out, err)


def call_in_process(*arguments: object, folder: Path = Path("/"), **environ: str) -> CallResult:
    """In a process of its own, until it ends."""
    return wait_for_exit(start_process(*arguments, folder=folder, handling=signal.SIG_DFL, **environ))


@dataclass
class Terminal:
    """kinetune on a terminal of its own; `screen` is all its output, with control sequences."""

    process: subprocess.Popen[bytes]
    side: int
    screen: str = field(default="", init=False)

    def until(self, text: str, seconds: float = 20) -> None:
        """Read until the text is on the screen."""
        wait_for(lambda: self._read() and text in self.screen, seconds, lambda: self.screen)

    def type(self, text: str) -> None:
        os.write(self.side, text.encode())

    def end(self, seconds: float = 20) -> int:
        """The exit status, with the screen read to its end."""
        wait_for(lambda: not self._read(), seconds, lambda: self.screen)
        return self.process.wait(seconds)

    def _read(self) -> bool:
        """False when the process has closed the terminal."""
        if select.select([self.side], [], [], 0.1)[0]:
            try:
                self.screen += os.read(self.side, 65536).decode(errors="replace").replace("\r\n", "\n")
            except OSError:
                return False
        return True


def _of_the_terminal() -> None:
    reset_signals()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextlib.contextmanager
def terminal(*arguments: object, columns: int = 80, **environ: str) -> Iterator[Terminal]:
    """Ctrl-C is typed as \\x03; the process is killed at the end."""
    side, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        cwd="/",
        env=environment({"PYTHONPATH": str(ROOT), "TERM": "xterm"} | environ),
        stdin=other,
        stdout=other,
        stderr=other,
        start_new_session=True,
        preexec_fn=_of_the_terminal,
    )
    os.close(other)
    try:
        yield Terminal(process, side)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
        os.close(side)


def wait_for(condition: Callable[[], bool], seconds: float = 20, describe: Callable[[], object] = lambda: "") -> None:
    """Until the condition holds; AssertionError with the description if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, describe()
        time.sleep(0.02)
