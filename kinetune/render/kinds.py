"""What `kinetune render` can make: the list of kinds, and the function that renders one."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from kinetune import __version__
from kinetune.model.failure import UsageFailure
from kinetune.render import cluster, kine_settings, placement
from kinetune.render.values import RenderValues, option_name
from kinetune.rendering import render_template
from kinetune.servers import images


@dataclass(frozen=True)
class RenderedFile:
    """One file; `path` is relative to the output folder."""

    path: str
    text: str
    executable: bool = False


@dataclass(frozen=True)
class TemplateFile:
    """A file before it is rendered: templates/deploy/<template>, and its values beside RenderValues."""

    path: str
    template: str
    more: Mapping[str, Any]
    executable: bool = False


@dataclass(frozen=True)
class RenderKind:
    """`summary` says in one line what it is; `uses` are the fields of RenderValues that it reads."""

    name: str
    summary: str
    uses: tuple[str, ...]
    files: Callable[[RenderValues], tuple[TemplateFile, ...]]


def _yugabyted_files(values: RenderValues) -> tuple[TemplateFile, ...]:
    template = "yugabyted-plain.sh" if values.plain else "yugabyted.sh"
    return (TemplateFile("yugabyted.sh", template, {"nodes": cluster.cluster_nodes(values)}, executable=True),)


def _compose_files(values: RenderValues) -> tuple[TemplateFile, ...]:
    more = {"nodes": cluster.cluster_nodes(values), "inside": cluster.container_endpoint(values), "images": images}
    return (TemplateFile("docker-compose.yml", "docker-compose.yml", more),)


def _helm_files(values: RenderValues) -> tuple[TemplateFile, ...]:
    more = {"store": cluster.kubernetes_endpoint(values), "ignored": cluster.ignored_rules(values)}
    names = ("values.yaml", "init-job.yaml", "check-cronjob.yaml")
    return tuple(TemplateFile(name, f"helm-{name}", more) for name in names)


def _kine_files(values: RenderValues) -> tuple[TemplateFile, ...]:
    more = {
        "settings": kine_settings.kine_settings(values),
        "flags": kine_settings.kine_flags(values),
        "image": images.kine_image(values.kine),
        "loopback": kine_settings.is_local_database(values),
    }
    return (
        TemplateFile("kine.service", "kine.service", more),
        TemplateFile("kine.env", "kine.env", more),
        TemplateFile("kine-docker.sh", "kine-docker.sh", more, executable=True),
    )


def _k3s_files(values: RenderValues) -> tuple[TemplateFile, ...]:
    def server(number: int) -> TemplateFile:
        more = {
            "number": number,
            "store": kine_settings.rotate_hosts(values, number - 1),
            "loopback": kine_settings.is_local_database(values),
        }
        return TemplateFile(f"server-{number}.yaml", "k3s-server.yaml", more)

    servers = map(server, range(1, values.servers + 1))
    return (*servers, TemplateFile("install.sh", "k3s-install.sh", {}, executable=True))


def _kube_apiserver_files(_: RenderValues) -> tuple[TemplateFile, ...]:
    return (TemplateFile("kube-apiserver.flags", "kube-apiserver.flags", {}),)


def _topology_files(values: RenderValues) -> tuple[TemplateFile, ...]:
    places = placement.placement_zones(values)
    masters = (f"yb-master-0.yb-masters.{place.namespace}.svc.cluster.local:7100" for place in places[: values.copies])
    more: dict[str, Any] = {
        "places": places,
        "constraint": placement.constraint_value(places),
        "tolerance": placement.TOLERANCE[values.level],
        "survives": placement.SURVIVES[values.level],
        "costs": placement.write_costs(values),
        "masters": ",".join(masters),
    }
    helm = tuple(TemplateFile(f"helm/{p.label}.yaml", "topology-helm.yaml", more | {"place": p}) for p in places)
    return (
        TemplateFile("topology.md", "topology.md", more),
        TemplateFile("yugabyted.sh", "topology-yugabyted.sh", more, executable=True),
        *(() if values.level == "machine" else (*helm, TemplateFile("helm/place.sh", "topology-place.sh", more, True))),
    )


def _app_files(_: RenderValues) -> tuple[TemplateFile, ...]:
    return (TemplateFile("emojivoto.yaml", "emojivoto.yaml", {"image": images.EMOJIVOTO}),)


def _monitoring_files(values: RenderValues) -> tuple[TemplateFile, ...]:
    hosts = tuple(host for host, _ in values.parsed_endpoint.hosts)
    names = ("prometheus.yml", "alerts.yml", "kine-dashboard.json")
    return tuple(TemplateFile(name, f"monitoring-{name}", {"hosts": hosts}) for name in names)


def _walkthrough_files(values: RenderValues) -> tuple[TemplateFile, ...]:
    options = format_call(find_kind("yugabyted"), values).removeprefix("kinetune render yugabyted")
    return (
        TemplateFile("walkthrough.md", "walkthrough.md", {"nodes": cluster.cluster_nodes(values), "options": options}),
    )


TLS = ("ca_file", "cert_file", "key_file")
POOL = ("max_connections", "pool")
KINDS: tuple[RenderKind, ...] = (
    RenderKind(
        "yugabyted",
        "YugabyteDB on one machine: a shell script, with Docker or without it (--plain)",
        ("nodes", "rf", "name", "base_dir", "secure", "plain", "image"),
        _yugabyted_files,
    ),
    RenderKind(
        "compose",
        "YugabyteDB as docker-compose.yml, prepared by kinetune; --with-kine, --with-k3s",
        ("nodes", "rf", "name", "image", "kinetune_image", "kine", "k3s", "with_kine", "with_k3s", *POOL, "slow_sql"),
        _compose_files,
    ),
    RenderKind(
        "helm",
        "Values for YugabyteDB's chart, a Job that prepares the store, a CronJob that checks it",
        (
            *("nodes", "rf", "namespace", "image", "kinetune_image", "storage", "memory", "cpu"),
            *("secure", "endpoint", "kine", "schedule"),
        ),
        _helm_files,
    ),
    RenderKind(
        "kine",
        "Kine as a systemd unit with its environment file, and as a docker run command",
        ("endpoint", "kine", "servers", *POOL, "listen", "metrics_bind_address", "slow_sql", *TLS),
        _kine_files,
    ),
    RenderKind(
        "k3s",
        "stock K3s on the store: a config.yaml for each server, and an installation script",
        ("endpoint", "k3s", "servers", "address", *TLS),
        _k3s_files,
    ),
    RenderKind("kube-apiserver", "flags of kube-apiserver for Kubernetes on Kine", ("listen",), _kube_apiserver_files),
    RenderKind(
        "topology",
        "a cluster across machines, zones or regions (--level): placement, leaders, write latency",
        ("level", "placement", "rtt", "nodes", "rf", "base_dir", "secure", "image", "storage", "memory", "cpu"),
        _topology_files,
    ),
    RenderKind("app", "emojivoto, the sample application, as plain manifests", (), _app_files),
    RenderKind(
        "monitoring",
        "Prometheus configuration and alert rules, and a Grafana dashboard",
        ("endpoint", "metrics_bind_address"),
        _monitoring_files,
    ),
    RenderKind(
        "walkthrough",
        "a walkthrough in one page: from an empty machine to emojivoto",
        ("nodes", "rf", "name", "k3s"),
        _walkthrough_files,
    ),
)


def find_kind(name: str) -> RenderKind:
    """UsageFailure for an unknown name lists all kinds."""
    for kind in KINDS:
        if kind.name == name:
            return kind
    known = ", ".join(kind.name for kind in KINDS)
    raise UsageFailure(f"{name!r} is not a kind of file to render", f"use one of {known}")


def format_call(kind: RenderKind, values: RenderValues) -> str:
    """The shell command that renders these files: every option that differs from its default."""
    words = ["kinetune", "render", kind.name]
    for field in fields(values):
        value = getattr(values, field.name)
        if field.name in kind.uses and value != field.default:
            words += _option_words(option_name(field.name), value)
    return shlex.join(words)


def render_files(kind: RenderKind, values: RenderValues) -> tuple[RenderedFile, ...]:
    """The files of a kind. The first lines of each name the version and the call that made it."""
    common = {"v": values, "made": f"Made by kinetune {__version__}: {format_call(kind, values)}"}
    return tuple(
        RenderedFile(file.path, render_template(f"deploy/{file.template}", **common, **file.more), file.executable)
        for file in kind.files(values)
    )


def _option_words(option: str, value: object) -> list[str]:
    if value is True:
        return [option]
    values = value if isinstance(value, tuple) else (value,)
    return [word for one in values for word in (option, str(one))]
