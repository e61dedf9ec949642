from __future__ import annotations

import pytest

from kinetune.config.read_files import Kind
from kinetune.model.finding import Severity
from kinetune.rules.configured_sequence_flag import configured_sequence_flag
from tests.rules.configured import beside, said, unit
from tests.rules.made import healthy, heard, skipped

START = "yugabyted start --advertise_address=a "


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ("", "is not set: ids are cached 100 at a time"),
        ("--tserver_flags=ysql_sequence_cache_minval=50", "is 50: each connection takes 50 ids at once"),
        (
            '--tserver_flags="ysql_pg_conf_csv={jit=off,ysql_sequence_cache_minval=1}"',
            "stands inside the value of ysql_pg_conf_csv",
        ),
        (
            '--tserver_flags="ysql_pg_conf_csv=jit=off,log_statement=ddl,ysql_sequence_cache_minval=1"',
            "a comma cuts the value of ysql_pg_conf_csv",
        ),
        ("--tserver_flags=ysql_sequence_cache_minval=1 --tserver_flags=a=b", "value of earlier_tserver_flags"),
    ],
)
def test_a_node_without_the_flag_is_an_error(flags: str, says: str) -> None:
    (found,) = heard(configured_sequence_flag, beside(said(Kind.SCRIPT, f"#!/bin/sh\n{START}{flags}")))
    assert (found.severity, found.on, str(found.place)) == (Severity.ERROR, "a", "yugabyted.sh:2")
    assert says in found.says


@pytest.mark.parametrize(
    "flags",
    [
        "--tserver_flags=ysql_sequence_cache_minval=1",
        "--tserver_flags ysql_sequence_cache_minval=0",
        '--tserver_flags="ysql_pg_conf_csv={jit=off,log_statement=ddl},ysql_sequence_cache_minval=1"',
        "--tserver_flags=ysql_hba_conf_csv={host all all all trust},ysql_sequence_cache_minval=1".replace(" ", "\\ "),
    ],
)
def test_a_node_with_it_is_fine(flags: str) -> None:
    assert heard(configured_sequence_flag, beside(said(Kind.SCRIPT, START + flags))) == ()


def test_each_node_is_looked_at() -> None:
    facts = beside(said(Kind.COMPOSE, "services: {a: {command: yb-tserver}, b: {command: yugabyted start}}"))
    assert [found.on for found in heard(configured_sequence_flag, facts)] == ["a", "b"]


def test_what_a_variable_or_another_file_decides_is_not_judged() -> None:
    for flags in ("--tserver_flags=flagfile=/x", '"$@"', '--tserver_flags="ysql_sequence_cache_minval=$N"'):
        assert skipped(configured_sequence_flag, beside(said(Kind.SCRIPT, START + flags))).asked


def test_without_a_node_or_without_files_there_is_nothing_to_judge() -> None:
    assert not skipped(configured_sequence_flag, beside(unit())).asked
    assert "no configuration file was read" in skipped(configured_sequence_flag, healthy()).reason
