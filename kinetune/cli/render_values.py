"""The options of one call of `kinetune render` as values of one kind."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import typer

from kinetune.cli.options import is_on_command_line
from kinetune.kine.releases import LOSES_CREATES, era_of_k3s, era_of_kine
from kinetune.model.facts import KineRelease
from kinetune.model.failure import UsageFailure
from kinetune.render.values import RenderValues, option_name

if TYPE_CHECKING:
    from kinetune.render.kinds import RenderKind

FIELDS = {field.name for field in fields(RenderValues)}


def read_values(context: typer.Context, kind: RenderKind) -> RenderValues:
    """
    The options that were given, with defaults for the others.

    UsageFailure for an option on the command line that the kind does not use; in the environment and in kinetune.toml
    it may be set for another kind.
    """
    given = {name: value for name, value in context.params.items() if name in FIELDS and value not in (None, [])}
    for name in given.keys() - set(kind.uses):
        if is_on_command_line(context, name):
            known = ", ".join(map(option_name, kind.uses)) or "none"
            raise UsageFailure(f"{kind.name} has no option {option_name(name)}", f"its options are {known}")
    values = RenderValues(**{name: _complete(name, value) for name, value in given.items() if name in kind.uses})
    _warn_of_lost_creates(kind, values)
    return values


def _complete(name: str, value: Any) -> Any:
    """Releases may be short, as in all commands: `0.16.4`, `1.36.4`."""
    if name in ("kine", "k3s") and value[:1].isdigit():
        value = f"v{value}"
    if name == "k3s" and "+" not in value:
        value += "+k3s1"
    return tuple(value) if isinstance(value, list) else value


def _warn_of_lost_creates(kind: RenderKind, values: RenderValues) -> None:
    """Files for a release that loses objects are rendered, with a warning."""
    tags = {values.kine} if "kine" in kind.uses else set()
    if ("k3s" in kind.uses and kind.name != "compose") or values.with_k3s:
        tags |= _kine_of_k3s(values.k3s)
    for tag in sorted(tags):
        era = era_of_kine(tag)
        if LOSES_CREATES.applies_to(KineRelease(era.name, era.number, "--kine", tag)):
            typer.echo(f"warning: Kine {tag} acknowledges creates that failed: kinetune rule KT601", err=True)


def _kine_of_k3s(k3s: str) -> set[str]:
    """Empty for a K3s release that is newer than this kinetune."""
    try:
        return {era_of_k3s(k3s)[1]}
    except UsageFailure:
        return set()
