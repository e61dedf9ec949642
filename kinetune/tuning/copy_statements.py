"""The statements of a rebuild: the copy, how it is filled, proved and guarded."""

from __future__ import annotations

from dataclasses import dataclass

from kinetune.kine.schema import COLUMNS, TABLE
from kinetune.kine.shape import COPY
from kinetune.model.schema import Index
from kinetune.model.server import Server
from kinetune.quoting import identifier
from kinetune.rendering import render
from kinetune.tuning.statements import schema as rendered
from kinetune.tuning.target import Target

BATCH = 5_000
"""Ids that go in one transaction: 0.2 s on three YugabyteDB nodes on two cores (50,001 rows in 1.8 s: FINDINGS.md)."""


@dataclass(frozen=True)
class Filling:
    """`hashed`, `type`: how the ids that are read are sharded, and their type; `ordered`: the copy's are in order."""

    hashed: bool
    type: str
    ordered: bool
    drop_gaps: bool


def fill_copy(how: Filling, server: Server) -> str:
    """
    A question whose answers are INSERTs, one for each block of BATCH ids with rows that the copy has not got.

    Each may be sent twice: it begins behind the copy's newest id, one step from the end of its key. ON CONFLICT would
    be read row by row on YugabyteDB (release notes of 2.25.0.0-b56: "for each value, it does index reads and then a
    write"), so it serves only a copy that is sharded by hash, which has no cheap newest id.

    A source that is sharded by hash would be read whole for each range of ids: there the ids are named one by one, in
    their own type. That is reasoned from the documentation (point reads are sent to the tablets in batches), not
    measured. Rows that fill a gap are called gap-<id> (facts/kine.md, Fill); the newest row stays whatever it is,
    because its id is the revision.
    """
    names = [column.name for column in COLUMNS]
    return rendered(server, "fill_copy", names=names, size=BATCH, **vars(how))


def compare_copy(drop_gaps: bool, target: Target) -> str:
    """
    Fails with KT002 where a block of ids differs in number, first or last id, or the sum of its rows' checksums.

    The rows' text is the same for integer and bigint, varchar and text. Values enter as their md5: they may be large.
    """
    marks = (f"md5({column.name})" if column.type == "bytea" else identifier(column.name) for column in target.columns)
    template = "schema/compare_copy.sql"
    return render(template, marks=", ".join(marks), size=BATCH, drop_gaps=drop_gaps).strip()


def index_copy(index: Index, server: Server, name: str) -> str:
    """On the table that a rebuild fills: in no hurry, since nobody else uses it."""
    return rendered(server, "create_index", index=index, name=name, online=False, table=COPY)


def unwritten(former: str, copy: str) -> str:
    """
    Fails with KT003 where the former table has got rows after it was compared: each write of Kine draws a new id.

    Sent once nobody finds a table `kine` any more, where no lock keeps writers out (YugabyteDB).
    """
    differ = f"(SELECT MAX(id) FROM {former}) IS DISTINCT FROM (SELECT MAX(id) FROM {copy})"
    raised = "RAISE EXCEPTION 'kine was written to after it was compared' USING ERRCODE = 'KT003'"
    return f"DO $unwritten$ BEGIN IF {differ} THEN {raised}; END IF; END $unwritten$"


def superseded(former: str) -> str:
    """
    Fails with KT004 where the former table's newest row never came to kine: kine has not reached its id, or has it
    under another name, which is Kine's own filling of a gap.
    """
    newest = f"(SELECT id, name FROM {former} ORDER BY id DESC LIMIT 1) AS newest"
    later = f"NOT EXISTS (SELECT 1 FROM {TABLE} WHERE {TABLE}.id >= newest.id)"
    other = f"EXISTS (SELECT 1 FROM {TABLE} WHERE {TABLE}.id = newest.id AND {TABLE}.name <> newest.name)"
    found = f"EXISTS (SELECT 1 FROM {newest} WHERE {later} OR {other})"
    raised = f"RAISE EXCEPTION '{former} has a row that kine never had' USING ERRCODE = 'KT004'"
    return f"DO $superseded$ BEGIN IF {found} THEN {raised}; END IF; END $superseded$"
