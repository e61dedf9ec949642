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
    nearest_name,
    releases_without,
    variable_name,
)
from kinetune.kine.pool_limit import K3S_FILE
from kinetune.kine.releases import describe_release
from kinetune.model.configuration import (
    IGNORED_KEY,
    NO_FLAG,
    REJECTED_FLAG,
    STORES,
    UNKNOWN_FLAG,
    Component,
    Configuration,
    ConfiguredProcess,
    Setting,
)
from kinetune.model.facts import KineRelease
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.context import explain_absence
from kinetune.rules.rule import rule

NO_KINE = "neither Kine nor K3s"


@rule("KT606", Severity.WARNING)
def unknown_settings(configuration: Configuration, release: KineRelease | None) -> Iterator[Remark | Unknown]:
    """
    A flag, key or variable for Kine or its datastore is not one that this Kine or K3s reads.

    Why it matters
        A variable that is not read causes no error: with KINE_MIGRATION_SCHEMA instead of KINE_SCHEMA_MIGRATION nothing
        is migrated, and with a misspelled K3S_DATASTORE_ENDPOINT K3s starts with an empty SQLite database. Kine does
        not start with an unknown flag (`flag provided but not defined`). K3s has four flags for its datastore
        (endpoint, cafile, certfile, keyfile): it ignores any other key in config.yaml and exits on any other flag. A
        word that begins with a blank (`' --datastore-endpoint=…'`) is not a flag: K3s ignores all flags from there on
        and uses SQLite.

    What to do
        Correct the name, or use a release that supports it. Before v0.14.1 KINE_SCHEMA_MIGRATION is the only variable
        that Kine reads: use flags instead. The pool settings of the Kine in K3s are variables:
        KINE_DATASTORE_MAX_OPEN_CONNECTIONS=10 in /etc/systemd/system/k3s.service.env.

    When to ignore
        The variable is for another program that reads the same environment.

    Source
        docs/facts/kine.md §9.1 (flags and variables by release) and §9.2 (tried on K3s v1.35.0).
    """
    found_any, seen = False, set()
    for part in configuration.parts:
        found_any = found_any or part.component in STORES
        for setting in part.settings:
            found = (
                _check_variable(part, setting, release)
                if setting.name.isupper()
                else _check_flag(part, setting, release)
            )
            found_any = found_any or setting.name.startswith(("KINE_", "K3S_"))
            # One exported variable is a setting of every process in the file, but one problem.
            if found and setting not in seen:
                seen.add(setting)
                yield found
    if not found_any:
        yield explain_absence(NO_KINE, configuration)


def _check_variable(part: ConfiguredProcess, setting: Setting, release: KineRelease | None) -> Remark | None:
    name = setting.name
    if part.component is Component.K3S and name in K3S_IGNORES:
        return _ignored_by_k3s(part, setting)
    if name in K3S_VARIABLES or (name in VARIABLES and not _lacks_name(name, release)):
        return None
    if name not in VARIABLES:
        return _unknown_name(part, setting, VARIABLES | K3S_VARIABLES, "it is not read")
    if part.component is Component.K3S:
        do = "upgrade K3s, or remove the variable"
    elif name == SCHEMA_MIGRATION or _lacks_name(_flag_name(name), release):
        do = "remove the variable, or upgrade Kine"
    else:
        do = f"use the flag --{_flag_name(name)}"
    flags_only = release is not None and NO_VARIABLES.applies_to(release)
    says = (
        f"not read: {_describe_kine(release)} supports flags only"
        if flags_only
        else f"not read by {_describe_kine(release)}"
    )
    return _create_finding(part, setting, f"{name} is {says}", do)


def _ignored_by_k3s(part: ConfiguredProcess, setting: Setting) -> Remark:
    """An error only if K3s then has no endpoint and starts with an empty SQLite database."""
    says = f"K3s ignores {setting.name} and sets its own value for Kine"
    if setting.name != variable_name("endpoint"):
        return _create_finding(part, setting, says, "remove it")
    lost = part.endpoint is None and not part.unread
    remark = _create_finding(part, setting, says + ", here SQLite" * lost, "set K3S_DATASTORE_ENDPOINT")
    return replace(remark, severity=Severity.ERROR if lost else None)


def _check_flag(part: ConfiguredProcess, setting: Setting, release: KineRelease | None) -> Remark | None:
    name = setting.name
    if not re.fullmatch("[a-z][a-z0-9_-]+", name):
        return None
    if name == NO_FLAG:
        return _leading_blank(part, setting)
    if name == UNKNOWN_FLAG:
        says, do = "Kine does not know this flag and does not start", "list the flags with: kine --help"
        return replace(_create_finding(part, setting, says, do), on=f"{part.name} flag", severity=Severity.ERROR)
    if part.component is Component.K3S:
        return _check_k3s_flag(part, setting)
    if part.component is not Component.KINE or part.is_set_by(variable_name(setting.name), setting):
        return None
    if name not in FLAGS:
        return replace(_unknown_name(part, setting, FLAGS, "Kine does not start"), severity=Severity.ERROR)
    if _lacks_name(name, release):
        says = f"{_describe_kine(release)} has no --{name} and does not start (flag provided but not defined)"
        return replace(
            _create_finding(part, setting, says, "remove the flag, or upgrade Kine"), severity=Severity.ERROR
        )
    return None


def _check_k3s_flag(part: ConfiguredProcess, setting: Setting) -> Remark | None:
    if setting.within not in (IGNORED_KEY, REJECTED_FLAG):
        return None
    name = setting.name
    do = f"set {variable_name(name)} in {K3S_FILE} instead" if name in FLAGS else f"use {nearest_name(name, K3S_KEYS)}"
    if setting.within == IGNORED_KEY:
        return _create_finding(part, setting, f"K3s has no key {name} and ignores it", do)
    says = f"k3s server has no flag --{name} and does not start (flag provided but not defined)"
    return replace(_create_finding(part, setting, says, do), severity=Severity.ERROR)


def _leading_blank(part: ConfiguredProcess, setting: Setting) -> Remark:
    says = "a word begins with a blank and is not a flag: flags from here on are ignored"
    if part.component is Component.K3S and part.endpoint is None:
        says += ", and K3s uses SQLite" + " unless a variable names an endpoint" * bool(part.unread)
    remark = _create_finding(part, setting, says, "remove the blank before the dash")
    return replace(remark, on=f"{part.name} flag", severity=Severity.ERROR)


def _flag_name(name: str) -> str:
    return name.removeprefix("KINE_").lower().replace("_", "-")


def _lacks_name(name: str, release: KineRelease | None) -> bool:
    return release is not None and releases_without(name).applies_to(release) is True


def _describe_kine(release: KineRelease | None) -> str:
    return describe_release(release) if release else "this Kine"


def _unknown_name(part: ConfiguredProcess, setting: Setting, known: frozenset[str], follows: str) -> Remark:
    right = nearest_name(setting.name, known)
    says = f"{setting.name} is unknown to Kine and K3s: {follows}"
    return _create_finding(part, setting, says, f"use {right}" if right else "remove it")


def _create_finding(part: ConfiguredProcess, setting: Setting, says: str, do: str) -> Remark:
    return Remark(on=f"{part.name} {setting.name}", says=says, do=do, place=setting.place)
