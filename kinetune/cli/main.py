"""argv in, exit status out. Commands import what they need when they run: --help starts without psycopg and rich."""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer
from typer._click.exceptions import (  # typer ships click under this name; bounds in pyproject.toml
    BadParameter,
    ClickException,
    NoArgsIsHelpError,
    UsageError,
)

from kinetune import __version__
from kinetune.cli import (
    analyze,
    check,
    demo,
    drop,
    embedded,
    explain,
    hotspots,
    init,
    render,
    restore,
    rule,
    server,
)
from kinetune.cli.options import EVERY_OPTION, option
from kinetune.cli.settings import defaults
from kinetune.model.failure import Exit, Failure

CLOSED_PIPE = 141
"""What a shell reports for a program ended by SIGPIPE: the reader of our output went away."""
GO_ON = frozenset(("init", "analyze", "drop", "restore"))
"""Commands that change the store; what is run again after an interruption has no meaning for the others."""
PLAINER = {
    "a valid int range": "a whole number",
    "a valid float range": "a number",
    "not in the range x>=": "less than ",
}
"""What click says, and what it means."""
HELP = {"--help", "-h", "--version"}
_debug = False

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
    debug: Annotated[bool, option("--debug", help="Show each statement sent, and the trace of an error.")] = False,
) -> None:
    global _debug
    _debug = debug
    if debug:
        import logging

        logging.basicConfig(stream=sys.stderr, format="%(message)s")
        logging.getLogger("kinetune").setLevel(logging.DEBUG)


app.command("init", epilog=EVERY_OPTION)(init.init)
app.command("explain", epilog=EVERY_OPTION)(explain.explain)
app.command("hotspots", epilog=EVERY_OPTION)(hotspots.hotspots)
app.command("check", epilog=EVERY_OPTION)(check.check)
app.command("rule", epilog=EVERY_OPTION)(rule.rule)
app.command("server", epilog=EVERY_OPTION)(server.server)
app.command("analyze", epilog=EVERY_OPTION)(analyze.analyze)
app.command("render", epilog=EVERY_OPTION)(render.render)
app.command("drop", epilog=EVERY_OPTION)(drop.drop)
app.command("restore", epilog=EVERY_OPTION)(restore.restore)
app.command("demo", epilog=EVERY_OPTION)(demo.demo)
app.add_typer(embedded.app, name="embedded")


def main() -> None:
    """The console script. SIGTERM and a closed terminal end it as Ctrl-C does: the server's work is cancelled too."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup's stays
            signal.signal(number, signal.default_int_handler)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """The exit status of one call. An error is one line on stderr; with --debug its trace follows."""
    try:
        program = typer.main.get_command(app)
        settings = {} if HELP & set(arguments) else defaults(program)  # help comes whatever the configuration says
        status = program.main(list(arguments), prog_name="kinetune", standalone_mode=False, default_map=settings)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit) as error:  # typer turns the first into the second
        return _unread(error)
    except KeyboardInterrupt:
        return _interrupted(arguments)
    except typer.Abort:
        return _told("nothing was changed", Exit.REFUSED)
    except Failure as failure:
        return _told(str(failure), failure.exit)
    except ClickException as error:
        return _misused(error)
    except Exception as error:
        return _unforeseen(error)
    return _interrupted(arguments) if status == Exit.INTERRUPTED else int(status or 0)  # typer's Ctrl-C


def _interrupted(arguments: Sequence[str]) -> int:
    again = "; run it again and it goes on from what is there" if GO_ON & set(arguments) else ""
    return _told(f"interrupted{again}", Exit.INTERRUPTED)


def _unread(error: BaseException) -> int:
    if isinstance(error, SystemExit) and not isinstance(error.__context__, BrokenPipeError):
        raise error
    _silence()
    return CLOSED_PIPE


def _silence() -> None:
    """Else Python flushes into the closed pipe, or onto the full disk, once more at its exit, and complains."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _misused(error: ClickException) -> int:
    """A call without a command gets the help itself; a wrong one a line that names the command's help."""
    if isinstance(error, NoArgsIsHelpError):
        typer.echo(error.format_message(), err=True)
        return int(Exit.USAGE)
    context = error.ctx if isinstance(error, UsageError) else None
    line = _source(error) + error.format_message().rstrip(".")
    for click, plain in PLAINER.items():
        line = line.replace(click, plain)
    return _told(f"{line}; {context.command_path if context else 'kinetune'} --help shows what there is", Exit.USAGE)


def _source(error: ClickException) -> str:
    """Who gave the value, where it was not the command line."""
    if not isinstance(error, BadParameter) or error.ctx is None or error.param is None:
        return ""
    source = error.ctx.get_parameter_source(error.param.name or "")
    named = {"ENVIRONMENT": f"{error.param.envvar}: ", "DEFAULT_MAP": "configuration: "}
    return named.get(source.name, "") if source else ""


def _unforeseen(error: Exception) -> int:
    """A fault of ours, of a file or of standard output: still one line, still a defined status."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EDQUOT):
        _silence()
        return _told(f"cannot write {error.filename or 'the output'}: {error.strerror}; free some space", Exit.USAGE)
    if isinstance(error, OSError) and error.filename:
        return _told(f"cannot use {error.filename}: {error.strerror}; name another, or see to its rights", Exit.USAGE)
    return _told(f"unexpected {type(error).__name__}; run again with --debug and report what it shows", Exit.BLIND)


def _told(line: str, status: int) -> int:
    if _debug:
        traceback.print_exc()
    print(f"kinetune: {' '.join(line.split())}", file=sys.stderr)  # noqa: T201 - the one place that speaks of errors
    return int(status)
