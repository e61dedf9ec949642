"""The options of `kinetune render`: one for each field of RenderValues, with its default in the help."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from kinetune.cli.options import option
from kinetune.render.kinds import KINDS
from kinetune.render.values import RenderValues, option_name

_DEFAULTS = {field.name: field.default for field in fields(RenderValues)}


def _value(name: str, metavar: str | None, help: str) -> Any:
    """An option without a typer default: None means that it was not given, and the kind's default holds."""
    default = _DEFAULTS[name]
    shown = f" [default: {default}]" if isinstance(default, str | int) and not isinstance(default, bool) else ""
    how: dict[str, Any] = {"metavar": metavar} if metavar else {}
    if name == "endpoint":  # KINETUNE_ENDPOINT is how this machine reaches the store, and may contain a password
        return typer.Option("--endpoint", help=help + shown, show_default=False, **how)
    return option(option_name(name), help=help + shown, show_default=False, **how)


KindName = Annotated[
    str | None,
    typer.Argument(
        metavar="[KIND]",
        show_default=False,
        help=f"Kind of files: {', '.join(kind.name for kind in KINDS)}. Without one, kinds are listed.",
    ),
]
List = Annotated[bool, option("--list", help="List the kinds with the options of each.")]
OutputDir = Annotated[
    Path | None, option("--output-dir", "-o", metavar="DIR", show_default=False, help="Write the files into DIR.")
]
Force = Annotated[
    bool, option("--force", help="Write into a folder that holds files, and replace files of equal name.")
]

Nodes = Annotated[int | None, _value("nodes", "N", "Number of database nodes.")]
Rf = Annotated[int | None, _value("rf", "N", "Copies of each row: 1, 3, 5 or 7. Default: 3, or 1 on a single node.")]
Name = Annotated[str | None, _value("name", "NAME", "Prefix of the names of containers, network and volumes.")]
BaseDir = Annotated[str | None, _value("base_dir", "DIR", "Keep the data in DIR instead of Docker volumes.")]
Secure = Annotated[bool | None, _value("secure", None, "Use certificates between all nodes, and a password.")]
Plain = Annotated[bool | None, _value("plain", None, "Run yugabyted on this machine without Docker.")]
Image = Annotated[str | None, _value("image", "IMAGE:TAG", "Image of YugabyteDB.")]
KinetuneImage = Annotated[str | None, _value("kinetune_image", "IMAGE:TAG", "Image of kinetune.")]
Endpoint = Annotated[
    str | None,
    _value("endpoint", "ENDPOINT", "Endpoint of the database for Kine, without a password. Default: that of the kind."),
]
KineTag = Annotated[str | None, _value("kine", "TAG", "Kine release.")]
K3sTag = Annotated[str | None, _value("k3s", "TAG", "K3s release.")]
WithKine = Annotated[bool | None, _value("with_kine", None, "Add Kine.")]
WithK3s = Annotated[bool | None, _value("with_k3s", None, "Add K3s, which uses Kine of --with-kine or its own.")]
Servers = Annotated[int | None, _value("servers", "N", "Number of machines that run Kine or K3s.")]
MaxConnections = Annotated[int | None, _value("max_connections", "N", "Connections that the database allows.")]
Pool = Annotated[int | None, _value("pool", "N", "Connections of each Kine. Default: its share, at most 20.")]
Listen = Annotated[str | None, _value("listen", "HOST:PORT", "Address of Kine's etcd API.")]
MetricsBindAddress = Annotated[str | None, _value("metrics_bind_address", "HOST:PORT", "Address of Kine's metrics.")]
SlowSql = Annotated[str | None, _value("slow_sql", "TIME", "Log SQL statements of Kine that take longer than TIME.")]
CaFile = Annotated[
    str | None, _value("ca_file", "FILE", "Certificate of the authority of the database; host names are verified.")
]
CertFile = Annotated[str | None, _value("cert_file", "FILE", "Client certificate of Kine for the database.")]
KeyFile = Annotated[str | None, _value("key_file", "FILE", "Key of the client certificate.")]
Address = Annotated[
    str | None, _value("address", "NAME", "Host name or address of the load balancer of all K3s servers.")
]
Namespace = Annotated[str | None, _value("namespace", "NAME", "Kubernetes namespace of the database.")]
Schedule = Annotated[str | None, _value("schedule", "CRON", "Schedule of the check of the store, in UTC.")]
Storage = Annotated[str | None, _value("storage", "SIZE", "Disk of each server.")]
Memory = Annotated[str | None, _value("memory", "SIZE", "Memory of each tserver.")]
Cpu = Annotated[str | None, _value("cpu", "N", "CPUs of each server.")]
Level = Annotated[str | None, _value("level", "LEVEL", "What separates the copies: machine, zones or regions.")]
Placement = Annotated[
    list[str] | None,
    _value("placement", "CLOUD.REGION.ZONE", "Place for copies, the first one is where Kine runs. Repeatable."),
]
Rtt = Annotated[
    str | None,
    _value("rtt", "TIME", "Round trip between places, such as 25ms. Default: 0.1ms, 1ms or 60ms by --level."),
]
