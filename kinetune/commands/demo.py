"""What `kinetune demo` does: start a server, fill it, explain, tune, explain again, and remove the server."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING

from kinetune.commands.change import apply_change
from kinetune.commands.explain import ExplainOptions, compare_with_saved, explain_store
from kinetune.commands.init import InitChange, InitOptions, plan_init
from kinetune.commands.observer import SILENT, Observer, show_stage
from kinetune.database import embedded
from kinetune.formatting import format_number
from kinetune.workload.store import StoreSize, fill_store, rebuild_indexes, vacuum_table

if TYPE_CHECKING:
    from kinetune.kine.releases import EraInUse
    from kinetune.model.endpoint import Endpoint
    from kinetune.plans.compare import RunComparison

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
COPY_ROWS = 10_000
"""As many as `kinetune explain --writes` copies."""


@dataclass(frozen=True)
class DemoOptions:
    """`keep` leaves the server running."""

    objects: int
    era: EraInUse
    keep: bool = False


def require_recorded_era(given: EraInUse | None) -> EraInUse:
    """The given era, else the newest; UsageFailure where its statements are not recorded."""
    from kinetune.kine.releases import EraInUse, newest_era, recorded_catalogue

    wanted = given or EraInUse(newest_era(), "the newest known release; --kine selects another")
    recorded_catalogue(wanted.era)
    return wanted


@contextlib.contextmanager
def demo_server(options: DemoOptions, observer: Observer = SILENT) -> Iterator[Endpoint]:
    """
    An embedded PostgreSQL for this process alone. Unless it is kept, it is removed with its data however the block
    ends: finished, failed, Ctrl-C, SIGTERM or a closed terminal.
    """
    name = f"demo-{'kept-' if options.keep else ''}{os.getpid()}"
    with _handle_signals(_interrupt):
        _remove_abandoned()  # kill -9 and a power failure leave servers that no `finally` has removed
        try:
            with _defer_signals(), show_stage(observer, "start a private PostgreSQL"):
                endpoint = embedded.start_server(name)
            yield endpoint
        finally:
            if not options.keep:
                with _defer_signals():
                    _remove_completely(name)


def run_demo(endpoint: Endpoint, options: DemoOptions, observer: Observer = SILENT) -> RunComparison:
    """The code of `kinetune init --yes` and `kinetune explain --writes`, on a store that is filled in between."""
    explain = ExplainOptions(era=options.era, copy_rows=COPY_ROWS)
    _init_store(endpoint, "stock", options.era, observer)
    _fill_store(endpoint, StoreSize(options.objects), observer)
    # Indexes that grew with the rows are a third larger than new ones: without this, init would look better than it is.
    with show_stage(observer, "rebuild the indexes, so that only the schema makes a difference"):
        rebuild_indexes(endpoint)
    with observer.stage("explain Kine's queries on the stock schema"):
        before = explain_store(endpoint, explain, observer)
    _init_store(endpoint, "tuned", options.era, observer)
    with show_stage(observer, "vacuum and analyze, as before"):
        vacuum_table(endpoint)
    with observer.stage("explain Kine's queries on the tuned schema"):
        after = explain_store(endpoint, explain, observer)
    return compare_with_saved(before, after, explain.tolerance)


def _init_store(endpoint: Endpoint, profile: str, era: EraInUse, observer: Observer) -> None:
    options = InitOptions(profile, era)
    with observer.stage(f"kinetune init --profile {profile}"):
        apply_change(InitChange(plan_init(endpoint, options), options, observer))


def _fill_store(endpoint: Endpoint, size: StoreSize, observer: Observer) -> None:
    title = f"write {format_number(size.rows)} revisions of {format_number(size.objects)} objects"
    with show_stage(observer, title, size.rows) as update:
        fill_store(endpoint, size, update)


def _remove_abandoned() -> None:
    """Servers of demos that were killed: their name holds the id of a process that is gone."""
    for name in embedded.list_servers():
        process = name.removeprefix("demo-")
        if name.startswith("demo-") and process.isdecimal() and not _process_exists(int(process)):
            _remove_completely(name)


def _process_exists(process: int) -> bool:
    try:
        os.kill(process, 0)  # signal 0 only asks whether the process is there
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _remove_completely(name: str) -> None:
    """Server, data, lock and what an interrupted start left: no other process uses a name with our process id."""
    embedded.remove_server(name)
    for left in embedded.servers_folder().glob(f".{name}.*"):
        if left.is_file():
            left.unlink()
        else:
            shutil.rmtree(left)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _defer_signals() -> Iterator[None]:
    """Interrupt after the block: half a start cannot be undone, half a removal leaves a server running."""
    received: list[int] = []
    with _handle_signals(lambda number, _: received.append(number)):
        yield
    if received:
        raise KeyboardInterrupt


@contextlib.contextmanager
def _handle_signals(handler: object) -> Iterator[None]:
    """Signals that the caller ignores (nohup, `&` in a script) stay ignored."""
    former = {number: before for number in SIGNALS if (before := signal.getsignal(number)) is not signal.SIG_IGN}
    for number in former:
        signal.signal(number, handler)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for number, before in former.items():
            signal.signal(number, before)
