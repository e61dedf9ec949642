"""What a store holds, as far as somebody must know it who is about to drop it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kinetune.model.facts import Facts, Unknown


@dataclass(frozen=True)
class Amount:
    """A number that was counted, or estimated where `exact` is false."""

    number: int
    exact: bool = True

    def __str__(self) -> str:
        return f"{'' if self.exact else 'about '}{self.number:,}"


@dataclass(frozen=True)
class Leftover:
    """What kinetune itself has made beside kine: a table, a sequence or a schema. `owned`: our role may drop it."""

    kind: str
    schema: str
    name: str
    bytes: int = 0
    owned: bool = True


@dataclass(frozen=True)
class User:
    """Another session in the database: who, and why it counts as one that uses the store (empty: it does not)."""

    pid: int
    application: str
    why: str
    node: str = ""


@dataclass(frozen=True)
class Watched:
    """
    What was seen of writes: for `seconds`, and `wrote` says what moved meanwhile (empty: nothing did).

    `written_at` is the commit of the newest revision, Unknown where the server does not keep it; `age` its seconds.
    """

    seconds: float
    wrote: str
    written_at: datetime | Unknown
    age: float | None = None


@dataclass(frozen=True)
class Holdings:
    """
    One look. `dependants` need the table and are not Kine's; `others` are relations of the database that are neither
    Kine's nor kinetune's; `notices` say what could not be seen. `watched` and `live` are None where there is no table.
    """

    facts: Facts
    rows: Amount | Unknown | None = None
    live: Amount | Unknown | None = None
    bytes: int | None = None
    watched: Watched | None = None
    users: tuple[User, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    dependants: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
