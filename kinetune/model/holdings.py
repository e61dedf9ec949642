"""The contents and users of a store that is to be dropped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kinetune.model.facts import Facts
from kinetune.model.unknown import Unknown


@dataclass(frozen=True)
class RowCount:
    """A number of rows or keys: counted, or estimated if `exact` is false."""

    number: int
    exact: bool = True

    def __str__(self) -> str:
        return f"{'' if self.exact else 'about '}{self.number:,}"


@dataclass(frozen=True)
class Leftover:
    """
    An object that kinetune created: a table, a sequence or a schema. `owned`: the role of the session may drop it.
    """

    kind: str
    schema: str
    name: str
    bytes: int = 0
    owned: bool = True


@dataclass(frozen=True)
class StoreUser:
    """Another session in the database. `why` says why it counts as a user of the store; empty if it does not."""

    pid: int
    application: str
    why: str
    node: str = ""


@dataclass(frozen=True)
class WriteWatch:
    """
    Observation of writes for `seconds`. `wrote` says what changed; empty if nothing did.

    `written_at` is the commit time of the newest revision, Unknown if the server does not record it; `age` is the time
    since then in seconds.
    """

    seconds: float
    wrote: str
    written_at: datetime | Unknown
    age: float | None = None


@dataclass(frozen=True)
class Holdings:
    """
    `rows` and `live` keys of the store, with its `bytes`. `dependants` are objects that depend on the table and are not
    Kine's. `others` are relations of the database that belong neither to Kine nor to kinetune. `notices` say what could
    not be observed. `watched` and `live` are None if there is no table.
    """

    facts: Facts
    rows: RowCount | Unknown | None = None
    live: RowCount | Unknown | None = None
    bytes: int | None = None
    watched: WriteWatch | None = None
    users: tuple[StoreUser, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    dependants: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
