"""What `kinetune render` can make: the only list, and the one function that makes it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from kinetune import __version__
from kinetune.model.failure import UsageFailure
from kinetune.rendering import render as fill
from kinetune.render import cluster, kine, placement
from kinetune.render.values import Values, option
from kinetune.servers import images


@dataclass(frozen=True)
class File:
    """One file, its path below the folder it goes into."""

    path: str
    text: str
    executable: bool = False


@dataclass(frozen=True)
class Sheet:
    """A file to be: templates/deploy/<template>, and what it is told beside the values."""

    path: str
    template: str
    more: Mapping[str, Any]
    executable: bool = False


@dataclass(frozen=True)
class Kind:
    """`words` say in a line what it is for; `uses` are the options that it reads."""

    name: str
    words: str
    uses: tuple[str, ...]
    sheets: Callable[[Values], tuple[Sheet, ...]]


def _yugabyted(values: Values) -> tuple[Sheet, ...]:
    template = "yugabyted-plain.sh" if values.plain else "yugabyted.sh"
    return (Sheet("yugabyted.sh", template, {"nodes": cluster.nodes(values)}, executable=True),)


def _compose(values: Values) -> tuple[Sheet, ...]:
    more = {"nodes": cluster.nodes(values), "inside": cluster.inside(values), "images": images}
    return (Sheet("docker-compose.yml", "docker-compose.yml", more),)


def _helm(values: Values) -> tuple[Sheet, ...]:
    more = {"store": cluster.in_kubernetes(values), "ignored": cluster.ignored(values)}
    names = ("values.yaml", "init-job.yaml", "check-cronjob.yaml")
    return tuple(Sheet(name, f"helm-{name}", more) for name in names)


def _kine(values: Values) -> tuple[Sheet, ...]:
    more = {
        "settings": kine.settings(values),
        "flags": kine.flags(values),
        "image": images.kine_image(values.kine),
        "loopback": kine.at_home(values),
    }
    return (
        Sheet("kine.service", "kine.service", more),
        Sheet("kine.env", "kine.env", more),
        Sheet("kine-docker.sh", "kine-docker.sh", more, executable=True),
    )


def _k3s(values: Values) -> tuple[Sheet, ...]:
    def server(number: int) -> Sheet:
        more = {"number": number, "store": kine.rotated(values, number - 1), "loopback": kine.at_home(values)}
        return Sheet(f"server-{number}.yaml", "k3s-server.yaml", more)

    servers = map(server, range(1, values.servers + 1))
    return (*servers, Sheet("install.sh", "k3s-install.sh", {}, executable=True))


def _kube_apiserver(_: Values) -> tuple[Sheet, ...]:
    return (Sheet("kube-apiserver.flags", "kube-apiserver.flags", {}),)


def _topology(values: Values) -> tuple[Sheet, ...]:
    places = placement.zones(values)
    masters = (f"yb-master-0.yb-masters.{place.namespace}.svc.cluster.local:7100" for place in places[: values.copies])
    more: dict[str, Any] = {
        "places": places,
        "constraint": placement.constraint(places),
        "tolerance": placement.TOLERANCE[values.level],
        "survives": placement.SURVIVES[values.level],
        "costs": placement.costs(values),
        "masters": ",".join(masters),
    }
    helm = tuple(Sheet(f"helm/{p.label}.yaml", "topology-helm.yaml", more | {"place": p}) for p in places)
    return (
        Sheet("topology.md", "topology.md", more),
        Sheet("yugabyted.sh", "topology-yugabyted.sh", more, executable=True),
        *(() if values.level == "machine" else (*helm, Sheet("helm/place.sh", "topology-place.sh", more, True))),
    )


def _app(_: Values) -> tuple[Sheet, ...]:
    return (Sheet("emojivoto.yaml", "emojivoto.yaml", {"image": images.EMOJIVOTO}),)


def _monitoring(values: Values) -> tuple[Sheet, ...]:
    hosts = tuple(host for host, _ in values.place.hosts)
    names = ("prometheus.yml", "alerts.yml", "kine-dashboard.json")
    return tuple(Sheet(name, f"monitoring-{name}", {"hosts": hosts}) for name in names)


def _walkthrough(values: Values) -> tuple[Sheet, ...]:
    options = call(kind_named("yugabyted"), values).removeprefix("kinetune render yugabyted")
    return (Sheet("walkthrough.md", "walkthrough.md", {"nodes": cluster.nodes(values), "options": options}),)


TLS = ("ca_file", "cert_file", "key_file")
POOL = ("max_connections", "pool")
KINDS: tuple[Kind, ...] = (
    Kind(
        "yugabyted",
        "YugabyteDB on one machine: a shell script, in Docker or (--plain) without",
        ("nodes", "rf", "name", "base_dir", "secure", "plain", "image"),
        _yugabyted,
    ),
    Kind(
        "compose",
        "the same as docker-compose.yml, prepared by kinetune; --with-kine, --with-k3s",
        ("nodes", "rf", "name", "image", "kinetune_image", "kine", "k3s", "with_kine", "with_k3s", *POOL, "slow_sql"),
        _compose,
    ),
    Kind(
        "helm",
        "YugabyteDB's chart: values, a Job that prepares the store, a CronJob that checks it",
        (
            *("nodes", "rf", "namespace", "image", "kinetune_image", "storage", "memory", "cpu"),
            *("secure", "endpoint", "kine", "schedule"),
        ),
        _helm,
    ),
    Kind(
        "kine",
        "Kine as a systemd unit with its environment, and as a docker run line",
        ("endpoint", "kine", "servers", *POOL, "listen", "metrics", "slow_sql", *TLS),
        _kine,
    ),
    Kind(
        "k3s",
        "stock K3s on the store: a config.yaml for each server, and their installation",
        ("endpoint", "k3s", "servers", "address", *TLS),
        _k3s,
    ),
    Kind("kube-apiserver", "plain Kubernetes on Kine: kube-apiserver's flags", ("listen",), _kube_apiserver),
    Kind(
        "topology",
        "one machine, three zones, three regions (--level): placement, leaders, latency of a write",
        ("level", "zone", "rtt", "nodes", "rf", "base_dir", "secure", "image", "storage", "memory", "cpu"),
        _topology,
    ),
    Kind("app", "emojivoto, the sample application, as plain manifests", (), _app),
    Kind(
        "monitoring",
        "Prometheus' configuration and alert rules, a Grafana dashboard",
        ("endpoint", "metrics"),
        _monitoring,
    ),
    Kind(
        "walkthrough",
        "the whole way in one page: from an empty machine to emojivoto",
        ("nodes", "rf", "name", "k3s"),
        _walkthrough,
    ),
)


def kind_named(name: str) -> Kind:
    """The kind of that name; UsageFailure lists the others."""
    for kind in KINDS:
        if kind.name == name:
            return kind
    known = ", ".join(kind.name for kind in KINDS)
    raise UsageFailure(f"no kind is called {name!r}", f"choose {known}")


def call(kind: Kind, values: Values) -> str:
    """The call that makes these files, as a shell takes it: every option that is no default."""
    words = ["kinetune", "render", kind.name]
    for one in fields(values):
        value = getattr(values, one.name)
        if one.name in kind.uses and value != one.default:
            words += _words(one.name, value)
    return shlex.join(words)


def render(kind: Kind, values: Values) -> tuple[File, ...]:
    """The kind's files. Each says in its first lines which call of which version made it."""
    told = {"v": values, "made": f"Made by kinetune {__version__}: {call(kind, values)}"}
    return tuple(
        File(sheet.path, fill(f"deploy/{sheet.template}", **told, **sheet.more), sheet.executable)
        for sheet in kind.sheets(values)
    )


def _words(name: str, value: object) -> list[str]:
    if value is True:
        return [option(name)]
    if isinstance(value, tuple):
        return [word for one in value for word in (option(name), str(one))]
    return [option(name), f"{value:g}" if isinstance(value, float) else str(value)]
