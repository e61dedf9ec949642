"""What `kinetune check` does before it judges: look at the store, or read saved facts."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinetune import __version__
from kinetune.model.facts import NOT_ASKED, Facts, KineRelease, Probe, Unknown
from kinetune.model.failure import CouldNotLook, UsageFailure

if TYPE_CHECKING:
    from collections.abc import Callable

    from kinetune.database.session import Session
    from kinetune.kine.releases import Era, EraInUse
    from kinetune.model.cluster import Cluster
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.workload import Recording


RUNS = 2
"""Of two the faster counts: a machine that was busy for a moment closes no gate."""


@dataclass(frozen=True)
class Look:
    """
    How deep to look. `era` is what was said on the command line, `metrics` the address of Kine's /metrics, `http` the
    port of YugabyteDB's tservers (0: not asked).
    """

    plans: bool = True
    probe: bool = False
    era: EraInUse | None = None
    metrics: str | None = None
    http: int = 0


def facts_of(file: Path | None, look: Look, endpoint: Callable[[], Endpoint]) -> Facts:
    """Saved facts where a file is named, else those of the store; only then the endpoint is asked for."""
    return load(file, look.era) if file else gather(endpoint(), look)


def gather(endpoint: Endpoint, look: Look) -> Facts:
    """Everything the rules may ask for, on sessions that may only read; --probe alone writes."""
    from kinetune.database.endpoint_seen import endpoint_seen
    from kinetune.database.inspect import inspect
    from kinetune.database.look import store

    with store(endpoint, "check") as (session, facts):
        if facts.server.unsupported:
            return facts
        facts = replace(facts, endpoint=endpoint_seen(session, endpoint))
        if not facts.database_exists:
            return _absent(facts, look)
        kine = _kine(session, look)
        facts = replace(inspect(session, facts), kine=kine, cluster=_cluster(session, look))
        facts = replace(facts, lookups=_lookups(session, facts), recordings=_recordings(session, facts, kine, look))
    return replace(facts, probe=_probe(endpoint)) if look.probe else facts


def _absent(facts: Facts, look: Look) -> Facts:
    """Of a database that is not there yet nothing is known but the Kine that was said."""
    nothing = Unknown(f"there is no database {facts.database}")
    names = ("statistics", "growth", "integrity", "connections", "security", "recordings", "lookups", "cluster")
    parts: dict[str, Any] = dict.fromkeys(names, nothing)
    seen = replace(facts, **parts)
    return replace(seen, kine=said(look.era) if look.era else nothing)


def load(path: Path, era: EraInUse | None) -> Facts:
    """Saved facts; what is said of Kine on the command line goes before what was seen then."""
    from kinetune.model.facts_file import from_text

    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageFailure(
            f"cannot read {path}: {error.strerror}", "save facts with kinetune check --save-facts"
        ) from None
    except UnicodeDecodeError:
        raise UsageFailure(f"{path} is not text", "save facts with kinetune check --save-facts FILE") from None
    facts = from_text(text, str(path))
    return replace(facts, kine=said(era)) if era else facts


def keep(facts: Facts, path: Path) -> None:
    """Facts as a file, whole or not at all."""
    from kinetune.model.facts_file import to_data
    from kinetune.model.report import Report
    from kinetune.reports.table import save

    save(Report("kinetune facts", "", (), to_data(facts, __version__)), path, "json")


def said(kine: EraInUse) -> KineRelease:
    """`said with --kine 0.17.5`, `K3s v1.33.4 holds Kine v0.13.17`: the tag stands behind the word for Kine."""
    tag = re.search(r"[Kk]ine v?(\d+\.\d+\.\d+)", kine.source)
    return KineRelease(kine.era.name, kine.era.number, kine.source, f"v{tag[1]}" if tag else None)


def _kine(session: Session, look: Look) -> KineRelease | Unknown:
    from kinetune.database.era import era_seen

    if look.era:
        return said(look.era)
    era, source = _era_told(look.metrics) if look.metrics else era_seen(session)
    return KineRelease(era.name, era.number, source) if era else Unknown(f"{source}; say it with --kine or --k3s")


def _era_told(place: str) -> tuple[Era | None, str]:
    """By Kine itself. A place that cannot be read is the user's mistake and stops the run."""
    from kinetune.http.metrics import query_names
    from kinetune.http.read import shown
    from kinetune.kine.metric_names import era_of_names

    era = era_of_names(query_names(place))
    return (
        era,
        f"{shown(place)} shows {'queries of Kine ' + era.releases if era else 'no query of one era of Kine alone'}",
    )


def _cluster(session: Session, look: Look) -> Cluster | Unknown:
    """Every node by SQL, and by HTTP where that is wanted."""
    from kinetune.database.cluster import cluster
    from kinetune.http.tserver import with_http

    try:
        found = cluster(session, "check")
    except CouldNotLook as failure:
        return Unknown(str(failure))
    if isinstance(found, Unknown) or not look.http:
        return found
    return with_http(found, session.endpoint.database, look.http)


def _recordings(
    session: Session, facts: Facts, kine: KineRelease | Unknown, look: Look
) -> tuple[Recording, ...] | Unknown:
    """Kine's reads under EXPLAIN: of the era in use, else of the newest."""
    from kinetune.commands.explain import Look as Effort
    from kinetune.commands.explain import recordings
    from kinetune.kine.releases import era_named, newest

    if not look.plans:
        return Unknown("left out with --no-plans")
    era = newest() if isinstance(kine, Unknown) else era_named(kine.era)
    try:
        return tuple(recordings(session, era, Effort(runs=RUNS)))
    except (CouldNotLook, UsageFailure) as failure:
        return Unknown(f"no plans for {facts.database}: {failure}")


def _lookups(session: Session, facts: Facts) -> tuple[Recording, ...] | Unknown:
    """Of the era in use, else of the newest; PostgreSQL does not have the trap (KT306)."""
    from kinetune.database.explain import planned
    from kinetune.kine.queries import catalogue
    from kinetune.kine.releases import era_named, newest
    from kinetune.kine.scenarios import lookups
    from kinetune.kine.shape import stranger
    from kinetune.model.server import Flavour

    if facts.server.flavour is not Flavour.YUGABYTEDB:
        return NOT_ASKED
    if facts.table is None or stranger(facts.table):
        return Unknown("there is no table of Kine's")
    era = newest() if isinstance(facts.kine, Unknown) else era_named(facts.kine.era)
    try:
        return tuple(planned(session, lookups(catalogue(era.name))))
    except (CouldNotLook, UsageFailure) as failure:
        return Unknown(str(failure))


def _probe(endpoint: Endpoint) -> Probe | Unknown:
    from kinetune.database.probe import probe

    try:
        return probe(endpoint)
    except CouldNotLook as failure:
        return Unknown(str(failure))
