"""What a file gives a program, gathered into a Part: values that rules judge by are kept, all others are not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from kinetune.config import endpoint_read, gflags
from kinetune.config.lexer import VARIABLE
from kinetune.kine.flags import FLAGS, K3S_KEYS, near, variable
from kinetune.model.configuration import (
    NO_FLAG,
    PASSED_OVER,
    REFUSED,
    UNKNOWN_FLAG,
    Component,
    Image,
    Part,
    Secret,
    Setting,
)
from kinetune.model.place import Place

_KEPT_NAMES = """
compact-interval datastore-max-open-connections emulated-etcd-version metrics-bind-address
etcd-compaction-interval join advertise_address hostname cloud_location fault_tolerance rf constraint_value
placement_cloud placement_region placement_zone replication_factor cut-by-comma docker.published
docker.hostname docker.name isMultiAz
"""
_KEPT = frozenset(_KEPT_NAMES.split()) | {gflags.CACHE}
_NAMES = frozenset({"join", "hostname", "advertise_address", "docker.hostname", "docker.name"})
"""What is wrong with a name is wrong whatever a variable puts beside it."""
_VALUE = re.compile(r"[\w.:,/%* -]{0,120}")
_OUR_VARIABLE = re.compile(r"(?:KINE|K3S_DATASTORE)_[A-Z0-9_]{1,60}")
_OUR_FLAG = re.compile(r"[a-z][a-z0-9_-]{1,60}")
_PASSWORD = re.compile(r"(?:PASSWORD|PASSWD|PASSPHRASE|(?:^|_|DB)(?:PASS|PW))$", re.IGNORECASE)
_UNREAD = {
    "flagfile": "--flagfile, which was not read",
    "config": "--config, which was not read",
    VARIABLE: "a variable of the script",
}
_ENDPOINTS = {
    Component.KINE: ("endpoint", "KINE_ENDPOINT"),
    Component.K3S: ("datastore-endpoint", "K3S_DATASTORE_ENDPOINT"),
}
_BY_VARIABLE = {variable(name): name for name in _KEPT}


@dataclass(frozen=True)
class Given:
    """
    A flag, key or variable with its value as the file has it. `shown`: everybody on the machine sees it. `key`: it
    stands in K3s' config.yaml.
    """

    name: str
    value: str
    place: Place
    shown: bool = False
    key: bool = False


@dataclass(frozen=True)
class Origin:
    """Which part it is, where it stands, and what else it takes settings from that could not be read."""

    component: Component
    name: str
    place: Place
    image: Image | None = None
    count: int | None = 1
    unread: str = ""


def part(origin: Origin, flags: Iterable[Given], variables: Iterable[Given] = ()) -> Part:
    """The part; a flag wins over a variable, as in Kine and K3s."""
    flags, variables = _last(list(flags)), list(variables)
    flag, name = _ENDPOINTS.get(origin.component, ("", ""))
    told = [one for one in variables if one.name == name] + [one for one in flags if one.name == flag]
    endpoint = endpoint_read.read(told[-1].value, told[-1].place).endpoint if told else None
    tserver = [flag for one in flags if one.name == "tserver_flags" for flag in _tserver(one)]
    unread = next((_UNREAD[one.name] for one in tserver + flags if one.name in _UNREAD), "")
    return Part(
        component=origin.component,
        name=shown(origin.name),
        place=origin.place,
        settings=tuple(_settings(origin.component, [*variables, *flags, *tserver])),
        endpoint=endpoint,
        secrets=tuple(secrets([*variables, *flags])),
        image=origin.image,
        count=origin.count,
        unread=origin.unread or unread,
    )


def _last(flags: list[Given]) -> list[Given]:
    """--tserver_flags given twice: yugabyted takes the last, and what the others hold is lost in them."""
    several = [one for one in flags if one.name == "tserver_flags"]
    return [replace(one, name="earlier_tserver_flags") if one in several[:-1] else one for one in flags]


def secrets(given: Iterable[Given]) -> Iterator[Secret]:
    """Passwords written out, in endpoints and under names that say so."""
    for one in given:
        endpoint = one.name.lower().replace("_", "-").endswith("endpoint")
        named = _PASSWORD.search(one.name) and one.value.strip() and VARIABLE not in one.value
        if named or (endpoint and endpoint_read.read(one.value, one.place).password):
            yield Secret(shown(one.name), one.place, one.shown)


def shown(name: str) -> str:
    """A name fit to be shown: what a variable decides as …"""
    return name.replace(VARIABLE, "…")


# A name that is near no known one is not kept: cut from a password with a space, it would tell a part of it.
def _settings(component: Component, given: Iterable[Given]) -> Iterator[Setting]:
    for one in given:
        if component in (Component.NODE, Component.TSERVER):
            inside = gflags.hidden(one.name, one.value) if one.name != "tserver_flags" else None
            if inside is not None:
                yield Setting(gflags.CACHE, inside, one.place, within=shown(one.name))
        name, lost = _BY_VARIABLE.get(one.name, one.name), _lost(component, one)
        if lost or one.name == NO_FLAG:
            yield Setting(one.name, "", one.place, within=lost)
            continue
        if name in _KEPT:
            yield Setting(name, kept(one.value, name in _NAMES), one.place)
        ours = component in _ENDPOINTS and _OUR_FLAG.fullmatch(one.name) and near(one.name, FLAGS | K3S_KEYS)
        if one.name in _KEPT:
            continue
        if ours or _OUR_VARIABLE.fullmatch(one.name):
            yield Setting(one.name, "", one.place)
        elif component is Component.KINE and _OUR_FLAG.fullmatch(one.name):
            yield Setting(UNKNOWN_FLAG, "", one.place)


def _lost(component: Component, given: Given) -> str:
    """Where a flag or key for the datastore is lost that K3s does not have; empty for any other name."""
    name = given.name
    if component is not Component.K3S or not _OUR_FLAG.fullmatch(name) or name in K3S_KEYS:
        return ""
    meant = (name in FLAGS and name.startswith("datastore-")) or near(name, K3S_KEYS)
    return (PASSED_OVER if given.key else REFUSED) if meant else ""


def kept(value: str, named: bool = False) -> str:
    """The value where it is a plain one; a mark where a variable decides it, or in a name a part of it."""
    value = shown(value.strip().strip("\"'"))
    if "…" in value and not named:
        return "…"
    return value if _VALUE.fullmatch(value.replace("…", "")) else "…" if "…" in value else ""


def _tserver(given: Given) -> Iterator[Given]:
    """The flags within --tserver_flags; a piece that a comma cut off has the name of the flag it was cut from."""
    for name, value, cut in gflags.split(given.value):
        yield replace(given, name="cut-by-comma" if cut else name, value=cut or value)
