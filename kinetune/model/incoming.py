"""The table that `move` and `restore` fill before it becomes kine: what is known of it and of its surroundings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Self

from kinetune.model.backup import INCOMING, StoredGrant
from kinetune.model.plain_data import decode, encode
from kinetune.quoting import identifier


@dataclass(frozen=True)
class IncomingComment:
    """
    The comment on the table kinetune_incoming, from which the next run knows whether it can continue.

    `origin` names the source and the mode, without secrets; `table` is a digest of the definition. `owner` and `grants`
    are those that the table will get: an empty kine that had them may be dropped by now.
    """

    origin: str
    table: str
    owner: str = ""
    grants: tuple[StoredGrant, ...] = ()

    def format(self) -> str:
        return json.dumps(encode(self), ensure_ascii=False)

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """None for a text that `format` did not write: the table is then not known to be complete."""
        try:
            found = decode(cls, json.loads(text or ""))
        except (KeyError, TypeError, ValueError):
            return None
        assert isinstance(found, cls)
        return found


@dataclass(frozen=True)
class IncomingPlace:
    """
    The schema for new tables, and what is in it. `origin` names the source of the rows, as in IncomingComment.

    `taken` are the names of its relations, except those of the tables kinetune_incoming and kine and of what belongs to
    them. `roles` can be made the owner of a table here; `known` are all roles of the server. `owner` and `grants` are
    those of the table kine, empty if there is none.

    `exists`: there is a table kinetune_incoming, with this comment, primary key and indexes; the invalid indexes of an
    interrupted build are in both tuples.
    """

    schema: str
    origin: str
    taken: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    owner: str = ""
    grants: tuple[StoredGrant, ...] = ()
    exists: bool = False
    comment: IncomingComment | None = None
    key: str = ""
    indexes: tuple[str, ...] = ()
    invalid: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        """The quoted name of the table that takes the rows until it is complete."""
        return f"{identifier(self.schema)}.{INCOMING}"
