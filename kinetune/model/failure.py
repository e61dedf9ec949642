"""What may go wrong, as one line for the user and one exit status for the pipeline."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit statuses of DESIGN.md §7."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    BLIND = 3
    REFUSED = 4
    MISSED = 5
    INTERRUPTED = 130


class Failure(Exception):
    """One line that names the thing, the cause and the next step. Never carries a password or an object's value."""

    exit = Exit.USAGE

    def __init__(self, cause: str, next_step: str = "") -> None:
        super().__init__(f"{cause}; {next_step}" if next_step else cause)
        self.cause = cause
        self.next_step = next_step


class UsageFailure(Failure):
    """The call or the configuration is wrong (exit 2)."""


class CouldNotLook(Failure):
    """No connection, no privilege, no time: nothing was judged (exit 3)."""

    exit = Exit.BLIND


class Refused(Failure):
    """Going on could cost data or a control plane (exit 4)."""

    exit = Exit.REFUSED


class LimitMissed(Failure):
    """A measured limit was missed (exit 5)."""

    exit = Exit.MISSED
