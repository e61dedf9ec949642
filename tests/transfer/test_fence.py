"""The fence of `move --fence`: a real Kine that may not write any more, and everything that would make it leak."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from kinetune.etcd.failures import EtcdFailure
from kinetune.model.failure import CouldNotLook, Refused
from kinetune.transfer.fence import MARK, lift_fence, raise_fence, read_fence
from tests.cluster import Cluster
from tests.database.stores import STOCK, ask, connection, make, place
from tests.kine.process import Kine, KineFailed
from tests.kine.smoke import present

Built = Callable[[str], Path]
GRANTED = "SELECT count(*) FROM unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'SELECT']) AS one WHERE "
NOTE = "SELECT col_description('kine'::regclass, 1)"


@dataclass(frozen=True)
class Owned:
    """A database whose owner is no superuser: `dsn` as that role, `admin` as the superuser."""

    role: str
    dsn: str
    admin: str

    def may(self, role: str = "") -> int:
        """How many of the four privileges the role has on kine."""
        text = f"{GRANTED} has_table_privilege('{role or self.role}', 'kine', one)"
        return int(ask(self.admin, text)[0][0])


@contextlib.contextmanager
def own_database(cluster: Cluster) -> Iterator[Owned]:
    name = f"k3s_{uuid.uuid4().hex[:8]}"
    ask(cluster.dsn(), f"CREATE ROLE {name} LOGIN")
    ask(cluster.dsn(), f"CREATE DATABASE {name} OWNER {name}")
    admin = cluster.dsn(name)
    # A superuser's session without a name could be Kine's, and one that has just been closed is seen for a moment.
    yield Owned(name, admin.replace("postgres@", f"{name}@"), f"{admin}?application_name=kinetune/test")
    ask(cluster.dsn(), f"DROP DATABASE {name} WITH (FORCE)")
    ask(cluster.dsn(), f"DROP ROLE {name}")


@pytest.fixture
def owned(pg15: Cluster) -> Iterator[Owned]:
    with own_database(pg15) as made:
        yield made


@pytest.fixture
def stored(owned: Owned) -> Owned:
    """With Kine's table and some rows."""
    make(owned.dsn, STOCK, 10)
    return owned


@contextlib.contextmanager
def role_of(admin: str, *commands: str) -> Iterator[str]:
    name = f"r_{uuid.uuid4().hex[:8]}"
    ask(admin, f"CREATE ROLE {name} LOGIN")
    for command in commands:
        ask(admin, command.format(name))
    yield name
    ask(admin, f"DROP OWNED BY {name}")
    ask(admin, f"DROP ROLE {name}")


@pytest.mark.parametrize("tag", ["v0.17.5", "v0.14.16", "v0.10.1"])
def test_kine_cannot_write_until_the_fence_is_lifted_not_even_after_a_restart(
    built: Built, owned: Owned, tag: str
) -> None:
    built(tag)
    key = "/registry/pods/a/p"
    with Kine(tag, owned.dsn) as kine:
        with kine.client() as etcd:
            revision = etcd.create(key, b"v")
            assert raise_fence(place(owned.dsn)).roles == (owned.role,)
            found = present(etcd, key)
            assert found.revision == revision
            with pytest.raises(EtcdFailure):
                etcd.update(found, b"w")
            with contextlib.suppress(EtcdFailure):  # v0.17.5 acknowledges creates that failed (KT601)
                etcd.create(f"{key}2", b"v")
            assert etcd.get(f"{key}2") is None
        newest = ask(owned.admin, "SELECT max(id) FROM kine")
        kine.stop()
        with contextlib.suppress(KineFailed):  # it may write at its start
            kine.start()
            with kine.client() as etcd, pytest.raises(EtcdFailure):
                etcd.update(present(etcd, key), b"w")
        assert ask(owned.admin, "SELECT max(id) FROM kine") == newest
        kine.kill()
        assert lift_fence(place(owned.dsn)).roles == (owned.role,)
        kine.start()
        with kine.client() as etcd:
            assert etcd.create(f"{key}4", b"v") > revision
    assert ask(owned.admin, NOTE) == [(None,)]


