"""Which SQL a release of Kine or K3s sends."""

from __future__ import annotations

from itertools import pairwise

import pytest

from kinetune.kine.k3s_releases import BUNDLED, BundledKine, find_bundled_kine
from kinetune.kine.releases import (
    ERAS,
    Era,
    era_of_k3s,
    era_of_kine,
    eras_between,
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
    with pytest.raises(UsageFailure, match=r"1\.34\.0 .*1\.34\.1 has v0\.14\.0.*--kine"):
        era_of_k3s("v1.34.0")
    with pytest.raises(UsageFailure, match=r"1\.37\.1 has v0\.17\.1.*--kine"):
        era_of_k3s("v1.37.9")


@pytest.mark.parametrize(
    ("k3s", "oldest", "newest"),
    [
        ("v1.19.5+k3s2", "", "v0.6.2"),
        ("v1.20.4+k3s1", "v0.6.0", "v0.6.5"),
        ("v1.21.7+k3s1", "v0.6.2", "v0.6.5"),
        ("v1.22.5+k3s1", "v0.8.0", "v0.9.1"),
        ("v1.22.11+k3s2", "v0.9.3", "v0.9.3"),
        ("v1.23.17", "v0.9.3", "v0.9.8"),
        ("v1.24.2+k3s1", "v0.9.1", "v0.9.1"),
        ("v1.24.2+k3s2", "v0.9.3", "v0.9.3"),
        ("v1.24.2", "v0.9.1", "v0.9.3"),
        ("v1.28.4-k3s1-amd64", "v0.11.0", "v0.11.0"),
        ("v1.33.13+k3s1", "v0.16.1", "v0.16.1"),
        ("v1.33.13+k3s2", "v0.16.3", "v0.16.3"),
        ("v1.35.0+k3s2", "v0.14.9", "v0.14.10"),
    ],
)
def test_the_kine_of_a_k3s_release_has_bounds(k3s: str, oldest: str, newest: str) -> None:
    assert find_bundled_kine(k3s) == BundledKine(oldest, newest)


@pytest.mark.parametrize("k3s", ["v1.38.0+k3s1", "v1.36.2+k3s-09d7f12e", "v1.22.11-rc1+k3s2", "v1.34.0", "2.0.0", ""])
def test_the_kine_of_a_release_that_is_in_no_source_is_not_known(k3s: str) -> None:
    assert find_bundled_kine(k3s) is None


def test_bounds_are_not_used_as_a_release() -> None:
    with pytest.raises(UsageFailure, match=r"known only as v0\.9\.3 to v0\.9\.8; set --kine"):
        era_of_k3s("v1.23.17+k3s1")


def test_builds_with_kines_of_different_eras_must_be_named() -> None:
    with pytest.raises(UsageFailure, match=r"k3s1 has Kine v0\.16\.1, v1\.33\.13\+k3s2 has Kine v0\.16\.3; name the b"):
        era_of_k3s("v1.33.13")
    assert era_of_k3s("v1.33.13+k3s2")[0].number == "E18"
    assert era_of_k3s("v1.33.7") == (era_of_kine("v0.14.9"), "v0.14.9")  # +k3s3 has v0.14.10, of the same era


def test_every_minor_release_from_1_20_to_1_37_is_in_the_table() -> None:
    assert all(find_bundled_kine(f"v1.{minor}.1") for minor in range(20, 38))


def test_bounds_belong_to_eras() -> None:
    assert [era.number for era in eras_between(BundledKine("v0.8.0", "v0.9.1"))] == ["E06", "E07"]
    assert [era.number for era in eras_between(BundledKine("v0.14.9", "v0.14.9"))] == ["E16"]


def test_an_unknown_minor_names_the_known_ones() -> None:
    with pytest.raises(UsageFailure, match=r"1\.38\.0 is unknown; known are K3s 1\.19, .*1\.37; set --kine"):
        era_of_k3s("v1.38.0")


def test_the_table_of_k3s_is_in_order_and_its_kines_were_read() -> None:
    for lines in BUNDLED.values():
        patches = [patch for first, last, _ in lines for patch in (first, last)]
        assert patches == sorted(patches)
        assert all(is_known_release(kine) for _, _, kine in lines)
