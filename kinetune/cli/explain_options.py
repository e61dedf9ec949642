"""The options of `kinetune explain`, and what their texts mean."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from kinetune.cli.options import option
from kinetune.formatting import format_list
from kinetune.model.failure import UsageFailure

WRITE_ROWS, COPY_ROWS = 10_000, 20_000
"""Rows of a copy without --rows: of --writes, and of --compare-profiles."""
ARGUMENTS = ("prefix", "key", "revision")

Query = Annotated[
    str | None, option("--query", metavar="NAME", help="Explain only this call (list-page) or query (ListCurrentVal).")
]
Argument = Annotated[
    list[str] | None,
    option("--arg", metavar="NAME=VALUE", help="Set an argument: prefix=/registry/pods/, key, revision."),
]
PlanFile = Annotated[
    Path | None, option("--plan", metavar="FILE", help="Explain pasted EXPLAIN output (- reads stdin); no database.")
]
Runs = Annotated[int, option("--runs", metavar="N", min=1, help="Measured runs of each call; the median is reported.")]
Timeout = Annotated[
    str, option("--timeout", metavar="TIME", help="Let the server stop a run after TIME: 250ms, 10s or 5m.")
]
Writes = Annotated[bool, option("--writes", help="Explain writes too, on a copy that is rolled back.")]
Rows = Annotated[
    int | None,
    option("--rows", metavar="N", min=1, help="Rows of a copy: 10000 for --writes, 20000 for --compare-profiles."),
]
Tree = Annotated[bool, option("--tree", help="Show the plan of each call.")]
Save = Annotated[Path | None, option("--save", metavar="FILE", help="Save the run for a later --against.")]
Against = Annotated[
    Path | None, option("--against", metavar="FILE", help="Compare with a saved run; exit 5 if a call is slower.")
]
Setting = Annotated[
    list[str] | None,
    option("--set", metavar="SETTING=VALUE", help="Compare with a second run under this session setting."),
]
Profiles = Annotated[
    str | None,
    option(
        "--compare-profiles", metavar="NAMES", help="Compare the reads on copies with these indexes: article,tuned."
    ),
]
Tolerance = Annotated[
    float,
    option(
        "--tolerance", metavar="SHARE", min=0.0, help="Slowdown accepted before a call counts as slower (0.25 = 25 %)."
    ),
]


def parse_arguments(texts: list[str] | None) -> dict[str, str]:
    """`prefix=/registry/pods/` as a mapping; UsageFailure for another name or a revision that is not a number."""
    pairs = dict(text.partition("=")[::2] for text in texts or ())
    for name, value in pairs.items():
        if name not in ARGUMENTS or not value:
            raise UsageFailure(f"--arg {name}={value} is not valid", f"use {'=…, '.join(ARGUMENTS)}=…")
        if not value.isprintable():  # the shell may pass bytes that are not UTF-8
            raise UsageFailure(f"--arg {name} is not printable text", "use a key as Kine stores it")
        if name == "revision" and not (value.isdecimal() and int(value) < 1 << 63):
            raise UsageFailure(f"--arg revision={value} is not a revision", "use a number such as 120345")
    return pairs


def parse_settings(texts: list[str] | None) -> dict[str, str]:
    """`yb_bnl_batch_size=1` as a mapping; UsageFailure without a name or `=`."""
    parts = [text.partition("=") for text in texts or ()]
    for name, equals, value in parts:
        if not name.strip() or not equals:
            raise UsageFailure(
                f"--set {name}{equals}{value} is not valid", "use SETTING=VALUE, e.g. enable_hashjoin=off"
            )
    return {name.strip(): value.strip() for name, _, value in parts}


def parse_profiles(text: str | None) -> tuple[str, ...]:
    """`article,tuned` as names; UsageFailure for an unknown one, or fewer than two."""
    from kinetune.tuning.profiles import PROFILES

    if text is None:
        return ()
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in PROFILES:
            raise UsageFailure(f"unknown profile {name!r}", f"known are {', '.join(PROFILES)}")
    if len(names) < 2:
        raise UsageFailure(
            f"--compare-profiles {text} names fewer than two profiles", f"known are {', '.join(PROFILES)}"
        )
    return names


def copy_rows(rows: int | None, *, writes: bool, profiles: str | None) -> int:
    """Rows of a copy; 0 where none is made."""
    if writes:
        return rows or WRITE_ROWS
    return (rows or COPY_ROWS) if profiles else 0


def refuse_combinations(values: dict[str, object]) -> None:
    """UsageFailure for options of two kinds of comparison, and for --plan with any option that needs a database."""
    given = [name for name, value in values.items() if value]
    for name, others, reason in (
        ("--plan", list(values), "explains a pasted plan and uses no database"),
        ("--compare-profiles", ["--set", "--against", "--save", "--writes"], "compares profiles on reads"),
        ("--set", ["--against", "--save"], "compares two runs of its own"),
    ):
        excess = [other for other in others if other in given and other != name]
        if name in given and excess:
            raise UsageFailure(f"{name} {reason}", f"remove {format_list(excess)}")
