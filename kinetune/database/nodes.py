"""Every node of the server: YugabyteDB counts on each node alone, PostgreSQL is its only one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from kinetune.database.session import Row, Session, visit
from kinetune.model.endpoint import Endpoint
from kinetune.model.failure import CouldNotLook
from kinetune.model.server import Flavour

_OF_ONE_HOST = ("hostaddr", "service", "load_balance_hosts", "target_session_attrs")


@dataclass(frozen=True)
class Address:
    """
    A node by the name it has in the cluster (`10.0.0.3:5433`), where it stands, and the endpoints to try for it.

    One that takes no connection from here under its own name is tried under its public address.
    """

    name: str
    cloud: str
    region: str
    zone: str
    endpoints: tuple[Endpoint, ...]

    @contextmanager
    def visit(self, command: str, *, write: bool = False) -> Iterator[Session]:
        """A session there; CouldNotLook with the first cause where none of its endpoints lets us in."""
        failures: list[CouldNotLook] = []
        for endpoint in self.endpoints:
            visiting = visit(endpoint, command, write=write)
            try:
                session = visiting.__enter__()
            except CouldNotLook as failure:
                failures.append(failure)
                continue
            try:
                yield session
            finally:
                visiting.__exit__(None, None, None)
            return
        raise CouldNotLook(f"node {self.name} could not be asked: {failures[0].cause}")


def addresses(session: Session) -> tuple[Address, ...]:
    """All nodes of a YugabyteDB cluster, by name; none of PostgreSQL."""
    if session.server.flavour is not Flavour.YUGABYTEDB:
        return ()
    return tuple(_address(session.endpoint, row) for row in session.ask("nodes"))


def _address(endpoint: Endpoint, row: Row) -> Address:
    hosts = dict.fromkeys(host for host in (row["host"], row["public_ip"]) if host)
    there = tuple(_at(endpoint, (host, row["port"])) for host in hosts)
    place = [row.get(part) or "" for part in ("cloud", "region", "zone")]
    return Address(f"{row['host']}:{row['port']}", place[0], place[1], place[2], there)


class Nodes:
    """Sessions on each node in turn; `notices` say of those that were not reached why not."""

    def __init__(self, session: Session, command: str) -> None:
        self.notices: list[str] = []
        self._session, self._command = session, command

    def __iter__(self) -> Iterator[tuple[str, Session]]:
        """Its name (`10.0.0.3:5433`), and a session there."""
        if self._session.server.flavour is not Flavour.YUGABYTEDB:
            yield self._own(), self._session
            return
        for address in addresses(self._session):
            with ExitStack() as stack:
                try:
                    session = stack.enter_context(address.visit(self._command))
                except CouldNotLook as failure:
                    self.notices.append(f"{failure.cause}; its part is missing")
                    continue
                yield address.name, session

    def _own(self) -> str:
        info = self._session.connection.info
        return f"{info.host}:{info.port}"


def _at(endpoint: Endpoint, place: tuple[str, int]) -> Endpoint:
    parameters = {word: value for word, value in endpoint.parameters.items() if word not in _OF_ONE_HOST}
    return replace(endpoint, hosts=(place,), parameters=parameters)
