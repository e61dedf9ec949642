"""Open the source that an address names."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from kinetune.model.source_address import AddressKind, SourceAddress
from kinetune.transfer.live_rows import LiveRowsSource, WithoutGapRows
from kinetune.transfer.source import Source


@dataclass(frozen=True)
class ReadOptions:
    """
    `live_only`: the live rows alone, ended by a compaction row, even where the source has all revisions. `bump` is
    added to the current revision; None if the user has not given one. `skip_gap_rows`: without rows that fill gaps.
    """

    live_only: bool = False
    bump: int | None = None
    skip_gap_rows: bool = False


@contextlib.contextmanager
def open_source(address: SourceAddress, options: ReadOptions, command: str) -> Iterator[Source]:
    """
    The source, as the options want to see it. `command` names the session on a server (kinetune/<command>).

    Raises CouldNotLook or UsageFailure.
    """
    with _open_inner(address, command) as inner:
        # A bump declares everything older compacted, and Kine from v0.17 never removes superseded rows below the
        # compacted revision (docs/facts/moving.md §1): so only live rows may be moved with it.
        if inner.state.kind.is_etcd or options.live_only or options.bump:
            yield LiveRowsSource(inner, options.bump or 0)
        else:
            yield WithoutGapRows(inner) if options.skip_gap_rows else inner


def _open_inner(address: SourceAddress, command: str) -> contextlib.AbstractContextManager[Source]:
    # Imported by kind: each needs another library.
    match address.kind:
        case AddressKind.SQLITE:
            from kinetune.transfer.sqlite_source import open_sqlite

            assert address.file is not None
            return open_sqlite(address.file)
        case AddressKind.MYSQL:
            from kinetune.transfer.mysql_source import open_mysql

            return open_mysql(address.text)
        case AddressKind.ETCD:
            from kinetune.transfer.etcd_source import open_etcd

            return open_etcd(address.text, address.access)
        case AddressKind.ETCD_SNAPSHOT:
            from kinetune.transfer.snapshot_source import open_snapshot

            assert address.file is not None
            return open_snapshot(address.file)
        case AddressKind.ARCHIVE:
            from kinetune.transfer.archive import open_archive

            assert address.file is not None
            return open_archive(address.file)
        case AddressKind.DATABASE:
            from kinetune.model.endpoint import Endpoint
            from kinetune.transfer.database_source import open_database

            assert isinstance(address.endpoint, Endpoint), "an embedded server is started before"
            return open_database(address.endpoint, command)
