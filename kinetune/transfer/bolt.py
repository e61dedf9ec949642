"""
Reads a bbolt file, the format of etcd's database, from a memory map (docs/facts/moving.md §7).

Layout: bbolt internal/common/{page,meta,types}.go. A file that is written to meanwhile, cut or damaged gives
DamagedBolt, or values of other keys where a page was replaced as a whole: a caller checks what it can of them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from mmap import mmap

_MAGIC = 0xED0CDAED
_VERSION = 2
_BRANCH, _LEAF = 1, 2
_IN_BUCKET = 1
"""Flag of an element whose value is a bucket."""
_PAGE = struct.Struct("<QHHI")
"""Its number, flags, count of elements, and how many pages more it has."""
_META = struct.Struct("<IIIIQQQQQQ")
"""Magic, version, page size, flags, root, sequence, free list, number of pages, transaction and checksum."""
_BRANCH_ELEMENT = struct.Struct("<IIQ")
"""Place of the key, counted from the element, its length, and the number of the page."""
_LEAF_ELEMENT = struct.Struct("<IIII")
"""Flags, place of the key, counted from the element, lengths of the key and of the value behind it."""
_BUCKET = struct.Struct("<QQ")
"""Page of its root, or 0 if the root follows as a page of its own; and a sequence."""
_PAGE_SIZES = tuple(1024 << step for step in range(15))


def has_magic(data: mmap) -> bool:
    """Whether it may be a bbolt file, though a damaged one."""
    return data[_PAGE.size : _PAGE.size + 4] == _MAGIC.to_bytes(4, "little")


class DamagedBolt(Exception):
    """The file is not a bbolt file, cut, damaged, or was copied while it was written to. The text is the finding."""


Element = tuple[bytes, int, int, int]
"""A key, where its element is in the file, and where its value starts and ends. A class would take twice as long."""


class BoltFile:
    """
    The newest state that was committed to the first `size` bytes. DamagedBolt if there is none, or pages are missing.
    """

    def __init__(self, data: mmap, size: int) -> None:
        self.data = data
        self._page_size, root, self._pages = _find_meta(data, size)
        if self._pages * self._page_size > size:
            raise DamagedBolt(f"the file ends before page {size // self._page_size} of {self._pages}: it is cut")
        self._buckets = {element[0]: element for element in self._read_tree(root)}

    def read_bucket(self, name: bytes) -> Iterator[Element]:
        """All elements in the order of their keys; none if there is no such bucket."""
        if name not in self._buckets:
            return iter(())
        _, at, start, end = self._buckets[name]
        flags, *_ = _LEAF_ELEMENT.unpack_from(self.data, at)
        if flags != _IN_BUCKET or end - start < _BUCKET.size:
            raise DamagedBolt(f"bucket {name.decode(errors='replace')} is not one")
        root, _ = _BUCKET.unpack_from(self.data, start)
        return self._read_tree(root) if root else self._read_leaf(start + _BUCKET.size, end)

    def read_values(self, name: bytes) -> dict[bytes, bytes]:
        """The values of a small bucket by their keys."""
        return {key: self.data[start:end] for key, _, start, end in self.read_bucket(name)}

    def read_element(self, at: int) -> Element:
        """The element at that place, which `read_bucket` gave."""
        _, place, key_size, value_size = _LEAF_ELEMENT.unpack_from(self.data, at)
        start = at + place + key_size
        return self.data[at + place : start], at, start, start + value_size

    def _read_tree(self, root: int) -> Iterator[Element]:
        """The leaves from left to right. Keys ascend over all of them, and start where the branch says."""
        stack, visited, last = [(root, b"")], 0, b""
        while stack:
            number, first = stack.pop()
            visited += 1
            offset, end, flags = self._find_page(number)
            if visited > self._pages:
                raise DamagedBolt("its pages form a circle")
            if flags == _BRANCH:
                stack += reversed(list(self._read_branch(offset, end)))
                continue
            for element in self._read_leaf(offset, end):
                key = element[0]
                if key < first or key <= last:
                    raise DamagedBolt(f"the keys of page {number} are not in order")
                last = key
                yield element

    def _find_page(self, number: int) -> tuple[int, int, int]:
        """Where a page starts and ends, and its flags."""
        if not 1 < number < self._pages:
            raise DamagedBolt(f"it refers to page {number}, and has {self._pages}")
        offset = number * self._page_size
        found, flags, _, more = _PAGE.unpack_from(self.data, offset)
        if found != number or flags not in (_BRANCH, _LEAF) or number + more >= self._pages:
            raise DamagedBolt(f"page {number} is damaged")
        return offset, offset + (more + 1) * self._page_size, flags

    def _read_branch(self, offset: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Number and first key of each page below."""
        _, _, count, _ = _PAGE.unpack_from(self.data, offset)
        start = offset + _PAGE.size
        for at in range(start, start + count * _BRANCH_ELEMENT.size, _BRANCH_ELEMENT.size):
            place, size, number = _BRANCH_ELEMENT.unpack_from(self.data, at)
            if at + place + size > end:
                raise DamagedBolt("a key leaves its page")
            yield number, self.data[at + place : at + place + size]

    def _read_leaf(self, offset: int, end: int) -> Iterator[Element]:
        if offset + _PAGE.size > end:
            raise DamagedBolt("a bucket is cut off")
        _, flags, count, _ = _PAGE.unpack_from(self.data, offset)
        at = offset + _PAGE.size
        if flags != _LEAF or at + count * _LEAF_ELEMENT.size > end:
            raise DamagedBolt("a page is damaged")
        for _, place, key_size, value_size in _LEAF_ELEMENT.iter_unpack(
            self.data[at : at + count * _LEAF_ELEMENT.size]
        ):
            start = at + place + key_size
            if start + value_size > end:
                raise DamagedBolt("a value leaves its page")
            yield self.data[at + place : start], at, start, start + value_size
            at += _LEAF_ELEMENT.size


def _find_meta(data: mmap, size: int) -> tuple[int, int, int]:
    """Page size, root and number of pages of the newest valid one of the two meta pages."""
    found = []
    # The first meta page is at the start of the file. Where the second is, only the page size in them says.
    for offset in (0, *_PAGE_SIZES):
        if offset + _PAGE.size + _META.size > size:
            break
        meta = _META.unpack_from(data, offset + _PAGE.size)
        content = data[offset + _PAGE.size : offset + _PAGE.size + _META.size - 8]
        if meta[:2] == (_MAGIC, _VERSION) and offset in (0, meta[2]) and meta[9] == _sum_fnv(content):
            found.append((meta[8], meta[2], meta[4], meta[7]))
    if not found:
        raise DamagedBolt("it has no valid meta page")
    _, page_size, root, pages = max(found)
    if page_size not in _PAGE_SIZES:
        raise DamagedBolt(f"its page size is {page_size}")
    return page_size, root, pages


def _sum_fnv(content: bytes) -> int:
    """FNV-1a of 64 bits."""
    total = 0xCBF29CE484222325
    for byte in content:
        total = (total ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return total
