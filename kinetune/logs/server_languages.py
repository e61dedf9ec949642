"""
What PostgreSQL's server writes in other languages (lc_messages), and the English text that the parsers expect.

Source: the message catalogues of PostgreSQL 13, 15 and 17, recorded in server_messages.json by
tests/logs/record_server_messages.py. auto_explain is not translated, and jsonlog keeps the English severities.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cached_property, lru_cache
from itertools import product
from pathlib import Path

from kinetune.logs.server_errors import ErrorTranslation, make_error_translations, translate_errors

TABLE = Path(__file__).with_name("server_messages.json")
UTF_8 = "utf-8"
JSON_ESCAPES = "JSON escapes"
"""Not an encoding of a server: `\\u00e9`, as some programs export a log line that they wrap in JSON."""
_OTHER_ENCODINGS = {
    **dict.fromkeys(("de", "es", "fr", "id", "it", "pt_BR", "sv"), ("latin-1",)),
    "pl": ("iso8859-2", "cp1250"),
    "tr": ("iso8859-9",),
    "ru": ("cp1251", "koi8-r", "iso8859-5"),
    "uk": ("cp1251", "koi8-u"),
    "ja": ("euc_jp",),
    "ko": ("euc_kr",),
    "zh_CN": ("gb2312",),
}
"""Server encodings of PostgreSQL besides UTF8, in Python's names. Messages are written in that of the database."""
_LEVELS = ("DEBUG", "LOG", "INFO", "NOTICE", "WARNING", "ERROR", "FATAL", "PANIC")
_FIELDS = ("DETAIL:  ", "HINT:  ", "QUERY:  ", "CONTEXT:  ", "STATEMENT:  ")
_CERTAIN_LEVELS, _CERTAIN_FIELDS = ("LOG", "ERROR", "FATAL"), ("DETAIL:  ", "STATEMENT:  ")
"""Keywords by which a language is recognised: the most frequent. Others are short words, such as NOT in Turkish."""
_ALONE = "duration: %s ms"
_TIMED = {
    "statement": "duration: %s ms  statement: %s",
    "parse": "duration: %s ms  parse %s: %s",
    "bind": "duration: %s ms  bind %s%s%s: %s",
    "execute": "duration: %s ms  %s %s%s%s: %s",
    "execute fetch from": "duration: %s ms  %s %s%s%s: %s",
}
_TEXTS_WITH_KIND = 4
"""`execute` and `execute fetch from` are arguments of their message: it has more texts between its arguments."""
_ANNOUNCED = "%s %s%s%s: %s"
_BEFORE_MESSAGE = (b"LOG:  ", b',LOG,00000,"', b'"message":"')
_ENGLISH_ERROR = re.compile(rb"\b(?:ERROR|FATAL)(?::  |,[0-9A-Z]{5},\"|\",\")")
_STATEMENT_NAME = rb"([^:\n\"]*?)"
_END_OF_MESSAGE = rb"(?![^\r\n\"\\])"
Messages = dict[str, list[str]]


