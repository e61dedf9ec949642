"""Cut after any statement, or in the middle of one, the next run reaches the same end, and no row is lost."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import pytest

from tests.cluster import Cluster
from tests.conftest import scratch
from tests.database.cut import HOLDS, cut
from tests.database.stores import OLD, RENAMED, STOCK, ask, content, make, reach, schema, script

ROWS = 60


@dataclass(frozen=True)
class Change:
    """A store as it was, and the profile it is brought to. `before` is reached first."""

    ddl: str
    profile: str
    before: str = ""

    def store(self, dsn: str) -> None:
        make(dsn, self.ddl or "SELECT 1", ROWS if self.ddl else 0)
        if self.before:
            reach(dsn, self.before)

    def end(self, dsn: str) -> object:
        """What an undisturbed run leaves."""
        reach(dsn, self.profile)
        return schema(dsn), content(dsn)


CHANGES = {
    "stock to tuned": Change(STOCK, "tuned"),
    "tuned to stock": Change(STOCK, "stock", before="tuned"),
    "stock to article": Change(STOCK, "article"),
    "old types to tuned": Change(OLD, "tuned"),
    "renamed sequence to tuned": Change(RENAMED, "tuned"),
    "nothing to tuned": Change("", "tuned"),
}


def another(cluster: Cluster) -> contextlib.AbstractContextManager[str]:
    return contextlib.contextmanager(scratch)(cluster)


def goes_on(dsn: str, change: Change, turn: int, hold: str) -> None:
    """Cut at that turn, then once more in peace."""
    change.store(dsn)
    assert cut(dsn, change.profile, turn, hold)
    reach(dsn, change.profile)
    assert not script(dsn, change.profile)


@pytest.mark.parametrize("hold", ["", *HOLDS])
@pytest.mark.parametrize("name", CHANGES)
def test_a_run_cut_at_any_statement_is_finished_by_the_next(pg15: Cluster, name: str, hold: str) -> None:
    """Every statement of the script in turn: cut after it, or while it waits for another session to let go."""
    change = CHANGES[name]
    with another(pg15) as undisturbed:
        change.store(undisturbed)
        turns = [text for step in script(undisturbed, change.profile).steps for text in step.statements]
        turns = [text for text in turns if not hold or "CONCURRENTLY" in text]
        end = change.end(undisturbed)
    for turn in range(1, len(turns) + 1):
        with another(pg15) as dsn:
            goes_on(dsn, change, turn, hold)
            assert (schema(dsn), content(dsn)) == end, turns[turn - 1]
            assert not ask(dsn, "SELECT relname FROM pg_class WHERE relname LIKE 'kinetune%'")


@pytest.mark.parametrize("hold", ["", *HOLDS])
def test_the_newest_server_finishes_as_well(pg18: Cluster, hold: str) -> None:
    change = CHANGES["stock to tuned"]
    with another(pg18) as undisturbed:
        change.store(undisturbed)
        end = change.end(undisturbed)
    for turn in (1, 3, 5):
        with another(pg18) as dsn:
            goes_on(dsn, change, turn, hold)
            assert (schema(dsn), content(dsn)) == end
