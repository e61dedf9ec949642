"""A trait is told of a release, or of an era as far as an era tells it."""

from __future__ import annotations

import pytest

from kinetune.kine import traits
from kinetune.kine.releases import ERAS, era_named, era_of_kine
from kinetune.model.facts import KineRelease

EVERY = [value for value in vars(traits).values() if isinstance(value, traits.Trait)]


def release(tag: str) -> KineRelease:
    era = era_of_kine(tag)
    return KineRelease(era.name, era.number, "given", tag)


def era(number: str) -> KineRelease:
    return KineRelease(era_named(number).name, number, "seen")


@pytest.mark.parametrize(
    ("trait", "first", "before"),
    [
        (traits.LOSES_CREATES, "v0.17.3", "v0.17.2"),
        (traits.LOSES_CREATES, "v0.16.6", "v0.16.5"),
        (traits.ASKS_POSTGRES_FIRST, "v0.11.0", "v0.10.3"),
        (traits.CRASHES_BEHIND_PGBOUNCER, "v0.16.1", "v0.16.0"),
        (traits.LEAVES_COMPACTION, "v0.16.1", "v0.16.0"),
        (traits.PREPARES_STATEMENTS, "v0.10.0", "v0.9.14"),
        (traits.STOPS_LISTS_EARLY, "v0.16.5", "v0.16.4"),
        (traits.STOPS_LISTS_EARLY, "v0.17.1", "v0.17.0"),
    ],
)
def test_a_trait_begins_with_a_release(trait: traits.Trait, first: str, before: str) -> None:
    assert trait.of(release(first)) is True
    assert trait.of(release(before)) is False


def test_stealing_ids_ends_with_v0_11_0() -> None:
    assert traits.STEALS_IDS.of(release("v0.10.3")) is True
    assert traits.STEALS_IDS.of(release("v0.11.0")) is False


@pytest.mark.parametrize(
    ("trait", "number", "has"),
    [
        (traits.LOSES_CREATES, "E20", True),
        (traits.LOSES_CREATES, "E19", False),
        (traits.STEALS_IDS, "E06", True),
        (traits.STEALS_IDS, "E07", None),
        (traits.STEALS_IDS, "E08", False),
        (traits.LEAVES_COMPACTION, "E16", False),
        (traits.LEAVES_COMPACTION, "E17", None),
        (traits.LEAVES_COMPACTION, "E18", True),
        (traits.PREPARES_STATEMENTS, "E07", None),
        (traits.STOPS_LISTS_EARLY, "E18", False),
    ],
)
def test_an_era_tells_it_unless_it_spans_the_change(trait: traits.Trait, number: str, has: bool | None) -> None:
    assert trait.of(era(number)) is has


@pytest.mark.parametrize("trait", EVERY)
def test_an_era_never_contradicts_its_releases(trait: traits.Trait) -> None:
    for one in ERAS:
        tags = ["v" + ".".join(map(str, version)) for span in one.spans for version in span]
        told = {trait.of(release(tag)) for tag in tags}
        assert trait.of(era(one.number)) in (None, *(told if len(told) == 1 else ()))


def test_a_release_is_named_by_its_tag_and_an_era_by_its_releases() -> None:
    assert traits.named(release("v0.17.5")) == "Kine v0.17.5"
    assert traits.named(era("E19")) == "Kine v0.16.5, v0.17.1 – v0.17.2"


def test_only_a_newer_release_than_any_read_is_called_unread() -> None:
    assert "v0.17.5" in traits.unread(release("v0.17.6"))
    assert traits.unread(release("v0.17.5")) == traits.unread(release("v0.13.5")) == traits.unread(era("E20")) == ""
