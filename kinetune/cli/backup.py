"""`kinetune backup`: copy any store to one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kinetune.cli.options import Format, K3sConfig, Output, require_outputs, write_outputs
from kinetune.cli.source_options import CaFile, CertFile, KeyFile, read_etcd_access, resolve_source

File = Annotated[
    Path, typer.Argument(metavar="FILE", help="New file for kinetune restore; for .dump and .sql pg_dump writes it.")
]
SourceArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[SOURCE]",
        show_default=False,
        help="Store to copy: an endpoint (postgres://…), sqlite:PATH, mysql://…, etcd://HOST:2379, etcd-snapshot:FILE "
        "or archive:FILE. Default: the endpoint of the environment.",
    ),
]


def backup(
    file: File,
    source: SourceArgument = None,
    ca_file: CaFile = None,
    cert_file: CertFile = None,
    key_file: KeyFile = None,
    k3s_config: K3sConfig = None,
    format: Format = "text",
    output: Output = None,
) -> None:
    """
    Copy a Kine store or an etcd to one file, at one moment, while it is in use.

    The file is compressed, has a checksum and is read again before it gets its name. It holds every value of the
    cluster, including Secrets; only its owner can read it. `kinetune restore` puts it into PostgreSQL or YugabyteDB
    with all revisions; a backup of etcd has the newest revision of each key.

    \b
    Examples:
      kinetune backup kubernetes.kinetune postgres://kine@db/kubernetes
      kinetune backup k3s.kinetune sqlite:/var/lib/rancher/k3s/server/db/state.db
      kinetune backup etcd.kinetune etcd-snapshot:/var/backups/etcd.snap
    """
    from kinetune.cli.progress import StderrObserver
    from kinetune.commands.backup import run_backup
    from kinetune.views.backup import build_report

    require_outputs(format, output, file)
    address = resolve_source(source, k3s_config, read_etcd_access(ca_file, cert_file, key_file))
    write_outputs(build_report(run_backup(address, file, "backup", StderrObserver())), format, output)
