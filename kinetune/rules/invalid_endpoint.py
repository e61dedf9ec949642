from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from kinetune.kine.driver_parameters import LIB_PQ
from kinetune.kine.releases import describe_release, parse_kine_version
from kinetune.model.configuration import STORES, Configuration, ConfiguredEndpoint
from kinetune.model.endpoint_text import DATABASE
from kinetune.model.facts import Facts, KineRelease, OutOfScope
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.context import NO_FILES, explain_absence
from kinetune.rules.endpoint_parameters import check_parameters
from kinetune.rules.rule import rule

CORRECT_IT = "correct the endpoint"
NOTES = (
    ("the database name contains", "database", "end the path after the name, without / or blank"),
    ("the database name", "database", "use small letters"),
    # As facts files of schema 1 from before these notes were reworded have them.
    ("the database's name is taken", "database", "end the path after the name, without / or blank"),
    ("the database's name", "database", "use small letters"),
    ("a host's name", "host", "use the service of the primary: -rw of CloudNativePG, the cluster endpoint of Aurora"),
    ("systemd does", "variable", "write ${NAME} with braces"),
    ("systemd", "percent sign", "use %%, or set the endpoint in an EnvironmentFile"),
    ("a host without a port", "ports", "add a port to every host"),
    ("a + in", "parameters", "use %20 or %2B"),
    ("a space in", "parameters", "remove the space"),
    ("a host name", "host", "use the service of the primary: -rw of CloudNativePG, the cluster endpoint of Aurora"),
    ("several hosts", "hosts", "add target_session_attrs=read-write"),
)
"""The beginning of a note of the reader, the part of the endpoint that it is about, and the remedy."""
TAKES_POSTGRESQL = (0, 13, 1)
QUOTES_NAMES = (0, 13, 0)
LIVE = "the endpoint"


@rule("KT607", Severity.ERROR)
def invalid_endpoint(
    files: Configuration, release: KineRelease | None, store: Facts | None
) -> Iterator[Remark | Unknown]:
    """
    Kine rejects the endpoint, or reads it differently than intended.

    Why it matters
        Kine, and K3s with it, does not start with an endpoint that it rejects. An endpoint that it reads differently is
        worse: a database in capitals becomes another one in small letters, a / or a blank after the name gives another
        database, and without a name Kine uses `kubernetes`. If the role may create databases, the cluster starts there
        without its objects. Kine's driver (pgx) sends parameters that it does not know to the server, which closes each
        connection unless they are its own settings: pool_max_conns, schema, pgbouncer, keepalives.

    What to do
        Use postgres://USER:PASSWORD@HOST:5432/DATABASE, with the database in small letters, and percent-encode special
        characters of user and password (p%40ss for p@ss; in a systemd unit p%%40ss). Parameters are those of pgx
        (sslmode, connect_timeout, target_session_attrs, default_query_exec_mode …) and PostgreSQL's settings
        (search_path …). Before v0.13.1 use postgres:// instead of postgresql://; before v0.13.0 create a database whose
        name needs quotes yourself; before v0.10.0 Kine requires TLS unless the endpoint contains sslmode=disable.

    When to ignore
        You run a fork of Kine with its own scheme, or an extension of the server adds a setting of that name.

    Source
        docs/facts/kine.md §3 and §9.4, tried with v0.9.9 to v0.17.5. A connected server shows in pg_settings which
        parameters it accepts; otherwise the settings of PostgreSQL 15 and 18 and YugabyteDB 2.21 are used.
    """
    read = [(part.name, part.endpoint) for part in files.parts if part.endpoint]
    for name, endpoint in read:
        yield from _check_file_endpoint(name, endpoint, release)
    if store is not None and not isinstance(store.endpoint, Unknown):
        yield from _check_live_endpoint(store, release)
    elif all(endpoint.foreign for _, endpoint in read):
        yield _skip_reason(files, store)


