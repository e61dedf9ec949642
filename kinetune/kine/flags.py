"""Kine's flags and variables, and K3s' for its datastore: which there are."""

from __future__ import annotations

import difflib
import re

# pkg/app/app.go of v0.17.5, and those that older releases had under the same names (v0.14.16, v0.16.4).
_FLAGS = """
listen-address endpoint ca-file cert-file key-file skip-verify log-format metrics-bind-address server-cert-file
server-key-file trusted-ca-file datastore-max-idle-connections datastore-max-open-connections
datastore-connection-max-lifetime datastore-connection-max-idle-time datastore-poll-interval slow-sql-threshold
slow-sql-warning-threshold metrics-enable-profiling metrics-ignore-tls-config watch-progress-notify-interval
emulated-etcd-version compact-interval compact-interval-jitter compact-timeout compact-min-retain compact-batch-size
poll-batch-size peer-bind-address peer-advertise-address s3-bucket s3-folder s3-endpoint s3-region s3-access-key
s3-secret-key s3-session-token s3-profile s3-ca-bundle debug help version
"""
FLAGS = frozenset(_FLAGS.split())
SCHEMA_MIGRATION = "KINE_SCHEMA_MIGRATION"
"""The one variable that is no flag (pkg/drivers/pgsql/pgsql.go)."""


def variable(flag: str) -> str:
    """`compact-interval` as KINE_COMPACT_INTERVAL; Kine reads such variables from v0.14.1 on (facts/kine.md §1.2)."""
    return "KINE_" + flag.upper().replace("-", "_")


VARIABLES = frozenset(map(variable, FLAGS - {"help", "version"})) | {SCHEMA_MIGRATION}
# pkg/cli/cmds/server.go of K3s.
# Whether a K3s takes the bounds of the pool is not read here: they count as known names.
_KEYS = """
datastore-endpoint datastore-cafile datastore-certfile datastore-keyfile datastore-max-idle-connections
datastore-max-open-connections datastore-connection-max-lifetime datastore-connection-max-idle-time
"""
K3S_KEYS = frozenset(_KEYS.split())
K3S_VARIABLES = frozenset("K3S_" + key.upper().replace("-", "_") for key in K3S_KEYS)
_CLOSE = 0.75


def near(name: str, known: frozenset[str]) -> str:
    """The known name of the same words in another order, else the nearest one; empty where none is near."""
    words = sorted(re.split("[_-]", name))
    same = [one for one in sorted(known) if sorted(re.split("[_-]", one)) == words]
    return next(iter(same or difflib.get_close_matches(name, sorted(known), 1, _CLOSE)), "")


METRICS_DEFAULT = ":8080"
WATCH_PROGRESS = ((3, 4, 31), (3, 5, 13))
"""etcd releases from which an API server trusts watch progress and answers lists from its cache (KEP-2340)."""
