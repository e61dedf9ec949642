from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from kinetune.kine.flags import FLAGS, K3S_KEYS, K3S_VARIABLES, SCHEMA_MIGRATION, VARIABLES, near
from kinetune.kine.releases import version_of_kine
from kinetune.model.configuration import STORES, UNKNOWN_FLAG, Component, Configuration, Part, Setting
from kinetune.model.facts import KineRelease, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.rules.absence import absent
from kinetune.rules.rule import rule

NO_KINE = "neither Kine nor K3s"
READS_VARIABLES = (0, 14, 1)


@rule("KT606", Severity.WARNING)
def known_names(configuration: Configuration, release: KineRelease | None) -> Iterator[Remark | Unknown]:
    """
    Every flag and variable for Kine and its datastore is one that Kine or K3s reads.

    Why it matters
        A variable that nobody reads is no error, it is silence: KINE_MIGRATION_SCHEMA instead of KINE_SCHEMA_MIGRATION
        migrates nothing, a misspelt K3S_DATASTORE_ENDPOINT makes K3s begin an empty SQLite of its own. A flag that Kine
        does not know keeps it from starting.

    What to do
        Correct the name. Before v0.14.1 Kine reads no variable but KINE_SCHEMA_MIGRATION: give it flags.

    When to ignore
        The variable is for another program that reads the same environment.

    Source
        docs/facts/kine.md §1.2; the names are those of pkg/app/app.go in Kine v0.17.5.
    """
    told, seen = False, set()
    for part in configuration.parts:
        told = told or part.component in STORES
        for setting in part.settings:
            found = _variable(part, setting, release) if setting.name.isupper() else _flag(part, setting)
            told = told or setting.name.startswith(("KINE_", "K3S_"))
            if found and setting not in seen:
                seen.add(setting)
                yield found
    if not told:
        yield absent(NO_KINE, configuration)


def _variable(part: Part, setting: Setting, release: KineRelease | None) -> Remark | None:
    name = setting.name
    if name in VARIABLES | K3S_VARIABLES:
        old = release and release.tag and version_of_kine(release.tag) < READS_VARIABLES
        if not old or name == SCHEMA_MIGRATION or name in K3S_VARIABLES:
            return None
        says = f"{name} is not read: Kine {release.tag if release else ''} takes flags only"
        return Remark(on=f"{part.name} {name}", says=says, do="give it as a flag", place=setting.place)
    return _unknown(part, setting, VARIABLES | K3S_VARIABLES, "nobody reads it")


def _flag(part: Part, setting: Setting) -> Remark | None:
    name = setting.name
    if not re.fullmatch("[a-z][a-z0-9_-]+", name):
        return None
    if name == UNKNOWN_FLAG:
        return Remark(
            on=f"{part.name} flag",
            says="a flag stands here that no Kine knows: it does not start",
            do="kine --help has them all",
            severity=Severity.ERROR,
            place=setting.place,
        )
    if part.component is Component.K3S and name not in K3S_KEYS and near(name, K3S_KEYS):
        return _unknown(part, setting, K3S_KEYS, "K3s passes over it")
    if part.component is Component.KINE and name not in FLAGS:
        return replace(_unknown(part, setting, FLAGS, "Kine does not start with it"), severity=Severity.ERROR)
    return None


def _unknown(part: Part, setting: Setting, known: frozenset[str], follows: str) -> Remark:
    right = near(setting.name, known)
    return Remark(
        on=f"{part.name} {setting.name}",
        says=f"no Kine and no K3s knows {setting.name}: {follows}",
        do=f"write {right}" if right else "remove it",
        place=setting.place,
    )
