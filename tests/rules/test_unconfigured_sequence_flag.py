from __future__ import annotations

import pytest

from kinetune.config.read_files import FileKind
from kinetune.model.finding import Severity
from kinetune.rules.unconfigured_sequence_flag import unconfigured_sequence_flag
from tests.rules.configured import beside, parse_files, unit
from tests.rules.made import healthy, run_one, skip_one

START = "yugabyted start --advertise_address=a "


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ("", "is not set: each connection caches 100 ids"),
        ("--tserver_flags=ysql_sequence_cache_minval=50", "is 50: each connection caches 50 ids"),
        (
            '--tserver_flags="ysql_pg_conf_csv={jit=off,ysql_sequence_cache_minval=1}"',
            "is part of the value of ysql_pg_conf_csv",
        ),
        (
            '--tserver_flags="ysql_pg_conf_csv=jit=off,log_statement=ddl,ysql_sequence_cache_minval=1"',
            "a comma ends the value of ysql_pg_conf_csv",
        ),
        ("--tserver_flags=ysql_sequence_cache_minval=1 --tserver_flags=a=b", "value of earlier_tserver_flags"),
    ],
)
def test_a_node_without_the_flag_is_an_error(flags: str, says: str) -> None:
    (found,) = run_one(unconfigured_sequence_flag, beside(parse_files(FileKind.SCRIPT, f"#!/bin/sh\n{START}{flags}")))
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
    assert run_one(unconfigured_sequence_flag, beside(parse_files(FileKind.SCRIPT, START + flags))) == ()


def test_each_node_is_looked_at() -> None:
    facts = beside(parse_files(FileKind.COMPOSE, "services: {a: {command: yb-tserver}, b: {command: yugabyted start}}"))
    assert [found.on for found in run_one(unconfigured_sequence_flag, facts)] == ["a", "b"]


def test_what_a_variable_or_another_file_decides_is_skipped() -> None:
    for flags in ("--tserver_flags=flagfile=/x", '"$@"', '--tserver_flags="ysql_sequence_cache_minval=$N"'):
        assert skip_one(unconfigured_sequence_flag, beside(parse_files(FileKind.SCRIPT, START + flags))).asked


def test_without_a_node_or_without_files_it_is_skipped() -> None:
    assert not skip_one(unconfigured_sequence_flag, beside(unit())).asked
    assert "no configuration file was read" in skip_one(unconfigured_sequence_flag, healthy()).reason
