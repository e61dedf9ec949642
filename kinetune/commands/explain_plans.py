"""What `kinetune explain --plan` does: read pasted plans from a file or stdin. It needs no database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kinetune.model.failure import UsageFailure

if TYPE_CHECKING:
    from kinetune.kine.releases import EraInUse
    from kinetune.plans.explained_plan import ExplainedPlan

REMEDY = "paste the whole output of EXPLAIN (ANALYZE, BUFFERS), on YugabyteDB of EXPLAIN (ANALYZE, DIST)"
STDIN = Path("-")
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def explain_plans(path: Path, era: EraInUse | None = None) -> tuple[ExplainedPlan, ...]:
    """The plans of a file, or of stdin for `-`; UsageFailure for a file without one. `era` limits the known queries."""
    from kinetune.plans.explained_plan import explain_plan
    from kinetune.plans.pasted import read_pasted_plans

    source = "stdin" if path == STDIN else str(path)
    text = _read_text(path, source)
    if not text.strip():
        raise UsageFailure(f"{source} is empty", REMEDY)
    try:
        pasted = read_pasted_plans(text)
        titles = ["plan"] if len(pasted) == 1 else [f"plan {number}" for number in range(1, len(pasted) + 1)]
        plans = zip(pasted, titles, strict=True)
        explained = tuple(explain_plan(plan, title, era.era.name if era else "") for plan, title in plans)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UsageFailure(f"cannot read the plan in {source}: {reason}", REMEDY) from None
    if not explained:
        raise UsageFailure(f"{source} contains no plan of PostgreSQL or YugabyteDB", REMEDY)
    return explained


def _read_text(path: Path, source: str) -> str:
    """Log lines without their envelopes. PowerShell redirects output as UTF-16."""
    from kinetune.logs.envelopes import unwrap_line

    try:
        # By number: sys.stdin decodes text and may be replaced or closed.
        with open(0 if path == STDIN else path, "rb", closefd=path != STDIN) as file:
            content = file.read()
    except OSError as error:
        raise UsageFailure(f"cannot read {source}: {error.strerror}", "check the path and its permissions") from None
    if content.startswith(UTF_16):
        content = content.decode("utf-16", "replace").encode()
    lines = (unwrap_line(line).content for line in content.splitlines())
    return b"\n".join(lines).decode("utf-8", "replace")
