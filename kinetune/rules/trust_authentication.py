from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Security
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.rule import rule


@rule("KT803", Severity.WARNING)
def trust_authentication(security: Security) -> Iterator[Remark | Unknown]:
    """
    pg_hba.conf allows `trust` authentication over TCP.

    Why it matters
        With `trust`, every program that can reach the port logs in as any role without a password: it can read every
        Secret of the cluster, or write an object that grants it all rights. YugabyteDB without --secure is configured
        like this.

    What to do
        Replace trust with scram-sha-256, then SELECT pg_reload_conf(). YugabyteDB: restart with
        --ysql_enable_auth=true, or yugabyted start --secure.

    When to ignore
        Only this host can reach the port, and all its users may have full access: a trial.

    Source
        pg_hba_file_rules, lines other than `local`. Only superusers can read it; the rule is skipped for other roles.
        A server with listen_addresses = '' has no TCP port, and passes.
    """
    if not security.tcp:  # lines of pg_hba.conf for hosts have no effect
        return
    if isinstance(security.password, Unknown):
        yield security.password
    elif not security.password:
        yield Remark(
            on="pg_hba.conf",
            says="allows `trust` authentication over TCP: any program that reaches the port has full access to the "
            "cluster",
            do="SELECT line_number, database FROM pg_hba_file_rules WHERE auth_method = 'trust' shows the lines; "
            "replace trust with scram-sha-256, then SELECT pg_reload_conf()",
        )
