"""Words of shell scripts and of systemd's lines, each with its line; what a variable decides is a mark in the word."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from kinetune.model.failure import UsageFailure

VARIABLE = "\ue000"
"""Stands in a word for what only the machine knows: ${NAME}, $(command)."""
ARGUMENTS = "\ue001"
"""Stands for "$@", which a script may have set itself."""
_BLANK = "\ue002"
"""Stands in a word for blanks of a value that stood there without quotes: the shell cuts it there."""
_NAME = re.compile(r"\$(?:\{([A-Za-z_]\w*)(?::?-([^}$`]*))?\}|([A-Za-z_]\w*)|\{[^}]*\}|[0-9@*#?$!-])")
_HERE = re.compile(r"<<-?\s*(['\"]?)(\w+)\1")
_ENDS = "\n;&|()"
_ASSIGNS = re.compile(r"(?:[A-Za-z_]\w*\+?=.*|export|readonly|local|declare|do|then|else)", re.DOTALL)


@dataclass(frozen=True)
class Word:
    text: str
    line: int


@dataclass
class Lexer:
    """
    Cuts a text into commands. With `shell` operators end a command and # begins a comment; systemd knows neither. Of a
    here document `bodies` has the command that it stands behind, and the text with its line.

    `values` are variables that the text itself has set so far. Without `expands` a dollar is a dollar.
    """

    text: str
    file: str
    first: int = 1
    shell: bool = True
    expands: bool = True
    values: Mapping[str, str] = field(default_factory=dict)
    bodies: list[tuple[tuple[Word, ...], Word]] = field(default_factory=list)
    _at: int = 0
    _line: int = 0
    _word: list[str] = field(default_factory=list)
    _open: int = 0
    _here: list[tuple[str, bool]] = field(default_factory=list)

    def command(self) -> list[Word] | None:
        """The words of the next command, None at the end. Raises UsageFailure for a quote that is never closed."""
        self._line = self._line or self.first
        words: list[Word] = []
        while self._at < len(self.text):
            letter = self.text[self._at]
            if self.shell and letter in _ENDS:
                self._close(words)
                self._pass(letter, words)
                if words:
                    return words
            elif letter.isspace():
                self._close(words)
                self._pass(letter, words)
            elif letter == "#" and self.shell and not self._open:
                self._at = _until(self.text, "\n", self._at)
            else:
                self._take(letter)
        self._close(words)
        return words or None

    def mark(self) -> tuple[int, int]:
        """Where the next command begins."""
        return self._at, self._line

    def back(self, mark: tuple[int, int]) -> None:
        """Read again from there: a loop goes round."""
        self._at, self._line = mark

    def _pass(self, letter: str, words: list[Word]) -> None:
        self._at += 1
        if letter == "\n":
            self._line += 1
            self._skip_here(words)

    def _close(self, words: list[Word]) -> None:
        if self._open:
            text = "".join(self._word)
            if all(_ASSIGNS.fullmatch(one) for one in [*(word.text for word in words), text]):
                text = text.replace(_BLANK, " ")  # a shell cuts no assignment
            pieces = [piece for piece in text.split(_BLANK) if piece] if _BLANK in text else [text]
            words += [Word(piece, self._open) for piece in pieces]
        self._word, self._open = [], 0

    def _take(self, letter: str) -> None:
        """One step into a word."""
        if letter == "\\" and self.text[self._at + 1 : self._at + 2] == "\n":
            self._at, self._line = self._at + 2, self._line + 1
            return
        if self.shell and letter == "<" and (found := _HERE.match(self.text, self._at)):
            self._here.append((found[2], not found[1]))
            self._at = found.end()
            return
        self._open = self._open or self._line
        if letter == "\\":
            self._word.append(self.text[self._at + 1 : self._at + 2])
            self._at += 2
        elif letter in "'\"":
            self._quoted(letter)
        elif letter in "$`" and self.expands:
            self._variable(quoted=False)
        else:
            self._word.append(letter)
            self._at += 1

    def _quoted(self, quote: str) -> None:
        began, self._at = self._line, self._at + 1
        while self._at < len(self.text):
            letter = self.text[self._at]
            if letter == quote:
                self._at += 1
                return
            self._line += letter == "\n"
            if quote == '"' and letter == "\\" and self.text[self._at + 1 : self._at + 2] in tuple('"\\$`\n'):
                following = self.text[self._at + 1]
                self._line += following == "\n"
                self._word.append("" if following == "\n" else following)
                self._at += 2
            elif quote == '"' and letter in "$`" and self.expands:
                self._variable(quoted=True)
            else:
                self._word.append(letter)
                self._at += 1
        raise UsageFailure(f"{self.file}:{began}: a quote is opened and never closed", "close it")

    def _variable(self, *, quoted: bool) -> None:
        """$NAME and its like: the value where the text has set it, else its default, else the mark."""
        found = _NAME.match(self.text, self._at)
        if found and found[0] == "$$" and not self.shell:
            self._word.append("$")  # systemd.service(5); a shell's own process
            self._at = found.end()
        elif found:
            name = found[1] or found[3] or ""
            unknown = ARGUMENTS if self.shell and found[0].strip("${}") in ("@", "*") else VARIABLE
            value = self.values.get(name, found[2] if found[2] is not None else unknown)
            self._word.append(value if quoted else re.sub(r"\s+", _BLANK, value) or _BLANK)
            self._at = found.end()
        elif self.text.startswith("$(", self._at):
            self._mark_until(_closed(self.text, self._at + 1))
        elif self.text[self._at] == "`":
            self._mark_until(_until(self.text, "`", self._at + 1) + 1)
        else:
            self._word.append("$")
            self._at += 1

    def _mark_until(self, end: int) -> None:
        self._line += self.text.count("\n", self._at, end)
        self._word.append(VARIABLE)
        self._at = end

    def _skip_here(self, words: list[Word]) -> None:
        """The lines of a here document are no commands."""
        for mark, expands in self._here:
            found = re.compile(rf"^\s*{re.escape(mark)}[ \t]*$", re.MULTILINE).search(self.text, self._at)
            end = found.end() if found else len(self.text)
            body = self.text[self._at : found.start() if found else end]
            body = _NAME.sub(lambda one: self.values.get(one[1] or one[3] or "", VARIABLE), body) if expands else body
            self.bodies.append((tuple(words), Word(body, self._line)))
            self._line += self.text.count("\n", self._at, end)
            self._at = end
        self._here = []


def words(text: str, file: str, line: int, *, expands: bool = True) -> list[Word]:
    """The words of one line of systemd's, or of a command given as one text."""
    return Lexer(text, file, line, shell=False, expands=expands).command() or []


def _until(text: str, mark: str, start: int) -> int:
    found = text.find(mark, start)
    return len(text) if found < 0 else found


def _closed(text: str, start: int) -> int:
    """Behind the parenthesis that closes the one at `start`."""
    depth = 0
    for at in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at + 1
    return len(text)
