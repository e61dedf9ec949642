"""A server's log gives the same calls, plans and errors in every language; a language without a table is counted."""

from __future__ import annotations

import gettext
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from kinetune.logs import message_translation
from kinetune.logs.line_reader import LogEvent
from kinetune.logs.options import GroupBy, LogOptions
from kinetune.logs.server_languages import JSON_ESCAPES, TABLE, ServerLanguage, load_languages
from kinetune.model.hotspot import LoggedPlan, Signal, SlowCall
from tests.cli.call import call, wait_for
from tests.cluster import DEBIAN_15, Cluster, MissingServer
from tests.conftest import absent
from tests.database.stores import ask, make
from tests.logs.harness import scanned
from tests.logs.record_server_messages import RECORDED
from tests.logs.test_server_logs import FORMS, Server, logged

CASES = Path(__file__).parent.parent / "data" / "cases" / "60"
CATALOGUES = Path("/usr/share/locale")
A_LOCALE = Path("/usr/lib/locale/C.utf8")
LOCALES = {
    "de": "de_DE",
    "es": "es_ES",
    "fr": "fr_FR",
    "it": "it_IT",
    "ja": "ja_JP",
    "ka": "ka_GE",
    "ko": "ko_KR",
    "ru": "ru_RU",
    "sv": "sv_SE",
    "uk": "uk_UA",
    "zh_CN": "zh_CN",
}
"""The languages of Debian's PostgreSQL 15."""
LANGUAGES = json.loads(TABLE.read_text(encoding="utf-8"))["languages"]
BY_KEY = LogOptions(by=GroupBy.KEY)
RDS = "2026-11-23 16:00:00 UTC:10.0.0.1(43796):kine@kubernetes:[29504]:"
CLOUD_SQL = "2026-11-23 16:00:00.000 UTC [29504]: [3-1] db=kubernetes,user=kine "
PREFIXES = (RDS, CLOUD_SQL, "2026-11-23 16:00:00.000 UTC [29504] ", "29504 ", "")
COUNT = "SELECT COUNT(*) FROM kine"
LIST = "SELECT kv.id AS theid FROM kine AS kv WHERE kv.name LIKE $1\n\tORDER BY kv.id ASC"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """
    A server that can write its messages in every language.

    It needs a locale of each name, whose contents do not matter to messages: copies of C.UTF-8 spare half a minute of
    localedef.
    """
    if not A_LOCALE.is_dir():
        pytest.skip(f"no locale to copy in {A_LOCALE}")
    folder = Path(tempfile.mkdtemp(prefix="kinetune-locales-", dir="/tmp"))  # the server's user must read it
    folder.chmod(0o755)
    for name in LOCALES.values():
        shutil.copytree(A_LOCALE, folder / f"{name}.UTF-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCPATH", str(folder))
        try:
            cluster = Cluster.start(DEBIAN_15, log_destination="stderr,csvlog,jsonlog", log_timezone="UTC")
        except MissingServer as missing:
            absent(str(missing))
            return
    ask(cluster.dsn(), "CREATE DATABASE kubernetes")
    make(cluster.dsn("kubernetes"), objects=20)
    yield Server(cluster, cluster.dsn("kubernetes"))
    cluster.remove()
    shutil.rmtree(folder)


def require_catalogue(language: str) -> None:
    if not (CATALOGUES / language / "LC_MESSAGES" / "postgres-15.mo").exists():
        pytest.skip(f"no message catalogue of PostgreSQL 15 for {language}")


def summarise(events: list[LogEvent]) -> list[tuple[str, ...]]:
    """What does not change from run to run."""
    return [
        (event.kind, event.text.split("]")[-1].split(":")[0])
        if isinstance(event, Signal)
        else (type(event).__name__, event.query, event.resource)
        for event in events
        if isinstance(event, Signal) or event.query
    ]


def read_form(data: bytes) -> list[LogEvent]:
    events, counts = scanned([data], BY_KEY)
    assert (counts.not_understood, counts.unknown_language) == (0, 0)
    return events


SETTINGS = {
    "durations": ("SET log_min_duration_statement = 0",),
    "announced": ("SET log_statement = 'all'", "SET log_duration = on"),
    "plans": ("LOAD 'auto_explain'", "SET auto_explain.log_min_duration = 0", "SET log_min_duration_statement = 0"),
}


