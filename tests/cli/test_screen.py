"""What a terminal gets and what a pipe gets: colour, width, progress, and nothing a dumb screen cannot show."""

from __future__ import annotations

import re

import pytest

from tests.cli.call import call, call_in_process, terminal, wait_for
from tests.cli.test_interrupted import INTERRUPTED, sends, snapshot

COLOUR = re.compile(r"\x1b\[[\d;]*m")
ESCAPE = re.compile(r"\x1b")


def screen_of(*arguments: object, columns: int = 80, answer: str = "", **environ: str) -> str:
    """All that came until the end."""
    with terminal(*arguments, columns=columns, **environ) as shown:
        if answer:
            shown.until("[y/N] ")
            shown.type(answer)
        assert shown.end() == 0, shown.screen
    return shown.screen


def test_a_terminal_gets_colour_and_a_bar_that_goes_away(store: str) -> None:
    shown = screen_of("init", store, answer="y\n")
    assert COLOUR.search(shown)
    after = shown.rpartition("[y/N] ")[2]
    assert re.search(r"\d+ % \S*0:00:0\d\S* left", COLOUR.sub("", after))
    assert "Done and verified: 12 statements" in after
    assert "[1/9]" not in after


@pytest.mark.parametrize(("environ", "escapes"), [({"NO_COLOR": "1"}, True), ({"TERM": "dumb"}, False)])
def test_colour_can_be_declined(store: str, environ: dict[str, str], escapes: bool) -> None:
    with terminal("init", store, **environ) as shown:  # type: ignore[arg-type]  # none of them is `columns`
        shown.until("[y/N] ")
        shown.type("y\n")
        assert shown.end() == 0
    assert not COLOUR.search(shown.screen)
    assert bool(ESCAPE.search(shown.screen)) == escapes
    assert ("[9/9] drop the former" in shown.screen) != escapes


def test_a_pipe_gets_neither_colour_nor_width(store: str) -> None:
    said = call_in_process("explain", "--runs", "1", store)
    assert not ESCAPE.search(said.out + said.err)
    assert said.err == ""
    table = said.out.partition("\ncall ")[2].partition("\n\n")[0]
    assert len(table.splitlines()) == 15
    assert max(map(len, said.out.splitlines())) > 100


def test_a_pipe_gets_colour_where_it_is_forced(store: str) -> None:
    assert COLOUR.search(call("explain", "--query", "get", store, FORCE_COLOR="1").out)
    assert not COLOUR.search(call("explain", "--query", "get", store, FORCE_COLOR="1", NO_COLOR="1").out)


@pytest.mark.parametrize("columns", [80, 200])
def test_a_terminal_is_as_wide_as_it_is(store: str, columns: int) -> None:
    shown = COLOUR.sub("", screen_of("explain", "--runs", "1", store, columns=columns))
    table = [line for line in shown.splitlines() if not line.startswith("\x1b")]
    assert max(map(len, table)) <= columns
    assert max(map(len, table)) > columns - 30


def test_ctrl_c_under_a_bar_leaves_one_line(store: str) -> None:
    with snapshot(store), terminal("init", "--yes", store) as shown:
        wait_for(lambda: sends(store, "CREATE INDEX CONCURRENTLY%"))
        shown.until("left")
        shown.type("\x03")
        assert shown.end() == 130
    assert shown.screen.endswith(INTERRUPTED)
    assert "Traceback" not in shown.screen
