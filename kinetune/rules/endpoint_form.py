from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.releases import version_of_kine
from kinetune.model.configuration import STORES, Configuration, EndpointRead
from kinetune.model.endpoint_text import DATABASE
from kinetune.model.facts import KineRelease, OutOfScope, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.rules.absence import absent
from kinetune.rules.rule import rule

MEANT = "write what is meant"
NOTES = (
    ("the database's name", "database", "write it in small letters"),
    ("systemd", "percent sign", "write %%, or put the endpoint into an EnvironmentFile"),
    ("a host without a port", "ports", "give every host its port"),
    ("a + in", "parameters", "write %20 or %2B"),
    ("a space in", "parameters", "leave the space out"),
)
"""How a note begins, what it is about, and what mends it."""
TAKES_POSTGRESQL = (0, 13, 1)


@rule("KT607", Severity.ERROR)
def endpoint_form(configuration: Configuration, release: KineRelease | None) -> Iterator[Remark | Unknown]:
    """
    Kine takes the endpoint in the file, and reads it as it is written.

    Why it matters
        An endpoint that Kine refuses stops it, and K3s with it, at the next start. One that it reads otherwise is
        worse: a database in capitals becomes another one in small letters, a missing one becomes `kubernetes`, both are
        created empty where the role may do so, and the cluster begins anew beside its own objects.

    What to do
        postgres://USER:PASSWORD@HOST:5432/DATABASE, the database in small letters, special characters of user and
        password percent-encoded (p%40ss for p@ss; in a systemd unit p%%40ss). libpq's keyword=value form, and
        postgresql:// before v0.13.1, are not for Kine.

    When to ignore
        You run a fork of Kine with a scheme of its own.

    Source
        docs/facts/kine.md §3, measured with v0.10.1, v0.11.4 and v0.17.5.
    """
    read, foreign = False, ""
    for part in configuration.parts:
        endpoint = part.endpoint
        if endpoint is None:
            continue
        if endpoint.foreign:
            foreign = endpoint.foreign
            continue
        read = True
        if endpoint.refused:
            says, _, do = endpoint.refused.partition("; ")
            yield Remark(
                on=part.name, says=f"the endpoint is not taken as written: {says}", do=do, place=endpoint.place
            )
        else:
            yield from _otherwise(part.name, endpoint, release)
    if not read and foreign:
        yield OutOfScope(f"the endpoint is for {foreign}, of which kinetune knows nothing")
    elif not read:
        yield no_endpoint(configuration)


def _otherwise(name: str, endpoint: EndpointRead, release: KineRelease | None) -> Iterator[Remark]:
    old = release and release.tag and version_of_kine(release.tag) < TAKES_POSTGRESQL
    if endpoint.scheme == "postgresql" and old:
        says = "postgresql:// is no scheme to this Kine, which does not start"
        yield Remark(on=name, says=says, do="write postgres://", place=endpoint.place)
    if not endpoint.database:
        says = f"the endpoint names no database: Kine takes {DATABASE}, and creates it where it may"
        do = f"write /{DATABASE} at its end"
        yield Remark(on=f"{name} database", says=says, do=do, severity=Severity.WARNING, place=endpoint.place)
    for note in endpoint.notes:
        about, do = next(((about, do) for begin, about, do in NOTES if note.startswith(begin)), ("form", MEANT))
        on = f"{name} {about}"
        yield Remark(on=on, says=note, do=do, severity=Severity.WARNING, place=endpoint.place)


def no_endpoint(configuration: Configuration) -> Unknown:
    """Why none was judged: there is none, or it stands in what was not read."""
    for part in configuration.of(*STORES):
        if part.unread and part.endpoint is None:
            return Unknown(f"{part.name} takes its endpoint from {part.unread}")
    return absent("no datastore endpoint", configuration)
