"""Every node of the server: YugabyteDB counts on each node alone, PostgreSQL is its only one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from kinetune.database.session import Session, visit
from kinetune.model.endpoint import Endpoint
from kinetune.model.failure import CouldNotLook
from kinetune.model.server import Flavour

_OF_ONE_HOST = ("hostaddr", "service", "load_balance_hosts", "target_session_attrs")


class Nodes:
    """
    Sessions on each node in turn; `notices` say of those that were not reached why not.

    A node that takes no connection from here under the name it has in the cluster is tried under its public address.
    """

    def __init__(self, session: Session, command: str) -> None:
        self.notices: list[str] = []
        self._session, self._command = session, command

    def __iter__(self) -> Iterator[tuple[str, Session]]:
        """Its name (`10.0.0.3:5433`), and a session there."""
        if self._session.server.flavour is not Flavour.YUGABYTEDB:
            yield self._own(), self._session
            return
        for row in self._session.ask("nodes"):
            name = f"{row['host']}:{row['port']}"
            hosts = dict.fromkeys(host for host in (row["host"], row["public_ip"]) if host)
            with self._reached(name, [(host, row["port"]) for host in hosts]) as session:
                if session:
                    yield name, session

    def _own(self) -> str:
        info = self._session.connection.info
        return f"{info.host}:{info.port}"

    @contextmanager
    def _reached(self, name: str, places: list[tuple[str, int]]) -> Iterator[Session | None]:
        failures = []
        for place in places:
            visiting = visit(_at(self._session.endpoint, place), self._command)
            try:
                session = visiting.__enter__()
            except CouldNotLook as failure:
                failures.append(failure.cause)
                continue
            try:
                yield session
            finally:
                visiting.__exit__(None, None, None)
            return
        self.notices.append(f"node {name} could not be asked, its part is missing: {failures[0] if failures else ''}")
        yield None


def _at(endpoint: Endpoint, place: tuple[str, int]) -> Endpoint:
    parameters = {word: value for word, value in endpoint.parameters.items() if word not in _OF_ONE_HOST}
    return replace(endpoint, hosts=(place,), parameters=parameters)
