"""A real K3s moved to PostgreSQL by the commands of docs/guides/move, and back: each object as it was."""

from __future__ import annotations

import pytest

from tests.cli.call import call
from tests.database.stores import ask
from tests.guides import GuideRun
from tests.k3s import GROUP, NAMESPACE, K3sServer, lasting, require_equal

pytestmark = pytest.mark.xdist_group(GROUP)
CONFIG_MAPS = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
EVENTS = f"/api/v1/namespaces/{NAMESPACE}/events"
ETCD = "cluster-init: true\n"
STARTS = 3
"""The last write of an etcd that is stopped may be in its log only: then K3s is started and stopped once more."""


def first_event(k3s: K3sServer, path: str, revision: int) -> tuple[str, int]:
    """The type of the first event of a watch from that revision, and the code of an error."""
    event = k3s.get(f"{path}?watch=1&resourceVersion={revision}&timeoutSeconds=1")
    return event["type"], event["object"].get("code", 0)


def count_sessions(dsn: str) -> int:
    """Connections to the database besides this one."""
    name = dsn.rpartition("/")[2]
    found = ask(dsn, f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()")
    return int(found[0][0])


def stop_and_move(page: GuideRun, k3s: K3sServer) -> None:
    """Step 2 of the page on an embedded etcd, as often as the refusal of an incomplete file asks for."""
    stop, move = page.lines("2.")
    for _ in range(STARTS):
        page.execute(stop)
        result = call(*page.words(move)[1:], folder=k3s.folder)
        if result.status != 4 or "lacks the newest writes" not in result.err:
            break
        k3s.start()
    assert result.status == 0, result


def test_from_sqlite_and_back(k3s: K3sServer, database15: str) -> None:
    k3s.up("--secrets-encryption")
    before = k3s.work()
    page = GuideRun.of_k3s("k3s-sqlite.md", k3s, database15)
    page.run("1.", "2.")
    assert "is in use: k3s" in page.calls[0].out.replace("\n", " ")
    for text in ("aescbc:v1:aescbckey", "the K3s token fits"):
        assert text in page.calls[1].out
    page.run("3.")
    require_equal(k3s, before)
    assert count_sessions(database15)
    # Watches of what the API server keeps in memory begin with 410; others, and exact lists, have the whole history.
    assert first_event(k3s, CONFIG_MAPS, before.revision) == ("ERROR", 410)
    assert first_event(k3s, EVENTS, before.revision) == ("ADDED", 0)
    exact = k3s.get(f"{CONFIG_MAPS}?resourceVersion={before.revision}&resourceVersionMatch=Exact")
    assert [one["data"]["count"] for one in exact["items"] if one["metadata"]["name"] == "settings"] == ["0"]
    page.run("The way back")
    assert lasting(k3s.read_objects()) == before.objects
    assert all(map(k3s.accepts, before.tokens))


def test_from_embedded_etcd(k3s: K3sServer, database15: str) -> None:
    k3s.up("--secrets-encryption", config=ETCD)
    before = k3s.work()
    page = GuideRun.of_k3s("k3s-embedded-etcd.md", k3s, database15)
    page.run("1.")
    stop_and_move(page, k3s)
    page.run("3.")
    require_equal(k3s, before)
    assert count_sessions(database15)
    for path in (CONFIG_MAPS, EVENTS):
        assert first_event(k3s, path, before.revision) == ("ERROR", 410)


@pytest.mark.soak
def test_an_embedded_etcd_on_the_disk_is_used_whatever_the_endpoint(k3s: K3sServer, database15: str) -> None:
    """Why the page moves its folder aside; and the way back, with the folder that K3s has made meanwhile."""
    k3s.up("--secrets-encryption", config=ETCD)
    before = k3s.work()
    page = GuideRun.of_k3s("k3s-embedded-etcd.md", k3s, database15)
    stop_and_move(page, k3s)
    k3s.config.write_text(f"datastore-endpoint: {database15}\n", encoding="utf-8")
    k3s.start()
    assert not count_sessions(database15)
    assert "Managed etcd cluster bootstrap already complete and initialized" in k3s.log
    k3s.stop()
    k3s.config.write_text(ETCD, encoding="utf-8")
    page.run("3.")
    require_equal(k3s, before)
    page.run("The way back")
    assert lasting(k3s.read_objects()) == before.objects


@pytest.mark.soak
def test_from_postgresql_while_it_is_in_use_and_back(k3s: K3sServer, database15: str) -> None:
    """With `--follow`; what was written to the target comes along on the way back."""
    old = f"{database15}_old"
    k3s.up("--secrets-encryption", config=f"datastore-endpoint: {old}\n")
    before = k3s.work()
    page = GuideRun.of_k3s("postgresql.md", k3s, database15, old)
    page.run("1.")
    page.run_following("2.")
    page.run("3.")
    require_equal(k3s, before)
    assert first_event(k3s, EVENTS, before.revision) == ("ADDED", 0)
    page.run("The way back")
    made = lasting(k3s.read_objects()).keys() - before.objects.keys()
    assert len(made) == 1
    assert made.pop().startswith(f"ConfigMap/{NAMESPACE}/after-")
