"""argv in, exit status out. Commands import what they need when they run: --help starts without psycopg and rich."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer
from typer._click.exceptions import ClickException  # typer ships click under this name; bounds in pyproject.toml

from kinetune import __version__
from kinetune.cli import demo, embedded, explain, init
from kinetune.cli.settings import defaults
from kinetune.model.failure import Exit, Failure

CLOSED_PIPE = 141
"""What a shell reports for a program ended by SIGPIPE: the reader of our output went away."""

app = typer.Typer(
    name="kinetune",
    help="Prepare, explain and guard the SQL store behind Kine, on YugabyteDB and PostgreSQL.",
    epilog="First steps: kinetune demo, then kinetune init --dry-run postgres://user@host/kubernetes",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"kinetune {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", envvar="KINETUNE_DEBUG", help="Show each statement sent, and the trace of an error."),
    ] = False,
) -> None:
    if debug:
        import logging

        os.environ["KINETUNE_DEBUG"] = "1"
        logging.basicConfig(stream=sys.stderr, format="%(message)s")
        logging.getLogger("kinetune").setLevel(logging.DEBUG)


app.command("init")(init.init)
app.command("explain")(explain.explain)
app.command("demo")(demo.demo)
app.add_typer(embedded.app, name="embedded")


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """The exit status of one call. An error is one line on stderr; with --debug its trace follows."""
    try:
        status = app(list(arguments), prog_name="kinetune", standalone_mode=False, default_map=defaults())
        sys.stdout.flush()
        return int(status or 0)
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # else Python flushes into the closed pipe at exit
        return CLOSED_PIPE
    except KeyboardInterrupt:
        return _told("interrupted; what was finished is kept, run again to go on", Exit.INTERRUPTED)
    except typer.Abort:
        return _told("nothing was changed", Exit.REFUSED)
    except Failure as failure:
        return _told(str(failure), failure.exit)
    except ClickException as error:
        return _told(f"{error.format_message().rstrip('.')}; kinetune --help shows what there is", Exit.USAGE)
    except Exception as error:  # a fault of ours: still one line, still a defined status
        return _told(f"unexpected {type(error).__name__}; run again with --debug and report what it shows", Exit.BLIND)


def _told(line: str, status: int) -> int:
    if os.environ.get("KINETUNE_DEBUG"):
        traceback.print_exc()
    print(f"kinetune: {' '.join(line.split())}", file=sys.stderr)  # noqa: T201 - the one place that speaks of errors
    return int(status)
