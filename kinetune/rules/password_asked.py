from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Security, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.rules.rule import rule


@rule("KT803", Severity.WARNING)
def password_asked(security: Security) -> Iterator[Remark | Unknown]:
    """
    The server asks everybody who comes over the network for a proof.

    Why it matters
        A line of pg_hba.conf with `trust` lets anybody in who reaches the port, as any role: to read every Secret of
        the cluster, or to write an object that gives him all rights. YugabyteDB without --secure is set up so.

    What to do
        Write scram-sha-256 in place of trust, then SELECT pg_reload_conf(). YugabyteDB: restart with
        --ysql_enable_auth=true, or yugabyted start --secure.

    When to ignore
        The port is reached from this host alone, and everybody on it may do everything: a trial, kinetune embedded.

    Source
        pg_hba_file_rules, lines that are not `local`; it may be read by superusers, and is skipped for others.
    """
    if isinstance(security.password, Unknown):
        yield security.password
    elif not security.password:
        yield Remark(
            on="pg_hba.conf",
            says="lets hosts in with `trust`: whoever reaches the port reads and writes the whole cluster",
            do="SELECT line_number, database FROM pg_hba_file_rules WHERE auth_method = 'trust' shows them; "
            "write scram-sha-256 there, then SELECT pg_reload_conf()",
        )
