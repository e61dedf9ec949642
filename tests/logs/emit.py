"""One workload as each release of Kine and each envelope writes it, in the forms of the recorded lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from kinetune.kine.queries import load_catalogue

Emit = Callable[["Case"], bytes]
EASTERN = timezone(timedelta(hours=-5), "EST")


@dataclass(frozen=True)
class Case:
    """A call: recorded era and query, key, begin in microseconds since 1970, duration in nanoseconds."""

    era: str
    query: str
    key: str
    began: int
    nanoseconds: int

    @property
    def at(self) -> float:
        return self.began / 1e6

    @property
    def milliseconds(self) -> float:
        return self.nanoseconds / 1e6

    @property
    def sql(self) -> str:
        return load_catalogue(self.era)[self.query].text

    @property
    def arguments(self) -> list[str]:
        """Go's form of the arguments, in the order of the parameters."""
        return [
            self.key
            if "key" in one.meaning or "prefix" in one.meaning
            else ("false" if one.type == "boolean" else "17")
            for one in load_catalogue(self.era)[self.query].parameters
        ]

    @property
    def inlined(self) -> str:
        """As v0.16.0 and later log it: text in quotes, bytes as [N]byte(...)."""
        parameters = load_catalogue(self.era)[self.query].parameters
        sql = self.sql
        for one, value in sorted(zip(parameters, self.arguments, strict=True), key=lambda pair: -pair[0].number):
            text = f"'{value}'" if value == self.key else value
            sql = sql.replace(f"${one.number}", "[1024]byte(...)" if one.type == "bytea" else text)
        return sql

    def moment(self, zone: timezone = UTC) -> datetime:
        return datetime.fromtimestamp(self.began // 1_000_000, zone).replace(microsecond=self.began % 1_000_000)

    @property
    def ended(self) -> datetime:
        return self.moment() + timedelta(microseconds=self.nanoseconds // 1000)


def go_duration(nanoseconds: int) -> str:
    """As time.Duration prints it."""
    if nanoseconds < 1_000_000:
        return f"{nanoseconds / 1e3:.9g}µs"
    if nanoseconds < 1_000_000_000:
        return f"{nanoseconds / 1e6:.9f}".rstrip("0").rstrip(".") + "ms"
    minutes, rest = divmod(nanoseconds, 60_000_000_000)
    seconds = f"{rest // 1_000_000_000}.{rest % 1_000_000_000:09d}".rstrip("0").rstrip(".") + "s"
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + seconds


def go_time(case: Case, zone: timezone = UTC) -> str:
    moment = case.moment(zone)
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}000 {moment:%z} {'UTC' if zone is UTC else zone} m=+3.285180450"


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def message(case: Case, shape: int, zone: timezone = UTC) -> str:
    if shape == 4:
        return f"Slow SQL: {case.inlined}"
    head = f"Slow SQL (started: {go_time(case, zone)}) (total time: {go_duration(case.nanoseconds)}): "
    return f"{head} {case.sql} : [[{' '.join(case.arguments)}]]" if shape == 1 else f"{head} {case.sql}"


def _fields(case: Case, shape: int) -> list[tuple[str, str]]:
    if shape < 3:
        return []
    took = go_duration(case.nanoseconds)
    fields = [("duration", f'"{took}"' if "µ" in took else took)]
    return fields if shape == 3 else [*fields, ("name", case.query), ("started", f'"{_rfc(case.moment())}"')]


def _rfc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}".rstrip("0").rstrip(".") + "Z"


def text(case: Case, shape: int, zone: timezone = UTC) -> bytes:
    fields = "".join(f" {key}={value}" for key, value in _fields(case, shape))
    return f'time="{_rfc(case.ended)}" level=info msg={quoted(message(case, shape, zone))}{fields}\n'.encode()


