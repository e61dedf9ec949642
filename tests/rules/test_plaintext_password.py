from __future__ import annotations

import pytest

from kinetune.config.read_files import FileKind
from kinetune.model.finding import Severity
from kinetune.rules.plaintext_password import plaintext_password
from tests.rules.configured import beside, parse_files
from tests.rules.made import run_one

CLEAR = "datastore-endpoint: postgres://kine:hunter2@db/kubernetes"


def test_a_password_that_everybody_may_read_is_an_error() -> None:
    (found,) = run_one(plaintext_password, beside(parse_files(FileKind.K3S, CLEAR)))
    assert (found.severity, str(found.place)) == (Severity.ERROR, "config.yaml:1")
    assert "hunter2" not in str(found)


def test_in_a_file_of_its_owner_it_is_fine() -> None:
    assert run_one(plaintext_password, beside(parse_files(FileKind.K3S, CLEAR, world_readable=False))) == ()


@pytest.mark.parametrize("environment", ["KINE_ENDPOINT=postgres://kine:hunter2@db/kubernetes", "PGPASSWORD=hunter2"])
def test_in_a_unit_systemctl_shows_it_whatever_the_mode(environment: str) -> None:
    text = f"[Service]\nEnvironment={environment}\nExecStart=kine"
    (found,) = run_one(plaintext_password, beside(parse_files(FileKind.UNIT, text, world_readable=False)))
    assert found.severity is Severity.WARNING
    assert "systemctl show" in found.says


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (FileKind.COMPOSE, "services: {db: {environment: ['YSQL_PASSWORD=hunter2']}}"),
        (FileKind.HELM, "authCredentials: {ysql: {password: hunter2}}"),
        (FileKind.ENVIRONMENT, "PGPASSWORD=hunter2"),
        (FileKind.K3S, "datastore-endpoint: postgres://db/kubernetes?user=kine&password=hunter2"),
    ],
)
def test_it_is_found_under_each_name(kind: FileKind, text: str) -> None:
    (found,) = run_one(plaintext_password, beside(parse_files(kind, text)))
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (
            FileKind.COMPOSE,
            "services: {db: {environment: {PGPASSWORD: '${PW}', POSTGRES_PASSWORD_FILE: /run/secrets/pw}}}",
        ),
        (
            FileKind.COMPOSE,
            "services: {k: {image: 'rancher/kine:v0.16.4', command: '--endpoint postgres://k:$PW@db/k'}}",
        ),
        (FileKind.K3S, "datastore-endpoint: postgres://kine@db/kubernetes"),
    ],
)
def test_a_variable_in_its_place_is_fine(kind: FileKind, text: str) -> None:
    assert run_one(plaintext_password, beside(parse_files(kind, text))) == ()


def test_a_password_of_several_programs_is_reported_once() -> None:
    text = "export PGPASSWORD=hunter2\nfor n in 1 2; do yugabyted start; done\nkine"
    assert len(run_one(plaintext_password, beside(parse_files(FileKind.SCRIPT, text)))) == 1
