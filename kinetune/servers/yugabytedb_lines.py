"""
Facts about each release line of YugabyteDB: the value, whether it was measured, documented or inferred, and the source.

In sources § is a section of docs/facts/yugabytedb.md, and `recorded §` one of docs/facts/recorded.md (2.21, measured).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from kinetune.servers.sequence_flag import SEQUENCE_FLAG

LineNumber = tuple[int, int]

LINES: tuple[LineNumber, ...] = (
    (2, 14), (2, 16), (2, 18), (2, 20), (2, 21), (2024, 1), (2, 23), (2024, 2), (2, 25), (2025, 1), (2025, 2),
    (2026, 1),
)  # fmt: skip
"""In order of publication: 2.21, 2.23 and 2.25 are the previews of 2024.1, 2024.2 and 2025.1."""


class Basis(StrEnum):
    MEASURED = "measured"
    DOCUMENTED = "documented"
    INFERRED = "inferred"


M, D, I = Basis.MEASURED, Basis.DOCUMENTED, Basis.INFERRED  # noqa: E741


@dataclass(frozen=True)
class LineChange:
    """The value of a topic from this line on."""

    since: LineNumber
    value: str
    basis: Basis
    source: str


@dataclass(frozen=True)
class LineFact:
    """The value of a topic on one line."""

    topic: str
    value: str
    basis: Basis
    source: str


TOPICS: Mapping[str, tuple[LineChange, ...]] = MappingProxyType(
    {
        "PostgreSQL base": (
            LineChange((2, 14), "11.2", D, "§1.1"),
            LineChange((2, 25), "15", D, "§1.1"),
        ),
        SEQUENCE_FLAG: (
            LineChange((2, 14), "100, a flag of every tserver that SQL does not show", D, "§2.1"),
            LineChange((2, 21), "100, a flag of every tserver that SQL does not show", M, "recorded §4"),
            LineChange((2024, 1), "100, a flag of every tserver that SQL does not show", D, "§2.1"),
        ),
        "yb_bnl_batch_size": (
            LineChange((2, 14), "absent", D, "§4"),
            LineChange((2, 16), "1", D, "§4"),
            LineChange((2, 21), "1024", M, "recorded §1"),
            LineChange((2024, 1), "1024", D, "§4"),
        ),
        "yb_prefer_bnl": (
            LineChange((2, 14), "absent", D, "§4"),
            LineChange((2, 16), "off", D, "§4 (guc.c of 2.19)"),
            LineChange((2, 21), "on", M, "recorded §1"),
            LineChange((2024, 1), "on", D, "§4"),
        ),
        "yb_enable_optimizer_statistics": (
            LineChange((2, 14), "off", I, "§4"),
            LineChange((2, 21), "off", M, "recorded §1"),
            LineChange((2024, 1), "off, yb_enable_cbo decides where it exists", I, "§4"),
        ),
        "yb_enable_base_scans_cost_model": (
            LineChange((2, 14), "absent", I, "§4"),
            LineChange((2, 16), "off, a preview", D, "§4"),
            LineChange((2, 21), "off", M, "recorded §1"),
            LineChange((2024, 1), "off, early access", D, "§4"),
            LineChange((2025, 1), "off, yb_enable_cbo decides", D, "§4"),
        ),
        "yb_enable_cbo": (
            LineChange((2, 14), "absent", D, "§4"),
            LineChange((2, 21), "absent", M, "recorded §1"),
            LineChange((2024, 1), "absent", D, "§4"),
            LineChange((2024, 2), "absent before 2024.2.4; the bnl modes from 2024.2.5", D, "§4"),
            LineChange((2025, 1), "legacy_mode; the bnl modes from 2025.1.1", D, "§4"),
            LineChange((2025, 2), "legacy_mode; on in new clusters of yugabyted and YBA", D, "§4"),
        ),
        "yb_use_hash_splitting_by_default": (
            LineChange((2, 14), "absent: the first column of a key is HASH", D, "§3.1"),
            LineChange((2, 21), "absent: the first column of a key is HASH", M, "recorded §1"),
            LineChange((2024, 1), "on; off makes Kine's own DDL range-sharded", D, "§3.1"),
        ),
        "EXPLAIN (DIST)": (
            LineChange((2, 14), "absent", D, "§5"),
            LineChange((2, 16), "yes", D, "§5"),
            LineChange((2, 21), "yes", M, "recorded §6"),
            LineChange((2024, 1), "yes", D, "§5"),
        ),
        "automatic ANALYZE": (
            LineChange((2, 14), "no", D, "§4"),
            LineChange((2025, 1), "early access, by a flag", D, "§4"),
            LineChange((2025, 2), "in new clusters of yugabyted and YBA", D, "§4"),
        ),
        "read committed": (
            LineChange((2, 14), "off: runs as repeatable read", D, "§6.1"),
            LineChange((2, 21), "off: runs as repeatable read", M, "recorded §1"),
            LineChange((2024, 1), "early access, by the flag yb_enable_read_committed_isolation", D, "§6.1"),
            LineChange((2024, 2), "by the flag yb_enable_read_committed_isolation (GA from 2024.2.2)", D, "§6.1"),
            LineChange((2025, 2), "on in new clusters of yugabyted and YBA, else by its flag", D, "§6.1"),
        ),
        "write conflicts": (
            LineChange((2, 14), "fail with 40001 without waiting", I, "§6.5"),
            LineChange((2, 21), "fail with 40001 without waiting", M, "recorded §5"),
            LineChange((2024, 1), "wait in queues", D, "§6.5"),
        ),
        "advisory locks": (
            LineChange((2, 14), "absent", D, "§6.6"),
            LineChange((2, 21), "hold on one node only", M, "recorded §5"),
            LineChange((2024, 1), "not reliable", I, "§6.6"),
            LineChange((2, 25), "a preview, by a flag", D, "§6.6"),
            LineChange((2025, 1), "on by default in newer releases; the first one is unknown", I, "§6.6"),
        ),
        "DDL in transactions": (
            LineChange((2, 14), "not transactional", D, "§3.10"),
            LineChange((2, 21), "not transactional: a rolled-back DROP TABLE remains dropped", M, "recorded §3"),
            LineChange((2024, 1), "not transactional", D, "§3.10"),
            LineChange((2024, 2), "not transactional; a failed statement is rolled back", D, "§3.10"),
            LineChange((2026, 1), "transactional by default", D, "§3.10"),
        ),
        "online index builds": (
            LineChange((2, 14), "may miss rows (TA-24313)", D, "§0.8"),
            LineChange((2024, 2), "may miss rows on 2024.2.0 (TA-24313)", D, "§0.8"),
            LineChange((2, 25), "yes", I, "§0.8"),
        ),
        "size that Kine reads": (
            LineChange((2, 14), "the table without its indexes", D, "§6.7"),
            LineChange((2, 21), "the table without its indexes; NULL where colocated", M, "recorded §2"),
            LineChange((2024, 1), "the table without its indexes", D, "§6.7"),
            LineChange((2026, 1), "the table with its indexes (#23181)", D, "§6.7"),
        ),
    }
)


def nearest_line(release: tuple[int, ...]) -> LineNumber:
    """The newest line that is not newer than the release: (2024, 2, 11, 0) → (2024, 2), (2, 22) → (2, 21)."""
    series = (release[0], release[1] if len(release) > 1 else 0)
    same_age = [line for line in LINES if (line[0] >= 2000) == (series[0] >= 2000) and line <= series]
    return max(same_age, default=LINES[0])


def list_known_facts(release: tuple[int, ...]) -> Iterator[LineFact]:
    """The value of every topic for a release."""
    at = LINES.index(nearest_line(release))
    for topic, changes in TOPICS.items():
        last = [change for change in changes if LINES.index(change.since) <= at][-1]
        yield LineFact(topic, last.value, last.basis, last.source)
