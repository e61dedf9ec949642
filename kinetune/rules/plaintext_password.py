from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.configuration import Configuration, PlainSecret
from kinetune.model.facts import OutOfScope
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.rule import rule

DO = "move it to a file of mode 0600 (EnvironmentFile, ~/.pgpass), a Secret or a variable, and change the password"


@rule("KT608", Severity.ERROR)
def plaintext_password(configuration: Configuration) -> Iterator[Remark | Unknown]:
    """
    A password is in a file that all users can read, or on a command line.

    Why it matters
        The datastore's password gives full access to the cluster: the table contains every Secret, and an inserted row
        is an object. A file of mode 0644 or in a repository, `ps` and `systemctl show` reveal the password to all users
        of the machine.

    What to do
        Set KINE_ENDPOINT or K3S_DATASTORE_ENDPOINT in an EnvironmentFile of mode 0600, in K3s' config.yaml of mode
        0600, in a variable of compose, or in a Secret of Kubernetes; or use TLS certificates without a password. Change
        a password that was readable.

    When to ignore
        A trial on one machine.

    Source
        The mode is that of the file where the check ran. In the checkout of a pipeline every file counts as readable,
        because everyone with access to the repository can read it. systemd.exec(5) on Environment=.
    """
    if not configuration.parts:
        yield OutOfScope("the files read start no process")
    seen: set[PlainSecret] = set()
    for part in configuration.parts:
        for secret in part.secrets:
            open_file = configuration.world_readable(secret.place.file)
            if secret in seen:
                continue  # an exported variable is in the environment of several programs
            seen.add(secret)
            if open_file or secret.shown:
                where = "in a file that all users can read" if open_file else "which ps and systemctl show to all users"
                yield Remark(
                    on=f"{part.name} {secret.name}",
                    says=f"a plaintext password is in {secret.name}, {where}",
                    do=DO,
                    severity=Severity.ERROR if open_file else Severity.WARNING,
                    place=secret.place,
                )
