from __future__ import annotations

import re
from collections.abc import Iterator

from kinetune.kine.flags import WATCH_PROGRESS
from kinetune.model.configuration import Component, Configuration
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.context import explain_absence
from kinetune.rules.rule import rule

NO_KINE = "no Kine"
VERSION = re.compile(r"v?(\d{1,3})\.(\d{1,3})\.(\d{1,4})")


@rule("KT611", Severity.WARNING)
def outdated_emulated_etcd(configuration: Configuration) -> Iterator[Remark | Unknown]:
    """
    Kine reports an etcd version for which the API server does not use watch progress.

    Why it matters
        The API server answers lists from its cache if it can use watch progress, from etcd 3.4.31 and 3.5.13 on. Kine
        reports the etcd version that it emulates. With an older --emulated-etcd-version every list of every controller
        is read from the database.

    What to do
        Remove --emulated-etcd-version: Kine reports 3.5.13 (v0.14.16) or 3.6.11 (v0.16.4 and newer) by default.

    When to ignore
        Another program than kube-apiserver uses this Kine and needs an older etcd.

    Source
        Defaults: pkg/app/app.go of Kine v0.14.16, v0.16.4 and v0.17.5. Versions: Kubernetes, consistent reads from
        cache (KEP-2340).
    """
    kines = tuple(configuration.of(Component.KINE))
    if not kines:
        yield explain_absence(NO_KINE, configuration)
    for kine in kines:
        setting = kine.find("emulated-etcd-version")
        # "…" stands for a variable, whose value is unknown.
        if setting is None or setting.value == "…" or _supports_watch_progress(setting.value):
            continue
        yield Remark(
            on=kine.name,
            says=f"Kine reports etcd version {setting.value or '(empty)'}: every list is read from the database",
            do="remove --emulated-etcd-version",
            place=setting.place,
        )


def _supports_watch_progress(version: str) -> bool:
    found = VERSION.fullmatch(version)
    if found is None:
        return False
    numbers = (int(found[1]), int(found[2]), int(found[3]))
    old, new = WATCH_PROGRESS
    return numbers >= new or old <= numbers < (3, 5, 0)
