"""`kinetune embedded`: manage the private servers behind the endpoint embedded[:NAME]."""

from __future__ import annotations

from typing import Annotated

import typer

from kinetune.cli.options import Yes

app = typer.Typer(
    help="Manage private PostgreSQL servers: embedded[:NAME].",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
Name = Annotated[str, typer.Argument(metavar="[NAME]", help="Name of the server; `embedded` alone is called default.")]


@app.command("list")
def list_servers() -> None:
    """List the servers and whether they are running."""
    from kinetune.database import embedded

    servers = embedded.list_servers()
    if not servers:
        typer.echo("no embedded server", err=True)
    for name, runs in servers.items():
        typer.echo(f"{name}\t{'running' if runs else 'stopped'}")


@app.command()
def start(name: Name = "default") -> None:
    """Start a server unless it is running, and show its endpoint."""
    from kinetune.database import embedded

    typer.echo(str(embedded.start_server(name)))


@app.command()
def stop(name: Name = "default") -> None:
    """Stop a server. Its data is kept, and the next use starts it again."""
    from kinetune.database import embedded

    typer.echo(f"embedded:{name} is stopped" if embedded.stop_server(name) else f"embedded:{name} was not running")


@app.command()
def remove(name: Name = "default", yes: Yes = False) -> None:
    """Stop a server and delete its data."""
    from kinetune.cli.change import require_confirmation
    from kinetune.commands.change import Question
    from kinetune.database import embedded

    if embedded.server_exists(name):
        require_confirmation(Question(f"Delete embedded:{name} with all its data?", "--yes"), "yes" if yes else None)
    typer.echo(f"embedded:{name} is removed" if embedded.remove_server(name) else f"embedded:{name} does not exist")
