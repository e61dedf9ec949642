"""The options of `kinetune render`: one for each field of deploy's Values, with its default in its help."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from kinetune.cli.options import option
from kinetune.render.values import Values

_DEFAULTS = {field.name: field.default for field in fields(Values)}


def _value(name: str, metavar: str | None, words: str) -> Any:
    """An option without a default of its own: None says that nobody gave it."""
    default = _DEFAULTS[name]
    shown = f" [default: {default}]" if isinstance(default, str | int) and not isinstance(default, bool) else ""
    how: dict[str, Any] = {"metavar": metavar} if metavar else {}
    text = words + shown
    if name == "endpoint":  # KINETUNE_ENDPOINT is how this machine reaches the store, and may hold a password
        return typer.Option("--endpoint", help=text, show_default=False, **how)
    return option("--" + name.replace("_", "-"), help=text, show_default=False, **how)


KindName = Annotated[
    str | None, typer.Argument(metavar="[KIND]", show_default=False, help="What to make; without one, they are listed.")
]
List = Annotated[bool, option("--list", help="List the kinds, each with the options it reads.")]
Folder = Annotated[
    Path | None, option("--output", "-o", metavar="DIR", show_default=False, help="Write the files into DIR.")
]
Force = Annotated[bool, option("--force", help="Write into a folder that holds files; those of equal name go.")]

Nodes = Annotated[int | None, _value("nodes", "N", "Database nodes.")]
Rf = Annotated[int | None, _value("rf", "N", "Copies of each row: 1, 3, 5 or 7; three where nodes allow it.")]
Name = Annotated[str | None, _value("name", "NAME", "What containers, network and volumes begin with.")]
BaseDir = Annotated[str | None, _value("base_dir", "DIR", "Keep the data here rather than in Docker's volumes.")]
Secure = Annotated[bool | None, _value("secure", None, "Certificates between all, and a password.")]
Plain = Annotated[bool | None, _value("plain", None, "Without Docker: yugabyted on this machine.")]
Image = Annotated[str | None, _value("image", "IMAGE:TAG", "YugabyteDB's.")]
KinetuneImage = Annotated[str | None, _value("kinetune_image", "IMAGE:TAG", "kinetune's.")]
Endpoint = Annotated[
    str | None,
    _value("endpoint", "URL", "The store as Kine is to reach it, without a password; else that of the kind."),
]
KineTag = Annotated[str | None, _value("kine", "TAG", "The Kine release.")]
K3sTag = Annotated[str | None, _value("k3s", "TAG", "The K3s release.")]
WithKine = Annotated[bool | None, _value("with_kine", None, "Kine too.")]
WithK3s = Annotated[bool | None, _value("with_k3s", None, "K3s too, on Kine or on its own.")]
Servers = Annotated[int | None, _value("servers", "N", "Machines that run Kine or K3s.")]
MaxConnections = Annotated[int | None, _value("max_connections", "N", "What the database allows.")]
Pool = Annotated[int | None, _value("pool", "N", "Connections of each Kine; else its share, 20 at most.")]
Listen = Annotated[str | None, _value("listen", "HOST:PORT", "Where Kine speaks etcd.")]
Metrics = Annotated[str | None, _value("metrics", "HOST:PORT", "Where Kine shows its metrics.")]
SlowSql = Annotated[str | None, _value("slow_sql", "TIME", "Kine logs SQL that takes longer.")]
CaFile = Annotated[str | None, _value("ca_file", "FILE", "The database's authority; verifies its name too.")]
CertFile = Annotated[str | None, _value("cert_file", "FILE", "Kine's own certificate for the database.")]
KeyFile = Annotated[str | None, _value("key_file", "FILE", "Its key.")]
Address = Annotated[str | None, _value("address", "NAME", "The name in front of all K3s servers.")]
Namespace = Annotated[str | None, _value("namespace", "NAME", "Kubernetes' namespace of the database.")]
Schedule = Annotated[str | None, _value("schedule", "CRON", "When the store is checked, UTC.")]
Storage = Annotated[str | None, _value("storage", "SIZE", "Disk of each server.")]
Memory = Annotated[str | None, _value("memory", "SIZE", "Memory of each tserver.")]
Cpu = Annotated[str | None, _value("cpu", "N", "CPUs of each server.")]
Level = Annotated[str | None, _value("level", "LEVEL", "What copies are spread over: machine, zones or regions.")]
Zone = Annotated[
    list[str] | None, _value("zone", "CLOUD.REGION.ZONE", "A place for copies, the first beside Kine; repeat it.")
]
Rtt = Annotated[float | None, _value("rtt", "MS", "A round trip between places; else 0.1, 1 or 60 ms by the level.")]