def _skip_reason(files: Configuration, store: Facts | None) -> Unknown:
    if foreign := [part.endpoint.foreign for part in files.parts if part.endpoint]:
        return OutOfScope(f"the endpoint is for {foreign[-1]}, which kinetune does not check")
    return NO_FILES if store and isinstance(store.configuration, Unknown) else explain_no_endpoint(files)


def _check_file_endpoint(name: str, endpoint: ConfiguredEndpoint, release: KineRelease | None) -> Iterator[Remark]:
    """Problems of an endpoint in a configuration file."""
    if endpoint.refused:
        says, _, do = endpoint.refused.partition("; ")
        yield Remark(on=name, says=f"Kine rejects the endpoint: {says}", do=do, place=endpoint.place)
    elif not endpoint.foreign:
        yield from _check_notes(name, endpoint, release)
        for remark in check_parameters(name, endpoint.parameters, release):
            yield replace(remark, place=endpoint.place)


def _check_live_endpoint(store: Facts, release: KineRelease | None) -> Iterator[Remark]:
    """Problems of the endpoint of this connection."""
    assert not isinstance(store.endpoint, Unknown)
    yield from check_parameters(LIVE, store.endpoint.parameters, release, store.endpoint)
    # An existing database with such a name may be intended.
    if not store.database_exists and re.search(r"[/\s]", store.database):
        says = "the database name contains a / or a blank, and no such database exists: Kine creates another one"
        yield Remark(on=f"{LIVE} database", says=says, do=NOTES[0][2], severity=Severity.WARNING)


def _check_notes(name: str, endpoint: ConfiguredEndpoint, release: KineRelease | None) -> Iterator[Remark]:
    if release and release.tag:
        yield from _check_old_release(name, endpoint, release)
    if not endpoint.database:
        says = f"the endpoint has no database: Kine uses {DATABASE}, and creates it if its role may"
        do = f"add /{DATABASE} at its end"
        yield Remark(on=f"{name} database", says=says, do=do, severity=Severity.WARNING, place=endpoint.place)
    for note in endpoint.notes:
        about, do = next(((about, do) for begin, about, do in NOTES if note.startswith(begin)), ("form", CORRECT_IT))
        on = f"{name} {about}"
        yield Remark(on=on, says=note, do=do, severity=Severity.WARNING, place=endpoint.place)


def _check_old_release(name: str, endpoint: ConfiguredEndpoint, release: KineRelease) -> Iterator[Remark]:
    """Problems that only older releases have."""
    version = parse_kine_version(release.tag or "")
    if endpoint.scheme == "postgresql" and version < TAKES_POSTGRESQL:
        says = "this Kine release does not know the scheme postgresql:// and does not start"
        yield Remark(on=name, says=says, do="use postgres://", place=endpoint.place)
    if endpoint.quoted and version < QUOTES_NAMES:
        yield Remark(
            on=f"{name} database",
            says=f"{describe_release(release)} cannot create a database whose name needs quotes (a dash, a capital)",
            do="create it before Kine starts, with its name in double quotes, or use a name of a-z, 0-9 and _",
            severity=Severity.WARNING,
            place=endpoint.place,
        )
    if LIB_PQ.applies_to(release) and "sslmode" not in endpoint.parameters:
        yield Remark(
            on=f"{name} sslmode",
            says=f"{describe_release(release)} requires TLS if the endpoint has no sslmode, and does not start "
            "without TLS",
            do="add sslmode=disable if the server has no TLS",
            severity=Severity.INFO,
            place=endpoint.place,
        )


def explain_no_endpoint(configuration: Configuration) -> Unknown:
    """Why no endpoint was checked: there is none, or it is in a file that was not read."""
    for part in configuration.of(*STORES):
        if part.unread and part.endpoint is None:
            return Unknown(f"{part.name} reads its endpoint from {part.unread}, which was not read")
    return explain_absence("no datastore endpoint", configuration)
