"""The list of Kine's flags, compared with `kine --help` of real builds."""

from __future__ import annotations

import re
import subprocess

import pytest

from kinetune.kine.flags import FLAGS, releases_without
from kinetune.model.facts import KineRelease
from tests.cluster import MissingServer
from tests.conftest import absent
from tests.kine.binary import kine


@pytest.mark.parametrize("tag", ["v0.10.1", "v0.14.16", "v0.16.4", "v0.17.5"])
def test_the_flags_of_a_release_are_those_of_its_help(tag: str) -> None:
    try:
        program = kine(tag)
    except MissingServer as missing:
        absent(str(missing))
        return
    shown = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    real = set(re.findall(r"^ +--([a-z0-9-]+)", shown, re.MULTILINE))
    release = KineRelease("", "", "", tag)
    assert {flag for flag in FLAGS if not releases_without(flag).applies_to(release)} == real
