from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.configuration import Configuration, Secret
from kinetune.model.facts import OutOfScope, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.rules.rule import rule

DO = "keep it in a file of mode 0600 (EnvironmentFile, ~/.pgpass), a Secret, or a variable; then change the password"


@rule("KT608", Severity.ERROR)
def clear_password(configuration: Configuration) -> Iterator[Remark | Unknown]:
    """
    No file that everybody may read holds a password, and no command line shows one.

    Why it matters
        Whoever has the datastore's password has the cluster: every Secret is in that table, and a row written there is
        an object. A file of mode 0644, a file in a repository, `ps` and `systemctl show` tell it to everybody.

    What to do
        Give the password as KINE_ENDPOINT or K3S_DATASTORE_ENDPOINT from an EnvironmentFile of mode 0600, K3s'
        config.yaml mode 0600, a variable in compose, a Secret in Kubernetes; or use TLS certificates without a
        password. Change a password that has been readable.

    When to ignore
        A trial on one machine.

    Source
        Modes are those of the files where the check ran: in a pipeline's checkout every file is readable, as it is to
        everybody who has the repository. systemd.exec(5) on Environment=.
    """
    if not configuration.parts:
        yield OutOfScope("the files read start nothing")
    seen: set[Secret] = set()
    for part in configuration.parts:
        for secret in part.secrets:
            open_file = configuration.world_readable(secret.place.file)
            if secret in seen:
                continue  # an exported one is in the environment of several programs
            seen.add(secret)
            if open_file or secret.shown:
                where = "in a file that everybody may read" if open_file else "where ps and systemctl show it to all"
                yield Remark(
                    on=f"{part.name} {secret.name}",
                    says=f"a password stands in the clear in {secret.name}, {where}",
                    do=DO,
                    severity=Severity.ERROR if open_file else Severity.WARNING,
                    place=secret.place,
                )
