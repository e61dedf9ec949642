"""The SQL for an empty database, reviewed once and kept: `init --print --server …` shows the same."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

import pytest

from kinetune.servers.identification import parse_server_name
from kinetune.tuning.difference import plan_empty_database
from kinetune.tuning.profiles import PROFILES
from kinetune.views.init import format_script_file
from tests.tuning.made import wanted

FOLDER = Path(__file__).parents[1] / "data" / "tuning"
SERVERS = ["postgresql-16", "yugabytedb-2.20", "yugabytedb-2024.2", "yugabytedb-2024.2.11", "yugabytedb-2025.2"]


@pytest.mark.parametrize(("profile", "name"), list(product(PROFILES, SERVERS)))
def test_the_sql_for_an_empty_database_is_the_reviewed_one(profile: str, name: str) -> None:
    """UPDATE_GOLDEN=1 writes the files anew; then look again."""
    server, file = parse_server_name(name), FOLDER / f"{name}-{profile}.sql"
    text = format_script_file(plan_empty_database(server, wanted(profile, server)))
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text, encoding="utf-8", newline="\n")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SERVERS)
def test_old_and_new_eras_share_all_but_the_list_index(name: str) -> None:
    server = parse_server_name(name)
    old, new = (plan_empty_database(server, wanted("stock", server, era)) for era in ("E10", "E11"))
    texts = [{text for step in script.steps for text in step.statements} for script in (old, new)]
    more = texts[1] - texts[0]
    assert more
    assert all("kine_list_query_index" in text for text in more)
