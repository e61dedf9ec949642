"""What `kinetune demo` does: start, fill, explain, tune, explain again, and take it all away."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import typer

from kinetune.cli.progress import bars
from kinetune.commands import explain as explain_steps
from kinetune.commands import init as init_steps
from kinetune.database import embedded
from kinetune.model.failure import UsageFailure
from kinetune.workload.store import Store, fill, rebuild, vacuum

if TYPE_CHECKING:
    from kinetune.kine.releases import EraInUse
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.workload import Explained

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SUFFIXES = (".html", ".json", ".md", ".txt")
SHADOW_ROWS = 10_000
"""As `kinetune explain --writes` copies."""


@dataclass(frozen=True)
class Demo:
    """The store that was made, and what Kine's queries cost on it before and after `init`."""

    store: Store
    before: Explained
    after: Explained


def refuse_unwritable(path: Path) -> None:
    """Before a minute of work rather than after it. UsageFailure."""
    if path.suffix not in SUFFIXES:
        raise UsageFailure(f"{path} does not tell its format", f"end it with one of {' '.join(SUFFIXES)}")
    if not os.access(path.absolute().parent, os.W_OK | os.X_OK):
        raise UsageFailure(f"cannot write {path}", "name a file in a folder you may write to")


def era_wanted(given: EraInUse | None) -> EraInUse:
    """The era that was asked for, else the newest; UsageFailure where its statements are not recorded."""
    from kinetune.kine.releases import EraInUse, newest, recorded

    wanted = given or EraInUse(newest(), "the newest one known; --kine chooses another")
    recorded(wanted.era)
    return wanted


@contextlib.contextmanager
def server(*, keep: bool) -> Iterator[Endpoint]:
    """
    An embedded PostgreSQL of its own. Gone with all its data at the end, whatever the end is: done, failed, Ctrl-C,
    SIGTERM or a closed terminal. With `keep` it stays, and stderr says where.
    """
    name = f"demo-{'kept-' if keep else ''}{os.getpid()}"
    with _signals_interrupt():
        _sweep()
        try:
            with _unheard(), phase("start a private PostgreSQL"):
                endpoint = embedded.start(name)
            yield endpoint
        finally:
            if not keep:
                with _unheard():
                    _discard(name)
    if keep:
        typer.echo(f"The server runs on: {endpoint} (for kinetune: embedded:{name})", err=True)
        typer.echo(f"Remove it with: kinetune embedded remove --yes {name}", err=True)


def run(endpoint: Endpoint, store: Store, era: EraInUse) -> Demo:
    """The same code as `kinetune init --yes` and `kinetune explain --writes`, on a store filled in between."""
    look = explain_steps.Look(era=era, rows=SHADOW_ROWS)
    _init(endpoint, "stock", era)
    _fill(endpoint, store)
    with phase("rebuild the indexes, so that the schema alone makes the difference"):
        rebuild(endpoint)
    with phase("explain Kine's queries on the stock schema", bar=False):
        before = explain_steps.run(endpoint, look)
    _init(endpoint, "tuned", era)
    with phase("vacuum and analyze, as before"):
        vacuum(endpoint)
    with phase("explain Kine's queries on the tuned schema", bar=False):
        after = explain_steps.run(endpoint, look)
    return Demo(store, before, after)


@contextlib.contextmanager
def phase(title: str, *, bar: bool = True) -> Iterator[None]:
    """A moving bar on a terminal (`bar` is off where the work shows its own), and a line at the end of it."""
    started = time.monotonic()
    with bars() if bar else contextlib.nullcontext() as progress:
        if progress:
            progress.add_task(title, total=None)
        yield
    typer.echo(f"{title}: {time.monotonic() - started:.1f} s", err=True)


def _sweep() -> None:
    """What demos that were killed outright have left: servers named after a process that is gone, running or not."""
    for name in embedded.known():
        process = name.removeprefix("demo-")
        if name.startswith("demo-") and process.isdecimal() and not _lives(int(process)):
            _discard(name)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _discard(name: str) -> None:
    """Server, data, lock and what an interrupted start left: no other process can want a name with our id."""
    embedded.remove(name)
    for left in embedded.home().glob(f".{name}.*"):
        if left.is_file():
            left.unlink()
        else:
            shutil.rmtree(left)


def _init(endpoint: Endpoint, profile: str, era: EraInUse) -> None:
    wish = init_steps.Wish(profile, era, frozenset(), frozenset())
    with phase(f"kinetune init --profile {profile}", bar=False):
        init_steps.carry_out(endpoint, init_steps.look(endpoint, wish), wish, yes=True)


def _fill(endpoint: Endpoint, store: Store) -> None:
    title = f"write {store.rows:,} revisions of {store.objects:,} objects"
    with phase(title, bar=False), bars() as progress:
        task = progress.add_task(title, total=store.rows)
        fill(endpoint, store, lambda rows: progress.update(task, completed=rows))


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _signals_interrupt() -> Iterator[None]:
    """All of SIGNALS end the block as Ctrl-C does, so that it cleans up."""
    with _handled(_interrupt):
        yield


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    """A signal is answered after the block: half a start cannot be undone, half a removal leaves a server running."""
    came: list[int] = []
    with _handled(lambda number, _: came.append(number)):
        yield
    if came:
        raise KeyboardInterrupt


@contextlib.contextmanager
def _handled(handler: object) -> Iterator[None]:
    """Signals that the caller ignores (nohup, `&` in a script) stay ignored."""
    former = {number: before for number in SIGNALS if (before := signal.getsignal(number)) is not signal.SIG_IGN}
    for number in former:
        signal.signal(number, handler)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for number, before in former.items():
            signal.signal(number, before)
