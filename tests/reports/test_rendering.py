"""kinetune.rendering: filters for SQL, and the escaping of HTML."""

from __future__ import annotations

from pathlib import Path

import jinja2
import psycopg.sql
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetune import quoting, rendering

NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(rendering, "data_folder", lambda name: tmp_path)
    monkeypatch.setattr(rendering, "_environment", rendering._environment.__wrapped__)
    return tmp_path


@pytest.mark.parametrize("name", ["kine", "kine_id_seq", "_x9", "name", "id", "hash"])
def test_a_name_that_needs_no_quotes_stays_readable(name: str) -> None:
    assert quoting.identifier(name) == name


@pytest.mark.parametrize(
    "name", ["Kine", "user", "left", "1st", "a b", "a.b", "", "é", "kine\n", 'a"; DROP TABLE kine; --']
)
def test_every_other_name_is_quoted_as_psycopg_quotes_it(name: str) -> None:
    if name:
        assert quoting.identifier(name) == psycopg.sql.Identifier(name).as_string()
    else:
        with pytest.raises(ValueError, match="identifier"):
            quoting.identifier(name)


@given(NAMES)
def test_an_identifier_is_bare_or_quoted_whole(name: str) -> None:
    quoted = quoting.identifier(name)
    assert quoted in (name, psycopg.sql.Identifier(name).as_string())
    assert quoted != name or name.replace("_", "a").isalnum()


@pytest.mark.parametrize(
    ("value", "quoted"), [("", "''"), ("it's", "'it''s'"), (r"a\b", r"E'a\\b'"), ("\\'", r"E'\\'''"), ("é", "'é'")]
)
def test_a_literal_reads_the_same_under_any_setting(value: str, quoted: str) -> None:
    assert quoting.literal(value) == quoted


def test_a_nul_never_reaches_sql() -> None:
    for quote in (quoting.identifier, quoting.literal):
        with pytest.raises(ValueError):
            quote("a\0b")


def test_sql_templates_have_the_filters_and_are_not_escaped_as_html(templates: Path) -> None:
    (templates / "x.sql").write_text("{% if true %}\n  SELECT {{ a | identifier }}, {{ b | literal }}\n{% endif %}\n")
    assert rendering.render_template("x.sql", a="A<b", b="<'>") == "  SELECT \"A<b\", '<''>'\n"


def test_html_templates_are_escaped(templates: Path) -> None:
    (templates / "x.html").write_text("{{ a }}")
    assert rendering.render_template("x.html", a="<script>") == "&lt;script&gt;"


def test_a_forgotten_value_is_an_error(templates: Path) -> None:
    (templates / "x.sql").write_text("{{ table }}")
    with pytest.raises(jinja2.UndefinedError, match="table"):
        rendering.render_template("x.sql", tabel="kine")
