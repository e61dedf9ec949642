"""
Kinds of failures of the database, known by their SQLSTATE or else by the text of the error.

Sources: PostgreSQL 15 (src/backend, errcodes.txt), YugabyteDB 2.21 (docs/facts/recorded.md §5), PgBouncer, lib/pq,
pgx.
"""

from __future__ import annotations

import re

from kinetune.kine.signal_kind import SignalKind

COMPACTION, POOLER, CONNECTIONS = "KT501", "KT407", "KT701"


def _states(text: str) -> frozenset[str]:
    return frozenset(text.split())


FAILURE_KINDS: tuple[SignalKind, ...] = (
    SignalKind(
        "compaction-unsupported",
        "the server does not support Kine's compaction statement: it never succeeds, and the table grows",
        COMPACTION,
        "the server is neither PostgreSQL nor YugabyteDB; CockroachDB rejects this statement as unimplemented",
        "use PostgreSQL or YugabyteDB, or a release of this server that supports the statement",
        pattern=re.compile(rb"unimplemented|syntax error|not supported"),
        within=re.compile(rb"ompact failed: "),
        messages=("Compact failed",),
    ),
    SignalKind(
        "pooler",
        "a prepared statement is missing on its connection: a transaction pooler (PgBouncer) is in between",
        POOLER,
        "Kine v0.10.0 and later prepares its statements, and the pooler gives the next one to another connection",
        "connect to the server directly, use session pooling, or add default_query_exec_mode=exec to the endpoint",
        _states("26000 42P05"),
        re.compile(rb"prepared statement \S+ (?:does not exist|already exists)"),
        on_server=True,
    ),
    SignalKind(
        "no-connections",
        "the server or the pooler had no free connection",
        CONNECTIONS,
        "all clients together open more connections than the server allows",
        "raise max_connections of the server, or limit the connections of Kine and of the other clients",
        _states("53300"),
        re.compile(
            rb"remaining connection slots|too many clients already|"
            rb"[Tt]oo many connections|no more connections allowed|query_wait_timeout|max_user_connections|"
            rb"max clients reached"
        ),
        on_server=True,
    ),
    SignalKind(
        "read-only",
        "the server refused a write: it is a standby, or default_transaction_read_only is on",
        "KT411",
        "the endpoint leads to a standby, or a parameter was set",
        "connect to the primary (target_session_attrs=read-write), or reset default_transaction_read_only",
        _states("25006"),
        re.compile(rb"in a read-only transaction|SQLSTATE 25006|--read-only option|READ ONLY transaction"),
        on_server=True,
    ),
    SignalKind(
        "no-space",
        "the server has no space or memory left",
        cause="the disk is full, or a limit of memory is reached",
        fix="free space on the server; kinetune check --select KT5 ENDPOINT shows what fills the table",
        states=_states("53100 53200"),
        pattern=re.compile(rb"No space left on device|database or disk is full|[Tt]able '\S+' is full"),
        on_server=True,
    ),
    SignalKind(
        "damaged-files",
        "the server found damaged data, or could not read or write its files",
        cause="a failing disk or file system, or files that another program changed",
        fix="read the server's own log, check its disk, and restore a backup if the error is repeated",
        states=_states("XX001 XX002 58030"),
        pattern=re.compile(rb"disk image is malformed|disk I/O error|readonly database"),
        on_server=True,
    ),
    SignalKind(
        "too-large",
        "the server refused a key or an object that is too large for its column, its index or its packet",
        cause="a name of more than 630 characters, a key beyond the size of an index entry, or an object beyond "
        "max_allowed_packet (MySQL)",
        fix="make the object of the example smaller; on MySQL raise max_allowed_packet",
        states=_states("54000 22001"),
        pattern=re.compile(rb"Data too long for column|packet for query is too large|max_allowed_packet"),
    ),
    SignalKind(
        "database-locked",
        "SQLite was locked by another writer for longer than its timeout",
        cause="another process has the file open, or a long statement of Kine holds the lock",
        fix="stop other programs that use the file; with many writers, use PostgreSQL",
        pattern=re.compile(rb"database is locked|SQLITE_BUSY"),
    ),
    SignalKind(
        "no-table",
        "the table kine does not exist",
        cause="it was dropped, or the endpoint or its search_path leads to another database or schema (`no such "
        "table` is SQLite's message)",
        fix="correct the endpoint, or restore a backup; a restart of Kine creates an empty table",
        pattern=re.compile(
            rb"relation \S*\bkine\W{0,3} does not exist|no such table: kine|Table \S*kine\S* doesn't exist"
        ),
        on_server=True,
    ),
    SignalKind(
        "no-privilege",
        "the server refused a statement: the role has not the privilege",
        cause="a privilege was revoked, or the table has another owner",
        fix="run kinetune check ENDPOINT as this role",
        states=_states("42501"),
    ),
    SignalKind(
        "schema-changed",
        "the table changed while Kine was running: each connection fails once, then recovers",
        cause="ALTER TABLE changed a column while prepared statements existed",
        fix="no action is necessary; change the table while Kine is stopped",
        pattern=re.compile(rb"cached plan must not change result type"),
        on_server=True,
    ),
    SignalKind(
        "ids-exhausted",
        "ids reached the maximum of their type",
        "KT113",
        "the column or its sequence is an integer of 32 bits",
        "stop Kine and change the columns to BIGINT (kinetune init ENDPOINT shows the statements)",
        _states("2200H"),
        re.compile(
            rb"reached maximum value of sequence|out of range for type integer|integer out of range|"
            rb"greater than maximum value for int4"
        ),
        on_server=True,
    ),
    SignalKind(
        "catalog-changed",
        "a statement failed because the catalog changed while it ran (YugabyteDB)",
        cause="a DDL statement or ANALYZE ran at the same time, on any node",
        fix="no action is necessary if it stops; run DDL while Kine is stopped",
        pattern=re.compile(
            rb"Catalog Version Mismatch|schema version mismatch|catalog snapshot used for this transaction|"
            rb"MISMATCHED_SCHEMA|OBJECT_NOT_FOUND"
        ),
        on_server=True,
    ),
    SignalKind(
        "serialization",
        "the server aborted a statement because of a concurrent transaction (serialization failure or deadlock)",
        "KT404",
        "two writers changed the same rows; on YugabyteDB also a read restart: a newer row was within the "
        "uncertainty of the clocks, and the answer was too large to repeat the read on the server",
        "no action is necessary for single ones, Kine's clients try again; if they are frequent, check the isolation "
        "level (KT404), the clocks of the nodes, and ysql_output_buffer_size",
        _states("40001 40P01"),
        re.compile(
            rb"could not serialize access|Deadlock found|restart transaction: |[Rr]estart read required|"
            rb"expired or aborted by a conflict|"
            rb"deadlock detected|"
            rb"All transparent retries exhausted|Unknown transaction, could be recently aborted|\b40001\b|"
            rb"conflicts with (?:higher priority|concurrently committed)|[Tt]ransaction aborted: "
        ),
        on_server=True,
    ),
    SignalKind(
        "node-timeout",
        "a tablet server did not answer in time (YugabyteDB)",
        "KT409",
        "a node is down, overloaded or cut off",
        "check the nodes: yugabyted status, and kinetune check ENDPOINT",
        pattern=re.compile(rb"Timed out: |RPC \(request call id \d+\)|\bService unavailable\b|Network error: "),
        on_server=True,
    ),
    SignalKind(
        "statement-canceled",
        "the server canceled a statement: a timeout was reached, or the client gave up",
        cause="statement_timeout or lock_timeout of the server or the role, or the timeout of the API server's request",
        fix="look at the slowest calls; for `statement timeout`, ALTER ROLE … RESET statement_timeout for Kine's role",
        states=_states("57014"),
        pattern=re.compile(rb"due to (?:statement|lock) timeout|Lock wait timeout exceeded"),
        on_server=True,
    ),
    SignalKind(
        "connection-terminated",
        "the server ended connections: it was stopped, restarted, or an administrator ended them",
        cause="a restart, a failover, a lost node of YugabyteDB, pg_terminate_backend or a timeout of idle sessions",
        fix="no action is necessary after a planned restart; Kine connects again",
        states=_states("57P01 57P02 57P03 57P05 25P03"),
        pattern=re.compile(
            rb"terminating connection (?:due to|because)|the database system is (?:starting up|shutting down|"
            rb"in recovery)|"
            rb"server closed the connection unexpectedly|"
            rb"ERROR:  ?Shutdown connection"
        ),
        on_server=True,
    ),
    SignalKind(
        "login-refused",
        "the server refused logins: wrong password, pg_hba.conf, or an unknown role or database",
        cause="the client may be Kine or another program: see its role and database in the example",
        fix="correct the endpoint of that client, or pg_hba.conf",
        states=_states("28P01 28000 3D000"),
        pattern=re.compile(
            rb"password authentication failed|no pg_hba\.conf entry|pg_hba\.conf rejects|"
            rb"FATAL:  (?:role|database) \S+ does not exist"
        ),
        on_server=True,
    ),
    SignalKind(
        "unreachable",
        "Kine could not reach the database",
        cause="the server is down, its certificate changed, or the network or the name of the host fails",
        fix="check the server, its certificate, the network and the DNS; Kine connects again",
        states=_states("08000 08001 08003 08004 08006"),
        pattern=re.compile(
            rb"connection refused|no such host|no route to host|network is unreachable|connection reset by peer|"
            rb"broken pipe|unexpected EOF|bad connection|conn closed|i/o timeout|failed to connect to `|"
            rb"invalid connection|server conn crashed|x509: "
        ),
        within=re.compile(
            rb"list latest changes|error in txn|error while range on|ompact failed|nsert error for key|TTL "
        ),
    ),
    SignalKind(
        "id-taken",
        "the server refused a row because its id was taken: a gap row came first, or the reverse",
        "KT503",
        "single ones are normal under load, and many mean that ids are given out of order, as by a sequence that "
        "caches ids; on YugabyteDB Kine does not repeat the insert, and its client gets `already exists`",
        "kinetune check --select KT2,KT503 ENDPOINT; restart a K3s that waits for such an object at its start",
        pattern=re.compile(rb"duplicate key value violates unique constraint \W{0,8}kine_pkey\b"),
        on_server=True,
    ),
    SignalKind(
        "duplicate-key",
        "the server refused a duplicate row: a normal conflict of two writers",
        pattern=re.compile(
            rb"duplicate key value violates unique constraint \W{0,8}kine_\w+|SQLSTATE 23505|"
            rb"Error 1062\b|UNIQUE constraint failed: kine"
        ),
        on_server=True,
    ),
)
