"""What a text means as an endpoint: to Kine, to libpq, and to kinetune where it adds a word."""

from __future__ import annotations

import psycopg.conninfo
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kinetune.model.endpoint import LIBPQ, PGX, Embedded, Endpoint, pair_hosts, parse
from kinetune.model.failure import Exit, UsageFailure


def endpoint(text: str) -> Endpoint:
    found = parse(text)
    assert isinstance(found, Endpoint)
    return found


LOCAL = {"host": "localhost", "user": "postgres", "password": "postgres", "dbname": "kubernetes"}
DB = {"dbname": "kubernetes"}
KINE = {
    "postgres://": LOCAL,
    "postgresql://": LOCAL,
    "  postgres://\n": LOCAL,
    "postgres:///": DB,
    "postgres://h": DB | {"host": "h"},
    "postgres://h/": DB | {"host": "h"},
    "postgres://h?sslmode=require": DB | {"host": "h", "sslmode": "require"},
    "postgres://h:5433/MyKine": {"host": "h", "port": "5433", "dbname": "mykine"},
    "postgres://h/%4DyKine": {"host": "h", "dbname": "mykine"},
    "postgres://h/a/b": {"host": "h", "dbname": "a/b"},
    "postgres://u@h/k": {"host": "h", "dbname": "k", "user": "u"},
    "postgres://u:@h/k": {"host": "h", "dbname": "k", "user": "u"},
    "postgres://u:p%40s%2Fs@h/k": {"host": "h", "dbname": "k", "user": "u", "password": "p@s/s"},
    "postgres://u:p@ss@h/k": {"host": "h", "dbname": "k", "user": "u", "password": "p@ss"},
    "postgres://h/k?user=u&password=p%26p": {"host": "h", "dbname": "k", "user": "u", "password": "p&p"},
    "postgres://h/k?password=p@p": {"host": "h", "dbname": "k", "password": "p@p"},
    "postgres://a:1,b:2/k": {"host": "a,b", "port": "1,2", "dbname": "k"},
    "postgres://a,b/k": {"host": "a,b", "port": "5432,5432", "dbname": "k"},
    "postgres://a,b:2/k": {"host": "a,b", "port": "5432,2", "dbname": "k"},
    "postgres://a,b/k?port=7": {"host": "a,b", "port": "7,7", "dbname": "k"},
    "postgres://[::1]:5433/k": {"host": "::1", "port": "5433", "dbname": "k"},
    "postgres://[::1]/k": {"host": "::1", "dbname": "k"},
    "postgres://[fe80::1%25eth0]:1,[::2]:3/k": {"host": "fe80::1%eth0,::2", "port": "1,3", "dbname": "k"},
    "postgres://u@/k?host=/run/pg&port=5433": {"host": "/run/pg", "port": "5433", "dbname": "k", "user": "u"},
    "postgres:///k?port=5433": {"port": "5433", "dbname": "k"},
    "postgres://h/k?dbname=Other": {"host": "h", "dbname": "Other"},
    "postgres://h/k?dbname=Other&database=second": {"host": "h", "dbname": "Other"},
    "postgres://h/k?database=Other": {"host": "h", "dbname": "Other"},
    "postgres://h/k?sslmode=require&sslmode=disable": {"host": "h", "dbname": "k", "sslmode": "require"},
    "postgres://h/k?ssl=true": {"host": "h", "dbname": "k", "sslmode": "require"},
    "postgres://h/k?sslmode=disable&ssl=true": {"host": "h", "dbname": "k", "sslmode": "disable"},
    "postgres://h/k?application_name=a+b": {"host": "h", "dbname": "k", "application_name": "a+b"},
    "postgres://h/k?application_name=a%20b": {"host": "h", "dbname": "k", "application_name": "a b"},
    "postgres://h/k?search_path=x,y": {"host": "h", "dbname": "k", "options": "-c search_path=x,y"},
    "postgres://h/k?search_path=a b\\": {"host": "h", "dbname": "k", "options": "-c search_path=a\\ b\\\\"},
    "postgres://h/k?search_path=x&options=-c%20a.b=1": {
        "host": "h",
        "dbname": "k",
        "options": "-c a.b=1 -c search_path=x",
    },
    "postgres://h/k?default_query_exec_mode=exec&pool_max_conns=3": {"host": "h", "dbname": "k"},
    "yugabytedb://yugabyte:yugabyte@127.0.0.1:5433/yugabyte": {
        "host": "127.0.0.1",
        "port": "5433",
        "dbname": "yugabyte",
        "user": "yugabyte",
        "password": "yugabyte",
    },
    "yugabytedb://": DB | {"host": "localhost", "port": "5433", "user": "yugabyte", "password": "yugabyte"},
    "yugabytedb://a,b:1/": DB | {"host": "a,b", "port": "5433,1", "user": "yugabyte"},
}
KEYWORDS = {
    "host=h": DB | {"host": "h"},
    "host=h dbname=MyKine user=u": {"host": "h", "dbname": "MyKine", "user": "u"},
    " host = 'h'  password = 'a \\' \\\\ b' ": DB | {"host": "h", "password": "a ' \\ b"},
    "host=h password=a\\ b=c": DB | {"host": "h", "password": "a b=c"},
    "host=a,b port=1,2 dbname=k sslmode=require": {"host": "a,b", "port": "1,2", "dbname": "k", "sslmode": "require"},
    "host=/run/pg user='' dbname=x": {"host": "/run/pg", "dbname": "x"},
    "service=prod": {"service": "prod"},
    "service=prod dbname=k": {"service": "prod", "dbname": "k"},
    "dbname=k search_path=x": {"dbname": "k", "options": "-c search_path=x"},
    "host=h host=i": DB | {"host": "i"},
}


