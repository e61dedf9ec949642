"""`kinetune embedded`: the private servers behind the endpoint embedded[:NAME]."""

from __future__ import annotations

from typing import Annotated

import typer

from kinetune.cli.options import option

app = typer.Typer(help="Private PostgreSQL servers: embedded[:NAME].", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="[NAME]", help="Its name; plain `embedded` is called default.")]


@app.command("list")
def list_() -> None:
    """Show the name of each, and whether it runs."""
    from kinetune.database import embedded

    for name, runs in embedded.known().items():
        typer.echo(f"{name}\t{'running' if runs else 'stopped'}")


@app.command()
def start(name: Name = "default") -> None:
    """Start it where it does not run, and show its endpoint."""
    from kinetune.database import embedded

    typer.echo(str(embedded.start(name)))


@app.command()
def stop(name: Name = "default") -> None:
    """Stop it; its data stays, and the next use starts it again."""
    from kinetune.database import embedded

    typer.echo(f"embedded:{name} is stopped" if embedded.stop(name) else f"embedded:{name} was not running")


@app.command()
def remove(
    name: Name = "default",
    yes: Annotated[bool, option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Stop it and delete its data."""
    import sys

    from kinetune.cli.options import agreed
    from kinetune.database import embedded
    from kinetune.model.failure import Refused

    if not yes and not sys.stdin.isatty():
        raise Refused("nothing was removed: there is no terminal to ask on", "add --yes")
    if not yes and not agreed(f"Delete embedded:{name} with all its data?"):
        raise Refused("nothing was removed", "it goes on as it was")
    typer.echo(f"embedded:{name} is removed" if embedded.remove(name) else f"there is no embedded:{name}")
