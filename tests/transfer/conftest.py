"""Real Kine of any release, and a MariaDB for the tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster import MissingServer
from tests.conftest import absent
from tests.kine.conftest import built
from tests.mariadb import Mariadb

__all__ = ["built"]


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Mariadb]:
    """Debian's MariaDB 10.11."""
    try:
        server = Mariadb.start()
    except MissingServer as missing:
        absent(str(missing))
        return
    yield server
    server.remove()
