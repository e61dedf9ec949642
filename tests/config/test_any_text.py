"""No text crashes a reader, and no password in a file comes out again: in no format, no facts file and no error."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinetune.config.read_files import READERS, FileKind
from kinetune.model.check_result import CheckResult
from kinetune.model.configuration import ConfigFile, Configuration
from kinetune.model.facts import facts_of_files
from kinetune.model.facts_file import facts_report
from kinetune.model.failure import UsageFailure
from kinetune.model.unknown import NOT_REQUESTED
from kinetune.reports.formats import WRITERS
from kinetune.rules.context import CheckContext
from kinetune.rules.rule import build_page
from kinetune.rules.runner import RuleSelection, run_rules
from kinetune.rules.table import RULES
from kinetune.views.check import check_report

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SECRET = "Hunter2"
AROUND = st.text("ab12/@:?#%&=+{}[]$,;!*|<>'\"\\-_.~ é", max_size=6)
FORMATS = [name for name in WRITERS if name != "csv"]
NEAR = st.text("kine[]{}:-= \n\"'\\#&*!|>$()`;<,%EnvironmentFileExecStart", max_size=80)
FORMS = {
    FileKind.K3S: [
        "datastore-endpoint: {yaml}",
        "datastore-endpoint: {url}",
        "token: {yaml}\ndatastore-endpoint: {yaml}",
    ],
    FileKind.UNIT: [
        "[Service]\nExecStart=/usr/bin/kine --endpoint={url} --compact-interval 5m",
        '[Service]\nEnvironment="KINE_ENDPOINT={url}" PGPASSWORD={raw}\nExecStart=kine',
        "[Service]\nExecStart=k3s server --datastore-endpoint '{url}' --token {raw}",
    ],
    FileKind.ENVIRONMENT: ["KINE_ENDPOINT={url}\nPGPASSWORD={raw}", "K3S_DATASTORE_ENDPOINT='{url}'"],
    FileKind.COMPOSE: [
        "services: {{kine: {{image: 'rancher/kine:v0.16.4', command: [--endpoint, {yaml}]}}}}",
        "services: {{db: {{environment: {{YSQL_PASSWORD: {secret}}}}}}}",
        "services:\n  kine:\n    image: rancher/kine\n    environment:\n      - KINE_ENDPOINT={url}",
    ],
    FileKind.HELM: [
        "authCredentials: {{ysql: {{password: {secret}}}}}",
        "gflags: {{tserver: {{ysql_hba_conf_csv: {secret}}}}}",
    ],
    FileKind.MANIFEST: ["kind: Pod\nspec: {{containers: [{{command: [kine, --endpoint, {yaml}]}}]}}"],
    FileKind.SCRIPT: [
        "kine --endpoint '{url}' &",
        'export PGPASSWORD="{raw}"\nyugabyted start --tserver_flags="x={raw}"',
        "k3sup install --datastore {url} --k3s-extra-args '--datastore-endpoint={url}'",
        "cat <<END\nKINE_ENDPOINT={url}\nEND\nssh host k3s server --datastore-endpoint={url}",
    ],
    FileKind.UNKNOWN: [
        'datastore-endpoint = "{url}"',
        "x {url} y",
        "services.k3s.extraFlags = ''--datastore-endpoint {url}'';",
    ],
}
ELSEWHERE = {
    "yaml": ["k3s_server: {{datastore-endpoint: {yaml}}}", "args: [--datastore-endpoint={url}]", "a: |\n  b: {url}\n"],
    "json": ['{{"a": [{{"dataSource": {yaml}}}]}}', '{{"a": {yaml}}}'],
    "toml": ["a = [{yaml}]\n[b]\ndatastore-endpoint = {yaml}", "K3S_DATASTORE_ENDPOINT = '{url}'"],
}


@st.composite
def files(draw: st.DrawFn) -> tuple[FileKind, str]:
    """A file with the secret as somebody's password, whole, or cut out of one by its special characters."""
    kind = draw(st.sampled_from(sorted(FORMS)))
    form = draw(st.sampled_from(FORMS[kind]))
    password = f"{draw(AROUND)}{SECRET}{draw(AROUND)}"
    password = quote(password, safe="") if draw(st.booleans()) else password
    host = draw(st.sampled_from(["db:5433", "a:1,b:2", "[::1]:5432", ""]))
    url = f"postgres://kine:{password}@{host}/kubernetes"
    secret = json.dumps(password)
    return kind, form.format(url=url, yaml=json.dumps(url), secret=secret, raw=password.replace("\n", ""))