@pytest.mark.parametrize("text", KINE)
def test_a_url_means_what_it_means_to_kine(text: str) -> None:
    assert endpoint(text).libpq() == KINE[text]


@pytest.mark.parametrize("text", KEYWORDS)
def test_keywords_mean_what_they_mean_to_libpq(text: str) -> None:
    assert endpoint(text).libpq() == KEYWORDS[text]


@pytest.mark.parametrize("text", KINE | KEYWORDS)
def test_an_endpoint_shown_is_an_endpoint_that_leads_to_the_same_place(text: str) -> None:
    first = endpoint(text)
    again = endpoint(str(first))
    assert again.database == first.database
    assert again.user == first.user
    assert [(host, port or 5432) for host, port in again.hosts] == [(host, port or 5432) for host, port in first.hosts]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("postgres://h/MyKine", "database MyKine is read as mykine"),
        (
            "postgres://h/k?statement_cache_capacity=0",
            "parameter statement_cache_capacity is ignored: it is for pgx only",
        ),
        ("postgres://a,b:2/k", "a host without a port has port 5432"),
        ("postgres://h/k?application_name=a+b", "a + in a parameter is read as +"),
        ("postgres://h/k?application_name=a%20b", "a space in a parameter"),
        ("postgres://u:p^p@h/k", "Kine rejects this user or password"),
        ("yugabytedb://h/k", "stock Kine and K3s need postgres://"),
    ],
)
def test_what_is_read_otherwise_is_noted(text: str, note: str) -> None:
    assert note in " ".join(endpoint(text).notes)


