"""Words of shell and systemd with their lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetune.config.gflags import hidden, split
from kinetune.config.lexer import VARIABLE, Lexer, words
from kinetune.model.failure import UsageFailure


def commands(text: str, **values: str) -> list[list[tuple[str, int]]]:
    lexer, found = Lexer(text, "f", values=values), []
    while (command := lexer.command()) is not None:
        found.append([(word.text, word.line) for word in command])
    return found


def texts(text: str, **values: str) -> list[list[str]]:
    return [[word for word, _ in command] for command in commands(text, **values)]


def test_each_word_knows_its_line() -> None:
    assert commands("a \\\n  'b\nc' d # e\nf") == [[("a", 1), ("b\nc", 2), ("d", 3)], [("f", 4)]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a;b && c|d & e", [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ('a\\ b "c \\" d" \'e\\f\' g#h', [["a b", 'c " d', "e\\f", "g#h"]]),
        ("a=$A ${B} ${C:-c} $(d e) `f`", [["a=x", VARIABLE, "c", VARIABLE, VARIABLE]]),
        ("cat <<E\nit's\nE\nb", [["cat"], ["b"]]),
        ("\"$A-$B\" '$A' $", [[f"x-{VARIABLE}", "$A", "$"]]),
    ],
)
def test_shell_is_cut_as_a_shell_does(text: str, found: list[list[str]]) -> None:
    assert texts(text, A="x") == found


def test_systemd_knows_no_operators() -> None:
    assert [word.text for word in words("a;b #c & 'd e'", "f", 1)] == ["a;b", "#c", "&", "d e"]


def test_a_quote_that_never_closes_is_refused_by_its_line_and_without_its_text() -> None:
    with pytest.raises(UsageFailure, match=r"^f:2: a quote is opened and never closed; close it$"):
        commands("a\n'hunter2")


@given(st.text("ab '\"\\$(){}`<#;\n"))
def test_lines_never_go_back_nor_beyond_the_text(text: str) -> None:
    try:
        found = [line for command in commands(text) for _, line in command]
    except UsageFailure:
        return
    assert found == sorted(found)
    assert all(1 <= line <= text.count("\n") + 1 for line in found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a=1,b=2", [("a", "1", ""), ("b", "2", "")]),
        ("a_csv={x=1,y=2},b=2", [("a_csv", "x=1,y=2", ""), ("b", "2", "")]),
        (
            "ysql_pg_conf_csv=jit=off,log_statement=ddl,b=2",
            [("ysql_pg_conf_csv", "jit=off", ""), ("log_statement", "ddl", "ysql_pg_conf_csv"), ("b", "2", "")],
        ),
        ("a_csv=host all,local all", [("a_csv", "host all", ""), ("local all", "", "a_csv")]),
        ("", []),
    ],
)
def test_flags_are_cut_at_commas_outside_braces(text: str, found: list[tuple[str, str, str]]) -> None:
    assert list(split(text)) == found


def test_a_flag_inside_another_ones_value_is_seen() -> None:
    assert hidden("a", "x=1,ysql_sequence_cache_minval=1") == "1"
    assert hidden("a", "x=1") is None
