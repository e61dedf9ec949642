"""Keys may say more than their owner wants to show: what follows the resource is hidden, equal keys in the same way."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import Any

from kinetune.kine.keyspace import resource_prefix
from kinetune.model.facts import Facts, Unknown
from kinetune.model.workload import Recording

_LITERAL = re.compile(r"'((?:[^']|'')*)'")
_KEY = re.compile(r"/[a-z][^\s'\",()%^]*/[^\s'\",()%]*")


def hidden(key: str) -> str:
    """The key cut to its resource and a mark: /registry/secrets/…1f3a5b7c. A resource alone is shown."""
    prefix = resource_prefix(key)
    rest = key.removeprefix(prefix)
    return f"{prefix}…{hashlib.sha256(rest.encode()).hexdigest()[:8]}" if rest else key


def hidden_in(text: str) -> str:
    """A line of a log, where no type tells a key: whatever looks like one is hidden."""
    return _KEY.sub(lambda found: hidden(found[0]), text)


def redacted(facts: Facts) -> Facts:
    """
    The same facts without keys. Only calls have them: as arguments that are texts (a Sample holds keys and revisions),
    as literals in their plans, and as words of the server where one failed.
    """
    return replace(facts, recordings=_recordings(facts.recordings), lookups=_recordings(facts.lookups))


def _recordings(seen: tuple[Recording, ...] | Unknown) -> tuple[Recording, ...] | Unknown:
    return seen if isinstance(seen, Unknown) else tuple(map(_recording, seen))


def _recording(one: Recording) -> Recording:
    marks = {key: hidden(key) for key in one.call.arguments if isinstance(key, str) and hidden(key) != key}
    failed = one.failed
    for key in sorted(marks, key=len, reverse=True):  # one may begin another
        failed = failed.replace(key, marks[key])
    arguments = tuple(
        marks.get(argument, argument) if isinstance(argument, str) else argument for argument in one.call.arguments
    )
    call = replace(one.call, arguments=arguments)
    return replace(one, call=call, custom=_plan(one.custom), generic=_plan(one.generic), failed=failed)


def _plan(part: Any) -> Any:
    """EXPLAIN's document or a piece of it: what a condition compares with is a literal of SQL."""
    if isinstance(part, str):
        return _LITERAL.sub(lambda found: f"'{hidden(found[1])}'", part)
    if isinstance(part, dict):
        return {name: _plan(value) for name, value in part.items()}
    return type(part)(map(_plan, part)) if isinstance(part, list | tuple) else part
