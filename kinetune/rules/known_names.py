from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from kinetune.kine.flags import (
    FLAGS,
    K3S_IGNORES,
    K3S_KEYS,
    K3S_VARIABLES,
    NO_VARIABLES,
    SCHEMA_MIGRATION,
    VARIABLES,
    lacking,
    near,
    variable,
)
from kinetune.kine.pool import K3S_FILE
from kinetune.kine.traits import named
from kinetune.model.configuration import (
    NO_FLAG,
    PASSED_OVER,
    REFUSED,
    STORES,
    UNKNOWN_FLAG,
    Component,
    Configuration,
    Part,
    Setting,
)
from kinetune.model.facts import KineRelease, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.rules.absence import absent
from kinetune.rules.rule import rule

NO_KINE = "neither Kine nor K3s"


@rule("KT606", Severity.WARNING)
def known_names(configuration: Configuration, release: KineRelease | None) -> Iterator[Remark | Unknown]:
    """
    Every flag, key and variable for Kine and its datastore is one that this Kine or K3s reads.

    Why it matters
        A variable that is not read is no error, it is silence: KINE_MIGRATION_SCHEMA instead of KINE_SCHEMA_MIGRATION
        migrates nothing, a misspelt K3S_DATASTORE_ENDPOINT makes K3s begin an empty SQLite of its own. A flag that Kine
        does not know keeps it from starting (`flag provided but not defined`). K3s has four flags for its datastore
        (endpoint, cafile, certfile, keyfile): it passes over any other key in config.yaml and ends at any other flag.
        A word that begins with a blank (`' --datastore-endpoint=…'`) is no flag: K3s reads none from there on and
        takes SQLite.

    What to do
        Correct the name, or use a release that has it. Before v0.14.1 Kine reads no variable but KINE_SCHEMA_MIGRATION:
        give it flags. Settings of Kine's pool inside K3s are variables: KINE_DATASTORE_MAX_OPEN_CONNECTIONS=10 in
        /etc/systemd/system/k3s.service.env.

    When to ignore
        The variable is for another program that reads the same environment.

    Source
        docs/facts/kine.md §9.1 (flags and variables by release) and §9.2 (tried on K3s v1.35.0).
    """
    found_any, seen = False, set()
    for part in configuration.parts:
        found_any = found_any or part.component in STORES
        for setting in part.settings:
            found = _variable(part, setting, release) if setting.name.isupper() else _flag(part, setting, release)
            found_any = found_any or setting.name.startswith(("KINE_", "K3S_"))
            if found and setting not in seen:
                seen.add(setting)
                yield found
    if not found_any:
        yield absent(NO_KINE, configuration)


def _variable(part: Part, setting: Setting, release: KineRelease | None) -> Remark | None:
    name = setting.name
    if part.component is Component.K3S and name in K3S_IGNORES:
        return _ignored(part, setting)
    if name in K3S_VARIABLES or (name in VARIABLES and not _without(name, release)):
        return None
    if name not in VARIABLES:
        return _unknown(part, setting, VARIABLES | K3S_VARIABLES, "it is not read")
    if part.component is Component.K3S:
        do = "upgrade K3s, or remove it"
    elif name == SCHEMA_MIGRATION or _without(_flag_of(name), release):
        do = "remove it, or upgrade Kine"
    else:
        do = f"give it as --{_flag_of(name)}"
    flags_only = release is not None and NO_VARIABLES.of(release)
    says = f"not read: {_kine(release)} takes flags only" if flags_only else f"not read by {_kine(release)}"
    return _remark(part, setting, f"{name} is {says}", do)


def _ignored(part: Part, setting: Setting) -> Remark:
    """K3s without an endpoint of its own begins an empty SQLite: that stops a cluster, the others are silent."""
    says = f"K3s passes over {setting.name}: it gives Kine its own value"
    if setting.name != variable("endpoint"):
        return _remark(part, setting, says, "remove it")
    lost = part.endpoint is None and not part.unread
    remark = _remark(part, setting, says + ", SQLite here" * lost, "write K3S_DATASTORE_ENDPOINT")
    return replace(remark, severity=Severity.ERROR if lost else None)


def _flag(part: Part, setting: Setting, release: KineRelease | None) -> Remark | None:
    name = setting.name
    if not re.fullmatch("[a-z][a-z0-9_-]+", name):
        return None
    if name == NO_FLAG:
        return _no_flag(part, setting)
    if name == UNKNOWN_FLAG:
        says, do = "a flag stands here that no Kine knows: it does not start", "kine --help has them all"
        return replace(_remark(part, setting, says, do), on=f"{part.name} flag", severity=Severity.ERROR)
    if part.component is Component.K3S:
        return _of_k3s(part, setting)
    if part.component is not Component.KINE or _from_variable(part, setting):
        return None
    if name not in FLAGS:
        return replace(_unknown(part, setting, FLAGS, "Kine does not start with it"), severity=Severity.ERROR)
    if _without(name, release):
        says = f"{_kine(release)} has no --{name} and does not start (flag provided but not defined)"
        return replace(_remark(part, setting, says, "remove it, or upgrade Kine"), severity=Severity.ERROR)
    return None


def _of_k3s(part: Part, setting: Setting) -> Remark | None:
    if setting.within not in (PASSED_OVER, REFUSED):
        return None
    name = setting.name
    do = f"set {variable(name)} in {K3S_FILE} instead" if name in FLAGS else f"write {near(name, K3S_KEYS)}"
    if setting.within == PASSED_OVER:
        return _remark(part, setting, f"K3s has no key {name}: it passes over it", do)
    says = f"k3s server has no flag --{name} and does not start (flag provided but not defined)"
    return replace(_remark(part, setting, says, do), severity=Severity.ERROR)


def _no_flag(part: Part, setting: Setting) -> Remark:
    says = "a word begins with a blank and is no flag: what stands from here on is not read"
    if part.component is Component.K3S and part.endpoint is None:
        says += ", and K3s takes SQLite" + " unless a variable names an endpoint" * bool(part.unread)
    remark = _remark(part, setting, says, "remove the blank before the dash")
    return replace(remark, on=f"{part.name} flag", severity=Severity.ERROR)


def _from_variable(part: Part, setting: Setting) -> bool:
    """Settings that rules judge by have the flag's name, also where the variable set them."""
    name = variable(setting.name)
    return any(one.name == name and one.place == setting.place for one in part.settings)


def _flag_of(name: str) -> str:
    return name.removeprefix("KINE_").lower().replace("_", "-")


def _without(name: str, release: KineRelease | None) -> bool:
    return release is not None and lacking(name).of(release) is True


def _kine(release: KineRelease | None) -> str:
    return named(release) if release else "this Kine"


def _unknown(part: Part, setting: Setting, known: frozenset[str], follows: str) -> Remark:
    right = near(setting.name, known)
    says = f"no Kine and no K3s knows {setting.name}: {follows}"
    return _remark(part, setting, says, f"write {right}" if right else "remove it")


def _remark(part: Part, setting: Setting, says: str, do: str) -> Remark:
    return Remark(on=f"{part.name} {setting.name}", says=says, do=do, place=setting.place)
