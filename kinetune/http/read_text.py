"""Text from a URL or a file, with a timeout and a limit of size."""

from __future__ import annotations

import urllib.request
from base64 import b64encode
from http.client import HTTPException
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from kinetune.model.failure import CouldNotLook

TIMEOUT_S = 5.0
MAX_BYTES = 16 * 2**20
_REMOTE = ("http://", "https://")


def is_remote(place: str) -> bool:
    return place.startswith(_REMOTE)


def hide_credentials(place: str) -> str:
    """The place without user, password and query string, for messages and reports."""
    if not is_remote(place):
        return place
    parts = urlsplit(place)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


def _make_request(place: str) -> urllib.request.Request:
    """The request with user and password in a header: urllib would read them as part of the host name."""
    parts = urlsplit(place)
    login, _, host = parts.netloc.rpartition("@")
    request = urllib.request.Request(parts._replace(netloc=host).geturl())
    if login:
        request.add_header("Authorization", "Basic " + b64encode(unquote(login).encode()).decode())
    return request


def read_text(place: str, next_step: str) -> str:
    """The text of a URL or a file. CouldNotLook with `next_step` if it cannot be read or exceeds MAX_BYTES."""
    try:
        if is_remote(place):
            with urllib.request.urlopen(_make_request(place), timeout=TIMEOUT_S) as answer:
                return _read_all(answer)
        with open(place, "rb") as file:
            return _read_all(file)
    except (OSError, ValueError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error  # urllib's URLError wraps the error of the connection
        cause = getattr(reason, "strerror", None) or str(reason) or type(error).__name__
        raise CouldNotLook(f"cannot read {hide_credentials(place)}: {cause}", next_step) from None


def _read_all(stream: BinaryIO) -> str:
    """The whole text. ValueError for more than MAX_BYTES: a part would be read as a complete answer."""
    content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES // 2**20} MiB")
    return content.decode("utf-8", "replace")
