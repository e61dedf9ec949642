"""Copy the rows of a backup into a table that will become kine, and verify them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from kinetune.database.backup import copy_rows, set_output_format
from kinetune.database.backup_file import RunningSums, read_blocks
from kinetune.database.session import Row, Session, failure_from
from kinetune.model.backup import Backup
from kinetune.model.failure import CouldNotLook
from kinetune.quoting import identifier

ReportRows = Callable[[int], None]
ROWS_PER_BLOCK = 1000
NOT_IN_USE = "no table kine was created; run the command again, and report a bug if it fails again"


def read_restore_target(session: Session) -> Row:
    """The row of sql/facts/restore_target.sql: the schema for new tables, and what exists in it."""
    (row,) = session.query_file("restore_target")
    if row["schema"] is None:
        raise CouldNotLook(
            "no schema of search_path exists in this database", "name one in the endpoint: ?search_path=public"
        )
    return row


@dataclass(frozen=True)
class RowLoader:
    """A backup that was read, its file, and the quoted name of the empty table for its rows."""

    path: Path
    backup: Backup
    table: str

    def load_rows(self, session: Session, report: ReportRows) -> None:
        """
        Copy all rows, then read all of them back and compare their sums. `report` counts each row twice.

        The session is a writing one without statement_timeout. On YugabyteDB one COPY is several transactions, so the
        table has another name than kine until it is complete. Raises CouldNotLook; no error contains a row.
        """
        # The same settings as for the backup, because the rows are read back and compared as text.
        set_output_format(session)
        names = ", ".join(map(identifier, self.backup.manifest.copied))
        statement = f"COPY {self.table} ({names}) FROM STDIN".encode()
        try:
            with session.connection.cursor() as cursor, cursor.copy(statement) as copy:
                sent = 0
                for block in read_blocks(self.path):
                    copy.write(block)
                    sent += block.count(b"\n")
                    report(sent)
        # `from None`: the message of a DataError and the CONTEXT of any error quote a row, and --debug prints causes.
        except psycopg.DataError as error:
            raise CouldNotLook(f"the server rejected a row ({error.sqlstate})", NOT_IN_USE) from None
        except psycopg.Error as error:
            raise failure_from(error, session.connection.info.user) from None
        self._verify_rows(session, report)

    def _verify_rows(self, session: Session, report: ReportRows) -> None:
        back = RunningSums()
        gathered: list[bytes] = []
        for row in copy_rows(session, self.table, self.backup.manifest.copied):
            gathered.append(row)
            # COPY returns single rows, and hashing them one by one is slow.
            if len(gathered) == ROWS_PER_BLOCK:
                back.add(b"".join(gathered))
                gathered.clear()
                report(self.backup.sums.rows + back.rows)
        if gathered:
            back.add(b"".join(gathered))
        if back.sums(self.backup.sums.last_id) != self.backup.sums:
            raise CouldNotLook("the rows read back differ from the rows of the backup", NOT_IN_USE)
