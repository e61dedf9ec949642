"""Paths, directories, patterns, stdin and journals → blocks of bytes, unpacked. What cannot be read is said."""

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

from kinetune.logs.options import Sources
from kinetune.model.failure import CouldNotLook, UsageFailure

BLOCK = 1 << 20
# First bytes, not names: rotation renames (access.log.2.gz, k3s.log-20261123).
_PACKED: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gz"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zst"),
)
# PostgreSQL's csvlog and jsonlog have these endings; beside them is a .log that only says so.
_LOG = re.compile(r"\.(?:log|csv|json)(?![a-z])")
_BROKEN: tuple[type[Exception], ...] = (EOFError, OSError, zlib.error, lzma.LZMAError)


@dataclass(frozen=True)
class Input:
    """
    Something to read: a file, or a part of a plain one from `start` up to `end` (0: to its end); stdin is `-`, a
    journal has its unit. `size` in bytes as stored, `changed` in seconds since 1970 UTC.
    """

    name: str
    unit: str = ""
    size: int = 0
    changed: float = 0.0
    packed: str = ""
    start: int = 0
    end: int = 0


Notice = Callable[[str], None]


def _broken() -> tuple[type[Exception], ...]:
    """What a damaged file raises; zstandard's own only where it was needed."""
    zstandard = sys.modules.get("zstandard")
    return (*_BROKEN, zstandard.ZstdError) if zstandard else _BROKEN


def expand(sources: Sources, notice: Notice) -> list[Input]:
    """
    Every input once, oldest first, stdin and journals at the end. What cannot be read is told to `notice`.

    Of a directory, its files with `.log`, `.csv` or `.json` in the name, also below it. CouldNotLook where nothing at
    all is left.
    """
    if not sources.paths and not sources.journal:
        raise UsageFailure("no log was named", "give a file, a directory, '-' or --journal UNIT")
    said: list[str] = []
    files: dict[tuple[int, int], Input] = {}
    for path in sources.paths:
        for file in _files(path, said.append) if path != "-" else ():
            found = _input(file, said.append)
            if found is not None:
                files.setdefault(found[0], found[1])
    inputs = sorted(files.values(), key=lambda one: (one.changed, one.name))
    if "-" in sources.paths:
        inputs.append(Input("-", changed=time.time()))
    inputs += [Input(f"journal of {unit}", unit, changed=time.time()) for unit in dict.fromkeys(sources.journal)]
    if not inputs:
        raise CouldNotLook(said[0] if said else f"nothing to read in {', '.join(sources.paths)}")
    for sentence in said:
        notice(sentence)
    return inputs


def _files(path: str, notice: Notice) -> list[Path]:
    here = Path(path)
    if here.is_dir():
        found = sorted(one for one in here.rglob("*") if _LOG.search(one.name) and one.is_file())
        if not found:
            notice(f"no file with .log, .csv or .json in its name in {path}")
        return found
    if not here.exists() and glob.has_magic(path):
        found = [Path(one) for one in sorted(glob.glob(path, recursive=True)) if Path(one).is_file()]
        if not found:
            notice(f"nothing matches {path}")
        return found
    return [here]


def _input(file: Path, notice: Notice) -> tuple[tuple[int, int], Input] | None:
    """With the file's identity: one file by two names is read once."""
    try:
        seen = file.stat()
        with file.open("rb") as opened:
            head = opened.read(8)
    except OSError as error:
        notice(f"{file} cannot be read: {error.strerror}")
        return None
    packed = next((name for magic, name in _PACKED if head.startswith(magic)), "")
    return (seen.st_dev, seen.st_ino), Input(str(file), "", seen.st_size, seen.st_mtime, packed)


def blocks(one: Input, notice: Notice) -> Iterator[bytes]:
    """The input's bytes, unpacked, a megabyte or less at a time. Ends early, and says so, where it is damaged."""
    try:
        with _opened(one) as file:
            yield from _pieces(file, one)
    except CouldNotLook as failure:
        notice(str(failure))
    except _broken() as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        notice(f"{one.name} was read only in part: {reason}")


def _pieces(file: IO[bytes], one: Input) -> Iterator[bytes]:
    # A pipe is not waited for; of a damaged archive read1 gives what comes before the damage, read nothing.
    quick = one.name == "-" or one.unit or one.packed
    read = getattr(file, "read1", file.read) if quick else file.read
    if not one.end:
        while block := read(BLOCK):
            yield block
        return
    file.seek(one.start)
    left = one.end - one.start
    while left and (block := file.read(min(BLOCK, left))):
        left -= len(block)
        yield block


