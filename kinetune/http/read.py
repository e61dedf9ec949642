"""Text from an address or a file, for a few seconds and up to a bound."""

from __future__ import annotations

import urllib.request
from base64 import b64encode
from http.client import HTTPException
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from kinetune.model.failure import CouldNotLook

SECONDS = 5.0
LARGEST = 16 * 2**20
_REMOTE = ("http://", "https://")


def is_remote(place: str) -> bool:
    return place.startswith(_REMOTE)


def shown(place: str) -> str:
    """The address without user and password."""
    if not is_remote(place):
        return place
    parts = urlsplit(place)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


def _request(place: str) -> urllib.request.Request:
    """User and password go into a header: urllib would take them for the host."""
    parts = urlsplit(place)
    login, _, host = parts.netloc.rpartition("@")
    request = urllib.request.Request(parts._replace(netloc=host).geturl())
    if login:
        request.add_header("Authorization", "Basic " + b64encode(unquote(login).encode()).decode())
    return request


def read(place: str, reach: str) -> str:
    """Text of an address or a file; CouldNotLook with `reach` as the next step; so where it is over LARGEST."""
    try:
        if is_remote(place):
            with urllib.request.urlopen(_request(place), timeout=SECONDS) as answer:
                return _text(answer)
        with open(place, "rb") as file:
            return _text(file)
    except (OSError, ValueError, HTTPException) as error:
        cause = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise CouldNotLook(f"cannot read {shown(place)}: {cause}", reach) from None


def _text(stream: BinaryIO) -> str:
    """All of it: half an answer would be read as a whole one. ValueError for more than LARGEST."""
    content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"larger than {LARGEST // 2**20} MiB")
    return content.decode("utf-8", "replace")