def as_json(case: Case, shape: int) -> bytes:
    entry: dict[str, object] = {"message": message(case, shape), "severity": "info", "time": _rfc(case.ended)}
    if shape == 3:
        entry["duration"] = case.nanoseconds
    if shape == 4:
        entry |= {"duration": go_duration(case.nanoseconds), "name": case.query, "started": _rfc(case.moment())}
    line = json.dumps(dict(sorted(entry.items())), ensure_ascii=False, separators=(",", ":"))
    return line.replace("<", "\\u003c").replace(">", "\\u003e").encode() + b"\n"


def coloured(case: Case, shape: int) -> bytes:
    fields = "".join(f" \x1b[36m{key}\x1b[0m={value}" for key, value in _fields(case, shape))
    return f"\x1b[36mINFO\x1b[0m[{_rfc(case.ended)}] {message(case, shape):44} {fields}\n".encode()


def uncoloured(case: Case, shape: int) -> bytes:
    fields = "".join(f" {key}={value}" for key, value in _fields(case, shape))
    return f"INFO[{_rfc(case.ended)}] {message(case, shape):44} {fields}\n".encode()


def vcluster(case: Case, shape: int) -> bytes:
    entry = {"component": "kine", "time": _rfc(case.ended), "level": "info"}
    if shape == 4:
        entry |= {"duration": go_duration(case.nanoseconds), "name": case.query, "started": _rfc(case.moment())}
    tail = json.dumps(entry, ensure_ascii=False).replace('{"component"', '{"component": "vcluster", "component"')
    at = f"{case.ended:%Y-%m-%d %H:%M:%S}"
    return f"{at}\tINFO\tcommandwriter/commandwriter.go:126\t{message(case, shape)}\t{tail}\n".encode()


def journald(case: Case, line: bytes) -> bytes:
    return f"{case.ended:%b %d %H:%M:%S} host-1 k3s[22277]: ".encode() + line


def short_iso(case: Case, line: bytes) -> bytes:
    return f"{case.ended:%Y-%m-%dT%H:%M:%S}+0000 host-1 k3s[22277]: ".encode() + line


def journald_json(case: Case, line: bytes) -> bytes:
    """The message as an array of byte values, as journalctl writes one with colours."""
    bare = line.rstrip(b"\n")
    content: object = list(bare) if b"\x1b" in bare else bare.decode()
    entry = {"__REALTIME_TIMESTAMP": str(int(case.ended.timestamp() * 1e6)), "MESSAGE": content, "PRIORITY": "6"}
    return json.dumps(entry).encode() + b"\n"


def cri(case: Case, line: bytes) -> bytes:
    return f"{case.ended:%Y-%m-%dT%H:%M:%S.%f}000Z stderr F ".encode() + line


def cri_partial(case: Case, line: bytes) -> bytes:
    """In three pieces, as containerd splits lines from 16 KiB on."""
    before = f"{case.ended:%Y-%m-%dT%H:%M:%S.%f}000Z stderr ".encode()
    bare = line.rstrip(b"\n")
    third = len(bare) // 3 + 100
    pieces = [bare[:third], bare[third : 2 * third], bare[2 * third :]]
    return b"".join(before + (b"P " if piece is not pieces[-1] else b"F ") + piece + b"\n" for piece in pieces)


def docker(case: Case, line: bytes) -> bytes:
    entry = {"log": line.decode(), "stream": "stderr", "time": _rfc(case.ended)}
    return json.dumps(entry, ensure_ascii=False).encode() + b"\n"


FORMS: dict[str, Callable[[Case, int], bytes]] = {
    "text": text,
    "json": as_json,
    "coloured": coloured,
    "uncoloured": uncoloured,
    "vcluster": vcluster,
}
ENVELOPES: dict[str, Callable[[Case, bytes], bytes]] = {
    "plain": lambda _, line: line,
    "journald": journald,
    "short-iso": short_iso,
    "journald-json": journald_json,
    "cri": cri,
    "cri-partial": cri_partial,
    "docker": docker,
    "docker in cri": lambda case, line: cri(case, docker(case, line)),
}
