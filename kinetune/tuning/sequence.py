"""The sequence of kine.id: its name, type, cache and owner, and that it is not lower than MAX(id)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from kinetune.model.facts import Facts, Relation, Sequence
from kinetune.model.script import Hazard, Script, Step
from kinetune.model.server import Flavour
from kinetune.servers.sequence_flag import minimum_caches
from kinetune.tuning import statements
from kinetune.tuning.target import TargetSchema

TOUCHES_SEQUENCE = re.compile(r"\b(?:SEQUENCE|BIGSERIAL)\b")
RENAME_REASON = (
    "KINE_SCHEMA_MIGRATION alters kine_id_seq by name; with another name Kine does not start (docs/facts/kine.md §0.5)"
)
RAISE_REASON = "the next ids already exist: every write would fail on kine_pkey until the sequence has passed them"


def cache_hazard(facts: Facts) -> Hazard | None:
    """
    The hazard of creating or altering a sequence on YugabyteDB, where a flag sets its cache: at the default of 100, ids
    are no longer in the order of writes.

    None if the flag is known to be 1 on all nodes (docs/facts/recorded.md §4).
    """
    if facts.server.flavour is not Flavour.YUGABYTEDB:
        return None
    caches = minimum_caches(facts).values()
    # One node with another value is enough: the statement may be executed there.
    return None if caches and all(cache is not None and cache <= 1 for cache in caches) else Hazard.SEQUENCE_CACHE


def depends_on_cache_flag(facts: Facts, script: Script) -> bool:
    """Whether a script makes or alters a sequence on YugabyteDB, where the cluster's flag decides its cache."""
    if facts.server.flavour is not Flavour.YUGABYTEDB:
        return False
    return any(TOUCHES_SEQUENCE.search(text) for step in script.steps for text in step.statements)


def sequence_steps(table: Relation, target: TargetSchema, facts: Facts) -> Iterator[Step]:
    """Rename and alter the sequence to match the target, then raise it above the newest id."""
    current, wanted = table.sequence, target.sequence
    hazard = cache_hazard(facts)
    assert current is not None, "refuse_foreign_table guarantees it"
    # Renamed first: the following statements use the new name.
    if current.name != wanted.name:
        yield Step(
            does=f"rename the sequence {current.name} to {wanted.name}",
            why=RENAME_REASON,
            statements=(statements.rename_sequence(current.name, wanted.name),),
            locks="the sequence, briefly",
            undo=(statements.rename_sequence(wanted.name, current.name),),
            hazard=hazard,
        )
    # No ALTER SEQUENCE if nothing differs: on YugabyteDB each one may raise the cache.
    if _without_name(current) != _without_name(wanted) and not _differs_in_type_only(current, target):
        yield Step(
            does=f"make {wanted.name} {wanted.type}, cache {wanted.cache}, owned by kine.id "
            f"(was {_describe_sequence(current)})",
            why=target.reasons.get(wanted.name, "Kine's own DDL"),
            statements=(statements.change_sequence(wanted),),
            locks="new ids, briefly; connections keep their cached ids: restart Kine if the cache was not 1",
            undo=(statements.change_sequence(replace(current, name=wanted.name)),),
            hazard=hazard,
        )
    # A store that was restored with pg_dump without its sequence, or filled by hand, has a sequence that is too low.
    if table.max_id is not None and table.last_id is not None and table.last_id < table.max_id:
        yield Step(
            does=f"raise {wanted.name} from {table.last_id} to {table.max_id}",
            why=RAISE_REASON,
            statements=statements.raise_sequence(wanted.name, facts.server),
            locks="writes to kine, briefly",
            atomic=facts.server.can("lock_table"),
        )


def _without_name(sequence: Sequence) -> Sequence:
    return replace(sequence, name="")


def _differs_in_type_only(current: Sequence, target: TargetSchema) -> bool:
    """The profile stock accepts an integer sequence, as Kine does without KINE_SCHEMA_MIGRATION."""
    return not target.exact_types and _without_name(replace(current, type=target.sequence.type)) == _without_name(
        target.sequence
    )


def _describe_sequence(current: Sequence) -> str:
    owner = f"owned by {'.'.join(current.owned_by)}" if current.owned_by else "without an owner"
    return f"{current.type}, cache {current.cache}, increment {current.increment}, {owner}"
