"""No text crashes a reader, and no password in a file comes out again: in no format, no facts file and no error."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinetune.commands.check_case import Case, Chosen, Gate, Heard
from kinetune.config.read_files import READERS, Kind
from kinetune.model.configuration import Configuration, SeenFile
from kinetune.model.facts import NOT_ASKED, without_store
from kinetune.model.facts_file import to_data
from kinetune.model.failure import UsageFailure
from kinetune.reports.table import WRITERS
from kinetune.rules.evidence import Evidence, Limits
from kinetune.rules.judge import Bench, judge
from kinetune.rules.table import RULES
from kinetune.views.check import report

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SECRET = "Hunter2"
AROUND = st.text("ab12/@:?#%&=+{}[]$,;!*|<>'\"\\-_.~ é", max_size=6)
FORMATS = [name for name in WRITERS if name != "csv"]
NEAR = st.text("kine[]{}:-= \n\"'\\#&*!|>$()`;<,%EnvironmentFileExecStart", max_size=80)
FORMS = {
    Kind.K3S: ["datastore-endpoint: {yaml}", "datastore-endpoint: {url}", "token: {yaml}\ndatastore-endpoint: {yaml}"],
    Kind.UNIT: [
        "[Service]\nExecStart=/usr/bin/kine --endpoint={url} --compact-interval 5m",
        '[Service]\nEnvironment="KINE_ENDPOINT={url}" PGPASSWORD={raw}\nExecStart=kine',
        "[Service]\nExecStart=k3s server --datastore-endpoint '{url}' --token {raw}",
    ],
    Kind.ENVIRONMENT: ["KINE_ENDPOINT={url}\nPGPASSWORD={raw}", "K3S_DATASTORE_ENDPOINT='{url}'"],
    Kind.COMPOSE: [
        "services: {{kine: {{image: 'rancher/kine:v0.16.4', command: [--endpoint, {yaml}]}}}}",
        "services: {{db: {{environment: {{YSQL_PASSWORD: {secret}}}}}}}",
        "services:\n  kine:\n    image: rancher/kine\n    environment:\n      - KINE_ENDPOINT={url}",
    ],
    Kind.HELM: [
        "authCredentials: {{ysql: {{password: {secret}}}}}",
        "gflags: {{tserver: {{ysql_hba_conf_csv: {secret}}}}}",
    ],
    Kind.MANIFEST: ["kind: Pod\nspec: {{containers: [{{command: [kine, --endpoint, {yaml}]}}]}}"],
    Kind.SCRIPT: ["kine --endpoint '{url}' &", 'export PGPASSWORD="{raw}"\nyugabyted start --tserver_flags="x={raw}"'],
}


@st.composite
def files(draw: st.DrawFn) -> tuple[Kind, str]:
    """A file with the secret as somebody's password, whole, or cut out of one by its special characters."""
    kind = draw(st.sampled_from(sorted(FORMS)))
    form = draw(st.sampled_from(FORMS[kind]))
    password = f"{draw(AROUND)}{SECRET}{draw(AROUND)}"
    password = quote(password, safe="") if draw(st.booleans()) else password
    host = draw(st.sampled_from(["db:5433", "a:1,b:2", "[::1]:5432", ""]))
    url = f"postgres://kine:{password}@{host}/kubernetes"
    secret = json.dumps(password)
    return kind, form.format(url=url, yaml=json.dumps(url), secret=secret, raw=password.replace("\n", ""))


def refusal(kind: Kind, text: str) -> str:
    """The line of the error, empty where the file is read; then it can be judged too."""
    try:
        configuration = read(kind, text)
    except UsageFailure as failure:
        return str(failure)
    judge(Evidence(without_store(NOW, configuration, NOT_ASKED)), Bench(RULES))
    return ""


def read(kind: Kind, text: str) -> Configuration:
    parts = READERS[kind]([(text, "a-file")], lambda name: ("beside", text))
    return Configuration((SeenFile("a-file", kind, world_readable=True),), tuple(parts))


def told(kind: Kind, text: str) -> Iterator[str]:
    """All that ever leaves kinetune of it: one line of an error, or facts and reports."""
    try:
        configuration = read(kind, text)
    except UsageFailure as failure:
        yield str(failure)
        return
    facts = without_store(NOW, configuration, NOT_ASKED)
    yield json.dumps(to_data(facts, "0.1.0"))
    verdict = judge(Evidence(facts), Bench(RULES))
    case = Case(facts, Chosen(Bench(RULES), Limits(), None), Gate(None, False, None, False))
    for format in FORMATS:
        stream = io.StringIO()
        WRITERS[format](report(case, Heard(verdict)), stream)
        yield stream.getvalue()


@settings(max_examples=60, deadline=None)
@given(files())
def test_a_password_in_a_file_comes_out_nowhere(file: tuple[Kind, str]) -> None:
    for text in told(*file):
        assert SECRET.lower() not in text.lower()


@pytest.mark.parametrize("kind", Kind)
@settings(max_examples=150, deadline=None)
@given(text=st.one_of(st.text(), NEAR))
def test_any_text_is_read_or_refused_in_one_line(kind: Kind, text: str) -> None:
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
    ],
)
def test_a_knot_or_a_pit_of_yaml_ends(text: str) -> None:
    for kind in (Kind.COMPOSE, Kind.HELM, Kind.K3S, Kind.MANIFEST):
        said = refusal(kind, text)
        assert not said or said.startswith(("a-file:", "beside:"))
