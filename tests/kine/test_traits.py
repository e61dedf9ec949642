"""A trait is told of a release, or of an era as far as an era tells it."""

from __future__ import annotations

import pytest

from kinetune.kine import releases
from kinetune.kine.releases import ERAS, era_of_kine, find_era
from kinetune.model.facts import KineRelease

EVERY = [value for value in vars(releases).values() if isinstance(value, releases.Trait)]


def release(tag: str) -> KineRelease:
    era = era_of_kine(tag)
    return KineRelease(era.name, era.number, "given", tag)


def era(number: str) -> KineRelease:
    return KineRelease(find_era(number).name, number, "seen")


@pytest.mark.parametrize(
    ("trait", "first", "before"),
    [
        (releases.LOSES_CREATES, "v0.17.3", "v0.17.2"),
        (releases.LOSES_CREATES, "v0.16.6", "v0.16.5"),
        (releases.ASKS_POSTGRES_FIRST, "v0.11.0", "v0.10.3"),
        (releases.CRASHES_BEHIND_PGBOUNCER, "v0.16.1", "v0.16.0"),
        (releases.LEAVES_COMPACTION, "v0.16.1", "v0.16.0"),
        (releases.PREPARES_STATEMENTS, "v0.10.0", "v0.9.14"),
        (releases.STOPS_LISTS_EARLY, "v0.16.5", "v0.16.4"),
        (releases.STOPS_LISTS_EARLY, "v0.17.1", "v0.17.0"),
    ],
)
def test_a_trait_begins_with_a_release(trait: releases.Trait, first: str, before: str) -> None:
    assert trait.applies_to(release(first)) is True
    assert trait.applies_to(release(before)) is False


def test_stealing_ids_ends_with_v0_11_0() -> None:
    assert releases.STEALS_IDS.applies_to(release("v0.10.3")) is True
    assert releases.STEALS_IDS.applies_to(release("v0.11.0")) is False


@pytest.mark.parametrize(
    ("trait", "number", "has"),
    [
        (releases.LOSES_CREATES, "E20", True),
        (releases.LOSES_CREATES, "E19", False),
        (releases.STEALS_IDS, "E06", True),
        (releases.STEALS_IDS, "E07", None),
        (releases.STEALS_IDS, "E08", False),
        (releases.LEAVES_COMPACTION, "E16", False),
        (releases.LEAVES_COMPACTION, "E17", None),
        (releases.LEAVES_COMPACTION, "E18", True),
        (releases.PREPARES_STATEMENTS, "E07", None),
        (releases.STOPS_LISTS_EARLY, "E18", False),
    ],
)
def test_an_era_tells_it_unless_it_spans_the_change(trait: releases.Trait, number: str, has: bool | None) -> None:
    assert trait.applies_to(era(number)) is has


@pytest.mark.parametrize("trait", EVERY)
def test_an_era_never_contradicts_its_releases(trait: releases.Trait) -> None:
    for one in ERAS:
        tags = ["v" + ".".join(map(str, version)) for span in one.spans for version in span]
        told = {trait.applies_to(release(tag)) for tag in tags}
        assert trait.applies_to(era(one.number)) in (None, *(told if len(told) == 1 else ()))


def test_a_release_is_named_by_its_tag_and_an_era_by_its_releases() -> None:
    assert releases.describe_release(release("v0.17.5")) == "Kine v0.17.5"
    assert releases.describe_release(era("E19")) == "Kine v0.16.5, v0.17.1 – v0.17.2"


def test_only_a_newer_release_than_any_read_is_called_unread() -> None:
    assert "v0.17.5" in releases.describe_unread_release(release("v0.17.6"))
    assert (
        releases.describe_unread_release(release("v0.17.5"))
        == releases.describe_unread_release(release("v0.13.5"))
        == releases.describe_unread_release(era("E20"))
        == ""
    )
