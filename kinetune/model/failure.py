"""Failures: one line for the user and an exit status for pipelines."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """
    Exit statuses. CLEAN: no finding. FINDINGS: findings at or above --fail-on. USAGE: wrong call or configuration.
    BLIND: the store or a file could not be read. REFUSED: refused for safety. MISSED: a measured limit was missed.
    """

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    BLIND = 3
    REFUSED = 4
    MISSED = 5
    # 128 + SIGINT, the convention of shells.
    INTERRUPTED = 130


class Failure(Exception):
    """
    One line with the object, the cause and the next step. It never contains a password or an object's value, because it
    is printed, logged by pipelines and pasted into issues.
    """

    exit = Exit.USAGE

    def __init__(self, cause: str, next_step: str = "") -> None:
        super().__init__(f"{cause}; {next_step}" if next_step else cause)
        self.cause = cause
        self.next_step = next_step


class UsageFailure(Failure):
    """The command line or the configuration is wrong (exit 2)."""


class CouldNotLook(Failure):
    """A connection, a privilege or time was missing, so something could not be observed (exit 3)."""

    exit = Exit.BLIND


class Refused(Failure):
    """To continue could lose data or interrupt a control plane (exit 4)."""

    exit = Exit.REFUSED


class LimitMissed(Failure):
    """A measured limit was missed (exit 5)."""

    exit = Exit.MISSED
