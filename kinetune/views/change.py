"""What the reports of all changes have in common: a script as SQL, and the result below the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from kinetune.formatting import format_duration
from kinetune.model.change import ChangeResult
from kinetune.model.report import Report, Section
from kinetune.model.script import Script, Step


@dataclass(frozen=True)
class ChangeReport:
    """`whole` is the plan with its result; `result` is the result alone, for a screen that shows the plan already."""

    whole: Report
    result: Report


def add_result(plan: Report, sections: tuple[Section, ...], data: Mapping[str, object]) -> ChangeReport:
    """The report of a plan, completed with sections and data about what was done."""
    whole = replace(plan, sections=(*plan.sections, *sections), data={**plan.data, **data})
    return ChangeReport(whole, replace(whole, title="", sections=sections))


def list_statements(result: ChangeResult) -> list[dict[str, object]]:
    """The applied statements as JSON shows them; times in seconds."""
    return [
        {"step": done.position, "sql": done.statement, "tries": done.tries, "seconds": done.seconds}
        for done in result.statements
    ]


def format_seconds(seconds: float) -> str:
    """`1.25 s`, `3.00 min`."""
    return format_duration(1000 * seconds)


def format_script(script: Script) -> str:
    """SQL that psql can run, each step below a comment that says what it does."""
    return "\n".join(f"-- {step.does}\n{format_step(step)}" for step in script.steps)


def format_step(step: Step) -> str:
    """
    One step as psql runs it: in BEGIN and COMMIT where it is atomic, with \\gexec where its statements yield the ones
    to run, and with \\connect after the statement that creates the database of all later steps.
    """
    if step.unfolds:
        return "".join(f"{statement}\n\\gexec\n" for statement in step.statements)
    lines = [f"{statement};" for statement in (in_transaction(step.statements) if step.atomic else step.statements)]
    if not step.in_database and step.subject:
        lines.append(f"\\connect {step.subject}")
    return "\n".join(lines) + "\n"


def in_transaction(statements: tuple[str, ...]) -> tuple[str, ...]:
    """The statements between BEGIN and COMMIT."""
    return ("BEGIN", *statements, "COMMIT")
