"""Endpoints of MySQL mean what Kine's driver reads in them; errors show no part of a password."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kinetune.model.failure import UsageFailure
from kinetune.model.mysql_endpoint import MysqlEndpoint, MysqlTls, parse_mysql_endpoint

# Read by ParseDSN of go-sql-driver/mysql v1.10.1 as here, without `mysql://`.
READ = {
    "u:p@tcp(db:3307)/kine": MysqlEndpoint("u", "db", 3307, database="kine", password="p"),
    "u:p@tcp(db)/kine": MysqlEndpoint("u", "db", database="kine", password="p"),
    "u@tcp(db)/": MysqlEndpoint("u", "db"),
    "u@tcp/kine": MysqlEndpoint("u", database="kine"),
    "u@/kine": MysqlEndpoint("u", database="kine"),
    "/": MysqlEndpoint(),
    "tcp(db)/kine": MysqlEndpoint("", "db", database="kine"),
    "u:p@tcp([de:ad:be:ef::ca:fe]:80)/k": MysqlEndpoint("u", "de:ad:be:ef::ca:fe", 80, database="k", password="p"),
    # Kine itself needs the port of an IPv6 address.
    "u:p@tcp([::1])/k": MysqlEndpoint("u", "::1", database="k", password="p"),
    "u:p@unix(/run/mysqld.sock)/k": MysqlEndpoint(
        "u", "localhost", socket="/run/mysqld.sock", database="k", password="p"
    ),
    "u:p@unix/k": MysqlEndpoint("u", "localhost", socket="/tmp/mysql.sock", database="k", password="p"),
    "u:p:@:/%41?&=@tcp(db)/k": MysqlEndpoint("u", "db", database="k", password="p:@:/%41?&="),
    "u:p(q)@tcp(db)/k": MysqlEndpoint("u", "db", database="k", password="p(q)"),
    "u:@tcp(db)/k%20l": MysqlEndpoint("u", "db", database="k l"),
    "u@tcp(db)/k?tls=true&timeout=5s": MysqlEndpoint("u", "db", database="k", tls=MysqlTls.VERIFIED),
    "u@tcp(db)/k?tls=Skip-Verify": MysqlEndpoint("u", "db", database="k", tls=MysqlTls.UNVERIFIED),
    "u@tcp(db)/k?tls=0": MysqlEndpoint("u", "db", database="k", tls=MysqlTls.OFF),
    "u@tcp(db)/k?charset=latin1&tls=preferred": MysqlEndpoint("u", "db", database="k"),
    # Kine alone: no text, and the files that it has as flags.
    "": MysqlEndpoint("root", "localhost", socket="/var/run/mysqld/mysqld.sock"),
    "u@tcp(db)/k?ssl-ca=/etc/ca.pem&tls=false": MysqlEndpoint(
        "u", "db", database="k", tls=MysqlTls.VERIFIED, ca_file="/etc/ca.pem"
    ),
    "u@tcp(db)/k?tls=skip-verify&ssl-cert=/c.pem&ssl-key=/a%20b.pem": MysqlEndpoint(
        "u", "db", database="k", tls=MysqlTls.VERIFIED, cert_file="/c.pem", key_file="/a b.pem"
    ),
}


@pytest.mark.parametrize("text", READ)
def test_a_text_has_the_meaning_that_kine_gives_it(text: str) -> None:
    assert parse_mysql_endpoint(f"mysql://{text}") == READ[text]


@pytest.mark.parametrize("text", READ)
def test_its_text_is_read_as_the_same_place_and_has_no_secret(text: str) -> None:
    endpoint = parse_mysql_endpoint(f"mysql://{text}")
    again = parse_mysql_endpoint(str(endpoint))
    assert (again.user, again.host, again.port, again.socket) == (
        endpoint.user, endpoint.host, endpoint.port, endpoint.socket,
    )  # fmt: skip
    assert again.password == ""
    assert "p:@" not in repr(endpoint)


@pytest.mark.parametrize(
    "text",
    [
        "u:SECRET@tcp(db:3306)",
        "u:SECRET@db:3306/kine",
        "u:SEC/RET@tcp(db)",
        "u:SECRET@tcp(db/kine",
        "u:SECRET@tcp(db)kine/kine",
        "u:SECRET@tcp(SECRET:port)/kine",
        "u:SECRET@tcp(db:99999)/kine",
        "u:SECRET@udp(db)/kine",
        "u:SECRET@tcp(db)/kine?tls=SECRET",
        "u:SECRET",
    ],
)
def test_what_kine_rejects_is_rejected_without_quoting_it(text: str) -> None:
    with pytest.raises(UsageFailure) as refused:
        parse_mysql_endpoint(f"mysql://{text}")
    assert "SECRET" not in str(refused.value)
    assert "RET@" not in str(refused.value)


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)


@given(TEXT)
@example("?ssl-ca/")
@example("/(@)")
def test_any_password_is_read_whole(password: str) -> None:
    text = f"mysql://u:{password}@tcp(db:3306)/kine"
    assert parse_mysql_endpoint(text) == MysqlEndpoint("u", "db", database="kine", password=password)


@given(TEXT)
def test_any_text_is_an_endpoint_or_a_usage_failure(text: str) -> None:
    with contextlib.suppress(UsageFailure):
        str(parse_mysql_endpoint(f"mysql://{text}"))
