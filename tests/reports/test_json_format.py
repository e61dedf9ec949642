from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from kinetune.model.failure import Exit
from kinetune.model.finding import Severity
from kinetune.model.plain_data import encode
from kinetune.reports import json_format
from tests.reports.golden import assert_golden
from tests.reports.sample_report import REPORT


@dataclass(frozen=True)
class Inner:
    severity: Severity


@dataclass(frozen=True)
class Outer:
    inner: tuple[Inner, ...]
    names: frozenset[str]


def test_the_golden_report() -> None:
    stream = io.StringIO()
    json_format.write(REPORT, stream)
    assert_golden("report.json", stream.getvalue())
    assert list(json.loads(stream.getvalue()))[:3] == ["kind", "schema", "observed_at"]


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (datetime(2026, 3, 1, 4, 5, 6, tzinfo=timezone(timedelta(hours=2))), "2026-03-01T02:05:06Z"),
        (datetime(2026, 3, 1, 4, 5, 6, 700, tzinfo=UTC), "2026-03-01T04:05:06.000700Z"),
        (datetime(2026, 3, 1, 4, 5, 6), "2026-03-01T04:05:06Z"),
        (date(2026, 3, 1), "2026-03-01"),
        (Severity.ERROR, "error"),
        (Exit.FINDINGS, 1),
        (float("nan"), None),
        (float("-inf"), None),
        (Decimal("12"), 12),
        (Decimal("0.5"), 0.5),
        (Decimal("NaN"), None),
        (True, True),
        (None, None),
        ((1, [2.5], "x"), [1, [2.5], "x"]),
        (frozenset({"b", "a"}), ["a", "b"]),
        ({Severity.INFO: Path("a/b"), 1: None}, {"info": "a/b", "1": None}),
        (Outer((Inner(Severity.INFO),), frozenset({"x"})), {"inner": [{"severity": "info"}], "names": ["x"]}),
    ],
)
def test_a_value_becomes_plain_data(value: object, form: object) -> None:
    plain = encode(value)
    assert plain == form
    assert type(plain) is type(form)


@pytest.mark.parametrize("value", [b"a secret", object(), Severity])
def test_an_unknown_type_is_refused_without_its_value(value: object) -> None:
    with pytest.raises(TypeError, match=r"no JSON form for (bytes|object|EnumType)$"):
        encode(value)
