"""What a log line means, as data: how it is recognised, its cause, its fix, and the releases of Kine that write it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kinetune.kine.message_releases import find_releases
from kinetune.kine.text_pattern import compile_text


@dataclass(frozen=True)
class SignalKind:
    """
    A kind of log line. A line is of this kind by its SQLSTATE, if it is one of `states`, or else by `pattern`, if
    `within` matches it too: a single pattern for both would take quadratic time in a long line.

    `words` is the meaning, `cause` and `fix` are sentences without a full stop (empty if not known), `rule` the code of
    a rule or empty. `messages` are the beginnings of Kine's messages of this kind (kine/log_messages.py). `known_in`
    are the releases, if they cannot be derived from the messages. `fixed_in` is the first Kine without this cause, for
    a text that newer ones write for another cause. `on_server`: also searched in a server's own log,
    where a line may be about a client other than Kine.
    """

    kind: str
    words: str
    rule: str = ""
    cause: str = ""
    fix: str = ""
    states: frozenset[str] = frozenset()
    pattern: re.Pattern[bytes] | None = None
    within: re.Pattern[bytes] | None = None
    messages: tuple[str, ...] = ()
    known_in: str = ""
    fixed_in: str = ""
    on_server: bool = False

    def matches(self, line: bytes) -> bool:
        """Whether the text of the line is of this kind."""
        if self.pattern is None or not compile_text(self.pattern).search(line):
            return False
        return self.within is None or compile_text(self.within).search(line)

    @property
    def releases(self) -> str:
        """`Kine v0.13.15–v0.14.16, v0.16.3–v0.16.5`; empty if the line does not depend on the release."""
        return self.known_in or find_releases(self.messages)


# pgx ends an error with its state. A server writes it in csvlog, jsonlog, and with log_error_verbosity = verbose.
_STATE = re.compile(
    rb"SQLSTATE ([0-9A-Z]{5})\)|\b(?:ERROR|FATAL|PANIC):  ([0-9A-Z]{5}): |,(?:ERROR|FATAL|PANIC),([0-9A-Z]{5}),|"
    rb"\"state_code\" ?: ?\"([0-9A-Z]{5})\"|\(pgsql error ([0-9A-Z]{5})\)"
)


def find_state(line: bytes) -> str:
    """
    The last SQLSTATE of the line, empty if it has none.

    The last, because pgx lists all attempts to connect, and the first one was with TLS.
    """
    found = _STATE.findall(line)
    return b"".join(found[-1]).decode() if found else ""


def find_kind(line: bytes, state: str, kinds: Sequence[SignalKind]) -> SignalKind | None:
    """The first kind that has the line's SQLSTATE, else the first one whose text matches; None if there is none."""
    by_state = next((kind for kind in kinds if state in kind.states), None) if state else None
    return by_state or next((kind for kind in kinds if kind.matches(line)), None)
