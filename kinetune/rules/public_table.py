from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Relation, Security
from kinetune.model.finding import Remark, Severity
from kinetune.rules.remedies import qualified_table
from kinetune.rules.rule import rule


@rule("KT804", Severity.ERROR)
def public_table(security: Security, table: Relation) -> Iterator[Remark]:
    """
    PUBLIC has privileges on the table kine.

    Why it matters
        The rows are the objects of the cluster, including its Secrets, in plaintext unless the API server encrypts
        them. With a privilege of PUBLIC every role of the server can read or change them; a role that can INSERT can
        make itself cluster-admin.

    What to do
        REVOKE the privileges. Kine's role keeps its own if it owns the table; otherwise GRANT it SELECT, INSERT, UPDATE
        and DELETE first. Grant a monitoring role only what it needs.

    When to ignore
        Never.

    Source
        pg_class.relacl. Neither PostgreSQL nor Kine grants privileges to PUBLIC by default.
    """
    if security.public:
        rights = ", ".join(security.public)
        yield Remark(
            on="kine",
            says=f"every role of this server has {rights}: the table contains the Secrets of the cluster",
            do=f"REVOKE ALL ON {qualified_table(table)} FROM PUBLIC",
        )
