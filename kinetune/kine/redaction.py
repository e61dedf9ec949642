"""Hides keys, which may contain confidential names: all after the resource becomes a hash, equal keys the same one."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kinetune.kine.keyspace import resource_prefix
from kinetune.model.unknown import Unknown

if TYPE_CHECKING:  # a command that reads only logs redacts text, and starts 9 ms faster without them
    from kinetune.model.facts import Facts
    from kinetune.model.workload import Recording

_LITERAL = re.compile(r"'((?:[^']|'')*)'")
_KEY = re.compile(r"/[a-z][^\s'\",()%^]*/[^\s'\",()%]*")


def redact_key(key: str) -> str:
    """The key as its resource and a hash: /registry/secrets/…1f3a5b7c. A resource without a name is not changed."""
    prefix = resource_prefix(key)
    rest = key.removeprefix(prefix)
    return f"{prefix}…{hashlib.sha256(rest.encode()).hexdigest()[:8]}" if rest else key


def redact_text(text: str) -> str:
    """Text in which everything that looks like a key is hidden: a line of a log has no types that identify keys."""
    return _KEY.sub(lambda found: redact_key(found[0]), text)


def redact_facts(facts: Facts) -> Facts:
    """
    The same facts without keys. Only calls contain them: as text arguments (SampleArguments has keys and revisions), as
    literals in plans, and in the error of a call that failed.
    """
    return replace(facts, recordings=_redact_recordings(facts.recordings), lookups=_redact_recordings(facts.lookups))


def _redact_recordings(seen: tuple[Recording, ...] | Unknown) -> tuple[Recording, ...] | Unknown:
    return seen if isinstance(seen, Unknown) else tuple(map(_redact_recording, seen))


def _redact_recording(one: Recording) -> Recording:
    # The error message of the server quotes arguments, so the same replacements apply to it.
    marks = {key: redact_key(key) for key in one.call.arguments if isinstance(key, str) and redact_key(key) != key}
    failed = one.failed
    for key in sorted(marks, key=len, reverse=True):  # longest first, because a key may be the beginning of another key
        failed = failed.replace(key, marks[key])
    arguments = tuple(
        marks.get(argument, argument) if isinstance(argument, str) else argument for argument in one.call.arguments
    )
    call = replace(one.call, arguments=arguments)
    return replace(one, call=call, custom=_redact_plan(one.custom), generic=_redact_plan(one.generic), failed=failed)


def _redact_plan(part: Any) -> Any:
    """A document of EXPLAIN or a part of it. Conditions contain keys as SQL literals."""
    if isinstance(part, str):
        return _LITERAL.sub(lambda found: f"'{redact_key(found[1])}'", part)
    if isinstance(part, dict):
        return {name: _redact_plan(value) for name, value in part.items()}
    return type(part)(map(_redact_plan, part)) if isinstance(part, list | tuple) else part
