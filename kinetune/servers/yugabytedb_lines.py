"""
What is known of each line of YugabyteDB's releases, as data: values, how they are known, and the source.

§ is a section of docs/facts/yugabytedb.md, FINDINGS.md is that of data/yugabytedb (2.21, measured).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

Line = tuple[int, int]

LINES: tuple[Line, ...] = (
    (2, 14), (2, 16), (2, 18), (2, 20), (2, 21), (2024, 1), (2, 23), (2024, 2), (2, 25), (2025, 1), (2025, 2),
    (2026, 1),
)  # fmt: skip
"""In the order in which they came: 2.21, 2.23 and 2.25 are the previews before 2024.1, 2024.2 and 2025.1."""


class Basis(StrEnum):
    MEASURED = "measured"
    DOCUMENTED = "documented"
    INFERRED = "inferred"


M, D, I = Basis.MEASURED, Basis.DOCUMENTED, Basis.INFERRED  # noqa: E741


@dataclass(frozen=True)
class Change:
    """From this line on a topic is so."""

    since: Line
    value: str
    basis: Basis
    source: str


@dataclass(frozen=True)
class Known:
    """What is known of a topic on one line."""

    topic: str
    value: str
    basis: Basis
    source: str


TOPICS: Mapping[str, tuple[Change, ...]] = MappingProxyType(
    {
        "PostgreSQL base": (
            Change((2, 14), "11.2", D, "§1.1"),
            Change((2, 25), "15", D, "§1.1"),
        ),
        "ysql_sequence_cache_minval": (
            Change((2, 14), "100, a flag of every tserver that SQL does not show", D, "§2.1"),
            Change((2, 21), "100, a flag of every tserver that SQL does not show", M, "FINDINGS.md, Sequences"),
            Change((2024, 1), "100, a flag of every tserver that SQL does not show", D, "§2.1"),
        ),
        "yb_bnl_batch_size": (
            Change((2, 14), "absent", D, "§4"),
            Change((2, 16), "1", D, "§4"),
            Change((2, 21), "1024", M, "FINDINGS.md, Identity"),
            Change((2024, 1), "1024", D, "§4"),
        ),
        "yb_prefer_bnl": (
            Change((2, 14), "absent", D, "§4"),
            Change((2, 16), "off", D, "§4 (guc.c of 2.19)"),
            Change((2, 21), "on", M, "FINDINGS.md, Identity"),
            Change((2024, 1), "on", D, "§4"),
        ),
        "yb_enable_optimizer_statistics": (
            Change((2, 14), "off", I, "§4"),
            Change((2, 21), "off", M, "FINDINGS.md, Identity"),
            Change((2024, 1), "off, yb_enable_cbo decides where it exists", I, "§4"),
        ),
        "yb_enable_base_scans_cost_model": (
            Change((2, 14), "absent", I, "§4"),
            Change((2, 16), "off, a preview", D, "§4"),
            Change((2, 21), "off", M, "FINDINGS.md, Identity"),
            Change((2024, 1), "off, early access", D, "§4"),
            Change((2025, 1), "off, yb_enable_cbo decides", D, "§4"),
        ),
        "yb_enable_cbo": (
            Change((2, 14), "absent", D, "§4"),
            Change((2, 21), "absent", M, "FINDINGS.md, Identity"),
            Change((2024, 1), "absent", D, "§4"),
            Change((2024, 2), "absent before 2024.2.4; the bnl modes from 2024.2.5", D, "§4"),
            Change((2025, 1), "legacy_mode; the bnl modes from 2025.1.1", D, "§4"),
            Change((2025, 2), "legacy_mode; on in new clusters of yugabyted and YBA", D, "§4"),
        ),
        "yb_use_hash_splitting_by_default": (
            Change((2, 14), "absent: the first column of a key is HASH", D, "§3.1"),
            Change((2, 21), "absent: the first column of a key is HASH", M, "FINDINGS.md, Identity"),
            Change((2024, 1), "on; off makes Kine's own DDL range-sharded", D, "§3.1"),
        ),
        "EXPLAIN (DIST)": (
            Change((2, 14), "absent", D, "§5"),
            Change((2, 16), "yes", D, "§5"),
            Change((2, 21), "yes", M, "FINDINGS.md, Plans"),
            Change((2024, 1), "yes", D, "§5"),
        ),
        "automatic ANALYZE": (
            Change((2, 14), "no", D, "§4"),
            Change((2025, 1), "early access, by a flag", D, "§4"),
            Change((2025, 2), "in new clusters of yugabyted and YBA", D, "§4"),
        ),
        "read committed": (
            Change((2, 14), "off: runs as repeatable read", D, "§6.1"),
            Change((2, 21), "off: runs as repeatable read", M, "FINDINGS.md, Identity"),
            Change((2024, 1), "early access, by the flag yb_enable_read_committed_isolation", D, "§6.1"),
            Change((2024, 2), "by the flag yb_enable_read_committed_isolation (GA from 2024.2.2)", D, "§6.1"),
            Change((2025, 2), "on in new clusters of yugabyted and YBA, else by its flag", D, "§6.1"),
        ),
        "write conflicts": (
            Change((2, 14), "fail with 40001, nobody waits", I, "§6.5"),
            Change((2, 21), "fail with 40001, nobody waits", M, "FINDINGS.md, Errors"),
            Change((2024, 1), "wait in queues", D, "§6.5"),
        ),
        "advisory locks": (
            Change((2, 14), "not there", D, "§6.6"),
            Change((2, 21), "hold on one node only", M, "FINDINGS.md, Errors"),
            Change((2024, 1), "not to be relied on", I, "§6.6"),
            Change((2, 25), "a preview, by a flag", D, "§6.6"),
            Change((2025, 1), "on by default in newer releases; which one was first is not known", I, "§6.6"),
        ),
        "DDL in transactions": (
            Change((2, 14), "not transactional", D, "§3.10"),
            Change((2, 21), "not transactional: a rolled-back DROP TABLE has dropped", M, "FINDINGS.md, DDL"),
            Change((2024, 1), "not transactional", D, "§3.10"),
            Change((2024, 2), "not transactional; one statement that fails is rolled back", D, "§3.10"),
            Change((2026, 1), "transactional by default", D, "§3.10"),
        ),
        "online index builds": (
            Change((2, 14), "may miss rows (TA-24313)", D, "§0.8"),
            Change((2024, 2), "may miss rows on 2024.2.0 (TA-24313)", D, "§0.8"),
            Change((2, 25), "yes", I, "§0.8"),
        ),
        "size that Kine reads": (
            Change((2, 14), "the table without its indexes", D, "§6.7"),
            Change((2, 21), "the table without its indexes; NULL where colocated", M, "FINDINGS.md, Schema"),
            Change((2024, 1), "the table without its indexes", D, "§6.7"),
            Change((2026, 1), "the table with its indexes (#23181)", D, "§6.7"),
        ),
    }
)


def line_of(release: tuple[int, ...]) -> Line:
    """The newest line not newer than the release: (2024, 2, 11, 0) → (2024, 2), (2, 22) → (2, 21)."""
    series = (release[0], release[1] if len(release) > 1 else 0)
    same_age = [line for line in LINES if (line[0] >= 2000) == (series[0] >= 2000) and line <= series]
    return max(same_age, default=LINES[0])


def known(release: tuple[int, ...]) -> Iterator[Known]:
    """Every topic, as the last change up to that release's line left it."""
    at = LINES.index(line_of(release))
    for topic, changes in TOPICS.items():
        last = [change for change in changes if LINES.index(change.since) <= at][-1]
        yield Known(topic, last.value, last.basis, last.source)
