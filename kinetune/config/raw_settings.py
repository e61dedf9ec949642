"""Settings as files hold them, gathered into a ConfiguredProcess: only values that rules use are kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from kinetune.config import gflags
from kinetune.config.configured_endpoint import read_endpoint
from kinetune.config.words import VARIABLE
from kinetune.kine.flags import FLAGS, K3S_KEYS, nearest_name, variable_name
from kinetune.model.configuration import (
    IGNORED_KEY,
    NO_FLAG,
    REJECTED_FLAG,
    UNKNOWN_FLAG,
    Component,
    ConfiguredProcess,
    ContainerImage,
    PlainSecret,
    Setting,
)
from kinetune.model.file_location import FileLocation
from kinetune.servers.sequence_flag import SEQUENCE_FLAG

_KEPT_NAMES = """
compact-interval datastore-max-open-connections emulated-etcd-version metrics-bind-address
etcd-compaction-interval join advertise_address hostname cloud_location fault_tolerance rf constraint_value
placement_cloud placement_region placement_zone replication_factor cut-by-comma docker.published
docker.hostname docker.name isMultiAz
"""
_KEPT = frozenset(_KEPT_NAMES.split()) | {SEQUENCE_FLAG}
# A fault in the literal part of a name is a fault whatever a variable adds to it.
_NAMES = frozenset({"join", "hostname", "advertise_address", "docker.hostname", "docker.name"})
# Values of other characters are not kept: a password may be cut into what looks like a flag.
_VALUE = re.compile(r"[\w.:,/%* -]{0,120}")
_OUR_VARIABLE = re.compile(r"(?:KINE|K3S_DATASTORE)_[A-Z0-9_]{1,60}")
_OUR_FLAG = re.compile(r"[a-z][a-z0-9_-]{1,60}")
_PASSWORD = re.compile(r"(?:PASSWORD|PASSWD|PASSPHRASE|(?:^|_|DB)(?:PASS|PW))$", re.IGNORECASE)
# Settings that take others from a place that is not read: a rule does not call those missing.
_UNREAD = {
    "flagfile": "--flagfile",
    "config": "--config",
    VARIABLE: "a variable",
}
# Names of the endpoint, the one that wins last: a flag or key wins over a variable, as in Kine and K3s.
_ENDPOINTS = {
    Component.KINE: ("KINE_ENDPOINT", "endpoint"),
    Component.K3S: ("RKE2_DATASTORE_ENDPOINT", "K3S_DATASTORE_ENDPOINT", "datastore-endpoint"),
}
_BY_VARIABLE = {variable_name(name): name for name in _KEPT}


@dataclass(frozen=True)
class RawSetting:
    """
    A flag, key or variable with its value as the file has it. `shown` is true where every user of the machine can see
    it, `key` where it is a key of K3s' config.yaml.
    """

    name: str
    value: str
    place: FileLocation
    shown: bool = False
    key: bool = False


@dataclass(frozen=True)
class ProcessOrigin:
    """Which process it is, where it is configured, and what else it takes settings from that could not be read."""

    component: Component
    name: str
    place: FileLocation
    image: ContainerImage | None = None
    count: int | None = 1
    unread: str = ""


def build_process(
    origin: ProcessOrigin, flags: Iterable[RawSetting], variables: Iterable[RawSetting] = ()
) -> ConfiguredProcess:
    """The process; a flag wins over a variable, as in Kine and K3s."""
    flags, variables = _rename_repeated(list(flags)), list(variables)
    names = _ENDPOINTS.get(origin.component, ())
    endpoints = [one for name in names for one in (*variables, *flags) if one.name == name]
    endpoint = read_endpoint(endpoints[-1].value, endpoints[-1].place).endpoint if endpoints else None
    # yugabyted's --tserver_flags holds flags of the tserver that it starts: rules read them as the node's own.
    tserver = [flag for one in flags if one.name == "tserver_flags" for flag in _tserver_flags(one)]
    unread = next((_UNREAD[one.name] for one in tserver + flags if one.name in _UNREAD), "")
    return ConfiguredProcess(
        component=origin.component,
        name=show_name(origin.name),
        place=origin.place,
        settings=tuple(_kept_settings(origin.component, [*variables, *flags, *tserver])),
        endpoint=endpoint,
        secrets=tuple(find_secrets([*variables, *flags])),
        image=origin.image,
        count=origin.count,
        unread=origin.unread or unread,
    )


def not_judged(name: str, place: FileLocation, reason: str) -> ConfiguredProcess:
    """A place in a file where a process may be configured that kinetune cannot judge; `reason` is a clause."""
    return build_process(ProcessOrigin(Component.NOT_JUDGED, name, place, unread=reason), ())


def drop_counts(processes: list[ConfiguredProcess]) -> list[ConfiguredProcess]:
    """Where a place of a file was not judged, there may be more processes than were found: `count` is None for all."""
    if not any(one.component is Component.NOT_JUDGED for one in processes):
        return processes
    return [replace(one, count=None) for one in processes]


def _rename_repeated(flags: list[RawSetting]) -> list[RawSetting]:
    """--tserver_flags given twice: yugabyted takes the last, and what the others hold is lost in them."""
    several = [one for one in flags if one.name == "tserver_flags"]
    return [replace(one, name="earlier_tserver_flags") if one in several[:-1] else one for one in flags]


def find_secrets(settings: Iterable[RawSetting]) -> Iterator[PlainSecret]:
    """Passwords written out, in endpoints and under names that end in a word for a password."""
    for one in settings:
        endpoint = one.name.lower().replace("_", "-").endswith(("endpoint", "datasource"))
        named = _PASSWORD.search(one.name) and one.value.strip() and VARIABLE not in one.value
        if named or (endpoint and read_endpoint(one.value, one.place).password):
            yield PlainSecret(show_name(one.name), one.place, one.shown)


def show_name(name: str) -> str:
    """A name fit for output: … in place of what a variable decides."""
    return name.replace(VARIABLE, "…")


def _kept_settings(component: Component, settings: Iterable[RawSetting]) -> Iterator[Setting]:
    """
    The settings that rules use. An unknown name is kept only where it is near a known one: a name cut from a password
    that contains a blank would show a part of the password.
    """
    for one in settings:
        if component in (Component.NODE, Component.TSERVER):
            inside = gflags.hidden_value(one.name, one.value) if one.name != "tserver_flags" else None
            if inside is not None:
                yield Setting(SEQUENCE_FLAG, inside, one.place, within=show_name(one.name))
        name, lost = _BY_VARIABLE.get(one.name, one.name), _where_lost(component, one)
        if lost or one.name == NO_FLAG:
            yield Setting(one.name, "", one.place, within=lost)
            continue
        if name in _KEPT:
            yield Setting(name, keep_value(one.value, name in _NAMES), one.place)
        ours = component in _ENDPOINTS and _OUR_FLAG.fullmatch(one.name) and nearest_name(one.name, FLAGS | K3S_KEYS)
        if one.name in _KEPT:
            continue
        if ours or _OUR_VARIABLE.fullmatch(one.name):
            yield Setting(one.name, "", one.place)
        elif component is Component.KINE and _OUR_FLAG.fullmatch(one.name):
            yield Setting(UNKNOWN_FLAG, "", one.place)


def _where_lost(component: Component, setting: RawSetting) -> str:
    """Where K3s loses a flag or key for its datastore that it does not have; empty for any other name."""
    name = setting.name
    if component is not Component.K3S or not _OUR_FLAG.fullmatch(name) or name in K3S_KEYS:
        return ""
    meant = (name in FLAGS and name.startswith("datastore-")) or nearest_name(name, K3S_KEYS)
    return (IGNORED_KEY if setting.key else REJECTED_FLAG) if meant else ""


def keep_value(value: str, named: bool = False) -> str:
    """The value where it is a plain one; … where a variable decides it, or in a name a part of it."""
    value = show_name(value.strip().strip("\"'"))
    if "…" in value and not named:
        return "…"
    return value if _VALUE.fullmatch(value.replace("…", "")) else "…" if "…" in value else ""


def _tserver_flags(setting: RawSetting) -> Iterator[RawSetting]:
    """The flags within --tserver_flags; a piece that a comma cut off has the name of the flag it was cut from."""
    for name, value, cut in gflags.split_flags(setting.value):
        yield replace(setting, name="cut-by-comma" if cut else name, value=cut or value)
