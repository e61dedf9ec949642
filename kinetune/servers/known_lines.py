"""Which release lines kinetune has facts about: older ones are refused, newer ones get the facts of the newest line."""

from __future__ import annotations

from kinetune.model.failure import UsageFailure
from kinetune.model.server import Flavour, Server
from kinetune.servers.identification import parse_server_name
from kinetune.servers.maintenance import POSTGRESQL
from kinetune.servers.yugabytedb_lines import LINES


def find_known_server(name: str) -> Server:
    """The server of `--server postgresql-16`; UsageFailure for another form, and for a release older than all lines."""
    server = parse_server_name(name)
    oldest = _known_lines(server)[0]
    if _line_of(server) < oldest:
        raise UsageFailure(
            f"{name} is older than the oldest known release", f"use {server.flavour}-{_format(oldest)} or newer"
        )
    return server


def describe_newer_release(server: Server) -> str:
    """That facts of an older line are shown, for a release newer than all lines; else empty."""
    newest = _known_lines(server)[-1]
    if _line_of(server) <= newest:
        return ""
    kind = "PostgreSQL" if server.flavour is Flavour.POSTGRESQL else "YugabyteDB"
    return f"{server} is newer than this kinetune: the facts of {kind} {_format(newest)} are used"


def _line_of(server: Server) -> tuple[int, ...]:
    if server.flavour is Flavour.POSTGRESQL:
        return server.release[:1]
    return (*server.release, 0)[:2]


def _known_lines(server: Server) -> list[tuple[int, ...]]:
    """In order. YugabyteDB has two series of numbers, which are not compared with each other: 2.14 and 2024.1."""
    if server.flavour is Flavour.POSTGRESQL:
        return [(major,) for major in sorted(POSTGRESQL)]
    return sorted(line for line in LINES if (line[0] >= 2000) == (server.release[0] >= 2000))


def _format(line: tuple[int, ...]) -> str:
    return ".".join(map(str, line))
