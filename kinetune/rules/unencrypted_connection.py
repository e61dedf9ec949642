from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Security
from kinetune.model.finding import Remark, Severity
from kinetune.rules.rule import rule


@rule("KT802", Severity.WARNING)
def unencrypted_connection(security: Security) -> Iterator[Remark]:
    """
    The connection to a server on another host is not encrypted.

    Why it matters
        Every Secret, token and kubeconfig of the cluster is sent through this connection with each write and each list,
        and so is the password of the role if it is not hashed. An attacker on the network becomes cluster-admin.

    What to do
        Enable TLS on the server (PostgreSQL: ssl = on; YugabyteDB: yugabyted start --secure), and let Kine verify it:
        K3S_DATASTORE_CAFILE, or sslmode=verify-full&sslrootcert=FILE in the endpoint. sslmode=prefer, Kine's default,
        continues without TLS if the server has none.

    When to ignore
        The network itself is encrypted (WireGuard, a service mesh, a tunnel that looks like another host).

    Source
        pg_stat_ssl of this session, which used this endpoint. Sockets and loopback addresses always pass. With a pooler
        it is the pooler's connection.
    """
    if not security.local and not security.tls:
        yield Remark(
            on="connection",
            says="is not encrypted and the server is on another host: every Secret of the cluster can be read on "
            "the network",
            do="enable TLS on the server, then set sslmode=verify-full&sslrootcert=FILE in the endpoint "
            "(K3s: --datastore-cafile)",
        )
