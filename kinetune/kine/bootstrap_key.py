"""
Whether a K3s or RKE2 server token fits the bootstrap keys of a store, which can be seen without a connection.

K3s keeps its certificates, encrypted with the token, in /bootstrap/<hash of the token's password>, and ends with
`bootstrap data already found and encrypted with different token` if no key fits (k3s pkg/cluster/storage.go and
pkg/clientaccess/token.go; docs/facts/moving.md §4).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from kinetune.model.failure import UsageFailure
from kinetune.model.transfer import BootstrapKey

TOKEN_FILE = "/var/lib/rancher/k3s/server/token"
_FULL = "K10"
_SHA256_DIGITS = 64
# kubeadm's form, with which agents join. A server does not start with it.
_BOOTSTRAP_TOKEN = re.compile(r"[a-z0-9]{6}\.[a-z0-9]{16}")


class TokenOutcome(StrEnum):
    """
    FITS: K3s starts with this token. SEVERAL_KEYS: it fits one of several keys; K3s starts with a warning, older
    releases do not start. EMPTY_KEY: the first start of a server has not ended, or failed.
    """

    FITS = "fits"
    SEVERAL_KEYS = "fits one of several keys"
    OTHER_TOKEN = "another token"
    EMPTY_KEY = "first start in progress"
    NO_KEY = "no bootstrap key"


@dataclass(frozen=True)
class TokenCheck:
    """`keys` are the names of the bootstrap keys that the outcome is about."""

    outcome: TokenOutcome
    keys: tuple[str, ...] = ()


def check_token(keys: Sequence[BootstrapKey], token: str) -> TokenCheck:
    """Compare the token with all live keys below /bootstrap. UsageFailure for a text that is no server token."""
    password = parse_password(token)
    # K3s converts keys of the empty password and of the whole token, which old releases wrote (migrateOldTokens).
    fitting = {f"/bootstrap/{_hash_password(text)}" for text in (password, token.rstrip("\n"), "")}
    empty = tuple(key.name for key in keys if not key.bytes)
    names = tuple(key.name for key in keys)
    if not names:
        return TokenCheck(TokenOutcome.NO_KEY)
    if empty:
        return TokenCheck(TokenOutcome.EMPTY_KEY, empty)
    if fitting.isdisjoint(names):
        return TokenCheck(TokenOutcome.OTHER_TOKEN, names)
    return TokenCheck(TokenOutcome.SEVERAL_KEYS if len(names) > 1 else TokenOutcome.FITS, names)


def parse_password(token: str) -> str:
    """
    The password of a short token, or of `K10<hash of the CA>::<user>:<password>`, as K3s reads it from its file.

    UsageFailure, which quotes nothing, for a text with which K3s does not start.
    """
    text = token.rstrip("\n")
    if not text.startswith(_FULL):
        text = text if _BOOTSTRAP_TOKEN.fullmatch(text) else f":{text}"
    else:
        ca_hash, mark, text = text[len(_FULL) :].partition("::")
        if not mark:
            text = ca_hash
        elif len(ca_hash) not in (0, _SHA256_DIGITS):
            raise UsageFailure("the hash in the K3s token is not complete", f"use the whole line of {TOKEN_FILE}")
    _, _, password = text.partition(":")
    if not password:
        raise UsageFailure("the K3s token is not a server token", f"use the line of {TOKEN_FILE}")
    return password


def _hash_password(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()[:12]
