"""Running rules: findings, and the reason for each rule that was skipped and each finding that was ignored."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Facts, Growth, Relation, Role, Sequence
from kinetune.model.finding import Finding, Remark, Severity, SkippedRule
from kinetune.model.unknown import Unknown
from kinetune.rules.context import CheckContext
from kinetune.rules.rule import rule
from kinetune.rules.runner import RuleSelection, run_rules
from kinetune.rules.table import RULES
from tests.rules.made import healthy, with_table, yugabytedb

CONTEXT = CheckContext(healthy())


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
    results = run_rules(CONTEXT, RuleSelection((two_places, another_place, content, tells_some)))
    assert places(results.findings) == [
        (Severity.ERROR, "KT901", "a"),
        (Severity.WARNING, "KT901", "b"),
        (Severity.WARNING, "KT902", "a"),
        (Severity.INFO, "KT907", "moon"),
    ]
    assert results.passed == ("KT903",)
    assert results.worst_severity() is Severity.ERROR


def test_a_finding_carries_the_rules_name_and_the_remarks_words() -> None:
    results = run_rules(CONTEXT, RuleSelection((another_place,)))
    assert results.findings == (Finding("KT902", "another-place", Severity.WARNING, "a", "kine is here", "mend it"),)


def test_a_fact_that_was_not_seen_skips_the_rule_with_its_reason() -> None:
    context = CheckContext(healthy(growth=Unknown("statement timeout")))
    results = run_rules(context, RuleSelection((needs_growth, content)))
    assert results.skipped == (SkippedRule("KT904", "needs-growth", "statement timeout"),)
    assert results.passed == ("KT903",)
    assert results.worst_severity() is None


def test_without_a_table_or_a_sequence_the_reason_says_so() -> None:
    reasons = [
        skipped.reason
        for skipped in run_rules(CheckContext(healthy(table=None)), RuleSelection((content, needs_sequence))).skipped
    ]
    assert reasons == ["there is no table kine", "there is no table kine"]
    results = run_rules(CheckContext(with_table(healthy(), sequence=None)), RuleSelection((needs_sequence,)))
    assert results.skipped[0].reason == "kine.id has no sequence"


def test_a_rule_that_cannot_tell_is_skipped_with_its_first_reason() -> None:
    results = run_rules(CONTEXT, RuleSelection((cannot_tell,)))
    assert results.skipped == (SkippedRule("KT906", "cannot-tell", "the moon is behind a cloud"),)
    assert not results.passed
    assert not results.findings


def test_what_a_rule_did_see_counts_though_it_could_not_tell_all() -> None:
    results = run_rules(CONTEXT, RuleSelection((tells_some,)))
    assert places(results.findings) == [(Severity.INFO, "KT907", "moon")]
    assert not results.skipped


def test_a_severity_of_the_users_is_in_force_over_the_rules_and_the_remarks() -> None:
    results = run_rules(CONTEXT, RuleSelection((two_places,), severities={"KT901": Severity.INFO}))
    assert places(results.findings) == [(Severity.INFO, "KT901", "a"), (Severity.INFO, "KT901", "b")]


def test_an_ignored_finding_keeps_its_reason_and_the_rule_has_not_passed() -> None:
    results = run_rules(CONTEXT, RuleSelection((two_places, another_place), ignore={"KT901": "known since May"}))
    assert places(results.findings) == [(Severity.WARNING, "KT902", "a")]
    assert {(one.finding.on, one.reason) for one in results.ignored} == {
        ("a", "known since May"),
        ("b", "known since May"),
    }
    assert not results.passed


def test_one_object_can_be_ignored_and_its_reason_goes_before_the_codes() -> None:
    one = run_rules(CONTEXT, RuleSelection((two_places,), ignore={"KT901:a": "mine"}))
    assert places(one.findings) == [(Severity.WARNING, "KT901", "b")]
    both = run_rules(CONTEXT, RuleSelection((two_places,), ignore={"KT901:a": "mine", "KT901": "all"}))
    assert {ignored.reason for ignored in both.ignored} == {"mine", "all"}


def test_the_same_place_has_the_same_fingerprint_whatever_the_numbers_say() -> None:
    first = Finding("KT901", "two-places", Severity.ERROR, "a", "41 rows", "")
    assert first.fingerprint == Finding("KT901", "two-places", Severity.INFO, "a", "42 rows", "other").fingerprint
    assert first.fingerprint != Finding("KT902", "two-places", Severity.ERROR, "a", "41 rows", "").fingerprint
    assert len(first.fingerprint) == 16


def test_a_healthy_store_has_nothing_above_info_on_either_server() -> None:
    for facts in (healthy(), yugabytedb()):
        results = run_rules(CheckContext(facts), RuleSelection(RULES))
        assert results.worst_severity() in (None, Severity.INFO), results.findings
        assert {skipped.name for skipped in results.skipped if skipped.asked} <= {"query-regression"}


def test_an_empty_database_is_reported_once_and_other_schema_rules_are_skipped() -> None:
    results = run_rules(CheckContext(healthy(table=None)), RuleSelection(RULES))
    of_the_schema = [finding.code for finding in results.findings if finding.code < "KT300"]
    assert of_the_schema == ["KT101"]
    assert "KT104" in {skipped.code for skipped in results.skipped}
