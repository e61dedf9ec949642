"""
Blocks of YAML documents → their values: `gcloud logging read` and `gcloud logging tail` write them without `--format`.

A long text is folded into several lines there, so that no line of it is a line of the log.
"""

from __future__ import annotations

import re

from kinetune.logs.json_stream import StreamItem
from kinetune.logs.window import MAX_LINE_BYTES

_ENTRY_KEY = re.compile(rb"^(?:textPayload|jsonPayload|protoPayload):[ \r\n]", re.MULTILINE)
_SEPARATOR = re.compile(rb"^---[ \t]*\r?\n", re.MULTILINE)
# An alias repeats a part of the document. Within others it may stand for more text than fits into the memory.
_ALIAS = re.compile(r"[:-] \*\w+[ \t]*$", re.MULTILINE)


def detect_yaml(head: bytes) -> YamlStream | None:
    """The reader of entries of Cloud Logging by their first lines; None for any other text."""
    return YamlStream() if _ENTRY_KEY.search(head) else None


class YamlStream:
    """Takes the blocks of one source. A document of more than MAX_LINE_BYTES is damaged: its lines are not changed."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, block: bytes, final: bool = False) -> list[StreamItem]:
        """The documents that end in this block; with `final` also the incomplete last one."""
        *documents, self._rest = _SEPARATOR.split(self._rest + block)
        if final or len(self._rest) > MAX_LINE_BYTES:
            documents.append(self._rest)
            self._rest = b""
        return [item for document in documents if document.strip() for item in _parse_document(document)]


def _parse_document(document: bytes) -> list[StreamItem]:
    """The value of a document; its lines if it is not YAML, as the half of a document at the end of a copy."""
    import yaml  # noqa: PLC0415 - 30 ms, needed only for a log of this form

    # libyaml is ten times as fast, and missing in some builds. The loader creates texts, lists and mappings only.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    text = document.decode("utf-8", "replace")
    try:
        value = None if _ALIAS.search(text) else yaml.load(text, loader)
    except (yaml.YAMLError, RecursionError):
        value = None
    if value is None:
        return [StreamItem(None, line) for line in text.splitlines() if line.strip()]
    return [StreamItem(value)]
