"""`kinetune render`: configuration files for a database, Kine, K3s and monitoring."""

from __future__ import annotations

import sys
import textwrap
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kinetune.cli import render_options as options
from kinetune.cli.options import confirm
from kinetune.model.failure import Refused

if TYPE_CHECKING:
    from kinetune.render.kinds import RenderedFile


def render(
    context: typer.Context,
    kind: options.KindName = None,
    list_: options.List = False,
    output_dir: options.OutputDir = None,
    force: options.Force = False,
    nodes: options.Nodes = None,
    rf: options.Rf = None,
    name: options.Name = None,
    base_dir: options.BaseDir = None,
    secure: options.Secure = None,
    plain: options.Plain = None,
    image: options.Image = None,
    kinetune_image: options.KinetuneImage = None,
    endpoint: options.Endpoint = None,
    kine: options.KineTag = None,
    k3s: options.K3sTag = None,
    with_kine: options.WithKine = None,
    with_k3s: options.WithK3s = None,
    servers: options.Servers = None,
    max_connections: options.MaxConnections = None,
    pool: options.Pool = None,
    listen: options.Listen = None,
    metrics_bind_address: options.MetricsBindAddress = None,
    slow_sql: options.SlowSql = None,
    ca_file: options.CaFile = None,
    cert_file: options.CertFile = None,
    key_file: options.KeyFile = None,
    address: options.Address = None,
    namespace: options.Namespace = None,
    schedule: options.Schedule = None,
    storage: options.Storage = None,
    memory: options.Memory = None,
    cpu: options.Cpu = None,
    level: options.Level = None,
    placement: options.Placement = None,
    rtt: options.Rtt = None,
) -> None:
    """
    Write configuration files for a cluster: database, Kine, K3s, a sample application, monitoring.

    Nothing is started and no server is contacted. Every value has a default, except passwords, which no file contains.

    \b
    Examples:
      kinetune render                                    list the kinds and their options
      kinetune render yugabyted > yugabyted.sh           three nodes in Docker
      kinetune render kine -o kine --servers 3
      kinetune render topology --level regions -o regions
    """
    from kinetune.cli.render_values import read_values
    from kinetune.commands.render_files import write_files
    from kinetune.render.kinds import find_kind, render_files

    if list_ or kind is None:
        typer.echo(_describe_kinds(), nl=False)
        return
    wanted = find_kind(kind)
    files = render_files(wanted, read_values(context, wanted))
    if output_dir is None:
        _print_files(files)
        return
    write_files(files, output_dir, None if force else partial(_require_permission, output_dir, len(files)))
    for file in files:
        typer.echo(f"wrote {output_dir / file.path}", err=True)


def _describe_kinds() -> str:
    """A line for each kind and its options below it."""
    from kinetune.render.kinds import KINDS
    from kinetune.render.values import option_name

    width = max(len(kind.name) for kind in KINDS) + 2
    lines = []
    for kind in KINDS:
        lines.append(f"{kind.name:{width}}{kind.summary}")
        names = " ".join(map(option_name, kind.uses))
        lines += textwrap.wrap(
            names, 96, initial_indent=" " * width, subsequent_indent=" " * width, break_on_hyphens=False
        )
    return "\n".join([*lines, "", "Options are described by: kinetune render --help"]) + "\n"


def _print_files(files: tuple[RenderedFile, ...]) -> None:
    """A single file as it is; several one after the other, each below a comment with its path."""
    for number, file in enumerate(files):
        if len(files) > 1:
            sys.stdout.write("\n" * (number > 0) + f"# ---- {file.path} ----\n")
        sys.stdout.write(file.text)


def _require_permission(folder: Path, count: int, replaced: list[str]) -> None:
    """Ask on a terminal whether files may be written into a folder that is not empty; Refused without one."""
    effect = f"{', '.join(replaced)} would be replaced" if replaced else "none of them would be replaced"
    if not sys.stdin.isatty():
        raise Refused(f"{folder} holds files; {effect}", "name another folder, or allow it with --force")
    if not confirm(f"{folder} holds files; {effect}. Write {count} files into it?"):
        raise typer.Abort
