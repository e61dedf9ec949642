from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Relation, Security
from kinetune.model.finding import Remark, Severity
from kinetune.rules.rule import rule
from kinetune.rules.words import qualified


@rule("KT804", Severity.ERROR)
def public_table(security: Security, table: Relation) -> Iterator[Remark]:
    """
    The table kine is closed to PUBLIC.

    Why it matters
        The rows are the objects of the cluster, Secrets among them, in the clear unless the API server encrypts them.
        With a right granted to PUBLIC every role of the server may read or change them: who may INSERT gives himself
        cluster-admin.

    What to do
        REVOKE the rights. Kine's role keeps its own where it owns the table; else GRANT it SELECT, INSERT, UPDATE and
        DELETE first. Grant what a monitoring role needs to that role alone.

    When to ignore
        Never.

    Source
        pg_class.relacl. Neither PostgreSQL nor Kine grants anything to PUBLIC: somebody did.
    """
    if security.public:
        rights = ", ".join(security.public)
        yield Remark(
            on="kine",
            says=f"every role of this server may {rights}: it holds the Secrets of the cluster",
            do=f"REVOKE ALL ON {qualified(table)} FROM PUBLIC",
        )
