from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.configuration import Configuration
from kinetune.model.facts import Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.rules.absence import absent
from kinetune.rules.rule import rule

NO_IMAGE = "no container image"


@rule("KT613", Severity.WARNING)
def pinned_images(configuration: Configuration) -> Iterator[Remark | Unknown]:
    """
    Every image has a tag that stays what it is.

    Why it matters
        `latest` is another release after the next pull, on one node and not on the others: another Kine era with other
        queries, or a YugabyteDB of another major whose upgrade wants steps of its own. The tag tells nobody what runs.

    What to do
        Name a release that is in maintenance, the same on every node (yugabytedb/yugabyte:2025.2.8.0-b60,
        rancher/kine:v0.16.4), or a digest.

    When to ignore
        A trial that nobody restarts.

    Source
        docs/facts/yugabytedb.md §7: latest has moved from the 2.x line to 2026.1.
    """
    images = [(part, part.image) for part in configuration.parts if part.image]
    if not images:
        yield absent(NO_IMAGE, configuration)
    for part, image in images:
        if not image.digest and image.tag in ("", "latest"):
            how = "the tag latest" if image.tag else "no tag"
            says = f"the image {image.repository} has {how}: the next pull may bring another release"
            yield Remark(on=part.name, says=says, do=f"write {image.repository}:RELEASE", place=image.place)
