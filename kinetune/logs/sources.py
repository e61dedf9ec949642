"""Paths, directories, patterns, stdin and journals → blocks of bytes, decompressed."""

from __future__ import annotations

import bz2
import glob
import gzip
import lzma
import re
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, cast

from kinetune.logs.options import LogSources, LogStream
from kinetune.logs.stream_envelopes import needs_one_reader
from kinetune.logs.text_encodings import expand_blocks
from kinetune.model.failure import CouldNotLook, UsageFailure

BLOCK_BYTES = 1 << 20
_HEAD_BYTES = 1 << 16
NO_JOURNALCTL = "save the journal to a file on that host with: journalctl -o short-iso, and name the file"
# Recognised by the first bytes, not by the name: rotation renames (access.log.2.gz, k3s.log-20261123).
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gz"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zst"),
)
# csvlog and jsonlog have their own extensions. PostgreSQL then writes a .log too, which only refers to them.
_LOG_NAME = re.compile(r"\.(?:log|csv|jsonl?|ndjson)(?![a-z])")
_DAMAGE_ERRORS: tuple[type[Exception], ...] = (EOFError, OSError, zlib.error, lzma.LZMAError)

AddNotice = Callable[[str], None]
"""Takes a sentence for the user about something that could not be read."""


@dataclass(frozen=True)
class LogInput:
    """
    A file, or the part of an uncompressed file from `start` up to `end` (0: to its end). stdin has the name `-`, a
    journal has a unit, and what another program sends is a stream. `size` in bytes as stored, `modified_at` in seconds
    since 1970 UTC.
    """

    name: str
    unit: str = ""
    size: int = 0
    modified_at: float = 0.0
    compression: str = ""
    start: int = 0
    end: int = 0
    stream: LogStream | None = None

    @property
    def is_process_local(self) -> bool:
        """Whether only this process can read it: a child process has no stdin, and streams cannot be sent to it."""
        return self.name == "-" or self.stream is not None


def list_inputs(sources: LogSources, notice: AddNotice) -> list[LogInput]:
    """
    Every input once, the oldest first, stdin and journals last. What cannot be read is reported to `notice`.

    A directory stands for its files with `.log`, `.csv` or `.json` in the name, at any depth. CouldNotLook if no input
    is left.
    """
    if not sources.paths and not sources.journal and not sources.streams:
        raise UsageFailure("no log to read", "name a file, a directory, '-' for stdin, or --journal UNIT")
    notices: list[str] = []
    files: dict[tuple[int, int], LogInput] = {}
    for path in sources.paths:
        for file in _find_files(path, notices.append) if path != "-" else ():
            found = _inspect_file(file, notices.append)
            if found is not None:
                files.setdefault(found[0], found[1])
    inputs = sorted(files.values(), key=lambda log: (log.modified_at, log.name))
    if "-" in sources.paths:
        inputs.append(LogInput("-", modified_at=time.time()))
    inputs += [LogInput(f"journal of {unit}", unit, modified_at=time.time()) for unit in dict.fromkeys(sources.journal)]
    inputs += [LogInput(stream.name, modified_at=time.time(), stream=stream) for stream in sources.streams]
    if not inputs:
        raise CouldNotLook(notices[0] if notices else f"no log in {', '.join(sources.paths)}")
    for sentence in notices:
        notice(sentence)
    return inputs


def _find_files(path: str, notice: AddNotice) -> list[Path]:
    here = Path(path)
    if here.is_dir():
        found = sorted(file for file in here.rglob("*") if _LOG_NAME.search(file.name) and file.is_file())
        if not found:
            notice(f"no log in {path}: no file has .log, .csv or .json in its name")
        return found
    if not here.exists() and glob.has_magic(path):  # quoted, or from a configuration file: no shell expanded it
        found = [Path(file) for file in sorted(glob.glob(path, recursive=True)) if Path(file).is_file()]
        if not found:
            notice(f"no file matches {path}")
        return found
    return [here]


def _inspect_file(file: Path, notice: AddNotice) -> tuple[tuple[int, int], LogInput] | None:
    """The file with its device and inode, by which a file with two names is read once."""
    try:
        status = file.stat()
        with file.open("rb") as opened:
            head = opened.read(8)
    except OSError as error:
        notice(f"cannot read {file}: {error.strerror}")
        return None
    compression = next((name for magic, name in _MAGIC if head.startswith(magic)), "")
    return (status.st_dev, status.st_ino), LogInput(str(file), "", status.st_size, status.st_mtime, compression)


def read_blocks(log: LogInput, notice: AddNotice) -> Iterator[bytes]:
    """The decompressed bytes, at most a megabyte at a time. Of a damaged file, those before the damage."""
    if log.stream:
        yield from log.stream.read()
        return
    try:
        with _open_input(log) as file:
            blocks = _read_pieces(file, log)
            yield from blocks if log.start else expand_blocks(blocks)
    except CouldNotLook as failure:
        notice(str(failure))
    except _damage_errors() as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        notice(f"{log.name} was read only in part: {reason}")


def _damage_errors() -> tuple[type[Exception], ...]:
    """What reading a damaged file raises. zstandard's error exists only if the package was imported."""
    zstandard = sys.modules.get("zstandard")
    return (*_DAMAGE_ERRORS, zstandard.ZstdError) if zstandard else _DAMAGE_ERRORS


