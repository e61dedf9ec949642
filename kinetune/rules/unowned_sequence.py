from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.schema import SEQUENCE
from kinetune.model.facts import Sequence
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour, Server
from kinetune.quoting import identifier
from kinetune.rules.remedies import SET_SEQUENCE_FLAG
from kinetune.rules.rule import rule


@rule("KT202", Severity.WARNING)
def unowned_sequence(sequence: Sequence, server: Server) -> Iterator[Remark]:
    """
    The sequence of kine.id is not kine_id_seq, or the column does not own it.

    Why it matters
        A sequence that no column owns is dumped and dropped separately from its table: `pg_dump -t kine` omits it, and
        after a restore ids start at 1, so every create fails on an id that exists. If the sequence has another name,
        KINE_SCHEMA_MIGRATION does not find it, and Kine does not start (docs/facts/kine.md §0.5).

    What to do
        Rename the sequence and make the column its owner; new ids wait for a moment. YugabyteDB does not support ALTER
        SEQUENCE … RENAME, but ALTER TABLE … RENAME works. OWNED BY raises the cache to the flag of the tserver there,
        so set the flag to 1 first.

    When to ignore
        Your backups contain the whole database, and KINE_SCHEMA_MIGRATION stays unset.

    Source
        docs/facts/kine.md §3 and §0.5; renaming and the cache on YugabyteDB: docs/facts/measured.md §7,
        docs/facts/recorded.md §4.
    """
    renamed, lost = sequence.name != SEQUENCE.name, sequence.owned_by != SEQUENCE.owned_by
    if not (renamed or lost):
        return
    distributed = server.flavour is Flavour.YUGABYTEDB
    wrong, do = [], []
    if renamed:
        wrong.append(f"is not named {SEQUENCE.name}: with KINE_SCHEMA_MIGRATION Kine does not start")
        what = "TABLE" if distributed else "SEQUENCE"
        do.append(f"ALTER {what} {identifier(sequence.name)} RENAME TO {SEQUENCE.name}")
    if lost:
        owner = ".".join(sequence.owned_by) if sequence.owned_by else "no column"
        wrong.append(
            f"is owned by {owner}, not by kine.id: a dump of the table omits it, and after a restore ids start at 1"
        )
        do.extend([SET_SEQUENCE_FLAG] if distributed else [])
        do.append(f"ALTER SEQUENCE {SEQUENCE.name} OWNED BY kine.id")
    yield Remark(on=sequence.name, says="; ".join(wrong), do="; ".join(do))
