"""Options of one call → the values of one kind."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import typer

from kinetune.kine.releases import era_of_k3s, era_of_kine
from kinetune.kine.traits import LOSES_CREATES
from kinetune.model.facts import KineRelease
from kinetune.model.failure import UsageFailure
from kinetune.render.values import Values, option

if TYPE_CHECKING:
    from kinetune.render.kinds import Kind

FIELDS = {field.name for field in fields(Values)}


def values_of(context: typer.Context, kind: Kind) -> Values:
    """What was given, with defaults for the rest. UsageFailure for an option that the kind does not read."""
    given = {name: value for name, value in context.params.items() if name in FIELDS and value not in (None, [])}
    for name in given.keys() - set(kind.uses):
        if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE":
            known = ", ".join(map(option, kind.uses)) or "none"
            raise UsageFailure(f"{kind.name} has no {option(name)}", f"its options are {known}")
    values = Values(**{name: _read(name, value) for name, value in given.items() if name in kind.uses})
    _warn(kind, values)
    return values


def _read(name: str, value: Any) -> Any:
    """Releases may be said as elsewhere: `0.16.4`, `1.36.4`."""
    if name in ("kine", "k3s") and value[:1].isdigit():
        value = f"v{value}"
    if name == "k3s" and "+" not in value:
        value += "+k3s1"
    return tuple(value) if isinstance(value, list) else value


def _warn(kind: Kind, values: Values) -> None:
    """Releases that lose objects are made all the same, and not in silence."""
    tags = {values.kine} if "kine" in kind.uses else set()
    if ("k3s" in kind.uses and kind.name != "compose") or values.with_k3s:
        tags |= _inside(values.k3s)
    for tag in sorted(tags):
        era = era_of_kine(tag)
        if LOSES_CREATES.of(KineRelease(era.name, era.number, "said", tag)):
            typer.echo(f"warning: Kine {tag} acknowledges creates that failed: kinetune rule KT601", err=True)


def _inside(k3s: str) -> set[str]:
    try:
        return {era_of_k3s(k3s)[1]}
    except UsageFailure:
        return set()
