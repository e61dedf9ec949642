"""The bench: every rule is heard, and what could not be judged or was not counted says why."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Facts, Growth, Relation, Role, Unknown
from kinetune.model.finding import Finding, Remark, Severity, Skipped
from kinetune.model.schema import Sequence
from kinetune.rules.evidence import Evidence
from kinetune.rules.judge import Bench, judge
from kinetune.rules.rule import rule
from kinetune.rules.table import RULES
from tests.rules.made import healthy, with_table, yugabytedb

EVIDENCE = Evidence(healthy())


@rule("KT901", Severity.WARNING)
def two_places(facts: Facts) -> Iterator[Remark]:
    """Speaks twice."""
    yield Remark(on="b", says="it is so", do="mend b")
    yield Remark(on="a", says="it is worse", do="mend a", severity=Severity.ERROR)


@rule("KT902", Severity.WARNING)
def another_place(role: Role) -> Iterator[Remark]:
    """Speaks once."""
    yield Remark(on="a", says=f"{role.name} is here", do="mend it")


@rule("KT903", Severity.ERROR)
def content(table: Relation) -> Iterator[Remark]:
    """Never speaks."""
    yield from ()


@rule("KT904", Severity.ERROR)
def needs_growth(growth: Growth) -> Iterator[Remark]:
    """Never speaks."""
    yield from ()


@rule("KT905", Severity.ERROR)
def needs_sequence(sequence: Sequence) -> Iterator[Remark]:
    """Never speaks."""
    yield from ()


@rule("KT906", Severity.ERROR)
def cannot_tell(facts: Facts) -> Iterator[Remark | Unknown]:
    """Has its facts, and does not know."""
    yield Unknown("the moon is behind a cloud")
    yield Unknown("and it is late")


@rule("KT907", Severity.INFO)
def tells_some(facts: Facts) -> Iterator[Remark | Unknown]:
    """Has its facts, and knows a part."""
    yield Unknown("one half is dark")
    yield Remark(on="moon", says="is half full", do="wait")


def places(findings: tuple[Finding, ...]) -> list[tuple[Severity, str, str]]:
    return [(finding.severity, finding.code, finding.on) for finding in findings]


def test_the_gravest_comes_first_and_codes_and_places_follow_in_order() -> None:
    verdict = judge(EVIDENCE, Bench((two_places, another_place, content, tells_some)))
    assert places(verdict.findings) == [
        (Severity.ERROR, "KT901", "a"),
        (Severity.WARNING, "KT901", "b"),
        (Severity.WARNING, "KT902", "a"),
        (Severity.INFO, "KT907", "moon"),
    ]
    assert verdict.passed == ("KT903",)
    assert verdict.worst() is Severity.ERROR


def test_a_finding_carries_the_rules_name_and_the_remarks_words() -> None:
    verdict = judge(EVIDENCE, Bench((another_place,)))
    assert verdict.findings == (Finding("KT902", "another-place", Severity.WARNING, "a", "kine is here", "mend it"),)


def test_a_fact_that_was_not_seen_skips_the_rule_with_its_reason() -> None:
    evidence = Evidence(healthy(growth=Unknown("statement timeout")))
    verdict = judge(evidence, Bench((needs_growth, content)))
    assert verdict.skipped == (Skipped("KT904", "needs-growth", "statement timeout"),)
    assert verdict.passed == ("KT903",)
    assert verdict.worst() is None


def test_without_a_table_or_a_sequence_the_reason_says_so() -> None:
    reasons = [
        skipped.reason for skipped in judge(Evidence(healthy(table=None)), Bench((content, needs_sequence))).skipped
    ]
    assert reasons == ["there is no table kine", "there is no table kine"]
    verdict = judge(Evidence(with_table(healthy(), sequence=None)), Bench((needs_sequence,)))
    assert verdict.skipped[0].reason == "kine.id draws from no sequence"


def test_a_rule_that_cannot_tell_is_skipped_with_its_first_reason() -> None:
    verdict = judge(EVIDENCE, Bench((cannot_tell,)))
    assert verdict.skipped == (Skipped("KT906", "cannot-tell", "the moon is behind a cloud"),)
    assert not verdict.passed
    assert not verdict.findings


def test_what_a_rule_did_see_counts_though_it_could_not_tell_all() -> None:
    verdict = judge(EVIDENCE, Bench((tells_some,)))
    assert places(verdict.findings) == [(Severity.INFO, "KT907", "moon")]
    assert not verdict.skipped


def test_a_severity_of_the_users_is_in_force_over_the_rules_and_the_remarks() -> None:
    verdict = judge(EVIDENCE, Bench((two_places,), severities={"KT901": Severity.INFO}))
    assert places(verdict.findings) == [(Severity.INFO, "KT901", "a"), (Severity.INFO, "KT901", "b")]


def test_an_ignored_finding_keeps_its_reason_and_the_rule_has_not_passed() -> None:
    verdict = judge(EVIDENCE, Bench((two_places, another_place), ignore={"KT901": "known since May"}))
    assert places(verdict.findings) == [(Severity.WARNING, "KT902", "a")]
    assert {(one.finding.on, one.reason) for one in verdict.ignored} == {
        ("a", "known since May"),
        ("b", "known since May"),
    }
    assert not verdict.passed


def test_one_object_can_be_ignored_and_its_reason_goes_before_the_codes() -> None:
    one = judge(EVIDENCE, Bench((two_places,), ignore={"KT901:a": "mine"}))
    assert places(one.findings) == [(Severity.WARNING, "KT901", "b")]
    both = judge(EVIDENCE, Bench((two_places,), ignore={"KT901:a": "mine", "KT901": "all"}))
    assert {ignored.reason for ignored in both.ignored} == {"mine", "all"}


def test_the_same_place_has_the_same_fingerprint_whatever_the_numbers_say() -> None:
    first = Finding("KT901", "two-places", Severity.ERROR, "a", "41 rows", "")
    assert first.fingerprint == Finding("KT901", "two-places", Severity.INFO, "a", "42 rows", "other").fingerprint
    assert first.fingerprint != Finding("KT902", "two-places", Severity.ERROR, "a", "41 rows", "").fingerprint
    assert len(first.fingerprint) == 16


def test_a_healthy_store_has_nothing_above_info_on_either_server() -> None:
    for facts in (healthy(), yugabytedb()):
        verdict = judge(Evidence(facts), Bench(RULES))
        assert verdict.worst() in (None, Severity.INFO), verdict.findings
        assert {skipped.name for skipped in verdict.skipped if skipped.asked} <= {"slower-than-before"}


def test_an_empty_database_is_told_once_and_everything_else_is_skipped_or_about_the_server() -> None:
    verdict = judge(Evidence(healthy(table=None)), Bench(RULES))
    of_the_schema = [finding.code for finding in verdict.findings if finding.code < "KT300"]
    assert of_the_schema == ["KT101"]
    assert "KT104" in {skipped.code for skipped in verdict.skipped}
