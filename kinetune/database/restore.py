"""Puts a backup's rows into the table that will be kine, and proves that they are there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from kinetune.database.backup import as_written, copied
from kinetune.database.backup_file import Tally, blocks
from kinetune.database.errors import failure_of
from kinetune.database.session import Row, Session
from kinetune.model.backup import Backup
from kinetune.model.failure import CouldNotLook
from kinetune.quoting import identifier

Told = Callable[[int], None]
ROWS = 1000
OTHERWISE = "nothing is called kine yet; run it again, and report it where it happens twice"


def landing(session: Session) -> Row:
    """The row of sql/facts/landing.sql: where new tables go, and what is there."""
    (row,) = session.ask("landing")
    if row["schema"] is None:
        raise CouldNotLook(
            "none of the schemas of search_path is there", "name one in the endpoint: ?search_path=public"
        )
    return row


@dataclass(frozen=True)
class Load:
    """A backup that was read, its file, and the empty table (by its quoted name) that takes its rows."""

    path: Path
    backup: Backup
    table: str

    def into(self, session: Session, told: Told) -> None:
        """
        All rows, then all of them read back and summed up; `told` hears of each row twice.

        The session writes and has no statement_timeout. On YugabyteDB a COPY is several transactions: the table is one
        that nobody knows yet. Raises CouldNotLook; no error shows a row.
        """
        as_written(session)
        names = ", ".join(map(identifier, self.backup.manifest.copied))
        statement = f"COPY {self.table} ({names}) FROM STDIN".encode()
        try:
            with session.connection.cursor() as cursor, cursor.copy(statement) as copy:
                sent = 0
                for block in blocks(self.path):
                    copy.write(block)
                    sent += block.count(b"\n")
                    told(sent)
        except psycopg.DataError as error:  # what it says may quote a value
            raise CouldNotLook(f"the server took a row for wrong ({error.sqlstate})", OTHERWISE) from None
        except psycopg.Error as error:
            raise failure_of(error, session.connection.info.user) from None  # its CONTEXT quotes a row
        self._prove(session, told)

    def _prove(self, session: Session, told: Told) -> None:
        back = Tally()
        gathered: list[bytes] = []
        for row in copied(session, self.table, self.backup.manifest.copied):
            gathered.append(row)
            if len(gathered) == ROWS:
                back.add(b"".join(gathered))
                gathered.clear()
                told(self.backup.sums.rows + back.rows)
        if gathered:
            back.add(b"".join(gathered))
        if back.sums(self.backup.sums.last_id) != self.backup.sums:
            raise CouldNotLook("the server gives back other rows than it was given", OTHERWISE)
