from __future__ import annotations

import pytest

from kinetune.config.read_files import FileKind
from kinetune.model.finding import Severity
from kinetune.rules.unpinned_images import unpinned_images
from tests.rules.configured import beside, parse_files, unit
from tests.rules.made import run_one, skip_one


@pytest.mark.parametrize("image", ["yugabytedb/yugabyte:latest", "rancher/kine", "localhost:5000/kine"])
def test_a_tag_that_moves_is_a_warning(image: str) -> None:
    (found,) = run_one(unpinned_images, beside(parse_files(FileKind.COMPOSE, f"services:\n  db:\n    image: {image}")))
    assert (found.severity, found.on, str(found.place)) == (Severity.WARNING, "db", "docker-compose.yml:3")


@pytest.mark.parametrize(
    "image",
    [
        "yugabytedb/yugabyte:2025.2.8.0-b60",
        "rancher/kine@sha256:0123456789abcdef",
        "localhost:5000/kine:v0.16.4",
        "rancher/kine:${TAG}",
        "rancher/kine:${TAG:-v0.16.4}",
    ],
)
def test_a_release_a_digest_and_a_variable_are_fine(image: str) -> None:
    assert (
        run_one(unpinned_images, beside(parse_files(FileKind.COMPOSE, f"services: {{db: {{image: '{image}'}}}}"))) == ()
    )


def test_scripts_and_helm_values_have_images_too() -> None:
    for kind, text in ((FileKind.HELM, "Image: {tag: latest}"), (FileKind.SCRIPT, "docker run a/b:latest x")):
        assert run_one(unpinned_images, beside(parse_files(kind, text)))


def test_files_without_images_are_skipped() -> None:
    assert not skip_one(unpinned_images, beside(unit())).asked
