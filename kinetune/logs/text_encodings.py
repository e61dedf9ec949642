"""UTF-16 and byte order marks in blocks of text, and compressed data within other data."""

from __future__ import annotations

import bz2
import codecs
import lzma
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

# UTF-32 first: its mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8"),
)
_PROBE_BYTES = 64
_MIN_PROBE_BYTES = 8
_MAX_PIECE = 1 << 20
_MAX_LAYERS = 3
_GZIP_WINDOW = 31
"""zlib's window bits with 16 added: a gzip header is expected."""


def detect_encoding(head: bytes) -> str:
    """
    The encoding of a text by its byte order mark, or UTF-16 without one by the zeros of ASCII; empty for plain bytes.

    Windows PowerShell writes UTF-16 with a mark when the output of a program is redirected to a file.
    """
    for mark, name in _MARKS:
        # ASCII in UTF-16 has zeros; without any, the mark is damage before plain text.
        if head.startswith(mark) and (name == "utf-8" or b"\0" in head[len(mark) : _PROBE_BYTES]):
            return name
    probe = head[: min(len(head), _PROBE_BYTES) & ~1]
    if len(probe) >= _MIN_PROBE_BYTES and not any(probe[1::2]) and all(probe[::2]):
        return "utf-16-le"
    return "utf-16-be" if len(probe) >= _MIN_PROBE_BYTES and not any(probe[::2]) and all(probe[1::2]) else ""


class TextDecoder:
    """Returns blocks as UTF-8. Blocks of a source without UTF-16 and byte order mark are returned as they are."""

    def __init__(self) -> None:
        self._head: bytes | None = b""
        self._decoder: codecs.IncrementalDecoder | None = None

    def feed(self, block: bytes) -> bytes:
        """The text of a block; the first bytes of a source may wait for the next block."""
        if self._head is not None:
            block = self._head + block
            # A byte of a mark or of UTF-16 alone says nothing; a line of text does.
            if len(block) < _MIN_PROBE_BYTES and (not block or block[:1] in b"\xff\xfe\xef\0" or b"\0" in block):
                self._head = block
                return b""
            self._start(block)
        return block if self._decoder is None else self._decode(block)

    def finish(self) -> bytes:
        """The rest of the text."""
        if self._head is not None:
            rest = self._head
            self._start(rest)
            return rest if self._decoder is None else self._decode(rest, final=True)
        return b"" if self._decoder is None else self._decode(b"", final=True)

    def _start(self, block: bytes) -> None:
        self._head = None
        name = detect_encoding(block)
        if name:
            name = "utf-8-sig" if name == "utf-8" else name
            self._decoder = codecs.getincrementaldecoder(name)("surrogateescape" if "8" in name else "replace")

    def _decode(self, block: bytes, final: bool = False) -> bytes:
        assert self._decoder is not None
        text = self._decoder.decode(block, final)
        return text.encode("utf-8", "surrogateescape")


def expand_blocks(blocks: Iterable[bytes], layers: int = _MAX_LAYERS) -> Iterator[bytes]:
    """
    The blocks, decompressed if they are gzip, bzip2 or xz: a compressed stdin, or a file that was compressed twice.

    Pieces of at most a megabyte. OSError, EOFError, zlib.error or lzma.LZMAError for damaged data.
    """
    iterator = iter(blocks)
    head = next(iterator, b"")
    while len(head) < 6 and (more := next(iterator, b"")):
        head += more
    whole = chain([head], iterator) if head else iterator
    opener = _choose_decompressor(head)
    if opener is None or not layers:
        return whole
    return expand_blocks(_decompress(whole, opener), layers - 1)


def _choose_decompressor(head: bytes) -> Any:
    if head.startswith(b"\x1f\x8b\x08"):
        return _GzipDecompressor
    if head.startswith(b"BZh") and head[4:6] in (b"1A", b"\x17\x72"):
        return bz2.BZ2Decompressor
    return lzma.LZMADecompressor if head.startswith(b"\xfd7zXZ\0") else None


class _GzipDecompressor:
    """zlib's decompressor with the interface of bz2's and lzma's."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(_GZIP_WINDOW)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data


def _decompress(blocks: Iterable[bytes], opener: Any) -> Iterator[bytes]:
    """All members of a compressed stream. EOFError if the last one is incomplete."""
    member: Any = None
    for block in blocks:
        data = block
        while data or (member is not None and not member.needs_input):
            if member is None:
                if not data.strip(b"\0"):
                    break  # padding after the last member
                member = opener()
            piece = member.decompress(data, _MAX_PIECE)
            data = b""
            if piece:
                yield piece
            if member.eof:
                data, member = member.unused_data, None
    if member is not None:
        raise EOFError("compressed data ends before its end marker")
