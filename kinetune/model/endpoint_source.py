"""Which endpoint is meant: the argument, else what Kine, K3s or libpq would use here (DESIGN.md §7)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from kinetune.model.endpoint import Endpoint, Target, hosts_of, parse
from kinetune.model.endpoint_text import DATABASE
from kinetune.model.failure import UsageFailure

# libpq's keyword → the variable that K3s (pkg/cli/cmds/server.go) and Kine (pkg/app/app.go, v0.17.5) read it from.
K3S = {
    "sslcert": "K3S_DATASTORE_CERTFILE",
    "sslkey": "K3S_DATASTORE_KEYFILE",
    "sslrootcert": "K3S_DATASTORE_CAFILE",
}
KINE = {"sslcert": "KINE_CERT_FILE", "sslkey": "KINE_KEY_FILE", "sslrootcert": "KINE_CA_FILE"}
IN_CONFIG = {"sslcert": "datastore-certfile", "sslkey": "datastore-keyfile", "sslrootcert": "datastore-cafile"}
# In order; with each the families of TLS files that go with it, of which the first that is set counts.
VARIABLES = {
    "KINETUNE_ENDPOINT": (K3S, KINE),
    "K3S_DATASTORE_ENDPOINT": (K3S,),
    "KINE_ENDPOINT": (KINE,),
}
LIBPQ = ("PGSERVICE", "PGHOST", "PGHOSTADDR", "PGDATABASE")
WAYS = (
    "give one, as in postgres://kine@db.example:5432/kubernetes, or embedded, or --k3s-config FILE, "
    "or set KINETUNE_ENDPOINT, K3S_DATASTORE_ENDPOINT, KINE_ENDPOINT or PGHOST"
)
LINE = re.compile(r"(?P<quote>[\"']?)(?P<key>[A-Za-z0-9-]+)(?P=quote)[ \t]*:(?:[ \t]+(?P<value>.*))?")
VALUE = re.compile(
    r"""(?:"(?P<double>(?:[^"\\]|\\["\\/])*)"|'(?P<single>(?:[^']|'')*)'|(?P<bare>.*?))(?:\s+\#.*)?\s*"""
)


def find(argument: str | None, environ: Mapping[str, str], k3s_config: Path | None = None) -> Target:
    """The first of: argument, the VARIABLES, the K3s config file, libpq's environment. An empty variable is unset."""
    if argument is not None:
        return _secured(parse(argument, "argument"), environ, K3S, KINE)
    for name, families in VARIABLES.items():
        if environ.get(name, "").strip():
            return _secured(parse(environ[name], name), environ, *families)
    if k3s_config is not None:
        return _from_config(k3s_config, environ)
    if any(environ.get(name) for name in LIBPQ):
        return _from_libpq(environ)
    raise UsageFailure("no endpoint is named", WAYS)


def _secured(target: Target, values: Mapping[str, str], *families: Mapping[str, str]) -> Target:
    """
    With the TLS files of the first family that is set, as prepareConfig in Kine's pgsql.go adds them (v0.17.5).

    The endpoint's own parameters win; sslmode is verify-full where a file was added and the endpoint names none.
    """
    family = next((family for family in families if any(values.get(name) for name in family.values())), None)
    if family is None or not isinstance(target, Endpoint):
        return target
    given = {word: name for word, name in family.items() if values.get(name) and word not in target.parameters}
    if not given:
        return target
    parameters = {"sslmode": "verify-full"} | {word: values[name] for word, name in given.items()}
    note = f"TLS as Kine takes it from {', '.join(given.values())}"
    return replace(target, parameters=parameters | dict(target.parameters), notes=(*target.notes, note))


def _from_config(path: Path, environ: Mapping[str, str]) -> Target:
    """The datastore of a K3s config file; as in K3s, a key of the file wins over its variable."""
    settings = read_k3s_config(path)
    if not settings.get("datastore-endpoint"):
        next_step = "this K3s keeps its state in SQLite or etcd, or gets the endpoint by flag or variable: name it here"
        raise UsageFailure(f"{path} has no datastore-endpoint", next_step)
    inherited = {IN_CONFIG[word]: environ.get(name, "") for word, name in K3S.items()}
    target = parse(settings["datastore-endpoint"], str(path))
    return _secured(target, inherited | settings, IN_CONFIG)


def read_k3s_config(path: Path) -> dict[str, str]:
    """
    The datastore-* keys of a K3s config file, which holds each as a scalar on one line at the top level.

    YAML is not read beyond that: an escape, a block or an alias in such a value is refused, never guessed at.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UsageFailure(f"{path} cannot be read: {cause}", "name another file, or run as its owner") from None
    matches = filter(None, map(LINE.fullmatch, lines))
    found = {match["key"]: match["value"] or "" for match in matches if match["key"].startswith("datastore-")}
    return {key: _scalar(value.strip(), f"{path}: {key}") for key, value in found.items()}


def _scalar(text: str, thing: str) -> str:
    match = VALUE.fullmatch(text)
    bare = match["bare"] if match else None
    if match is None or (bare and bare[0] in "|>&*!{[\"'%@`"):
        raise UsageFailure(f"{thing} is written in a way kinetune does not read", "write it on one line in '…'")
    if match["double"] is not None:
        return re.sub(r"\\(.)", r"\1", match["double"])
    return match["single"].replace("''", "'") if match["single"] is not None else bare or ""


def _from_libpq(environ: Mapping[str, str]) -> Endpoint:
    """
    What libpq's variables name; it reads the others (PGPASSWORD, PGSSLMODE …) itself.

    A service wins over the variables, so nothing else is named beside it. Without either the database is kubernetes.
    """
    source = next(name for name in LIBPQ if environ.get(name))
    if source == "PGSERVICE":
        return Endpoint(database="", parameters={"service": environ[source]}, source=source)
    try:
        hosts = hosts_of(environ.get("PGHOST", ""), environ.get("PGPORT", ""))
    except UsageFailure as failure:
        raise UsageFailure(f"PGHOST, PGPORT: {failure.cause}", failure.next_step) from None
    user, database = environ.get("PGUSER", ""), environ.get("PGDATABASE") or DATABASE
    return Endpoint(database=database, user=user, hosts=hosts, source=source)
