"""A report with every kind of section: `explain` of a store that Kine created."""

from __future__ import annotations

from datetime import UTC, datetime

from kinetune.model.finding import Severity
from kinetune.model.report import BarChart, BulletList, Cell, Code, Collapsible, Heading, Paragraph, Report, Table, Tone

Row = tuple[str, float, str, int, str, Tone, str]

ROWS: tuple[Row, ...] = (
    ("list 8,000 pods, first page", 412.6, "96,214 / 500", 9812, "kine_name_prev_revision_id_uindex", Tone.BAD,
     "reads 192 rows for each it returns"),
    ("list 8,000 pods, next page", 398.1, "96,214 / 500", 9790, "kine_name_prev_revision_id_uindex", Tone.BAD,
     "reads 192 rows for each it returns; each page costs as much as the first"),
    ("count pods", 388.0, "96,214 / 1", 9781, "kine_name_prev_revision_id_uindex", Tone.BAD,
     "counts by reading every revision"),
    ("get one lease", 0.31, "12 / 1", 9, "kine_name_index", Tone.WARN, "reads 11 old revisions first"),
    ("poll after revision 1,204,511", 0.12, "3 / 3", 4, "kine_pkey", Tone.GOOD, "as good as it gets"),
    ("newest revision", 0.04, "1 / 1", 3, "kine_pkey", Tone.GOOD, "as good as it gets"),
    ("compact up to revision 1,203,511", 96.4, "18,422 / 9,211", 22104, "kine_prev_revision_index", Tone.WARN,
     "deletes row by row through an index that covers nothing"),
    ("create one event", 0.22, "0 / 1", 31, "–", Tone.DIM, "writes 5 indexes, 1,840 bytes of WAL"),
)  # fmt: skip

PLAN = """
Limit  (cost=0.42..812.31 rows=500 width=214) (actual time=1.204..412.588 rows=500 loops=1)
  Buffers: shared hit=9702 read=110
  ->  Unique  (actual time=1.203..412.411 rows=500 loops=1)
        ->  Index Scan using kine_name_prev_revision_id_uindex on kine kv  (actual time=0.031..398.774 loops=1)
              Index Cond: ((name >= '/registry/pods/'::text) AND (name < '/registry/pods0'::text))
              Filter: ((deleted = 0) OR false)
"""

SQL = """CREATE INDEX CONCURRENTLY kine_list_covering
    ON kine (name, id DESC) INCLUDE (deleted, create_revision, prev_revision, lease)"""


def _cells(row: Row) -> tuple[Cell, ...]:
    call, time, rows, blocks, index, tone, verdict = row
    return Cell(call), Cell(f"{time:,.2f} ms"), Cell(rows), Cell(f"{blocks:,}"), Cell(index), Cell(verdict, tone)


REPORT = Report(
    kind="kinetune explain",
    title="What Kine asks of kubernetes on db-1.example:5432",
    sections=(
        Paragraph("PostgreSQL 15.8, kine 0.11, 1,204,514 rows in 812 MB; observed 2026-03-01T03:12:45Z."),
        BulletList(
            (
                Cell("3 calls read the whole history of every pod: kubectl get pods waits 0.4 s", Tone.BAD),
                Cell("2 calls read old revisions on the way", Tone.WARN),
                Cell("3 calls are as good as they get", Tone.GOOD),
            )
        ),
        Paragraph(
            "Run kinetune init --apply to add the covering index; it takes about 40 s and locks nothing.", Tone.WARN
        ),
        Heading("Calls"),
        Table(
            columns=("call", "time", "rows read / returned", "blocks", "index", "verdict"),
            rows=tuple(_cells(row) for row in ROWS),
            numeric=frozenset({"time", "rows read / returned", "blocks"}),
            fold="verdict",
        ),
        BarChart(
            title="Time of each call, before and after",
            unit="milliseconds",
            series=("before", "after"),
            bars=tuple((row[0], (row[1], round(row[1] / (64 if row[1] > 90 else 1), 2))) for row in ROWS),
        ),
        Heading("What would help"),
        Code(SQL, language="sql", title="a covering index for lists"),
        Paragraph("Locks: none that Kine waits for.", Tone.DIM),
        Heading("Plans"),
        Collapsible(
            "list 8,000 pods, first page: 412.60 ms",
            (
                Paragraph("Sent by every kubectl get pods -A and by each controller that starts."),
                Code(PLAN, title="EXPLAIN (ANALYZE, BUFFERS)"),
                BarChart(
                    "Blocks of each node",
                    "blocks of 8 KiB",
                    ("blocks",),
                    (("Index Scan", (9812.0,)), ("Unique", (0.0,))),
                ),
                Collapsible(
                    "the arguments", (Table(("argument", "value"), ((Cell("$1"), Cell("/registry/pods/<script>")),)),)
                ),
            ),
        ),
        Collapsible("newest revision: 0.04 ms", (BulletList((Cell("one descent of kine_pkey", Tone.GOOD),)),)),
    ),
    data={
        "observed_at": datetime(2026, 3, 1, 3, 12, 45, tzinfo=UTC),
        "worst": Severity.ERROR,
        "calls": [{"call": row[0], "milliseconds": row[1], "blocks": row[3], "index": row[4]} for row in ROWS],
        "unmeasured": float("nan"),
    },
)