@pytest.fixture(scope="module")
def english(server: Server) -> dict[str, dict[str, list[tuple[str, ...]]]]:
    return {
        name: {form: summarise(read_form(data)) for form, data in logged(server, "%m [%p] ", *settings).items()}
        for name, settings in SETTINGS.items()
    }


@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("settings", SETTINGS)
def test_a_real_server_gives_the_same_events_as_in_english(
    server: Server, english: dict[str, dict[str, list[tuple[str, ...]]]], language: str, settings: str
) -> None:
    require_catalogue(language)
    in_language = f"SET lc_messages = '{LOCALES[language]}.UTF-8'"
    logs = logged(server, "%m [%p] ", in_language, *SETTINGS[settings])
    milliseconds = []
    for form, data in logs.items():
        assert any(marker in data for marker in find_markers(language)), form
        events = read_form(data)
        assert summarise(events) == english[settings][form], form
        assert len([event for event in events if isinstance(event, SlowCall) and event.query]) == 4
        assert scanned([data])[1].formats[FORMS[form]] >= 5
        milliseconds.append([event.milliseconds for event in events if not isinstance(event, Signal)])
        assert any(isinstance(event, LoggedPlan) for event in events) == (settings == "plans")
    assert milliseconds[0] == milliseconds[1] == milliseconds[2]


def find_markers(language: str) -> tuple[bytes, ...]:
    return next(known.markers for known in load_languages() if known.name == language)


@pytest.mark.parametrize("language", LOCALES)
def test_an_error_of_a_real_server_is_the_same_signal(server: Server, language: str) -> None:
    require_catalogue(language)
    log = {form: server.cluster.data / "log" / f"server.{form}" for form in FORMS}
    sizes = {form: file.stat().st_size for form, file in log.items()}
    with pytest.raises(psycopg.errors.UniqueViolation):
        logged(server, "%m [%p] ", f"SET lc_messages = '{LOCALES[language]}.UTF-8'", "INSERT INTO kine(id) VALUES(1)")
    for form, file in log.items():
        wait_for(lambda file=file, form=form: b"VALUES(1)" in file.read_bytes()[sizes[form] :], 10)  # type: ignore[misc]
        data = file.read_bytes()[sizes[form] :]
        assert b"duplicate key value" not in data
        kinds = [event.kind for event in scanned([data])[0] if isinstance(event, Signal)]
        assert kinds == ["id-taken"], form