def test_an_ordinary_endpoint_needs_no_note() -> None:
    assert endpoint("postgres://u:p@h1:5433,h2:5433/kubernetes?sslmode=verify-full&search_path=x").notes == ()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "is empty"),
        ("kubernetes", "is not a URL"),
        ("localhost:5432/kubernetes", "is not a URL"),
        ("embeddedd", "is not a URL"),
        ("mysql://root@tcp(h)/kine", "mysql:// is MySQL"),
        ("https://etcd:2379,https://etcd2:2379", "https:// is etcd"),
        ("sqlite:///var/kine.db", "sqlite:// is SQLite"),
        ("nats://h", "nats:// is NATS"),
        ("postgre://h/k", "scheme that Kine does not know"),
        ("POSTGRES://h/k", "scheme that Kine does not know"),
        ("postgres://h:port/k", "port of the endpoint is not a number"),
        ("postgres://h:0/k", "port of the endpoint is not a number"),
        ("postgres://h:70000/k", "port of the endpoint is not a number"),
        ("postgres://a,b,c/k?port=1,2", "2 ports for 3 hosts"),
        ("postgres://::1/k", "port of the endpoint is not a number"),
        ("postgres://[::1/k", "host of the endpoint is not valid"),
        ("postgres://h/%zz", "% that is not an escape"),
        ("postgres://h/%00", "% that is not an escape"),
        ("postgres://h/%ff", "not UTF-8"),
        ("postgres://h/k#x", "contains a #"),
        ("postgres://u:1/2@h/k", "an @ in its path or parameters"),
        ("postgres://u:1?2@h/k", "an @ in its path or parameters"),
        ("postgres://u:@1?x=@h/k", "an @ in its path or parameters"),
        ("postgres://h/k\x01", "control character"),
        ("host=h dbname", "keywords of the endpoint are not valid"),
        ("host='h dbname=x", "keywords of the endpoint are not valid"),
        ("host=hpassword=x", "contains ="),
        ("embedded:", r"must have 1 to 32 of a-z, 0-9 and -"),
        ("embedded:../x", r"must have 1 to 32 of a-z, 0-9 and -"),
        ("embedded:Demo", r"must have 1 to 32 of a-z, 0-9 and -"),
    ],
)
def test_what_kine_could_not_use_is_refused_in_one_line(text: str, word: str) -> None:
    with pytest.raises(UsageFailure, match=word) as caught:
        parse(text, "KINE_ENDPOINT")
    assert str(caught.value).startswith("KINE_ENDPOINT: ")
    assert "\n" not in str(caught.value)
    assert caught.value.next_step
    assert caught.value.exit is Exit.USAGE


def test_embedded_is_a_name_for_a_private_server() -> None:
    assert parse("embedded") == Embedded("default")
    assert parse("embedded:demo-1") == Embedded("demo-1")
    assert str(parse("embedded:demo-1")) == "embedded:demo-1"


def test_ports_and_hosts_pair_as_in_libpq() -> None:
    assert pair_hosts("", "") == ()
    assert pair_hosts("a", "") == (("a", None),)
    assert pair_hosts("", "7") == (("", 7),)
    assert pair_hosts("a,b", "7") == (("a", 7), ("b", 7))
    assert pair_hosts("a,b", "") == (("a", 5432), ("b", 5432))
    assert pair_hosts("a,b", ",7") == (("a", 5432), ("b", 7))


def test_every_keyword_of_this_libpq_is_known() -> None:
    own = {"host", "port", "user", "password", "dbname", "ssl"}
    real = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    assert real - LIBPQ <= own
    assert LIBPQ.isdisjoint(PGX)


@given(st.dictionaries(st.sampled_from(["host", "user", "password", "dbname"]), st.text(st.characters(codec="utf-8"))))
@example({"password": "'\\ "})
def test_keywords_are_read_as_libpq_reads_them(words: dict[str, str]) -> None:
    text = psycopg.conninfo.make_conninfo(**words) if all("\0" not in value for value in words.values()) else ""
    try:
        found = endpoint(text).libpq()
    except UsageFailure:
        return
    theirs = {word: value for word, value in psycopg.conninfo.conninfo_to_dict(text).items() if value}
    several = str(theirs.get("host", "")).count(",") + 1
    assert found == DB | theirs | ({"port": ",".join(["5432"] * several)} if several > 1 else {})