def _read_pieces(file: IO[bytes], log: LogInput) -> Iterator[bytes]:
    # read1 returns the available bytes. A pipe is not waited for, and a damaged archive is read up to the damage, where
    # read would only raise.
    partial = log.name == "-" or log.unit or log.compression
    read = getattr(file, "read1", file.read) if partial else file.read
    if log.name == "-" and (head := file.read(_HEAD_BYTES)):
        yield head  # the form of a paste shows in several lines, and a terminal or pipe may deliver each alone
    if not log.end:
        while block := read(BLOCK_BYTES):
            yield block
        return
    file.seek(log.start)
    left = log.end - log.start
    while left and (block := file.read(min(BLOCK_BYTES, left))):
        left -= len(block)
        yield block


@contextmanager
def _open_input(log: LogInput) -> Iterator[IO[bytes]]:
    with ExitStack() as stack:
        if log.unit:
            yield _open_journal(stack, log.unit)
        elif log.name == "-":
            yield sys.stdin.buffer
        elif log.compression == "zst":
            yield _open_zstd(stack, log.name)
        else:
            opener: dict[str, Any] = {"gz": gzip.open, "bz2": bz2.open, "xz": lzma.open}
            yield cast("IO[bytes]", stack.enter_context(opener.get(log.compression, open)(log.name, "rb")))


def _open_journal(stack: ExitStack, unit: str) -> IO[bytes]:
    if shutil.which("journalctl") is None:
        raise CouldNotLook(f"cannot read the journal of {unit}: journalctl is not installed", NO_JOURNALCTL)
    return _start_program(stack, journalctl_command(unit))


def _open_zstd(stack: ExitStack, name: str) -> IO[bytes]:
    """Through the zstandard package (Python has its own from 3.14 on), else through the zstd program."""
    try:
        import zstandard  # noqa: PLC0415 - an extra, needed only for a file with this compression
    except ImportError:
        if shutil.which("zstd") is None:
            advice = "pip install 'kinetune[zstd]', or install the zstd program"
            raise CouldNotLook(f"cannot read {name}: it is compressed with zstd", advice) from None
        return _start_program(stack, ["zstd", "-dcq", "--", name])
    file = stack.enter_context(open(name, "rb"))  # noqa: SIM115
    return cast("IO[bytes]", _ZstdFrames(file, lambda: zstandard.ZstdDecompressor().decompressobj()))


@dataclass
class _ZstdFrames:
    """A file of zstd frames. EOFError if the last frame is incomplete, which zstandard's own reader hides."""

    file: IO[bytes]
    new_decompressor: Callable[[], Any]
    frame: Any = None

    def read(self, _size: int) -> bytes:
        data = b""
        while not data and (packed := self.file.read(1 << 14)):
            while packed:
                self.frame = self.frame or self.new_decompressor()
                data += self.frame.decompress(packed)
                packed, self.frame = (self.frame.unused_data, None) if self.frame.eof else (b"", self.frame)
        if not data and self.frame:
            raise EOFError("Compressed file ended before the end of its last frame")
        return data


def _start_program(stack: ExitStack, command: list[str]) -> IO[bytes]:
    """The output of a program. When the stack closes, OSError if the program failed."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    stack.callback(_check_exit, process)
    assert process.stdout is not None
    return process.stdout


def _check_exit(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None and process.stdout is not None and process.stdout.peek(1):  # type: ignore[attr-defined]
        process.terminate()  # output is left: the reader stopped early, so the program did not fail
        process.communicate()
        return
    lines = process.communicate()[1].decode("utf-8", "replace").strip().splitlines()
    if process.returncode:
        raise OSError(process.returncode, lines[-1] if lines else f"exit status {process.returncode}")


def journalctl_command(unit: str, follow: bool = False) -> list[str]:
    """The call of journalctl for all entries of a unit, or for new ones only."""
    lines = ["--follow", "--lines=0"] if follow else []
    fields = "--output-fields=MESSAGE,__REALTIME_TIMESTAMP"  # without these, most of the output would be other fields
    return ["journalctl", "--no-pager", "--quiet", "--output=json", fields, *lines, f"--unit={unit}"]


def split_input(log: LogInput, number: int) -> list[LogInput]:
    """An uncompressed file in at most `number` parts that each begin with a record; any other input unchanged."""
    if log.compression or log.unit or log.is_process_local or number < 2:
        return [log]
    with open(log.name, "rb") as file:
        if needs_one_reader(file.read(BLOCK_BYTES)):
            return [log]
        wanted = [_find_boundary(file, log.size * at // number) for at in range(1, number)]
    cuts = sorted({0, log.size, *(cut for cut in wanted if cut is not None)})
    return [LogInput(log.name, "", log.size, log.modified_at, "", start, end) for start, end in pairwise(cuts)]


def _find_boundary(file: IO[bytes], near: int) -> int | None:
    """The first line after `near` that begins a record; None if there is none within a megabyte."""
    file.seek(near)
    data = file.read(BLOCK_BYTES)
    at = data.find(b"\n") + 1
    while 0 < at < len(data):
        if starts_record(data[at : at + 300].split(b"\n", 1)[0]):
            return near + at
        at = data.find(b"\n", at) + 1
    return None


def starts_record(line: bytes) -> bool:
    """False for a line that continues a record: indented, a DETAIL, or SQL, whose newlines csvlog keeps."""
    head = line[:1]
    if not head or head in b"\t \r)" or b"DETAIL:  " in line or b"CONTEXT:  " in line:
        return False
    return head in b"{\x1b<[" or line[:5] == b"time=" or any(byte in b"0123456789" for byte in line[:24])