@contextmanager
def _opened(one: Input) -> Iterator[IO[bytes]]:
    with ExitStack() as stack:
        if one.unit:
            yield _program(stack, journal_command(one.unit), f"the journal of {one.unit}")
        elif one.name == "-":
            yield sys.stdin.buffer
        elif one.packed == "zst":
            yield _zstd(stack, one.name)
        else:
            opener: dict[str, Any] = {"gz": gzip.open, "bz2": bz2.open, "xz": lzma.open}
            yield cast("IO[bytes]", stack.enter_context(opener.get(one.packed, open)(one.name, "rb")))


def _zstd(stack: ExitStack, name: str) -> IO[bytes]:
    """By the zstandard package (Python has its own from 3.14), else by the zstd program."""
    try:
        import zstandard  # noqa: PLC0415 - an extra, wanted only where a file is packed so
    except ImportError:
        if shutil.which("zstd") is None:
            advice = "pip install 'kinetune[zstd]', or install the zstd program"
            raise CouldNotLook(f"{name} is packed with zstd", advice) from None
        return _program(stack, ["zstd", "-dcq", "--", name], name)
    file = stack.enter_context(open(name, "rb"))  # noqa: SIM115
    return cast("IO[bytes]", _Frames(file, lambda: zstandard.ZstdDecompressor().decompressobj()))


@dataclass
class _Frames:
    """A file of zstd frames: EOFError where the last is cut short, which zstandard's own reader passes over."""

    file: IO[bytes]
    fresh: Callable[[], Any]
    frame: Any = None

    def read(self, _size: int) -> bytes:
        data = b""
        while not data and (packed := self.file.read(1 << 14)):
            while packed:
                self.frame = self.frame or self.fresh()
                data += self.frame.decompress(packed)
                packed, self.frame = (self.frame.unused_data, None) if self.frame.eof else (b"", self.frame)
        if not data and self.frame:
            raise EOFError("Compressed file ended before the end of its last frame")
        return data


def _program(stack: ExitStack, command: list[str], what: str) -> IO[bytes]:
    """The program's output; OSError, once it is read, where the program says that it failed."""
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise CouldNotLook(f"{what} needs the program {command[0]}", "which is not installed here") from None
    stack.callback(_finished, process)
    assert process.stdout is not None
    return process.stdout


def _finished(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None and process.stdout is not None and process.stdout.peek(1):  # type: ignore[attr-defined]
        process.terminate()  # somebody stopped reading early
        process.communicate()
        return
    said = process.communicate()[1].decode("utf-8", "replace").strip().splitlines()
    if process.returncode:
        raise OSError(process.returncode, said[-1] if said else f"exit status {process.returncode}")


def journal_command(unit: str, follow: bool = False) -> list[str]:
    """journalctl's call: everything, or only what comes from now on."""
    lines = ["--follow", "--lines=0"] if follow else []
    fields = "--output-fields=MESSAGE,__REALTIME_TIMESTAMP"
    return ["journalctl", "--no-pager", "--quiet", "--output=json", fields, *lines, f"--unit={unit}"]


def parts(one: Input, number: int) -> list[Input]:
    """A plain file in so many parts, each from the beginning of a record on; whatever else is one part."""
    if one.packed or one.unit or one.name == "-" or number < 2:
        return [one]
    with open(one.name, "rb") as file:
        wanted = [_boundary(file, one.size * at // number) for at in range(1, number)]
    cuts = sorted({0, one.size, *(cut for cut in wanted if cut is not None)})
    return [Input(one.name, "", one.size, one.changed, "", start, end) for start, end in pairwise(cuts)]


def _boundary(file: IO[bytes], near: int) -> int | None:
    """The first line after `near` that begins a record; None where a megabyte has none."""
    file.seek(near)
    data = file.read(BLOCK)
    at = data.find(b"\n") + 1
    while 0 < at < len(data):
        if starts_record(data[at : at + 300].split(b"\n", 1)[0]):
            return near + at
        at = data.find(b"\n", at) + 1
    return None


def starts_record(line: bytes) -> bool:
    """Not what belongs to the line before: an indented one, a DETAIL, SQL that csvlog breaks as it is."""
    head = line[:1]
    if not head or head in b"\t \r)" or b"DETAIL:  " in line or b"CONTEXT:  " in line:
        return False
    return head in b"{\x1b<[" or line[:5] == b"time=" or any(byte in b"0123456789" for byte in line[:24])