def refusal(kind: FileKind, text: str, name: str = "a-file") -> str:
    """The line of the error, empty where the file is read; then it can be judged too."""
    try:
        configuration = read(kind, text, name)
    except UsageFailure as failure:
        return str(failure)
    run_rules(CheckContext(facts_of_files(NOW, configuration, NOT_REQUESTED)), RuleSelection(RULES))
    return ""


def read(kind: FileKind, text: str, name: str = "a-file") -> Configuration:
    parts = READERS[kind]([(text, name)], lambda name: ("beside", text))
    return Configuration((ConfigFile(name, kind, world_readable=True),), tuple(parts))


def told(kind: FileKind, text: str, name: str = "a-file") -> Iterator[str]:
    """All that ever leaves kinetune of it: one line of an error, or facts and reports."""
    try:
        configuration = read(kind, text, name)
    except UsageFailure as failure:
        yield str(failure)
        return
    facts = facts_of_files(NOW, configuration, NOT_REQUESTED)
    yield json.dumps(facts_report(facts, "0.1.0").data)
    results = run_rules(CheckContext(facts), RuleSelection(RULES))
    checked = CheckResult(facts, results, tuple(map(build_page, RULES)), fail_on=None)
    for format in FORMATS:
        stream = io.StringIO()
        WRITERS[format](check_report(checked), stream)
        yield stream.getvalue()


@settings(max_examples=60, deadline=None)
@given(files())
def test_a_password_in_a_file_comes_out_nowhere(file: tuple[FileKind, str]) -> None:
    for text in told(*file):
        assert SECRET.lower() not in text.lower()


@st.composite
def carriers(draw: st.DrawFn) -> tuple[str, str]:
    """A file of an unknown kind by its ending, with an endpoint in it."""
    ending = draw(st.sampled_from(sorted(ELSEWHERE)))
    url = f"postgres://kine:{draw(AROUND)}{SECRET}{draw(AROUND)}@db:5433/kubernetes"
    return f"a-file.{ending}", draw(st.sampled_from(ELSEWHERE[ending])).format(url=url, yaml=json.dumps(url))


@settings(max_examples=100, deadline=None)
@given(carriers())
def test_a_password_in_a_file_of_an_unknown_kind_comes_out_nowhere(file: tuple[str, str]) -> None:
    for text in told(FileKind.UNKNOWN, file[1], file[0]):
        assert SECRET.lower() not in text.lower()


@pytest.mark.parametrize("kind", FileKind)
@settings(max_examples=150, deadline=None)
@given(text=st.one_of(st.text(), NEAR))
def test_any_text_is_read_or_refused_in_one_line(kind: FileKind, text: str) -> None:
    for form in ("{}", "[Service]\nExecStart=kine {}\nEnvironment={}", "services:\n  a:\n    command: {}"):
        said = refusal(kind, form.replace("{}", text))
        assert not said or re.match(r"(a-file|beside):\d+: ", said)


@pytest.mark.parametrize(
    "text",
    [
        "services: &a\n  x: *a",
        "a: &a {<<: [*b, *b]}",
        "services: &s {x: {<<: *s}}",
        "services: " + "[" * 3000,
        "services: " + "{a: " * 3000,
        "a: &a [x]\nb: &b [*a, *a]\n"
        + "".join(f"{x}: &{x} [*{y}, *{y}]\n" for y, x in pairwise("bcdefghijklmnopqrstuvwxyz")),
    ],
)
def test_a_knot_or_a_pit_of_yaml_ends(text: str) -> None:
    for kind in (FileKind.COMPOSE, FileKind.HELM, FileKind.K3S, FileKind.MANIFEST, FileKind.UNKNOWN):
        said = refusal(kind, text)
        assert not said or said.startswith(("a-file:", "beside:"))
    for name in ("a-file.yaml", "a-file.json", "a-file.toml"):
        said = refusal(FileKind.UNKNOWN, text, name)
        assert not said or said.startswith("a-file.")
