"""Which SQL a release of Kine or K3s sends."""

from __future__ import annotations

from itertools import pairwise

import pytest

from kinetune.kine.k3s_releases import BUNDLED
from kinetune.kine.releases import (
    ERAS,
    Era,
    era_of_k3s,
    era_of_kine,
    find_era,
    is_known_release,
    newest_era,
    recorded_catalogue,
)
from kinetune.model.failure import UsageFailure


@pytest.mark.parametrize(
    ("tag", "number"),
    [
        ("v0.17.5", "E20"),
        ("0.17.5", "E20"),
        ("v0.17.3", "E20"),
        ("v0.16.6", "E20"),
        ("v0.17.2", "E19"),
        ("v0.16.5", "E19"),
        ("v0.17.0", "E18"),
        ("v0.16.2", "E17"),
        ("v0.15.0", "E16"),
        ("v0.14.6-k3s1.31", "E14"),
        ("v0.11.8-0.20240430184817-f9ce6f8da97b", "E09"),
        ("v0.11.3", "E07"),
        ("v0.10.1", "E07"),
        ("v0.6.2", "E05"),
    ],
)
def test_a_release_belongs_to_one_era(tag: str, number: str) -> None:
    assert era_of_kine(tag).number == number
    assert is_known_release(tag)


@pytest.mark.parametrize(("tag", "number"), [("v0.18.0", "E20"), ("v0.17.9", "E20"), ("v0.13.20", "E11")])
def test_a_release_that_was_not_read_gets_the_era_before_it_and_is_not_known(tag: str, number: str) -> None:
    assert era_of_kine(tag).number == number
    assert not is_known_release(tag)


@pytest.mark.parametrize("tag", ["v0.5.0", "main", "v1", "", "v0.x.1", "v0.1٣.1"])
def test_what_is_no_release_or_too_old_is_a_usage_failure(tag: str) -> None:
    with pytest.raises(UsageFailure):
        era_of_kine(tag)


def test_spans_of_eras_do_not_overlap_and_newest_is_last() -> None:
    spans = sorted(span for era in ERAS for span in era.spans)
    assert all(first <= last for first, last in spans)
    assert all(before[1] < after[0] for before, after in pairwise(spans))
    assert newest_era() == max(ERAS, key=lambda era: era.spans[-1])


@pytest.mark.parametrize("era", ERAS, ids=lambda era: era.number)
def test_an_era_has_a_catalogue_or_a_reason(era: Era) -> None:
    assert find_era(era.name) == find_era(era.number) == era
    assert (era.catalogue is None) == bool(era.reason)


def test_an_era_without_a_catalogue_names_the_reason_and_the_nearest() -> None:
    with pytest.raises(UsageFailure, match=r"v0\.16\.0 – v0\.16\.2 .* cannot be built.*--kine v0\.16\.3"):
        recorded_catalogue(find_era("E17"))


def test_an_unknown_era_is_a_usage_failure() -> None:
    with pytest.raises(UsageFailure, match="unknown Kine era"):
        find_era("E99")


@pytest.mark.parametrize(
    ("k3s", "kine"),
    [
        ("v1.33.4", "v0.13.17"),
        ("v1.33.4+k3s1", "v0.13.17"),
        ("1.36.5", "v0.16.5"),
        ("v1.31.14+k3s1", "v0.14.6-k3s1.31"),
    ],
)
def test_a_k3s_release_carries_a_kine(k3s: str, kine: str) -> None:
    assert era_of_k3s(k3s) == (era_of_kine(kine), kine)


def test_an_unknown_patch_names_its_neighbours() -> None:
    with pytest.raises(UsageFailure, match=r"1\.31\.4 .*1\.31\.5 has v0\.13\.5.*--kine"):
        era_of_k3s("v1.31.4")
    with pytest.raises(UsageFailure, match=r"1\.37\.1 has v0\.17\.1.*--kine"):
        era_of_k3s("v1.37.9")


def test_an_unknown_minor_names_the_known_ones() -> None:
    with pytest.raises(UsageFailure, match=r"1\.38\.0 is unknown; known are K3s 1\.19, .*1\.37; set --kine"):
        era_of_k3s("v1.38.0")


def test_the_table_of_k3s_is_in_order_and_its_kines_were_read() -> None:
    for lines in BUNDLED.values():
        patches = [patch for first, last, _ in lines for patch in (first, last)]
        assert patches == sorted(patches)
        assert all(is_known_release(kine) for _, _, kine in lines)
