from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Security
from kinetune.model.finding import Remark, Severity
from kinetune.rules.rule import rule


@rule("KT802", Severity.WARNING)
def encrypted_connection(security: Security) -> Iterator[Remark]:
    """
    Nothing between Kine and a server on another host can be read on the way.

    Why it matters
        Every Secret, token and kubeconfig of the cluster crosses this connection with each write and each list, and so
        does the role's password where it is not hashed. Whoever listens on the network is cluster-admin.

    What to do
        Switch TLS on at the server (PostgreSQL: ssl = on; YugabyteDB: yugabyted start --secure), and let Kine check
        it: K3S_DATASTORE_CAFILE, or sslmode=verify-full&sslrootcert=FILE in the endpoint. sslmode=prefer, Kine's
        default, goes on without TLS when the server has none.

    When to ignore
        The network itself is encrypted (WireGuard, a service mesh, a tunnel that only looks like another host).

    Source
        pg_stat_ssl of this session, which was made with this endpoint; sockets and loopback always pass. Behind a
        pooler it is the pooler's connection.
    """
    if not security.local and not security.tls:
        yield Remark(
            on="connection",
            says="is not encrypted and leads to another host: every Secret of the cluster can be read on the way",
            do="switch TLS on at the server, then sslmode=verify-full&sslrootcert=FILE in the endpoint "
            "(K3s: --datastore-cafile)",
        )
