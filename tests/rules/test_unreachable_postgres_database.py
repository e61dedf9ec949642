from __future__ import annotations

import pytest

from kinetune.config.read_files import FileKind
from kinetune.model.facts import EndpointFacts, facts_of_files
from kinetune.model.finding import Severity
from kinetune.rules.unreachable_postgres_database import unreachable_postgres_database
from tests.rules.configured import parse_files
from tests.rules.made import NOW, healthy, run_one, skip_one, written_by

MISSING = EndpointFacts(postgres="it does not exist")


@pytest.mark.parametrize("tag", ["v0.11.0", "v0.11.1", "v0.11.2"])
def test_these_releases_end_without_that_database(tag: str) -> None:
    (found,) = run_one(unreachable_postgres_database, healthy(kine=written_by(tag), endpoint=MISSING))
    assert (found.severity, found.on) == (Severity.ERROR, "database postgres")
    assert found.do.endswith("or CREATE DATABASE postgres")
    assert run_one(unreachable_postgres_database, healthy(kine=written_by(tag), endpoint=EndpointFacts())) == ()


@pytest.mark.parametrize("tag", ["v0.10.3", "v0.11.4", "v0.17.5"])
def test_others_go_on_without_it(tag: str) -> None:
    assert run_one(unreachable_postgres_database, healthy(kine=written_by(tag), endpoint=MISSING)) == ()
    assert run_one(unreachable_postgres_database, healthy(kine=written_by(tag))) == ()


def test_a_file_does_not_say_whether_it_is_there() -> None:
    files = parse_files(FileKind.K3S, "datastore-endpoint: postgres://db/k3s")
    assert not skip_one(unreachable_postgres_database, facts_of_files(NOW, files, written_by("v0.11.2"))).asked
    assert skip_one(unreachable_postgres_database, healthy(kine=written_by("v0.11.2"))).asked