class ServerLanguage:
    """
    A language in one encoding. What is needed to recognise it is made at once, the rest when it is used.

    UnicodeEncodeError if the encoding cannot write the language.
    """

    def __init__(self, name: str, encoding: str, catalogue: dict[str, Messages]) -> None:
        self.name = name
        self.encoding = encoding
        self._messages, self._errors = catalogue["messages"], catalogue["errors"]
        levels = [(level, local) for level in _LEVELS for local in self._messages.get(level, ())]
        fields = [(field, local) for field in _FIELDS for local in self._messages.get(field, ())]
        certain = [(level, local) for level, local in levels if level in _CERTAIN_LEVELS]
        self._csv_levels = [(self._encode(f",{local},"), f",{level},".encode()) for level, local in certain]
        self._levels = [(self._encode(f"{local}:  "), f"{level}:  ".encode()) for level, local in levels]
        self._fields = [(self._encode(local), field.encode()) for field, local in fields]
        self._certain = (
            *(self._encode(f"{local}:  ") for _, local in certain),
            *(local for local, _ in self._csv_levels),
            *(self._encode(local) for field, local in fields if field in _CERTAIN_FIELDS),
        )
        timed = (_ALONE, *_TIMED.values())
        texts = {local.split("%s")[0] for english in timed for local in self._messages.get(english, ())}
        self.markers = tuple(map(self._encode, sorted(texts)))
        """The words before a duration."""

    def _encode(self, text: str) -> bytes:
        return json.dumps(text)[1:-1].encode() if self.encoding == JSON_ESCAPES else text.encode(self.encoding)

    def occurs_in(self, text: bytes) -> bool:
        """Whether a server wrote part of the text in this language."""
        if any(word in text for word in self._certain):
            return True
        if any(marker in text for marker in self.markers) and any(words.search(text) for words in self._durations):
            return True
        # Severities are English in jsonlog, and everywhere in Spanish and Japanese: errors then show the language.
        return _ENGLISH_ERROR.search(text) is not None and any(
            error.text in text and re.search(error.pattern, text) for error in self._error_translations
        )

    def translate_text(self, text: bytes) -> bytes:
        """The text with English severities, durations and known errors. Statements and values stay as they are."""
        for local, english in self._keywords:
            text = text.replace(local, english)
        for words in self._durations:
            text = words.sub(_write_duration, text)
        return translate_errors(text, self._error_translations)

    @cached_property
    def _keywords(self) -> list[tuple[bytes, bytes]]:
        """
        Local and English words in the order of their replacement: the longest first, because in Chinese and Korean the
        word for FATAL ends with the word for ERROR; then the announcements, which follow LOG in English.
        """
        words = sorted((*self._levels, *self._fields, *self._csv_levels), key=lambda pair: -len(pair[0]))
        announced = [
            (anchor + self._encode(local), anchor + english.encode())
            for english, local in _announced_statements(self._messages)
            for anchor in _BEFORE_MESSAGE
        ]
        return words + sorted(announced, key=lambda pair: -len(pair[0]))

    @cached_property
    def _durations(self) -> list[re.Pattern[bytes]]:
        """
        One pattern for each word before a duration, with the messages that begin with it as named alternatives. The
        constant word at the beginning makes them fast.
        """
        alternatives: dict[bytes, list[tuple[int, bytes]]] = {}
        for local in self._messages.get(_ALONE, ()):
            before, unit = map(self._encode, local.split("%s"))
            group = b"(?P<alone>" + re.escape(unit) + b")" + _END_OF_MESSAGE
            alternatives.setdefault(before, []).append((1, group))
        for kind, english in _TIMED.items():
            for local, word in product(self._messages.get(english, ()), self._messages.get(kind, (kind,))):
                before, text, after = map(self._encode, _split_message(local, word))
                known = alternatives.setdefault(before, [])
                name = b"" if kind == "statement" else _STATEMENT_NAME + re.escape(after)
                label = f"{kind.replace(' ', '_')}_{len(known)}".encode()
                known.append((-len(text), b"(?P<" + label + b">" + re.escape(text) + name + b")"))
        number = rb"(\d{1,12}(?:\.\d{1,6})?)"
        return [
            re.compile(re.escape(marker) + number + b"(?:" + b"|".join(group for _, group in sorted(groups)) + b")")
            for marker, groups in alternatives.items()
        ]

    @cached_property
    def _error_translations(self) -> tuple[ErrorTranslation, ...]:
        return tuple(make_error_translations(self._errors, self._encode))


@lru_cache(maxsize=1)
def load_languages() -> tuple[ServerLanguage, ...]:
    """All languages of the table, each in the encodings that a server or an exporting program writes."""
    catalogues: dict[str, dict[str, Messages]] = json.loads(TABLE.read_text(encoding="utf-8"))["languages"]
    return tuple(
        ServerLanguage(name, encoding, catalogue)
        for name, catalogue in catalogues.items()
        for encoding in (UTF_8, *_OTHER_ENCODINGS.get(name, ()), JSON_ESCAPES)
    )


def find_languages(text: bytes) -> tuple[ServerLanguage, ...]:
    """The languages, with their encoding, in which a server wrote lines of the text."""
    languages = load_languages()
    encodings = {UTF_8}
    if b"\\u" in text:
        encodings.add(JSON_ESCAPES)
    try:
        text.decode(UTF_8)
    except UnicodeDecodeError:
        encodings |= {language.encoding for language in languages} - {JSON_ESCAPES}
    return tuple(language for language in languages if language.encoding in encodings and language.occurs_in(text))


def _announced_statements(messages: Messages) -> Iterator[tuple[str, str]]:
    """English and local words before a statement without a duration."""
    for local in messages.get("statement: %s", ()):
        yield "statement: ", local.removesuffix("%s")
    for word in ("execute fetch from", "execute"):
        for local, text in product(messages.get(word, ()), messages.get(_ANNOUNCED, (_ANNOUNCED,))):
            yield f"{word} ", local + text.split("%s")[1]


def _split_message(local: str, word: str) -> tuple[str, str, str]:
    """The texts before the duration, before the name of the statement (or the statement) and after the name."""
    before, text, *between, _ = local.split("%s")
    if len(between) == _TEXTS_WITH_KIND:
        text, between = text + word + between[0], between[1:]
    return before, text, "".join(between)


def _write_duration(found: re.Match[bytes]) -> bytes:
    kind = str(found.lastgroup).rpartition("_")[0].replace("_", " ").encode()
    head = b"duration: " + found[1] + b" ms"
    if not kind:
        return head
    name = b"" if kind == b"statement" else b" " + found[(found.lastindex or 0) + 1].strip()
    return head + b"  " + kind + name + b": "
