"""A pattern finds the same as re, whatever it consists of."""

from __future__ import annotations

import random
import re

import pytest

from kinetune.kine.signals import SIGNAL_KINDS
from kinetune.kine.text_pattern import compile_text
from tests.logs.test_signals import LINES
from tests.logs.test_signals_of_starts import CAUSES, WHOLE

TEXTS = [*LINES.values(), *(text for texts in (*CAUSES.values(), *WHOLE.values()) for text in texts)]
PATTERNS = {
    pattern.pattern: pattern for kind in SIGNAL_KINDS for pattern in (kind.pattern, kind.within) if pattern is not None
}


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=lambda pattern: pattern.pattern[:60].decode())
def test_a_pattern_of_a_kind_finds_what_re_finds(pattern: re.Pattern[bytes]) -> None:
    generator = random.Random(7)
    words = sorted({word for text in TEXTS for word in text.split(" ")})
    lines = [text.encode() for text in TEXTS]
    lines += [" ".join(generator.choices(words, k=12)).encode() for _ in range(200)]
    lines += [text.encode()[: generator.randrange(len(text) + 1)] for text in TEXTS]
    for line in lines:
        assert compile_text(pattern).search(line) == (pattern.search(line) is not None), line


@pytest.mark.parametrize(
    ("pattern", "line", "found"),
    [
        (rb"abc|de+f", b"x deef", True),
        (rb"abc|de+f", b"x df abd", False),
        (rb"abcd?", b"abc", True),
        (rb"abc\.def|(?:x|y)z", b"abc.def", True),
        (rb"abc\.def|(?:x|y)z", b"abcxdef", False),
        (rb"abc\.def|(?:x|y)z", b"yz", True),
        (rb"[Rr]ead \d{2,3}b?c", b"read 12c", True),
        (rb"[|]a", b"|a", True),
        (rb"(?!.*no)abc", b"abc no", False),
        (rb"(?<!x)abc", b"xabc", False),
        (rb"^panic", b"a panic", False),
    ],
)
def test_the_forms_of_patterns(pattern: bytes, line: bytes, found: bool) -> None:
    compiled = re.compile(pattern)
    assert (compiled.search(line) is not None) is found
    assert compile_text(compiled).search(line) is found
