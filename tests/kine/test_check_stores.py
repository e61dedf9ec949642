"""`kinetune check` on stores that real Kines made: exactly the expected findings, and none above info after init."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.call import call
from tests.kine.process import Kine
from tests.kine.smoke import smoke

Built = Callable[[str], Path]
# Severity, rule and object. The test's role is a superuser that anybody is let in as: that is told too.
HERE = {("warning", "KT801", "postgres"), ("warning", "KT803", "pg_hba.conf")}
EXPECTED = {
    "v0.17.5": {("error", "KT601", "Kine v0.17.5"), ("info", "KT901", "kine.create_revision")},
    "v0.10.1": {
        ("warning", "KT112", "kine.name"),
        ("warning", "KT113", "kine.id"),
        ("info", "KT107", "kine_list_query_index"),
        ("warning", "KT602", "Kine v0.10.1"),
    },
}


def findings(dsn: str, tag: str) -> set[tuple[str, str, str]]:
    said = call("check", "--no-plans", "--kine", tag, "--format", "json", dsn)
    assert said.status in (0, 1), said.err
    return {(one["severity"], one["code"], one["on"]) for one in json.loads(said.out)["findings"]}


@pytest.mark.parametrize("tag", EXPECTED)
def test_a_stock_store_has_its_findings_and_no_other(built: Built, database15: str, tag: str) -> None:
    built(tag)
    with Kine(tag, database15) as kine, kine.client() as etcd:
        smoke(etcd, tag)
    assert findings(database15, tag) - HERE == EXPECTED[tag]


@pytest.mark.parametrize("tag", ["v0.17.5", "v0.10.1"])
def test_after_init_nothing_above_info_is_left_but_the_release_itself(built: Built, database15: str, tag: str) -> None:
    built(tag)
    with Kine(tag, database15) as kine, kine.client() as etcd:
        smoke(etcd, tag)
    assert call("init", "--yes", "--kine", tag, "--allow", "COLUMN_TYPES", database15).status == 0
    left = {one for one in findings(database15, tag) - HERE if one[0] != "info" and not one[1].startswith("KT6")}
    assert left == set()
