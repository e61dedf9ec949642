"""The property lines of EXPLAIN's text form, as the keys and values that its JSON form has."""

from __future__ import annotations

import re

from kinetune.plans.numbers import leading, scalar

KEY = re.compile(r"(?P<key>[A-Za-z][\w /()'\"-]*?):(?:\s+(?P<value>.*))?$")
METRIC = re.compile(r"(?P<key>Metric \S+?):? (?P<value>[\d.]+)$")
SEVERAL = ("Buckets", "Batches", "Planned Partitions", "Storage", "Hits", "Full-sort Groups", "Memory")
RENAMED_IN = {
    "Hash": {"Buckets": "Hash Buckets", "Batches": "Hash Batches", "Memory Usage": "Peak Memory Usage"},
    "Aggregate": {"Batches": "HashAgg Batches", "Memory Usage": "Peak Memory Usage"},
    "Memoize": {
        "Hits": "Cache Hits",
        "Misses": "Cache Misses",
        "Evictions": "Cache Evictions",
        "Overflows": "Cache Overflows",
        "Memory Usage": "Peak Memory Usage",
    },
}
SORT = re.compile(r"(?P<method>.+?)  (?P<type>Memory|Disk): (?P<used>\d+)kB")
TOUCHES = ("Hit", "Read", "Dirtied", "Written")
NO_BLOCKS: dict[str, object] = {f"{where} {touch} Blocks": 0 for where in ("Shared", "Local") for touch in TOUCHES}
NO_BLOCKS |= {"Temp Read Blocks": 0, "Temp Written Blocks": 0}


def prop(line: str, kind: str) -> dict[str, object]:
    """One line below a node of that kind; empty when the line is no property (`...`, `(5 rows)`)."""
    text = line.strip()
    if found := METRIC.match(text):
        return {found["key"]: scalar(found["value"])}
    found = KEY.match(text)
    if not found:
        return {}
    key, value = found["key"], found["value"] or ""
    special = SPECIAL.get(key)
    if special:
        return special(value)
    if key in SEVERAL and key not in ("Storage", "Memory"):
        return _several(text, kind)
    return _several(text, kind) if "  " in value and key in SEVERAL else {key: scalar(value)}


def _several(text: str, kind: str) -> dict[str, object]:
    """`Buckets: 1024  Batches: 1  Memory Usage: 9kB`: pairs two blanks apart."""
    names = RENAMED_IN.get(kind, {})
    pairs = (part.partition(": ") for part in re.split(r"\s{2,}", text))
    return {names.get(key, key): leading(value) for key, _, value in pairs}


def _buffers(value: str) -> dict[str, object]:
    """`shared hit=3 read=4, temp written=2` as Shared Hit Blocks and the other nine; what is not said is 0."""
    found = dict(NO_BLOCKS)
    for group in value.split(", "):
        where, *figures = group.split()
        for name, number in re.findall(r"(\w+)=(\d+)", " ".join(figures)):
            found[f"{where.capitalize()} {name.capitalize()} Blocks"] = int(number)
    return found


def _sort(value: str) -> dict[str, object]:
    found = SORT.match(value)
    if not found:
        return {"Sort Method": value}
    return {
        "Sort Method": found["method"],
        "Sort Space Type": found["type"],
        "Sort Space Used": int(found["used"]),
    }


def _heap_blocks(value: str) -> dict[str, object]:
    found = re.findall(r"(exact|lossy)=(\d+)", value)
    return {f"{name.capitalize()} Heap Blocks": int(number) for name, number in found}


def _timing(value: str) -> dict[str, object]:
    """JIT: `Generation 0.057 ms (Deform 0.01 ms), …, Total 4.884 ms`."""
    return {"Timing": {name: float(number) for name, number in re.findall(r"(\w+) (\d+(?:\.\d+)?) ms", value)}}


SPECIAL = {"Buffers": _buffers, "Sort Method": _sort, "Heap Blocks": _heap_blocks, "Timing": _timing}
