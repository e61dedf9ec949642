from __future__ import annotations

import pytest

from kinetune.config.read_files import Kind
from kinetune.model.finding import Severity
from kinetune.rules.pinned_images import pinned_images
from tests.rules.configured import beside, said, unit
from tests.rules.made import heard, skipped


@pytest.mark.parametrize("image", ["yugabytedb/yugabyte:latest", "rancher/kine", "localhost:5000/kine"])
def test_a_tag_that_moves_is_a_warning(image: str) -> None:
    (found,) = heard(pinned_images, beside(said(Kind.COMPOSE, f"services:\n  db:\n    image: {image}")))
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
    assert heard(pinned_images, beside(said(Kind.COMPOSE, f"services: {{db: {{image: '{image}'}}}}"))) == ()


def test_scripts_and_helm_values_have_images_too() -> None:
    for kind, text in ((Kind.HELM, "Image: {tag: latest}"), (Kind.SCRIPT, "docker run a/b:latest x")):
        assert heard(pinned_images, beside(said(kind, text)))


def test_files_without_images_are_not_judged() -> None:
    assert not skipped(pinned_images, beside(unit())).asked
