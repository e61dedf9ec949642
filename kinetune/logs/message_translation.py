"""
Translates a server's log into English before it is scanned, so that every parser reads every language.

A log with English durations, and a log that is not a server's, is returned unchanged after a look at its beginning.
"""

from __future__ import annotations

import re

from kinetune.logs.running_counts import RunningCounts
from kinetune.logs.server_languages import ServerLanguage, find_languages
from kinetune.logs.stderrlog import DURATION

_SAMPLE_BYTES = 1 << 18
_HEAD_BYTES = 1 << 12
_ENGLISH_DURATION = re.compile(rb"duration: \d[\d.]* ms(?:  (?:statement|execute|parse|bind)\b|(?![^\r\n\"\\]))")
_SERVER_HINT = re.compile(rb"(?:[A-Z\x80-\xff]\)?|\\u[0-9a-f]{4}) ?:  |\"error_severity\"|,[0-9A-Z]{5},\"")
# A message of words, a number with three decimals and a unit is a duration in any language. Its level is LOG, and other
# fields of a record may contain a statement, so they are excluded. auto_explain is English in every language.
_NUMBER = rb"\d{1,12}+\.\d{3} \S"
_WORDS = rb"(?!duration: )[^\d\n\"\\]{2,60}+" + _NUMBER
_ESCAPED_WORDS = rb"(?:[^\d\n\"\\]|\\u[0-9a-f]{4}){2,60}" + _NUMBER
_OTHER_KEYWORDS = b"STATEMENT QUERY CONTEXT DETAIL HINT INFO NOTICE WARNING ERROR FATAL PANIC".split()
_AFTER_LEVEL = rb":  " + b"".join(rb"(?<!%s:  )" % word for word in _OTHER_KEYWORDS)
_OTHER_DURATIONS = {
    b":  ": re.compile(_AFTER_LEVEL + rb"(?:00000: )?(" + _WORDS + rb")"),
    b',00000,"': re.compile(rb",00000,\"(" + _WORDS + rb")"),
    b'"error_severity"': re.compile(rb"\"message\": ?\"(" + _WORDS + rb")"),
    b"\\u": re.compile(_AFTER_LEVEL + rb"(" + _ESCAPED_WORDS + rb")"),
}
"""By a text without which a log has none of them: it is found faster than the pattern."""
# A severity has no lower case in any catalogue. Of several words with this form in a line, the first is the severity.
_KEYWORD = re.compile(
    rb"^[^\n]{0,200}?\d\d:\d\d:\d\d[^\n]{0,200}?(?<![^\s\]:>,|])([A-Z\x80-\xff]{2,40})(?: \([A-Z]+\))? ?:  (?=\S)",
    re.MULTILINE,
)
_ENGLISH_KEYWORDS = frozenset(
    b"DEBUG LOG INFO NOTICE WARNING ERROR FATAL PANIC DETAIL HINT QUERY CONTEXT STATEMENT LOCATION BACKTRACE".split()
)
_FEWEST_KEYWORDS = 2


class MessageTranslator:
    """
    Translates the lines of one source. Counts those of a server in a language that is not in the table.

    The languages of a source may increase: lc_messages can be set for a role, a database and a session.
    """

    def __init__(self, counts: RunningCounts) -> None:
        self._counts = counts
        self._languages: tuple[ServerLanguage, ...] = ()
        self._examined = 0

    def translate_lines(self, data: bytes, limit: int, is_server_log: bool) -> bytes | None:
        """The lines up to `limit` in English; None if they need no translation."""
        is_sample = self._examined < _SAMPLE_BYTES
        self._examined += limit
        if not self._languages:
            # Sessions may have other languages, so the beginning of each block is searched for other durations too.
            head = min(limit, _SAMPLE_BYTES if is_sample else _HEAD_BYTES)
            if not (is_sample or is_server_log):
                return None
            if _has_english_duration(data, limit) and not _has_other_duration(data, head):
                return None
            if not self._find_first_language(data, limit, is_sample, is_server_log):
                return None
        text = data[:limit]
        for language in self._languages:
            text = language.translate_text(text)
        return self._translate_others(text)

    def _find_first_language(self, data: bytes, limit: int, is_sample: bool, is_server_log: bool) -> bool:
        """Whether the lines are in a known language, or have a duration that is not English."""
        head = data[: min(limit, _SAMPLE_BYTES)]
        is_candidate = is_sample and _SERVER_HINT.search(head) is not None
        if is_candidate:
            self._languages = find_languages(head)
        if self._languages:
            return True
        if (is_candidate or is_server_log) and _has_other_duration(data, limit):
            return True
        if is_candidate:
            self._counts.unknown_language += _count_unknown_severities(head)
        return False

    def _translate_others(self, text: bytes) -> bytes:
        """The text with the durations translated whose language was not known before."""
        if not self._find_other_durations(text):
            return text
        others = [language for language in find_languages(text) if language not in self._languages]
        for language in others:
            text = language.translate_text(text)
        self._languages += tuple(others)
        self._counts.unknown_language += self._find_other_durations(text)
        return text

    def _find_other_durations(self, text: bytes) -> int:
        """The number of durations in a language that is not known yet."""
        known = tuple(marker for language in self._languages for marker in language.markers)
        found = (words.finditer(text) for sign, words in _OTHER_DURATIONS.items() if sign in text)
        return sum(not match[1].startswith(known) for matches in found for match in matches)


def _has_english_duration(data: bytes, limit: int) -> bool:
    start = data.find(DURATION, 0, limit)
    return start >= 0 and _ENGLISH_DURATION.search(data, start, limit) is not None


def _has_other_duration(data: bytes, limit: int) -> bool:
    return any(
        data.find(sign, 0, limit) >= 0 and words.search(data, 0, limit) is not None
        for sign, words in _OTHER_DURATIONS.items()
    )


def _count_unknown_severities(text: bytes) -> int:
    """The number of lines with a severity that is neither English nor in the table; 0 if they may be a coincidence."""
    keywords = [found[1] for found in _KEYWORD.finditer(text)]
    unknown = sum(word not in _ENGLISH_KEYWORDS for word in keywords)
    return unknown if unknown >= _FEWEST_KEYWORDS else 0