def test_everyone_who_may_write_loses_it_and_gets_it_back(stored: Owned) -> None:
    grants = ("GRANT SELECT, INSERT ON kine TO {0}", "GRANT DELETE ON kine TO PUBLIC")
    with role_of(stored.admin, *grants) as other:
        before = ask(stored.admin, "SELECT relacl FROM pg_class WHERE relname = 'kine'")
        assert set(raise_fence(place(stored.dsn)).roles) == {stored.role, other, "PUBLIC"}
        assert (stored.may(), stored.may(other)) == (1, 1), "they still read"
        assert set(read_fence(place(stored.dsn)).roles) == {stored.role, other, "PUBLIC"}
        lift_fence(place(stored.dsn))
        assert (stored.may(), stored.may(other)) == (4, 3)
        after = ask(stored.admin, "SELECT relacl FROM pg_class WHERE relname = 'kine'")
        assert sorted(map(str, after)) == sorted(map(str, before))
        assert lift_fence(place(stored.dsn)).roles == ()


def test_half_a_fence_is_completed_and_lifted_as_a_whole(stored: Owned) -> None:
    """What a run leaves that is killed after its first REVOKE."""
    with role_of(stored.admin, "GRANT INSERT ON kine TO {}") as other:
        note = f'{MARK}[["{stored.role}", "INSERT"], ["{other}", "INSERT"]]'
        ask(stored.admin, f"COMMENT ON COLUMN kine.id IS '{note}'")
        ask(stored.dsn, f"REVOKE INSERT ON kine FROM {stored.role}")
        assert set(raise_fence(place(stored.dsn)).roles) == {stored.role, other}
        assert (stored.may(), stored.may(other)) == (1, 0)
        lift_fence(place(stored.dsn))
        assert (stored.may(), stored.may(other)) == (4, 1)


def test_a_superuser_is_stopped_by_no_fence(stored: Owned) -> None:
    ask(stored.admin, "ALTER TABLE kine OWNER TO postgres")
    obstacle = read_fence(place(stored.admin)).obstacle
    with pytest.raises(Refused, match="no fence stops role postgres, which is a superuser") as refused:
        raise_fence(place(stored.admin))
    assert str(refused.value) == str(obstacle)
    assert ask(stored.admin, NOTE) == [(None,)]


def test_a_superuser_without_a_name_is_connected_as_kine_is(stored: Owned) -> None:
    with connection(stored.admin.partition("?")[0]):
        assert read_fence(place(stored.dsn)).obstacle is not None
    deadline = time.monotonic() + 10
    while read_fence(place(stored.dsn)).obstacle and time.monotonic() < deadline:
        time.sleep(0.05)
    assert read_fence(place(stored.dsn)).obstacle is None


def test_a_role_that_writes_as_a_member_of_another_is_found(stored: Owned) -> None:
    with role_of(stored.admin, "GRANT pg_write_all_data TO {}") as other:
        with pytest.raises(Refused, match=f"role {other} can write to kine by another"):
            raise_fence(place(stored.dsn))
        assert ask(stored.admin, NOTE) == [(None,)]
        assert stored.may() == 4


def test_a_privilege_on_a_column_is_found(stored: Owned) -> None:
    with (
        role_of(stored.admin, "GRANT UPDATE (value) ON kine TO {}") as other,
        pytest.raises(Refused, match=f"role {other} can write to kine by another"),
    ):
        raise_fence(place(stored.dsn))
    assert stored.may() == 4


def test_another_role_than_the_owner_is_told_so(stored: Owned) -> None:
    with role_of(stored.admin, "GRANT ALL ON kine TO {}") as other:
        endpoint = place(stored.dsn.replace(f"{stored.role}@", f"{other}@"))
        with pytest.raises(CouldNotLook, match="must be owner"):
            raise_fence(endpoint)
    assert stored.may() == 4


def test_a_write_that_has_begun_is_waited_for(stored: Owned) -> None:
    done: list[float] = []

    def fence() -> None:
        raise_fence(place(stored.dsn))
        done.append(time.monotonic())

    with connection(stored.dsn) as kine:
        kine.execute("BEGIN")
        kine.execute("INSERT INTO kine (name, created, deleted, value) VALUES ('/registry/late', 1, 0, '')")
        thread = threading.Thread(target=fence)
        thread.start()
        waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'kine'::regclass"
        deadline = time.monotonic() + 10
        while not ask(stored.admin, waits):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert not done
        assert stored.may() == 4, "nothing is taken before"
        kine.execute("COMMIT")
        thread.join()
        assert done
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            kine.execute("INSERT INTO kine (name, created, deleted, value) VALUES ('/registry/later', 1, 0, '')")


def test_a_database_without_kine(owned: Owned) -> None:
    with pytest.raises(CouldNotLook, match="there is no table kine"):
        read_fence(place(owned.dsn))
