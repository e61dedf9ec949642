"""Show a plan, have it confirmed, apply it and show the result: the same for init, drop and restore."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from kinetune.cli.options import read_answer
from kinetune.model.failure import Refused

if TYPE_CHECKING:
    from kinetune.commands.change import Change, Question
    from kinetune.model.change import ChangeResult
    from kinetune.model.report import Report
    from kinetune.views.change import ChangeReport


@dataclass(frozen=True)
class RunOptions:
    """`answer` is given in advance, with --yes or --confirm; None asks on the terminal."""

    dry_run: bool
    answer: str | None
    format: str
    output: Path | None


def require_confirmation(question: Question, answer: str | None) -> None:
    """Raises Refused unless the answer agrees; None asks for it on the terminal."""
    if answer is None:
        answer = _ask_user(question)
    if not question.answer and answer.lower() not in ("y", "yes"):
        raise Refused("nothing was changed: not confirmed", "run the command again to confirm")
    if question.answer and answer != question.answer:
        given = f"{answer} is not the name of the database" if answer.strip() else "no name was given"
        raise Refused(f"nothing was changed: {given}", f"confirm with {question.answer}")


def _ask_user(question: Question) -> str:
    """The line that the user types. Raises Refused where stdin is not a terminal."""
    if not sys.stdin.isatty():
        raise Refused("nothing was changed: not a terminal", f"confirm with {question.option}")
    return read_answer(question.text if question.answer else f"{question.text} [y/N]")


def show_and_apply(
    change: Change[Any, Any],
    report: Report,
    complete: Callable[[Report, ChangeResult], ChangeReport],
    run: RunOptions,
) -> None:
    """
    Write the plan's report, apply the change, write its result. The text format shows the plan before the question and
    the result after it; every other format is one document, written at the end.
    """
    from kinetune.commands.change import apply_change
    from kinetune.reports.formats import save_report, write_report

    applies = bool(change.plan.script) and not run.dry_run
    is_text = run.format == "text"
    with contextlib.ExitStack() as stack:
        if applies and run.answer is not None:  # confirmed before the plan is shown
            stack.enter_context(_outlive_closed_pipes())
        if is_text or not applies:
            write_report(report, run.format, sys.stdout)
        if applies:
            sys.stdout.flush()  # before the question, which goes to stderr
            if run.answer is None:  # a plan that could not be shown has ended the command by now
                stack.enter_context(_outlive_closed_pipes())
            completed = complete(
                report, apply_change(change, lambda question: require_confirmation(question, run.answer))
            )
            sys.stdout.write("\n" if is_text else "")
            write_report(completed.result if is_text else completed.whole, run.format, sys.stdout)
            report = completed.whole
        if run.output:  # after the change, so that the file holds the result as well
            save_report(report, run.output)


@contextlib.contextmanager
def _outlive_closed_pipes() -> Iterator[None]:
    """
    Finish what is inside even if stdout or stderr is closed (`| head`), then raise BrokenPipeError: a
    change must not stop half way for that.
    """
    outputs = _LastingOutput(sys.stdout), _LastingOutput(sys.stderr)
    with (
        contextlib.redirect_stdout(cast("TextIO", outputs[0])),
        contextlib.redirect_stderr(cast("TextIO", outputs[1])),
    ):
        yield
        for output in outputs:
            output.flush()
    if any(output.closed_pipe for output in outputs):
        raise BrokenPipeError


class _LastingOutput:
    """A stream that goes to /dev/null once its pipe is closed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self.closed_pipe = stream, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with self._discard_if_closed():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._discard_if_closed():
            self._stream.flush()

    @contextlib.contextmanager
    def _discard_if_closed(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            self.closed_pipe = True
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())  # what is buffered goes there too, so that no later flush fails
            os.close(null)
