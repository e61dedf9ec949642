"""Prometheus' text format → samples (prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_SAMPLE = re.compile(
    r"\s*([A-Za-z_:][A-Za-z0-9_:]*)\s*(?:\{((?:[^\"}]|\"(?:[^\"\\]|\\.)*\")*)\})?\s+(\S+)(?:\s+-?\d+)?\s*"
)
_LABEL = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*=\s*\"((?:[^\"\\]|\\.)*)\"")
_ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


class MetricSample(NamedTuple):
    """One line of the text: `kine_sql_total{name="Insert"} 12`."""

    name: str
    labels: Mapping[str, str]
    value: float


def parse_samples(text: str) -> Iterator[MetricSample]:
    """The samples in the order of the text; comments and damaged lines are skipped."""
    for line in text.splitlines():
        found = None if line.lstrip().startswith("#") else _SAMPLE.fullmatch(line)
        if found is None:
            continue
        try:  # the pattern accepts any word as the value
            value = float(found[3])  # accepts +Inf and NaN as Prometheus writes them
        except ValueError:
            continue
        yield MetricSample(
            found[1], {name: _unescape_label(text) for name, text in _LABEL.findall(found[2] or "")}, value
        )


def _unescape_label(text: str) -> str:
    return re.sub(r"\\[\\\"n]", lambda found: _ESCAPES[found[0]], text)
