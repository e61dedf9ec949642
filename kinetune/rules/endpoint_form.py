from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from kinetune.kine.pgx import LIB_PQ
from kinetune.kine.releases import version_of_kine
from kinetune.kine.traits import named
from kinetune.model.configuration import STORES, Configuration, EndpointRead
from kinetune.model.endpoint_text import DATABASE
from kinetune.model.facts import Facts, KineRelease, OutOfScope, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.rules.absence import absent
from kinetune.rules.endpoint_parameters import judged
from kinetune.rules.evidence import NO_FILES
from kinetune.rules.rule import rule

MEANT = "write what is meant"
NOTES = (
    ("the database's name is taken", "database", "end the path behind the name, without / or blank"),
    ("the database's name", "database", "write it in small letters"),
    ("systemd", "percent sign", "write %%, or put the endpoint into an EnvironmentFile"),
    ("a host without a port", "ports", "give every host its port"),
    ("a + in", "parameters", "write %20 or %2B"),
    ("a space in", "parameters", "leave the space out"),
    ("a host's name", "host", "name the service of the primary: -rw of CloudNativePG, Aurora's cluster endpoint"),
    ("several hosts", "hosts", "add target_session_attrs=read-write"),
)
"""How a note begins, what it is about, and what mends it."""
TAKES_POSTGRESQL = (0, 13, 1)
QUOTES_NAMES = (0, 13, 0)
LIVE = "the endpoint"


@rule("KT607", Severity.ERROR)
def endpoint_form(files: Configuration, release: KineRelease | None, store: Facts | None) -> Iterator[Remark | Unknown]:
    """
    Kine takes the endpoint, and reads it as it is meant.

    Why it matters
        An endpoint that Kine refuses stops it, and K3s with it, at the next start. One that it reads otherwise is
        worse: a database in capitals becomes another one in small letters, one with a / or a blank behind it is
        another one too, a missing one becomes `kubernetes`; each is created empty where the role may do so, and the
        cluster begins anew beside its own objects. Parameters that Kine's driver (pgx) does not know go to the server,
        which ends each connection unless they are settings of its own: pool_max_conns, schema, pgbouncer, keepalives.

    What to do
        postgres://USER:PASSWORD@HOST:5432/DATABASE, the database in small letters, special characters of user and
        password percent-encoded (p%40ss for p@ss; in a systemd unit p%%40ss). Parameters are those of pgx (sslmode,
        connect_timeout, target_session_attrs, default_query_exec_mode …) and PostgreSQL's settings (search_path …).
        Before v0.13.1 write postgres://, not postgresql://; before v0.13.0 create a database whose name needs quotes by
        hand; before v0.10.0 Kine requires TLS unless sslmode=disable.

    When to ignore
        You run a fork of Kine with a scheme of its own, or the server has a setting of that name by an extension.

    Source
        docs/facts/kine.md §3 and §9.4, tried with v0.9.9 to v0.17.5. A server that was asked says by pg_settings which
        parameters it takes; else PostgreSQL 15 and 18 and YugabyteDB 2.21 do.
    """
    read = [(part.name, part.endpoint) for part in files.parts if part.endpoint]
    for name, endpoint in read:
        yield from _written(name, endpoint, release)
    if store is not None and not isinstance(store.endpoint, Unknown):
        yield from _live(store, release)
    elif all(endpoint.foreign for _, endpoint in read):
        yield _unjudged(files, store)


def _unjudged(files: Configuration, store: Facts | None) -> Unknown:
    if foreign := [part.endpoint.foreign for part in files.parts if part.endpoint]:
        return OutOfScope(f"the endpoint is for {foreign[-1]}, of which kinetune knows nothing")
    return NO_FILES if store and isinstance(store.configuration, Unknown) else no_endpoint(files)


def _written(name: str, endpoint: EndpointRead, release: KineRelease | None) -> Iterator[Remark]:
    """Of an endpoint in a file."""
    if endpoint.refused:
        says, _, do = endpoint.refused.partition("; ")
        yield Remark(on=name, says=f"the endpoint is not taken as written: {says}", do=do, place=endpoint.place)
    elif not endpoint.foreign:
        yield from _otherwise(name, endpoint, release)
        for remark in judged(name, endpoint.parameters, release):
            yield replace(remark, place=endpoint.place)


def _live(store: Facts, release: KineRelease | None) -> Iterator[Remark]:
    """Of the endpoint that led here."""
    assert not isinstance(store.endpoint, Unknown)
    yield from judged(LIVE, store.endpoint.parameters, release, store.endpoint)
    if not store.database_exists and re.search(r"[/\s]", store.database):
        says = "the database's name holds a / or a blank, and no database has that name: Kine creates another one"
        yield Remark(on=f"{LIVE} database", says=says, do=NOTES[0][2], severity=Severity.WARNING)


def _otherwise(name: str, endpoint: EndpointRead, release: KineRelease | None) -> Iterator[Remark]:
    if release and release.tag:
        yield from _of_old(name, endpoint, release)
    if not endpoint.database:
        says = f"the endpoint names no database: Kine takes {DATABASE}, and creates it where it may"
        do = f"write /{DATABASE} at its end"
        yield Remark(on=f"{name} database", says=says, do=do, severity=Severity.WARNING, place=endpoint.place)
    for note in endpoint.notes:
        about, do = next(((about, do) for begin, about, do in NOTES if note.startswith(begin)), ("form", MEANT))
        on = f"{name} {about}"
        yield Remark(on=on, says=note, do=do, severity=Severity.WARNING, place=endpoint.place)


def _of_old(name: str, endpoint: EndpointRead, release: KineRelease) -> Iterator[Remark]:
    """What a release has learnt since."""
    version = version_of_kine(release.tag or "")
    if endpoint.scheme == "postgresql" and version < TAKES_POSTGRESQL:
        says = "postgresql:// is no scheme to this Kine, which does not start"
        yield Remark(on=name, says=says, do="write postgres://", place=endpoint.place)
    if endpoint.quoted and version < QUOTES_NAMES:
        yield Remark(
            on=f"{name} database",
            says=f"{named(release)} cannot create a database whose name needs quotes (a dash, a capital)",
            do="create it by hand first, its name in double quotes, or choose a name of a-z, 0-9 and _",
            severity=Severity.WARNING,
            place=endpoint.place,
        )
    if LIB_PQ.of(release) and "sslmode" not in endpoint.parameters:
        yield Remark(
            on=f"{name} sslmode",
            says=f"{named(release)} requires TLS where the endpoint has no sslmode, and does not start without it",
            do="write sslmode=disable where the server has no TLS",
            severity=Severity.INFO,
            place=endpoint.place,
        )


def no_endpoint(configuration: Configuration) -> Unknown:
    """Why none was judged: there is none, or it stands in what was not read."""
    for part in configuration.of(*STORES):
        if part.unread and part.endpoint is None:
            return Unknown(f"{part.name} takes its endpoint from {part.unread}")
    return absent("no datastore endpoint", configuration)
