from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.configuration import Configuration
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.context import explain_absence
from kinetune.rules.rule import rule

NO_IMAGE = "no container image"


@rule("KT613", Severity.WARNING)
def unpinned_images(configuration: Configuration) -> Iterator[Remark | Unknown]:
    """
    A container image has no tag, or the tag latest.

    Why it matters
        `latest` may be another release after the next pull, on one node and not on the others: another Kine release
        with other queries, or a YugabyteDB of another major version whose upgrade needs additional steps. The tag does
        not show which release runs.

    What to do
        Use a maintained release, the same on every node (yugabytedb/yugabyte:2025.2.8.0-b60, rancher/kine:v0.16.4), or
        a digest.

    When to ignore
        A trial that is never restarted.

    Source
        docs/facts/yugabytedb.md §7: latest has moved from the 2.x line to 2026.1.
    """
    images = [(part, part.image) for part in configuration.parts if part.image]
    if not images:
        yield explain_absence(NO_IMAGE, configuration)
    for part, image in images:
        # A digest pins the image, whatever its tag is.
        if not image.digest and image.tag in ("", "latest"):
            how = "the tag latest" if image.tag else "no tag"
            says = f"the image {image.repository} has {how}: the next pull may bring another release"
            yield Remark(on=part.name, says=says, do=f"use {image.repository}:RELEASE", place=image.place)
