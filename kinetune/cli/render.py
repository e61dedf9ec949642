"""`kinetune render`: files that bring up a database, Kine, K3s and what watches them."""

from __future__ import annotations

import typer

from kinetune.cli.render_options import (
    Address,
    BaseDir,
    CaFile,
    CertFile,
    Cpu,
    Endpoint,
    Folder,
    Force,
    Image,
    K3sTag,
    KeyFile,
    KindName,
    KineTag,
    KinetuneImage,
    Level,
    List,
    Listen,
    MaxConnections,
    Memory,
    Metrics,
    Name,
    Namespace,
    Nodes,
    Plain,
    Pool,
    Rf,
    Rtt,
    Schedule,
    Secure,
    Servers,
    SlowSql,
    Storage,
    WithK3s,
    WithKine,
    Zone,
)


def render(
    context: typer.Context,
    kind: KindName = None,
    list_: List = False,
    output: Folder = None,
    force: Force = False,
    nodes: Nodes = None,
    rf: Rf = None,
    name: Name = None,
    base_dir: BaseDir = None,
    secure: Secure = None,
    plain: Plain = None,
    image: Image = None,
    kinetune_image: KinetuneImage = None,
    endpoint: Endpoint = None,
    kine: KineTag = None,
    k3s: K3sTag = None,
    with_kine: WithKine = None,
    with_k3s: WithK3s = None,
    servers: Servers = None,
    max_connections: MaxConnections = None,
    pool: Pool = None,
    listen: Listen = None,
    metrics: Metrics = None,
    slow_sql: SlowSql = None,
    ca_file: CaFile = None,
    cert_file: CertFile = None,
    key_file: KeyFile = None,
    address: Address = None,
    namespace: Namespace = None,
    schedule: Schedule = None,
    storage: Storage = None,
    memory: Memory = None,
    cpu: Cpu = None,
    level: Level = None,
    zone: Zone = None,
    rtt: Rtt = None,
) -> None:
    """
    Write files that bring up a cluster: database, Kine, K3s, an application, monitoring.

    Nothing is started and nothing is asked of any server. Every value has a default; a password is never one of them.

    \b
    Examples:
      kinetune render                                    the kinds, each with its options
      kinetune render yugabyted > yugabyted.sh           three nodes in Docker
      kinetune render kine -o kine --servers 3
      kinetune render topology --level regions -o regions
    """
    from kinetune.cli.render_values import values_of
    from kinetune.commands.render_files import show, shown_kinds, write
    from kinetune.render.kinds import kind_named
    from kinetune.render.kinds import render as made

    if list_ or kind is None:
        typer.echo(shown_kinds(), nl=False)
        return
    wanted = kind_named(kind)
    files = made(wanted, values_of(context, wanted))
    if output is None:
        show(files)
    else:
        write(files, output, force=force)
