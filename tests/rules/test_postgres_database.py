from __future__ import annotations

import pytest

from kinetune.config.read_files import Kind
from kinetune.model.facts import EndpointSeen, without_store
from kinetune.model.finding import Severity
from kinetune.rules.postgres_database import postgres_database
from tests.rules.configured import said
from tests.rules.made import NOW, healthy, heard, skipped, written_by

MISSING = EndpointSeen(postgres="it does not exist")


@pytest.mark.parametrize("tag", ["v0.11.0", "v0.11.1", "v0.11.2"])
def test_these_releases_end_without_that_database(tag: str) -> None:
    (found,) = heard(postgres_database, healthy(kine=written_by(tag), endpoint=MISSING))
    assert (found.severity, found.on) == (Severity.ERROR, "database postgres")
    assert found.do.endswith("or CREATE DATABASE postgres")
    assert heard(postgres_database, healthy(kine=written_by(tag), endpoint=EndpointSeen())) == ()


@pytest.mark.parametrize("tag", ["v0.10.3", "v0.11.4", "v0.17.5"])
def test_others_go_on_without_it(tag: str) -> None:
    assert heard(postgres_database, healthy(kine=written_by(tag), endpoint=MISSING)) == ()
    assert heard(postgres_database, healthy(kine=written_by(tag))) == ()


def test_a_file_does_not_say_whether_it_is_there() -> None:
    files = said(Kind.K3S, "datastore-endpoint: postgres://db/k3s")
    assert not skipped(postgres_database, without_store(NOW, files, written_by("v0.11.2"))).asked
    assert skipped(postgres_database, healthy(kine=written_by("v0.11.2"))).asked
