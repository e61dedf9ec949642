"""Words of systemd and commands of a shell with their lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetune.config.gflags import hidden_value, split_flags
from kinetune.config.words import VARIABLE, mark_systemd_variables, script_lines, shell_commands, split_systemd
from kinetune.model.failure import UsageFailure


def commands(text: str) -> list[list[tuple[str, int]]]:
    return [
        [(word.text, word.line) for word in command.words]
        for line in script_lines(text)
        if not line.data
        for command in shell_commands(line.text, line.line)
    ]


def test_each_word_knows_its_line() -> None:
    assert commands("a \\\n  'b c' d # e\nf") == [[("a", 1), ("b c", 2), ("d", 2)], [("f", 3)]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a;b && c|d & e", [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ('a\\ b "c \\" d" \'e\\f\' g#h', [["a b", 'c " d', "e\\f", "g#h"]]),
        ("cat <<E\nit's\nE\nb", [["cat"], ["b"]]),
        ("a <<<x\nb <<2\nc", [["a"], ["b"], ["c"]]),
        ("cat <<A <<'B'\na\nA\nb\nB\nc", [["cat"], ["c"]]),
        ("a >/dev/null 2>&1 b # don't", [["a", "b"]]),
        ("a 'b\nc", [[], ["c"]]),
        ("a 'b\nc' d", [["a", "b\nc", "d"]]),
    ],
)
def test_shell_is_cut_as_a_shell_does(text: str, found: list[list[str]]) -> None:
    assert [[word for word, _ in command] for command in commands(text)] == found


@pytest.mark.parametrize(
    ("text", "obstacle"),
    [
        ("a=$A b", "A is not known"),
        ("x ${B:-c}", "B is not known"),
        ('x "$(d e)"', "$(…) is not known"),
        ('x "$(d "$e")/f"', "$(…) is not known"),
        ("x `f`", "$(…) is not known"),
        ('x "it\'s $A"', "A is not known"),
        ("x --b=\"'$C'\"", "C is not known"),
        ("x '$A' \\$B \"\\$C\"", ""),
        ("x $1", "$1 is not known"),
        ("x a$hunter2", "a variable is not known"),
    ],
)
def test_the_first_thing_that_a_shell_would_expand_is_named(text: str, obstacle: str) -> None:
    (command,) = shell_commands(text, 1)
    assert command.obstacle == obstacle


def test_systemd_knows_no_operators() -> None:
    assert [word.text for word in split_systemd("a;b #c & 'd e'", "f", 1)] == ["a;b", "#c", "&", "d e"]


@pytest.mark.parametrize(
    ("word", "marked"),
    [
        ("$A", (VARIABLE, False)),
        ("a${A}b", (f"a{VARIABLE}b", False)),
        ("a$$b", ("a$b", False)),
        ("a:$A@b", (f"a:{VARIABLE}@b", True)),
    ],
)
def test_systemd_fills_in_a_variable_in_braces_and_one_that_is_a_whole_word(
    word: str, marked: tuple[str, bool]
) -> None:
    assert mark_systemd_variables(word) == marked


def test_a_quote_that_never_closes_is_refused_by_its_line_and_without_its_text() -> None:
    with pytest.raises(UsageFailure, match=r"^f:2: a quote is not closed; close it$"):
        split_systemd("a\n'hunter2", "f", 1)


@given(st.text("ab '\"\\$(){}`<#;\n"))
def test_lines_never_go_back_nor_beyond_the_text(text: str) -> None:
    found = [line for command in commands(text) for _, line in command]
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
    assert list(split_flags(text)) == found


def test_a_flag_inside_another_ones_value_is_seen() -> None:
    assert hidden_value("a", "x=1,ysql_sequence_cache_minval=1") == "1"
    assert hidden_value("a", "x=1") is None
