from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.schema import SEQUENCE
from kinetune.model.finding import Remark, Severity
from kinetune.model.schema import Sequence
from kinetune.model.server import Flavour, Server
from kinetune.quoting import identifier
from kinetune.rules.remedy import FLAG
from kinetune.rules.rule import rule


@rule("KT202", Severity.WARNING)
def sequence_owner(sequence: Sequence, server: Server) -> Iterator[Remark]:
    """
    The sequence behind kine.id is kine_id_seq, and belongs to that column.

    Why it matters
        A sequence that no column owns is dumped and dropped apart from its table: `pg_dump -t kine` leaves it out, and
        after the restore ids begin at 1, where every create meets an id that exists. Under another name
        KINE_SCHEMA_MIGRATION does not find it, and Kine does not start (docs/facts/kine.md §0.5).

    What to do
        Rename it and give it to the column; new ids wait for a moment. YugabyteDB cannot ALTER SEQUENCE … RENAME, but
        ALTER TABLE … RENAME does it. OWNED BY raises the cache there to the cluster's flag: set that to 1 first.

    When to ignore
        When your backups hold the whole database and KINE_SCHEMA_MIGRATION stays unset.

    Source
        docs/facts/kine.md §3 and §0.5; the renaming and the cache: docs/facts/measured.md §7 and
        data/yugabytedb/sequences/made_under_flag_1_now_default_100.json.
    """
    renamed, lost = sequence.name != SEQUENCE.name, sequence.owned_by != SEQUENCE.owned_by
    if not (renamed or lost):
        return
    distributed = server.flavour is Flavour.YUGABYTEDB
    wrong, do = [], []
    if renamed:
        wrong.append(f"is not called {SEQUENCE.name}: KINE_SCHEMA_MIGRATION would stop Kine at its start")
        what = "TABLE" if distributed else "SEQUENCE"
        do.append(f"ALTER {what} {identifier(sequence.name)} RENAME TO {SEQUENCE.name}")
    if lost:
        owner = ".".join(sequence.owned_by) if sequence.owned_by else "nothing"
        wrong.append(f"belongs to {owner}, not to kine.id: a dump of the table leaves it out, and ids begin at 1 again")
        do.extend([FLAG] if distributed else [])
        do.append(f"ALTER SEQUENCE {SEQUENCE.name} OWNED BY kine.id")
    yield Remark(on=sequence.name, says="; ".join(wrong), do="; ".join(do))