@pytest.mark.parametrize("language", LOCALES)
def test_the_table_has_the_messages_of_the_installed_catalogues(language: str) -> None:
    require_catalogue(language)
    with (CATALOGUES / language / "LC_MESSAGES" / "postgres-15.mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    for part, messages in RECORDED.items():
        for message in messages:
            text = catalogue.gettext(message)
            assert text in (message, *LANGUAGES[language][part].get(message, ())), message


@pytest.mark.parametrize(("name", "calls"), [("pg-de_DE.log", 42), ("pg-ru_RU.log", 43)])
def test_logs_of_a_real_kine_are_read(name: str, calls: int) -> None:
    """`calls` is how often the words for execute and statement follow a duration in the file."""
    events, counts = scanned([(CASES / name).read_bytes()])
    assert (counts.calls, counts.not_understood, counts.unknown_language) == (calls, 0, 0)
    found = [event for event in events if isinstance(event, SlowCall)]
    assert len([call for call in found if call.resource]) == 14
    assert {"AfterOldVal", "GetCurrentVal", "Insert", "CompactRev"} <= {call.query for call in found}
    assert [event.kind for event in events if isinstance(event, Signal)] == ["duplicate-key"]


def variants(language: str, message: str) -> list[str]:
    """The texts of a message; English for a language without a catalogue."""
    known = LANGUAGES.get(language, {"messages": {}})["messages"]
    return list(known.get(message, [message]))


def write_message(template: str, *values: str) -> str:
    """As the server's format functions: values in the order of their placeholders."""
    for value in values:
        template = template.replace("%s", value, 1)
    return template


def write_records(language: str, variant: int, prefix: str) -> str:
    """A duration of each kind, and an announced statement with its duration, in the words of a catalogue."""

    def choose(message: str) -> str:
        known = variants(language, message)
        return known[min(variant, len(known) - 1)]

    log, detail = choose("LOG"), choose("DETAIL:  ")
    execute, fetch = choose("execute"), choose("execute fetch from")
    timed, announced = choose("duration: %s ms  %s %s%s%s: %s"), choose("%s %s%s%s: %s")
    parameters = f"{detail}$1 = '/registry/pods/default/%'"
    records = [
        (log, write_message(choose("duration: %s ms  statement: %s"), "1.500", COUNT)),
        (log, write_message(timed, "2.500", execute, "stmtcache_1", "", "", LIST)),
        ("", parameters),
        (log, write_message(timed, "3.500", fetch, "a", "/", "b", LIST)),
        ("", parameters),
        (log, write_message(choose("duration: %s ms  parse %s: %s"), "104.500", "<unnamed>", LIST)),
        (log, write_message(choose("duration: %s ms  bind %s%s%s: %s"), "105.500", "<unnamed>", "", "", LIST)),
        (log, write_message(choose("statement: %s"), COUNT)),
        (log, write_message(choose("duration: %s ms"), "6.500")),
        (log, write_message(announced, execute, "stmtcache_1", "", "", LIST)),
        (log, write_message(choose("duration: %s ms"), "7.500")),
        (choose("ERROR"), write_message("duplicate key value violates %s", 'unique constraint "kine_pkey"')),
    ]
    return "".join(f"{prefix}{level}:  {text}\n" if level else f"{prefix}{text}\n" for level, text in records)


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_of_every_catalogue_are_read(language: str, prefix: str) -> None:
    expected = read_form(write_records("en", 0, prefix).encode())
    assert [event.milliseconds for event in expected if isinstance(event, SlowCall)] == [1.5, 2.5, 3.5, 6.5, 7.5]
    assert [event.kind for event in expected if isinstance(event, Signal)] == ["slow-planning"] * 2 + ["id-taken"]
    for variant in range(max(map(len, LANGUAGES[language]["messages"].values()))):
        data = write_records(language, variant, prefix).encode()
        assert read_form(data) == expected
        lines = scanned(data.splitlines(keepends=True), BY_KEY)
        assert lines[0] == expected


@pytest.mark.parametrize("language", load_languages(), ids=lambda language: f"{language.name} {language.encoding}")
def test_other_encodings_are_read(language: ServerLanguage) -> None:
    english, local = (write_records(name, 0, CLOUD_SQL) for name in ("en", language.name))
    if language.encoding == JSON_ESCAPES:
        expected, data = read_form(write_in_docker(english)), write_in_docker(local)
    else:
        expected, data = read_form(english.encode()), local.encode(language.encoding)
    assert summarise(read_form(data)) == summarise(expected)
    assert len(expected) == 8


def write_in_docker(text: str) -> bytes:
    """As Docker's json-file, after a program that escapes every letter outside of ASCII."""
    return "".join(json.dumps({"log": line, "stream": "stderr"}) + "\n" for line in text.splitlines(True)).encode()


@pytest.mark.parametrize("is_ascii", [True, False])
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_export_in_json_is_read(language: str, is_ascii: bool) -> None:
    """Cloud Logging's form: one array, a record and its DETAIL in two entries."""

    def export(records: str) -> bytes:
        texts = records.replace("\n\t", "\0").splitlines()
        entries = [{"textPayload": text.replace("\0", "\n\t"), "timestamp": "2026-11-23T16:00:01Z"} for text in texts]
        return json.dumps(entries, indent=2, ensure_ascii=is_ascii).encode()

    expected = read_form(export(write_records("en", 0, CLOUD_SQL)))
    assert summarise(read_form(export(write_records(language, 0, CLOUD_SQL)))) == summarise(expected)
    assert len(expected) == 8


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_prefix_of_each_line_is_removed(language: str) -> None:
    """As `kubectl logs --prefix` writes it, also before the further lines of a statement."""

    def prefix_lines(records: str) -> bytes:
        return "".join(f"[pod/db-0/postgres] {line}" for line in records.splitlines(True)).encode()

    expected = read_form(write_records("en", 0, CLOUD_SQL).encode())
    assert summarise(read_form(prefix_lines(write_records(language, 0, CLOUD_SQL)))) == summarise(expected)


def test_a_language_that_begins_late_is_read() -> None:
    """lc_messages can be set for a role: the postmaster's messages are English then."""
    before = f"{RDS}LOG:  checkpoint starting: time\n" * 3200

    def read_late(language: str) -> list[LogEvent]:
        data = (before + write_records(language, 0, RDS)).encode()
        return scanned([data[at : at + 70000] for at in range(0, len(data), 70000)], BY_KEY)[0]

    expected = read_late("en")
    assert len(expected) >= 6
    for language in LANGUAGES:
        assert read_late(language) == expected, language


def test_two_languages_of_one_log_are_read() -> None:
    texts = [write_records(language, 0, RDS) for language in ("de", "ru", "en")]
    expected = read_form(write_records("en", 0, RDS).encode())
    assert scanned([text.encode() for text in texts], BY_KEY)[0] == expected * 3
    assert scanned(["".join(reversed(texts)).encode()], BY_KEY)[0] == expected * 3


UNKNOWN = {
    "Czech": f"{RDS}LOG:  trvání: 12.345 ms  příkaz: {COUNT}\n{RDS}CHYBA:  relace neexistuje\n{RDS}PŘÍKAZ:  {COUNT}\n",
    "Hungarian": f"{RDS}NAPLÓ:  időtartam: 12.345 ms  utasítás: {COUNT}\n",
    "Greek": f"{RDS}ΣΦΑΛΜΑ:  η σχέση δεν υπάρχει\n{RDS}ΔΗΛΩΣΗ:  {COUNT}\n",
    "csvlog": f'2026-11-23 16:00:00.000 UTC,"a","b",1,"",1.2,1,"",,3/0,0,LOG,00000,"trvání: 12.345 ms  příkaz: {COUNT}",,,\n',
    "jsonlog": f'{{"timestamp":"2026-11-23 16:00:00.000 UTC","error_severity":"LOG","message":"trvání: 12.345 ms  x: {COUNT}"}}\n',
}


@pytest.mark.parametrize("language", UNKNOWN)
def test_an_unknown_language_is_counted(language: str) -> None:
    events, counts = scanned([UNKNOWN[language].encode()])
    assert (events, counts.calls) == ([], 0)
    assert counts.unknown_language >= 1


@pytest.mark.parametrize("language", UNKNOWN)
def test_a_log_in_an_unknown_language_is_not_called_idle(tmp_path: Path, language: str) -> None:
    log = tmp_path / "server.log"
    log.write_text(UNKNOWN[language], encoding="utf-8")
    done = call("hotspots", log)
    assert done.status == 3
    text = done.out + done.err
    assert "lc_messages = 'C'" in text
    assert "idle" not in text


def test_no_english_log_is_of_an_unknown_language() -> None:
    server = (
        f"{RDS}LOG:  checkpoint complete: wrote 44 buffers (0.3%); write=4.409 s, sync=0.002 s\n"
        f"{RDS}LOG:  process 12 still waiting for ShareLock on transaction 7 after 1000.123 ms\n"
        f"{RDS}LOG:  disconnection: session time: 0:00:00.006 user=a database=b host=[local]\n"
        f"{RDS}ERROR:  relation missing does not exist\n{RDS}STATEMENT:  select 1.234 from missing\n"
        f"{RDS}DETAIL:  parameters: $1 = '1.234 x'\n{RDS}CONTEXT:  SQL function x 1.234 ms\n"
        f"{RDS}HINT:  No x 1.234 s\n{RDS}ERROR:  canceled after x 1.234 s\n{RDS}LOG:  duration: 1.234 ms  plan:\n\tQuery Text: select 1\n"
    )
    assert scanned([server.encode()])[1].unknown_language == 0
    logs = [*(CASES.parent.parent / "logs").glob("*.log"), *CASES.parent.rglob("*.log")]
    assert len(logs) > 8
    for file in logs:
        assert scanned([file.read_bytes()])[1].unknown_language == 0, file


def test_languages_are_searched_in_server_logs_without_english_durations_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words of sixteen languages cost more time than all other markers."""

    def fail(_: bytes) -> None:
        pytest.fail("the languages were searched")

    monkeypatch.setattr(message_translation, "find_languages", fail)
    server = f"{RDS}LOG:  duration: 1.500 ms  statement: {COUNT}\n".encode()
    assert scanned([server * 3000])[1].calls == 3000
    quiet = f"{RDS}LOG:  checkpoint starting: time\n".encode()
    assert scanned([server + quiet * 3500] + [quiet * 3500] * 2)[1].calls == 1
    for file in (CASES.parent.parent / "logs").glob("*.log"):
        assert scanned([file.read_bytes() * 5])[1].lines
