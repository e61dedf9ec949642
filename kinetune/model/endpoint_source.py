"""Find the endpoint: the argument, otherwise what Kine, K3s or libpq would use in this environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kinetune.model.endpoint import AnyEndpoint, Endpoint, pair_hosts, parse
from kinetune.model.endpoint_text import DATABASE
from kinetune.model.failure import UsageFailure

# libpq's keyword → the variable that K3s (pkg/cli/cmds/server.go) and Kine (pkg/app/app.go, v0.17.5) read it from.
K3S = {
    "sslcert": "K3S_DATASTORE_CERTFILE",
    "sslkey": "K3S_DATASTORE_KEYFILE",
    "sslrootcert": "K3S_DATASTORE_CAFILE",
}
RKE2 = {word: name.replace("K3S_", "RKE2_") for word, name in K3S.items()}
KINE = {"sslcert": "KINE_CERT_FILE", "sslkey": "KINE_KEY_FILE", "sslrootcert": "KINE_CA_FILE"}
IN_CONFIG = {"sslcert": "datastore-certfile", "sslkey": "datastore-keyfile", "sslrootcert": "datastore-cafile"}
# In order of precedence, each with its families of TLS files. The first family that is set is used.
VARIABLES = {
    "KINETUNE_ENDPOINT": (K3S, KINE),
    "K3S_DATASTORE_ENDPOINT": (K3S,),
    "RKE2_DATASTORE_ENDPOINT": (RKE2,),
    "KINE_ENDPOINT": (KINE,),
}
LIBPQ = ("PGSERVICE", "PGHOST", "PGHOSTADDR", "PGDATABASE")
HOW_TO_NAME_ONE = (
    "name one, such as postgres://kine@db.example:5432/kubernetes or embedded, or use --k3s-config FILE, "
    "or set KINETUNE_ENDPOINT, K3S_DATASTORE_ENDPOINT, KINE_ENDPOINT or PGHOST"
)


@dataclass(frozen=True)
class K3sConfigFile:
    """A K3s configuration, and what reads its datastore-* keys: config.read_k3s.read_datastore."""

    path: Path
    read: Callable[[Path], Mapping[str, str]]


def find_endpoint(
    argument: str | None, environ: Mapping[str, str], k3s_config: K3sConfigFile | None = None
) -> AnyEndpoint:
    """
    The first of: the argument, VARIABLES, the K3s configuration, libpq's environment. An empty variable counts as not
    set. UsageFailure if there is none.
    """
    if argument is not None:
        return _add_tls_files(parse(argument, "argument"), environ, K3S, KINE)
    for name, families in VARIABLES.items():
        if environ.get(name, "").strip():
            return _add_tls_files(parse(environ[name], name), environ, *families)
    if k3s_config is not None:
        return _from_config(k3s_config, environ)
    if any(environ.get(name) for name in LIBPQ):
        return _from_libpq(environ)
    raise UsageFailure("no endpoint", HOW_TO_NAME_ONE)


def _add_tls_files(target: AnyEndpoint, values: Mapping[str, str], *families: Mapping[str, str]) -> AnyEndpoint:
    """
    Add the TLS files of the first family that is set, as prepareConfig in Kine's pgsql.go does (v0.17.5).

    Parameters of the endpoint take precedence. If a file is added and the endpoint has no sslmode, it is verify-full.
    """
    family = next((family for family in families if any(values.get(name) for name in family.values())), None)
    if family is None or not isinstance(target, Endpoint):
        return target
    given = {word: name for word, name in family.items() if values.get(name) and word not in target.parameters}
    if not given:
        return target
    parameters = {"sslmode": "verify-full"} | {word: values[name] for word, name in given.items()}
    # The user sees why the connection is verified although the endpoint does not ask for it.
    note = f"TLS files are read from {', '.join(given.values())}, as by Kine"
    return replace(target, parameters=parameters | dict(target.parameters), notes=(*target.notes, note))


def _from_config(file: K3sConfigFile, environ: Mapping[str, str]) -> AnyEndpoint:
    """The datastore of a K3s configuration. As in K3s, a key in the file takes precedence over its variable."""
    settings = file.read(file.path)
    if not settings.get("datastore-endpoint"):
        next_step = "this K3s uses SQLite or etcd, or gets the endpoint from a flag or variable; name the endpoint"
        raise UsageFailure(f"{file.path} has no datastore-endpoint", next_step)
    # K3s reads its variables too when it has a configuration file.
    inherited = {IN_CONFIG[word]: environ.get(name, "") for word, name in K3S.items()}
    target = parse(settings["datastore-endpoint"], str(file.path))
    return _add_tls_files(target, inherited | dict(settings), IN_CONFIG)


def _from_libpq(environ: Mapping[str, str]) -> Endpoint:
    """
    The endpoint of libpq's variables. libpq itself reads the others (PGPASSWORD, PGSSLMODE …).

    A service overrides the other variables, so they are not read with it. Without a database it is kubernetes.
    """
    source = next(name for name in LIBPQ if environ.get(name))
    if source == "PGSERVICE":
        return Endpoint(database="", parameters={"service": environ[source]}, source=source)
    try:
        hosts = pair_hosts(environ.get("PGHOST", ""), environ.get("PGPORT", ""))
    except UsageFailure as failure:
        raise UsageFailure(f"PGHOST, PGPORT: {failure.cause}", failure.next_step) from None
    user, database = environ.get("PGUSER", ""), environ.get("PGDATABASE") or DATABASE
    return Endpoint(database=database, user=user, hosts=hosts, source=source)
