"""The sequence behind kine.id: its name, its cache, its owner, and never behind MAX(id)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kinetune.model.facts import Facts, Relation
from kinetune.model.schema import Sequence
from kinetune.model.script import Hazard, Step
from kinetune.model.server import Flavour
from kinetune.servers.sequence_flag import least_caches
from kinetune.tuning import statements
from kinetune.tuning.target import Target

RENAMED = (
    "KINE_SCHEMA_MIGRATION alters kine_id_seq by name: under another name Kine does not start (facts/kine.md §0.5)"
)
BEHIND = "the next ids exist already: every write would fail on kine_pkey until the sequence has passed them"


def cached_ids(facts: Facts) -> Hazard | None:
    """
    What making or altering a sequence may cost where the cluster's flag decides its cache: a hundred ids at a time.

    No hazard once the flag was seen to be 1 (FINDINGS.md, Sequences).
    """
    if facts.server.flavour is not Flavour.YUGABYTEDB:
        return None
    caches = least_caches(facts).values()
    return None if caches and all(cache is not None and cache <= 1 for cache in caches) else Hazard.SEQUENCE_CACHE


def sequence_steps(table: Relation, target: Target, facts: Facts) -> Iterator[Step]:
    """The sequence as the target wants it, then past the newest id."""
    seen, wanted = table.sequence, target.sequence
    hazard = cached_ids(facts)
    assert seen is not None, "refuse_strangers has seen to it"
    if seen.name != wanted.name:
        yield Step(
            does=f"rename the sequence {seen.name} to {wanted.name}",
            why=RENAMED,
            statements=(statements.rename_sequence(seen.name, wanted.name),),
            locks="the sequence, for a moment",
            undo=(statements.rename_sequence(wanted.name, seen.name),),
            hazard=hazard,
        )
    if _bare(seen) != _bare(wanted) and not _only_type(seen, target):
        yield Step(
            does=f"make {wanted.name} {wanted.type}, cache {wanted.cache}, owned by kine.id (was {_was(seen)})",
            why=target.reasons.get(wanted.name, "Kine's own DDL"),
            statements=(statements.change_sequence(wanted),),
            locks="new ids, for a moment; connections keep ids they have cached: restart Kine if there were any",
            undo=(statements.change_sequence(replace(seen, name=wanted.name)),),
            hazard=hazard,
        )
    if table.max_id is not None and table.last_id is not None and table.last_id < table.max_id:
        yield Step(
            does=f"raise {wanted.name} from {table.last_id} to {table.max_id}",
            why=BEHIND,
            statements=statements.raise_sequence(wanted.name, facts.server),
            locks="writes to kine, for a moment",
            atomic=facts.server.can("lock_table"),
        )


def _bare(sequence: Sequence) -> Sequence:
    return replace(sequence, name="")


def _only_type(seen: Sequence, target: Target) -> bool:
    """Stock leaves an integer sequence as it is, as Kine does without KINE_SCHEMA_MIGRATION."""
    return not target.exact_types and _bare(replace(seen, type=target.sequence.type)) == _bare(target.sequence)


def _was(seen: Sequence) -> str:
    owner = f"owned by {'.'.join(seen.owned_by)}" if seen.owned_by else "owned by nothing"
    return f"{seen.type}, cache {seen.cache}, increment {seen.increment}, {owner}"
