"""
The messages of PostgreSQL's server in other languages: kinetune/logs/server_messages.json.

`python -m tests.logs.record_server_messages 'NAME VERSION=FOLDER' …` reads each FOLDER/*/LC_MESSAGES/postgres-*.mo and
writes the table again. The table was made from the packages in its list of sources, unpacked with `dpkg -x`.
"""

from __future__ import annotations

import gettext
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from kinetune.logs.server_languages import TABLE

LEVELS = ("DEBUG", "LOG", "INFO", "NOTICE", "WARNING", "ERROR", "FATAL", "PANIC")
FIELDS = ("DETAIL:  ", "HINT:  ", "QUERY:  ", "CONTEXT:  ", "STATEMENT:  ")
STATEMENTS = (
    "duration: %s ms",
    "duration: %s ms  statement: %s",
    "duration: %s ms  %s %s%s%s: %s",
    "duration: %s ms  parse %s: %s",
    "duration: %s ms  bind %s%s%s: %s",
    "statement: %s",
    "%s %s%s%s: %s",
    "execute",
    "execute fetch from",
)
ERRORS = (
    'prepared statement "%s" does not exist',
    'prepared statement "%s" already exists',
    "sorry, too many clients already",
    'too many connections for role "%s"',
    'too many connections for database "%s"',
    "remaining connection slots are reserved for non-replication superuser connections",
    "remaining connection slots are reserved for roles with the %s attribute",
    'remaining connection slots are reserved for roles with privileges of the "%s" role',
    "cannot execute %s in a read-only transaction",
    "cached plan must not change result type",
    'nextval: reached maximum value of sequence "%s" (%lld)',
    'nextval: reached maximum value of sequence "%s" (%s)',
    "integer out of range",
    'value "%s" is out of range for type %s',
    "could not serialize access due to concurrent update",
    "could not serialize access due to concurrent delete",
    "could not serialize access due to read/write dependencies among transactions",
    "deadlock detected",
    'duplicate key value violates unique constraint "%s"',
    "canceling statement due to statement timeout",
    "canceling statement due to lock timeout",
    "canceling statement due to user request",
    "canceling statement due to conflict with recovery",
    "terminating connection due to administrator command",
    "terminating connection due to idle-in-transaction timeout",
    'password authentication failed for user "%s"',
    'database "%s" does not exist',
    'role "%s" does not exist',
    'relation "%s" does not exist',
    "permission denied for table %s",
    "permission denied for schema %s",
    "permission denied to create database",
    "the database system is starting up",
    "the database system is shutting down",
    "the database system is in recovery mode",
)
"""The errors that kine/signals.py knows, and those by which a connection of Kine fails."""
RECORDED = {"messages": (*LEVELS, *FIELDS, *STATEMENTS), "errors": ERRORS}


def read_catalogues(folders: Iterable[Path]) -> dict[str, dict[str, dict[str, list[str]]]]:
    """The texts of each language by message, those of the first folder first. Untranslated messages are left out."""
    found: dict[str, dict[str, dict[str, list[str]]]] = {}
    for folder in folders:
        for file in sorted(folder.glob("*/LC_MESSAGES/postgres-*.mo")):
            with file.open("rb") as opened:
                catalogue = gettext.GNUTranslations(opened)
            language = found.setdefault(file.parts[-3], {part: {} for part in RECORDED})
            for part, message in ((part, message) for part, known in RECORDED.items() for message in known):
                text = catalogue.gettext(message)
                if text != message and text not in language[part].setdefault(message, []):
                    language[part][message].append(text)
    for language in found.values():
        for part, texts in language.items():
            language[part] = {message: variants for message, variants in texts.items() if variants}
    return dict(sorted(found.items()))


def main(arguments: list[str]) -> None:
    sources = dict(argument.split("=", 1) for argument in arguments)
    if not sources:
        raise SystemExit(__doc__)
    table = {"sources": list(sources), "languages": read_catalogues(map(Path, sources.values()))}
    TABLE.write_text(json.dumps(table, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
