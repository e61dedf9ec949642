"""The effect of each planner setting, and of all of them, on each era; compared with the defaults, profile tuned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bench.bench_server import BenchServer, apply_profile
from bench.costs import RECORDED, CallCost, CostOptions, measure_costs
from bench.progress import print_progress
from kinetune.kine.releases import Era, newest_era
from kinetune.model.report import Cell, Report, Table, Tone

ALONE: Mapping[str, Mapping[str, str]] = {
    "defaults": {"random_page_cost": "4", "plan_cache_mode": "auto", "enable_mergejoin": "on"},
    "random_page_cost": {"random_page_cost": "1.1", "plan_cache_mode": "auto", "enable_mergejoin": "on"},
    "custom plans": {"random_page_cost": "4", "plan_cache_mode": "force_custom_plan", "enable_mergejoin": "on"},
    "no merge join": {"random_page_cost": "4", "plan_cache_mode": "auto", "enable_mergejoin": "off"},
    "all three": {"random_page_cost": "1.1", "plan_cache_mode": "force_custom_plan", "enable_mergejoin": "off"},
}
NOTABLE = 1.3
LEAST_MS = 0.5


def run(bench_server: BenchServer, rows: int) -> Report:
    """Reads whose time changes by at least a third and half a millisecond. The JSON file has all reads."""
    lines: list[tuple[Cell, ...]] = []
    data: list[dict[str, object]] = []
    with bench_server.clone_store(bench_server.filled(rows)) as store:
        apply_profile(store, "tuned", newest_era())
        for era in RECORDED:
            print_progress(f"settings: {era.releases}")
            found = {
                name: measure_costs(store, era, CostOptions(settings=given, writes=False))
                for name, given in ALONE.items()
            }
            for call in found["defaults"]:
                each = {name: found[name][call] for name in ALONE}
                data.append(
                    {"era": era.number, "call": call} | {name: cost.data() for name, cost in each.items()},
                )
                if any(_tone(cost, each["defaults"]) is not Tone.PLAIN for cost in each.values()):
                    lines.append(tuple(_row(era, call, each)))
    columns = ("era", "call", *ALONE)
    table = Table(columns, tuple(lines), frozenset(ALONE))
    title = f"Planner settings, {rows:,} rows: ms (blocks)"
    return Report("bench settings", title, (table,), {"rows": rows, "calls": data})


def _row(era: Era, call: str, each: Mapping[str, CallCost]) -> Iterator[Cell]:
    yield Cell(era.number)
    yield Cell(call)
    for cost in each.values():
        yield Cell(f"{cost.ms:.2f} ({cost.blocks:,})", _tone(cost, each["defaults"]))


def _tone(cost: CallCost, default: CallCost) -> Tone:
    if abs(cost.ms - default.ms) <= LEAST_MS or max(cost.ms, default.ms) <= NOTABLE * min(cost.ms, default.ms):
        return Tone.PLAIN
    return Tone.GOOD if cost.ms < default.ms else Tone.BAD
