"""kinetune, called as people call it: in this process where that will do, else in one of its own, or on a terminal."""

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
class Said:
    """What a call left: its exit status and both streams."""

    status: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """All of stderr: one line of an error, without a trace."""
        assert re.fullmatch(r"kinetune: [^\n]+\n", self.err), self.err
        return self.err.removeprefix("kinetune: ").rstrip("\n")


def environment(given: dict[str, str]) -> dict[str, str]:
    """This process' own without what kinetune reads, and with what is given."""
    return {name: value for name, value in os.environ.items() if not OURS.match(name)} | given


def call(*arguments: object, folder: Path = Path("/"), **environ: str) -> Said:
    """In this process: nobody at a terminal, 80 columns, no configuration but that of `folder`."""
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
    return Said(status, out.getvalue(), err.getvalue())


def take(handling: signal.Handlers = signal.SIG_DFL) -> None:
    """
    In a child before it runs: a shell ignores SIGINT for what it starts with `&`, nohup SIGHUP, and children inherit
    that. kinetune leaves ignored signals ignored, as its user asked; a test that sends one must not depend on how the
    suite was started.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, handling)


def start(
    *arguments: object, folder: Path = Path("/"), handling: signal.Handlers = signal.SIG_DFL, **environ: str
) -> subprocess.Popen[str]:
    """In a process of its own, which goes on."""
    return subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        cwd=folder,
        env=environment({"PYTHONPATH": str(ROOT)} | environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: take(handling),
    )


def ended(process: subprocess.Popen[str], seconds: float = 20) -> Said:
    """What it left, if it ends in time."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Said(process.returncode, out, err)


def separate(*arguments: object, folder: Path = Path("/"), **environ: str) -> Said:
    """In a process of its own, to its end."""
    return ended(start(*arguments, folder=folder, handling=signal.SIG_DFL, **environ))


@dataclass
class Terminal:
    """kinetune on a terminal of its own; `screen` is all that came, escapes and all."""

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
        """False when the other side is gone."""
        if select.select([self.side], [], [], 0.1)[0]:
            try:
                self.screen += os.read(self.side, 65536).decode(errors="replace").replace("\r\n", "\n")
            except OSError:
                return False
        return True


def _of_the_terminal() -> None:
    take()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextlib.contextmanager
def terminal(*arguments: object, columns: int = 80, **environ: str) -> Iterator[Terminal]:
    """Ctrl-C is typed as \\x03; the process is gone afterwards."""
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


def wait_for(true: Callable[[], bool], seconds: float = 20, told: Callable[[], object] = lambda: "") -> None:
    """Until something holds; AssertionError with what `told` says where it does not in time."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, told()
        time.sleep(0.02)
