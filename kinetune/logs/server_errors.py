"""Errors of PostgreSQL's server in other languages → their English text, by which kine/signals.py knows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

_FORMAT = r"%(?:\d\$)?(?:s|lld)"
_OPENING, _CLOSING = '«»"„“「『', '»«"“”」』'
_PLACEHOLDER = re.compile(rf"([{_OPENING}][ \u00a0]?){_FORMAT}([ \u00a0]?[{_CLOSING}])|{_FORMAT}")
_VALUE = rb"([^\n]{1,200}?)"
_QUOTE = rb"(?:\\?\"){1,2}"
"""As stderr, csvlog (doubled) and JSON (escaped) write it."""
_SHORTEST_TEXT = 6


class ErrorTranslation(NamedTuple):
    """
    `text` is the longest constant part of `pattern`, and is searched first. `english` is a template for re.sub.

    `pattern` is compiled when its text is found: compiling the errors of all languages takes a second.
    """

    text: bytes
    pattern: bytes
    english: bytes


def make_error_translations(
    messages: Mapping[str, Iterable[str]], encode: Callable[[str], bytes]
) -> Iterator[ErrorTranslation]:
    """The errors of a catalogue, without texts that `encode` cannot write."""
    for english, variants in messages.items():
        for local in variants:
            with suppress(UnicodeEncodeError):
                # The further lines of a message are not needed, and each log format marks them differently.
                translation = _translate_message(english, local.partition("\n")[0], encode)
                if translation is not None:
                    yield translation


def _translate_message(english: str, local: str, encode: Callable[[str], bytes]) -> ErrorTranslation | None:
    """None if a value of the English text is missing in the local one, or if the local text is not distinct enough."""
    template = re.sub(rf"\"?{_FORMAT}\"?", r"%s", english)
    placeholders = list(_PLACEHOLDER.finditer(local))
    texts, at = [], 0
    for found in placeholders:
        texts.append(local[at : found.start()])
        at = found.end()
    texts.append(local[at:])
    longest = max((encode(text.strip()) for text in texts if text.strip() not in english), key=len, default=b"")
    if template.count("%s") > len(placeholders) or len(longest) < _SHORTEST_TEXT:
        return None
    pattern = re.escape(encode(texts[0]))
    for number, found in enumerate(placeholders):
        before, after = (_quote_pattern(part or "", encode) for part in found.groups())
        pattern += before + _VALUE + after + re.escape(encode(texts[number + 1]))
    order = [int(digit) for digit in re.findall(r"%(\d)\$", local)] or list(range(1, len(placeholders) + 1))
    for value in range(1, template.count("%s") + 1):
        template = template.replace("%s", rf"\g<{order.index(value) + 1}>", 1)
    return ErrorTranslation(longest, pattern, template.encode())


def _quote_pattern(quote: str, encode: Callable[[str], bytes]) -> bytes:
    return _QUOTE if '"' in quote else re.escape(encode(quote))


def translate_errors(text: bytes, errors: tuple[ErrorTranslation, ...]) -> bytes:
    """The text with the errors in English, without the quotes around names: each format escapes quotes differently."""
    if b"ERROR" not in text and b"FATAL" not in text:
        return text
    for error in errors:
        if error.text in text:
            text = re.sub(error.pattern, error.english, text)
    return text
