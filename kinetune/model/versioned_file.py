"""
Files that kinetune writes and reads again: JSON with `kind` and `schema`. One way to read them, one set of errors.

Facts, saved runs, baselines, counter snapshots and the first line of a backup are such files.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kinetune.model.failure import UsageFailure

Document = dict[str, Any]


@dataclass(frozen=True)
class FileFormat:
    """`kind` and `schema` as the file holds them, `content` for errors (`facts`), `remedy` to get such a file."""

    kind: str
    content: str
    remedy: str
    schema: int = 1


def read_document(path: Path, format: FileFormat) -> Document:
    """The JSON object of a file of this format; UsageFailure for any other file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageFailure(f"cannot read {path}: {error.strerror}", format.remedy) from None
    return parse_document(content, str(path), format)


def parse_document(content: str | bytes, source: str, format: FileFormat) -> Document:
    """The JSON object of a text of this format; UsageFailure names `source`."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UsageFailure(f"{source} is not JSON or is truncated: {error}", format.remedy) from None
    return require_format(document, source, format)


def require_format(document: object, source: str, format: FileFormat) -> Document:
    """The same document; UsageFailure for another `kind` or `schema`."""
    if not isinstance(document, dict) or document.get("kind") != format.kind:
        raise UsageFailure(f"{source} contains no {format.content}", format.remedy)
    if document.get("schema") != format.schema:
        found = document.get("schema")
        raise UsageFailure(f"{source} has schema {found}, this kinetune reads {format.schema}", "update kinetune")
    return document


@contextlib.contextmanager
def report_damage(source: str, format: FileFormat) -> Iterator[None]:
    """While a document is decoded: a missing field or a value of the wrong type becomes a UsageFailure."""
    try:
        yield
    except KeyError as error:
        raise UsageFailure(f"{source} is damaged: field {error} is missing", format.remedy) from None
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise UsageFailure(f"{source} is damaged: {error}", format.remedy) from None
