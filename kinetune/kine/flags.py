"""Kine's flags and variables and K3s' datastore options, with the releases that do not know them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from types import MappingProxyType

from kinetune.kine.releases import Trait

SOURCE = (
    "main.go and pkg/app/app.go of 44 tags from v0.6.0 to v0.17.5 (module proxy), and `kine --help` of v0.10.1, "
    "v0.14.16, v0.16.4 and v0.17.5; docs/facts/kine.md §9.1"
)
# Flags by the newest examined release without them. Releases between it and the next examined one are not known to
# lack the flag. No flag was removed up to v0.17.5.
_FLAGS: Mapping[tuple[int, int, int], str] = MappingProxyType(
    {
        (0, 0, 0): """
            listen-address endpoint ca-file cert-file key-file datastore-max-idle-connections
            datastore-max-open-connections datastore-connection-max-lifetime debug help version
        """,
        (0, 7, 3): "server-cert-file server-key-file",
        (0, 9, 1): "metrics-bind-address slow-sql-threshold",
        (0, 9, 3): "metrics-enable-profiling",
        (0, 11, 2): "watch-progress-notify-interval",
        (0, 11, 11): "emulated-etcd-version",
        (0, 12, 0): "skip-verify",
        (0, 13, 14): """
            log-format slow-sql-warning-threshold metrics-ignore-tls-config compact-interval compact-interval-jitter
            compact-timeout compact-min-retain compact-batch-size poll-batch-size
        """,
        (0, 14, 9): "trusted-ca-file",
        (0, 14, 16): """
            datastore-connection-max-idle-time peer-bind-address peer-advertise-address s3-bucket s3-folder s3-endpoint
            s3-region s3-access-key s3-secret-key s3-session-token s3-profile s3-ca-bundle
        """,
        (0, 16, 5): "datastore-poll-interval",
    }
)
_WITHOUT = {name: newest for newest, names in _FLAGS.items() for name in names.split()}
_BACKPORTED = MappingProxyType({"datastore-poll-interval": (((0, 17, 0), (0, 17, 2)),)})
"""The flag was added to v0.16.6 and v0.17.3: v0.17.0 to v0.17.2 are newer than v0.16.6 but lack it."""
FLAGS = frozenset(_WITHOUT)
SCHEMA_MIGRATION = "KINE_SCHEMA_MIGRATION"
"""The only variable without a flag (pkg/drivers/pgsql/pgsql.go)."""
NO_VARIABLES = Trait((((0, 0, 0), (0, 14, 0)),), f"kine#519; {SOURCE}")
"""Releases whose only variable is KINE_SCHEMA_MIGRATION."""
NO_MIGRATION = Trait((((0, 0, 0), (0, 11, 4)),), "docs/facts/kine.md §1.1 (E09), kine#273; v0.11.4 does not contain it")
_WITHOUT_KINE_VARIABLE = frozenset(
    ("help", "version", "s3-region", "s3-access-key", "s3-secret-key", "s3-session-token", "s3-profile", "s3-ca-bundle")
)
"""Flags without a variable, and those that use AWS_… variables."""


def variable_name(flag: str) -> str:
    """The variable of a flag: `compact-interval` → KINE_COMPACT_INTERVAL. Kine reads them from v0.14.1 on."""
    return "KINE_" + flag.upper().replace("-", "_")


_BY_VARIABLE = {variable_name(flag): flag for flag in FLAGS - _WITHOUT_KINE_VARIABLE}
VARIABLES = frozenset(_BY_VARIABLE) | {SCHEMA_MIGRATION}


def releases_without(name: str) -> Trait:
    """The releases without that flag or variable; KeyError for a name that no release has."""
    if name == SCHEMA_MIGRATION:
        return NO_MIGRATION
    flag = _BY_VARIABLE.get(name, name)
    # A variable needs both: the release must have the flag, and read variables at all.
    first = NO_VARIABLES.spans[0][1] if name in _BY_VARIABLE else (0, 0, 0)
    until = max(_WITHOUT[flag], first)
    return Trait((((0, 0, 0), until), *_BACKPORTED.get(flag, ())), SOURCE)


# `k3s server --help` of v1.35.0+k3s1: K3s has no other flags for its datastore (docs/facts/kine.md §9.2).
K3S_KEYS = frozenset(("datastore-endpoint", "datastore-cafile", "datastore-certfile", "datastore-keyfile"))
K3S_VARIABLES = frozenset("K3S_" + key.upper().replace("-", "_") for key in K3S_KEYS)
K3S_IGNORES = frozenset(map(variable_name, ("endpoint", "listen-address", "metrics-bind-address", "ca-file")))
"""K3s replaces these with its own values (tried on v1.35.0, docs/facts/kine.md §9.2)."""
_CLOSE = 0.75


def nearest_name(name: str, known: frozenset[str]) -> str:
    """The known name with the same words in another order, else the most similar one; empty if none is similar."""
    # KINE_MIGRATION_SCHEMA has the words of KINE_SCHEMA_MIGRATION but is not similar as a text.
    words = sorted(re.split("[_-]", name))
    same = [one for one in sorted(known) if sorted(re.split("[_-]", one)) == words]
    return next(iter(same or difflib.get_close_matches(name, sorted(known), 1, _CLOSE)), "")


METRICS_DEFAULT = ":8080"
WATCH_PROGRESS = ((3, 4, 31), (3, 5, 13))
"""etcd releases from which on an API server uses watch progress and answers lists from its cache (KEP-2340)."""
