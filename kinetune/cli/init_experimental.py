"""`kinetune init --experimental`: prints what may help and what would prove it; nothing is applied."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kinetune.kine.releases import EraInUse
    from kinetune.model.endpoint import Endpoint


def experimental(server: str | None, kine: EraInUse | None, place: Callable[[], Endpoint]) -> str:
    """For `--server NAME` without a connection, else for the server and the era found at the endpoint."""
    from kinetune.database.era import era_in_use
    from kinetune.database.session import visit
    from kinetune.kine.releases import newest
    from kinetune.servers.recognise import named
    from kinetune.tuning.experimental import experiments, written

    if server:
        here, era = named(server), kine.era if kine else newest()
        return written(tuple(experiments(here, era)), here, era, "kubernetes")
    with visit(place(), "init") as session:
        era = (kine or era_in_use(session)).era
        database = session.endpoint.database or session.connection.info.dbname
        return written(tuple(experiments(session.server, era)), session.server, era, database)
