from __future__ import annotations

import re
from collections.abc import Iterator

from kinetune.kine.flags import WATCH_PROGRESS
from kinetune.model.configuration import Component, Configuration
from kinetune.model.facts import Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.rules.absence import absent
from kinetune.rules.rule import rule

NO_KINE = "no Kine"
VERSION = re.compile(r"v?(\d{1,3})\.(\d{1,3})\.(\d{1,4})")


@rule("KT611", Severity.WARNING)
def emulated_etcd(configuration: Configuration) -> Iterator[Remark | Unknown]:
    """
    Kine calls itself an etcd from which the API server takes watch progress.

    Why it matters
        The API server answers lists from its own cache once it trusts watch progress, which it does from etcd 3.4.31
        and 3.5.13 on. It asks Kine which etcd it is. With an older --emulated-etcd-version every list of every
        controller goes to the database.

    What to do
        Leave --emulated-etcd-version out: Kine says 3.5.13 (v0.14.16) or 3.6.11 (v0.16.4 and newer) by itself.

    When to ignore
        Something else than a kube-apiserver reads this Kine and wants an older etcd.

    Source
        Defaults: pkg/app/app.go of Kine v0.14.16, v0.16.4 and v0.17.5. Bounds: Kubernetes, consistent reads from cache
        (KEP-2340).
    """
    kines = tuple(configuration.of(Component.KINE))
    if not kines:
        yield absent(NO_KINE, configuration)
    for kine in kines:
        setting = kine.find("emulated-etcd-version")
        if setting is None or setting.value == "…" or _trusted(setting.value):
            continue
        yield Remark(
            on=kine.name,
            says=f"Kine calls itself etcd {setting.value or 'of no version'}: every list goes to the database",
            do="remove --emulated-etcd-version",
            place=setting.place,
        )


def _trusted(version: str) -> bool:
    found = VERSION.fullmatch(version)
    if found is None:
        return False
    numbers = (int(found[1]), int(found[2]), int(found[3]))
    old, new = WATCH_PROGRESS
    return numbers >= new or old <= numbers < (3, 5, 0)
