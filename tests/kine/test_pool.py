"""KT603: what real Kine does with few connections, and that the advised bound works."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kinetune.rules.context import Limits
from kinetune.rules.too_few_connections import ADVISED, too_few_connections
from tests.cluster import Cluster
from tests.conftest import scratch
from tests.kine.process import Kine, KineFailed
from tests.rules.made import healthy, run_one, written_by

RELEASES = ("v0.10.1", "v0.14.16", "v0.16.4", "v0.17.5")
WRITERS, EACH = 24, 10
SECONDS = 4.0
"""Until a start counts as hanging; one takes less than a second."""


@pytest.fixture
def fresh(pg15: Cluster) -> Iterator[Callable[[], str]]:
    """New databases."""
    made: list[Iterator[str]] = []

    def one() -> str:
        made.append(scratch(pg15))
        return next(made[-1])

    yield one
    for each in made:
        next(each, None)


def test_one_connection_hangs_every_release_and_two_let_it_start(
    built: Callable[[str], Path], fresh: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.kine.process.PATIENCE", SECONDS)

    def starts(given: tuple[str, str, str]) -> bool:
        tag, dsn, pool = given
        try:
            with Kine(tag, f"{dsn}?sslmode=disable", datastore_max_open_connections=pool):
                return True
        except KineFailed:
            return False

    for tag in RELEASES:
        built(tag)
    cases = [(tag, fresh(), pool) for tag in RELEASES for pool in ("1", "2")]
    with ThreadPoolExecutor(len(cases)) as pool:
        started = dict(zip([(tag, bound) for tag, _, bound in cases], pool.map(starts, cases), strict=True))
    assert started == {(tag, bound): bound == "2" for tag in RELEASES for bound in ("1", "2")}
    for tag in RELEASES:
        found = run_one(too_few_connections, healthy(kine=written_by(tag)), limits=Limits(pool=1))
        assert ["hangs at its start" in one.says for one in found] == [True]


def created(tag: str, dsn: str, bound: int) -> int:
    """How many of WRITERS × EACH creates are acknowledged within SECONDS."""
    done: list[int] = []
    with Kine(tag, f"{dsn}?sslmode=disable", datastore_max_open_connections=str(bound)) as kine:

        def write(writer: int) -> None:
            client = kine.client()
            for number in range(EACH):
                client.create(f"/registry/pods/{writer}-{number}", b"x")
                done.append(number)

        threads = [threading.Thread(target=write, args=(writer,), daemon=True) for writer in range(WRITERS)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        count = len(done)
        kine.kill()
    return count


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(
    ("tag", "bound"), [("v0.16.4", ADVISED), ("v0.14.16", 2), ("v0.17.5", ADVISED), ("v0.17.5", 0)]
)
def test_writes_at_once(built: Callable[[str], Path], fresh: Callable[[], str], tag: str, bound: int) -> None:
    """v0.17.5 stops at a bound that as many writes reach; the advised one (0: none) does not."""
    built(tag)
    all_done = (tag, bound) != ("v0.17.5", ADVISED)
    assert (created(tag, fresh(), bound) == WRITERS * EACH) is all_done
    found = run_one(too_few_connections, healthy(kine=written_by(tag)), limits=Limits(pool=bound or 10**6))
    assert (not found) is all_done
