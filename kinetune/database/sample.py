"""Arguments for Kine's queries, taken from the store without scanning it: keys and revisions, never values."""

from __future__ import annotations

from collections import Counter

from kinetune.database.session import Session
from kinetune.kine.keyspace import resource_prefix
from kinetune.model.failure import CouldNotLook
from kinetune.model.workload import Sample

OLD = 10_000
EMPTY_PREFIX = "/registry/kinetune-has-none/"


def sample(session: Session) -> Sample:
    """
    The largest resource by sampled rows, its middle key, the busiest key, and revisions at both ends.

    Raises CouldNotLook for a store without objects: there is nothing to ask for.
    """
    newest = session.ask("last_id")[0]["max_id"]
    keys = [row["name"] for row in session.ask("sample_keys")]
    busy = [row["name"] for row in session.ask("busy_key")]
    if newest is None or not (keys or busy):
        raise CouldNotLook(
            "the table kine holds no objects: there is nothing to explain",
            "start Kine or K3s on it first, or try kinetune demo",
        )
    prefix = _largest(keys or busy)
    inside = sorted(key for key in keys or busy if key.startswith(prefix))
    compacted = session.ask("compacted")[0]["revision"]
    return Sample(
        prefix=prefix,
        empty_prefix=EMPTY_PREFIX,
        key=busy[0] if busy else inside[-1],
        middle_key=inside[len(inside) // 2],
        newest_revision=newest,
        old_revision=max(compacted, newest - OLD, 0),
        compact_revision=compacted,
    )


def _largest(keys: list[str]) -> str:
    (prefix, _), *_ = Counter(map(resource_prefix, keys)).most_common(1)
    return prefix
