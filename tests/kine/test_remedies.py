"""A fault in the store of a real Kine, the remedy of its finding as written, and a Kine that serves afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.cli.call import call
from tests.kine.process import Kine
from tests.kine.smoke import smoke

Built = Callable[[str], Path]
SERVED_BY = ("v0.14.16", "v0.17.5")
FAULTS = {
    "KT101": "ALTER TABLE kine ADD COLUMN owner text",
    "KT102": "ALTER TABLE kine RENAME CONSTRAINT kine_pkey TO mine",
    "KT104": "DROP INDEX kine_name_prev_revision_uindex",
    "KT107": "DROP INDEX kine_list_query_index; CREATE INDEX kine_list_query_index ON kine (id) WHERE false",
    "KT108": "DROP INDEX kine_name_index",
    "KT109": "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'kine_name_index'::regclass",
    "KT110": "CREATE INDEX mine ON kine (lease)",
    "KT112": 'ALTER TABLE kine ALTER name TYPE text COLLATE "default"',
    "KT113": "ALTER TABLE kine ALTER id TYPE integer",
    "KT201": "ALTER SEQUENCE kine_id_seq CACHE 100",
    "KT202": "ALTER SEQUENCE kine_id_seq OWNED BY NONE",
    "KT203": "SELECT setval('kine_id_seq', 1)",
    "KT204": "ALTER SEQUENCE kine_id_seq INCREMENT BY 3",
    "KT405": "ALTER TABLE kine SET (autovacuum_enabled = false)",
    "KT804": "GRANT ALL ON kine TO PUBLIC",
}


def found(dsn: str, code: str) -> list[dict[str, str]]:
    said = call("check", "--no-plans", "--kine", "v0.17.2", "--select", code, "--format", "json", dsn)
    assert said.status in (0, 1), said.err
    return list(json.loads(said.out)["findings"])


def follow(dsn: str, remedy: str) -> None:
    """Each part of a remedy that is a statement, or a command of kinetune's; the rest is for people."""
    for part in remedy.split("; "):
        if part.startswith("kinetune init"):
            allowed = [word for word in part.split()[2:] if word != "--dry-run"]
            done = call("init", "--yes", "--kine", "v0.17.2", *allowed, dsn)
            assert done.status == 0, done.err
        elif part.split()[0].isupper() and part.split()[0].isalpha():
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute(part.encode())


@pytest.mark.parametrize("code", FAULTS)
def test_the_remedy_of_a_finding_fixes_it_and_kine_works(built: Built, database15: str, code: str) -> None:
    for tag in SERVED_BY:
        built(tag)
    with Kine("v0.14.16", database15) as kine, kine.client() as etcd:
        smoke(etcd, "v0.14.16")
    assert not found(database15, code)
    with psycopg.connect(database15, autocommit=True) as connection:
        for statement in FAULTS[code].split("; "):
            connection.execute(statement.encode())
    findings = found(database15, code)
    assert findings
    for finding in findings:
        follow(database15, finding["do"])
    assert not found(database15, code)
    for tag in SERVED_BY:
        with Kine(tag, database15) as kine, kine.client() as etcd:
            smoke(etcd, tag)
