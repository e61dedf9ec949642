"""argv in, exit status out: reads arguments, environment and settings file, runs a command, reports errors."""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from kinetune import __version__
from kinetune.cli.former import command_of, replace_former_options, replace_former_variables
from kinetune.cli.lazy_group import LazyGroup
from kinetune.cli.options import option, print_note
from kinetune.model.failure import Exit, Failure
from kinetune.quoting import show_controls

CLOSED_PIPE = 141
"""The status that a shell reports for a program ended by SIGPIPE: the reader of stdout has gone."""
REPEATABLE = {
    "init": "run the same command again to continue",
    "drop": "run the same command again to continue",
    "analyze": "run the same command again",
    "restore": "run the same command again to continue",
    "move": "run the same command again to continue",
}
"""Commands that change the store, and what to do after an interruption."""
CLICK_WORDS = {
    "a valid int range": "an integer",
    "a valid float range": "a number",
    "a valid integer": "an integer",
    "a valid float": "a number",
    "not in the range x>=": "less than ",
}
"""Phrases of click's messages, and plain ones."""
HELP_OPTIONS = {"--help", "-h", "--version"}
_debug = False

app = typer.Typer(
    name="kinetune",
    cls=LazyGroup,
    help="Prepare, explain and guard the SQL store behind Kine, on YugabyteDB and PostgreSQL.",
    epilog="First steps: kinetune demo, then kinetune init --dry-run postgres://user@host/kubernetes",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _show_version(requested: bool) -> None:
    if requested:
        typer.echo(f"kinetune {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[
        bool, option("--debug", help="Show the SQL statements sent to the server, and the stack trace of an error.")
    ] = False,
) -> None:
    global _debug
    _debug = debug
    if debug:
        import logging

        logging.basicConfig(stream=sys.stderr, format="%(message)s")
        logging.getLogger("kinetune").setLevel(logging.DEBUG)


def main() -> None:
    """The console script. SIGTERM and SIGHUP end it as Ctrl-C does: the statement on the server is cancelled too."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # under nohup SIGHUP stays ignored
            signal.signal(number, signal.default_int_handler)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """The exit status of one call. An error is one line on stderr; with --debug its stack trace follows."""
    try:
        program = typer.main.get_command(app)
        assert isinstance(program, TyperGroup)
        words = replace_former_options(arguments, print_note)
        # --help must work even if the settings file is broken.
        settings = {} if HELP_OPTIONS & set(words) else _read_settings(program, words)
        status = program.main(words, prog_name="kinetune", standalone_mode=False, default_map=settings)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit) as error:  # typer turns the first into the second
        return _end_by_closed_pipe(error)
    except KeyboardInterrupt:
        return _report_interruption(arguments)
    except typer.Abort:
        return _report_error("aborted; nothing was changed", Exit.REFUSED)
    except Failure as failure:
        return _report_error(str(failure), failure.exit)
    except typer.TyperException as error:
        return _report_misuse(error)
    except Exception as error:
        return _report_unexpected(error)
    # typer turns Ctrl-C within a command into this status.
    return _report_interruption(arguments) if status == Exit.INTERRUPTED else int(status or 0)


def _read_settings(program: TyperGroup, arguments: Sequence[str]) -> dict[str, Any]:
    """Defaults from the settings file; former names of variables and keys are replaced and reported."""
    from kinetune.cli.settings import find_settings, read_defaults

    replace_former_variables(arguments, os.environ, print_note)
    settings = find_settings()
    # Its keys are compared with the options of all commands, which a call without a file need not import.
    if not settings.path:
        return {}
    called = command_of(arguments)
    return read_defaults(program, settings, lambda command, line: print_note(line) if command == called else None)


def _report_interruption(arguments: Sequence[str]) -> int:
    next_step = next((f"; {REPEATABLE[word]}" for word in arguments if word in REPEATABLE), "")
    return _report_error(f"interrupted{next_step}", Exit.INTERRUPTED)


def _end_by_closed_pipe(error: BaseException) -> int:
    if isinstance(error, SystemExit) and not isinstance(error.__context__, BrokenPipeError):
        raise error
    _discard_stdout()
    return CLOSED_PIPE


def _discard_stdout() -> None:
    """Python flushes stdout at exit: into a closed pipe or onto a full disk it would fail again and print a trace."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_misuse(error: typer.TyperException) -> int:
    """A call without a command prints the help itself; a wrong call one line that names the command's help."""
    context: typer.Context | None = getattr(error, "ctx", None)
    message = error.format_message()
    if context and message == context.get_help():
        typer.echo(message, err=True)
        return int(Exit.USAGE)
    line = _value_source(error) + message.rstrip(".")
    for words, plain in CLICK_WORDS.items():
        line = line.replace(words, plain)
    end = "" if line.endswith("?") else ";"  # Did you mean 'check'?
    return _report_error(f"{line}{end} see {context.command_path if context else 'kinetune'} --help", Exit.USAGE)


def _value_source(error: typer.TyperException) -> str:
    """The variable or file that a wrong value comes from; empty for the command line."""
    if not isinstance(error, typer.BadParameter) or error.ctx is None or error.param is None:
        return ""
    source = error.ctx.get_parameter_source(error.param.name or "")
    named = {"ENVIRONMENT": f"{error.param.envvar}: ", "DEFAULT_MAP": "configuration: "}
    return named.get(source.name, "") if source else ""


def _report_unexpected(error: Exception) -> int:
    """A bug, or an error of a file or of stdout: still one line and a defined status."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EDQUOT):
        _discard_stdout()
        return _report_error(
            f"cannot write {error.filename or 'stdout'}: {error.strerror}; free disk space", Exit.USAGE
        )
    if isinstance(error, OSError) and error.filename:
        next_step = "name another file or change its permissions"
        return _report_error(f"cannot use {error.filename}: {error.strerror}; {next_step}", Exit.USAGE)
    return _report_error(f"unexpected {type(error).__name__}; run again with --debug and report the output", Exit.BLIND)


def _report_error(line: str, status: int) -> int:
    if _debug:
        traceback.print_exc()
    shown = show_controls(" ".join(line.split()))
    print(f"kinetune: {shown}", file=sys.stderr)  # noqa: T201 - the one place that prints errors
    return int(status)
