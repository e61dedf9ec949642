"""What files say, in the form that rules ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from kinetune.config.read_files import ConfigurationReader, FileKind, recognise_kind
from kinetune.model.configuration import STORES, Component, Configuration, ConfiguredProcess
from kinetune.model.failure import UsageFailure
from kinetune.model.file_location import FileLocation
from tests.rules.configured import parse_files

GOOD = Path(__file__).parents[1] / "data" / "deploy" / "good"


def only(configuration: Configuration) -> ConfiguredProcess:
    (part,) = configuration.parts
    return part


def value(part: ConfiguredProcess, *names: str) -> tuple[str, int] | None:
    found = part.find(*names)
    return (found.value, found.place.line) if found else None


def from_folder(folder: Path) -> Configuration:
    reading = ConfigurationReader()
    reading.read_folder(folder)
    return reading.result()


def test_a_unit_is_read_over_its_continued_lines_and_comments() -> None:
    text = (GOOD / "kine.service").read_text(encoding="utf-8")
    part = only(parse_files(FileKind.UNIT, text))
    assert (part.component, part.name, part.place.line) == (Component.KINE, "kine.service", 10)
    assert value(part, "metrics-bind-address") == ("127.0.0.1:8080", 12)
    assert value(part, "compact-interval") == ("5m", 15)


def test_a_flag_goes_before_its_variable() -> None:
    text = "[Service]\nEnvironment=KINE_COMPACT_INTERVAL=1m\nExecStart=-kine --compact-interval 2m"
    assert value(only(parse_files(FileKind.UNIT, text)), "compact-interval") == ("2m", 3)


@pytest.mark.parametrize(
    ("command", "component"),
    [
        ("/usr/local/bin/k3s server", Component.K3S),
        ("/bin/sh -c 'exec kine --debug'", Component.KINE),
        ("/usr/bin/docker run --rm --name k rancher/kine:v0.16.4 --debug", Component.KINE),
        ("kube-apiserver --v=2", Component.APISERVER),
        ("yb-tserver --fs_data_dirs=/x", Component.TSERVER),
        ("/usr/local/bin/k3s agent", Component.OTHER),
    ],
)
def test_a_unit_starts_what_its_command_says(command: str, component: Component) -> None:
    assert only(parse_files(FileKind.UNIT, f"[Service]\nExecStart={command}")).component is component


def test_an_environment_file_beside_the_unit_is_read_as_its_own(tmp_path: Path) -> None:
    (tmp_path / "kine.service").write_text("[Service]\nEnvironmentFile=-/etc/kine/kine.env\nExecStart=kine\n")
    (tmp_path / "kine.env").write_text("# a\nKINE_COMPACT_INTERVAL='5m'\n")
    (tmp_path / "kine.env").chmod(0o600)
    found = from_folder(tmp_path)
    part = only(found)
    setting = part.find("compact-interval")
    assert setting is not None
    assert (setting.value, setting.place.file, setting.place.line) == ("5m", str(tmp_path / "kine.env"), 2)
    assert [file.world_readable for file in found.files] == [True, False]


def test_k3s_takes_its_drop_ins_in_order(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("datastore-endpoint: postgres://a/b\nkube-apiserver-arg: [v=1]\n")
    folder = tmp_path / "config.yaml.d"
    folder.mkdir()
    (folder / "20.yaml").write_text("kube-apiserver-arg+: ['etcd-compaction-interval=2m']\n")
    (folder / "10.yaml").write_text("kube-apiserver-arg+: ['etcd-compaction-interval=1m']\n")
    found = from_folder(tmp_path)
    assert value(only(found), "etcd-compaction-interval") == ("2m", 1)
    assert len(found.files) == 3


def test_a_unit_takes_its_drop_ins_in_order_and_what_is_empty_takes_back(tmp_path: Path) -> None:
    unit = (
        "[Service]\nEnvironment=KINE_ENDPOINT=postgres://a/one\nExecStart=/usr/bin/kine --metrics-bind-address=:8080\n"
    )
    (tmp_path / "kine.service").write_text(unit)
    folder = tmp_path / "kine.service.d"
    folder.mkdir()
    (folder / "20-pool.conf").write_text(
        "[Unit]\nAfter=postgresql.service\n\n[Service]\nExecStart=\n"
        "ExecStart=/usr/bin/kine --datastore-max-open-connections=7\n"
    )
    (folder / "10-store.conf").write_text("[Service]\nEnvironment=\nEnvironment=KINE_ENDPOINT=postgres://b/two\n")
    (folder / "notes.txt").write_text("ExecStart=kine")
    found = from_folder(tmp_path)
    part = only(found)
    assert value(part, "datastore-max-open-connections") == ("7", 6)
    assert part.place == FileLocation(str(folder / "20-pool.conf"), 6)
    assert part.name == "kine.service"
    assert value(part, "metrics-bind-address") is None
    assert part.endpoint
    assert part.endpoint.place == FileLocation(str(folder / "10-store.conf"), 3)
    assert len(found.files) == 3


def test_a_command_that_begins_on_the_next_line_has_its_own_lines() -> None:
    text = "[Service]\nExecStart=\\\n  -/usr/bin/kine \\\n  --compact-interval=1m\n"
    assert value(only(parse_files(FileKind.UNIT, text)), "compact-interval") == ("1m", 4)


def test_k3s_replaces_a_list_that_comes_again_without_a_plus(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("tls-san: [a]\nkube-apiserver-arg: [etcd-compaction-interval=0]\n")
    (tmp_path / "config.yaml.d").mkdir()
    (tmp_path / "config.yaml.d" / "10.yaml").write_text("# k3s\nkube-apiserver-arg: [v=3]\n")
    assert value(only(from_folder(tmp_path)), "etcd-compaction-interval") is None


@pytest.mark.parametrize(("folder", "file"), [("config.yaml.d", "10.yaml"), ("kine.service.d", "10.conf")])
def test_drop_ins_are_read_where_their_file_is_elsewhere(tmp_path: Path, folder: str, file: str) -> None:
    (tmp_path / folder).mkdir()
    texts = {
        "10.yaml": "datastore-endpoint: postgres://kine:hunter2@db/kubernetes\n",
        "10.conf": "[Service]\nEnvironment=KINE_ENDPOINT=postgres://kine:hunter2@db/kubernetes\n",
    }
    (tmp_path / folder / file).write_text(texts[file])
    part = only(from_folder(tmp_path))
    assert part.component in STORES
    assert part.endpoint
    assert part.secrets
    assert part.unread == ("its unit" if file == "10.conf" else "")


def test_an_environment_file_is_recognised_by_its_variables(tmp_path: Path) -> None:
    (tmp_path / "k3s.service.env").write_text("K3S_DATASTORE_ENDPOINT='postgres://u:hunter2@db:5432/kubernetes'\n")
    (tmp_path / "server.env").write_text(
        "HTTP_PROXY\nKINE_ENDPOINT=postgres://u@db:5432/\\\nkubernetes\nKINE_DEBUG=1\n"
    )
    k3s, kine = from_folder(tmp_path).parts
    assert (k3s.component, kine.component) == (Component.K3S, Component.KINE)
    assert [one.name for one in k3s.secrets] == ["K3S_DATASTORE_ENDPOINT"]
    assert kine.endpoint
    assert kine.endpoint.database
    assert kine.endpoint.place.line == 2
    assert [one.place.line for one in kine.settings if one.name == "KINE_DEBUG"] == [4]


def test_the_environment_file_that_is_named_is_read_and_not_its_namesake(tmp_path: Path) -> None:
    (tmp_path / "prod").mkdir()
    (tmp_path / "prod" / "kine.env").write_text("KINE_ENDPOINT=postgres://kine@db/two\nKINE_COMPACT_INTERVAL=7m\n")
    (tmp_path / "kine.env").write_text("KINE_ENDPOINT=postgres://kine@db/one\n")
    (tmp_path / "compose.yml").write_text(
        "services: {kine: {image: 'rancher/kine:v0.17.5', env_file: prod/kine.env}}\n"
    )
    reading = ConfigurationReader()
    reading.read_named(tmp_path / "compose.yml", FileKind.COMPOSE)
    assert value(only(reading.result()), "compact-interval") == ("7m", 2)


def test_an_environment_file_that_is_not_here_is_told(tmp_path: Path) -> None:
    text = "[Service]\nEnvironmentFile=-/etc/default/%N\nExecStart=/usr/bin/kine\n"
    (tmp_path / "kine.service").write_text(text)
    assert only(from_folder(tmp_path)).unread == "/etc/default/kine"
    (tmp_path / "kine").write_text("KINE_METRICS_BIND_ADDRESS=127.0.0.1:8080\n")
    part = only(from_folder(tmp_path))
    assert (part.unread, value(part, "metrics-bind-address")) == ("", ("127.0.0.1:8080", 1))


def test_compose_follows_anchors_defaults_and_dollars() -> None:
    text = """x-a: &a
  image: yugabytedb/yugabyte:${TAG:-2025.2.8.0-b60}
  environment: [A=$$B]
services:
  one:
    <<: *a
    container_name: yb-1
    command: yugabyted start --join=${FIRST-yb-0} --cloud_location=${ZONE}
    deploy: {replicas: 3}
"""
    part = only(parse_files(FileKind.COMPOSE, text))
    assert (part.component, part.name, part.count, part.place.line) == (Component.NODE, "one", 3, 5)
    assert (part.image and part.image.tag) == "2025.2.8.0-b60"
    assert value(part, "join") == ("yb-0", 8)
    assert value(part, "cloud_location") == ("…", 8)


def test_helm_values_have_the_charts_defaults() -> None:
    tserver, master = parse_files(FileKind.HELM, "gflags: {tserver: {ysql_sequence_cache_minval: 1}}").parts
    assert (tserver.component, tserver.count, master.count) == (Component.TSERVER, 3, 3)
    assert value(master, "replication_factor") == ("3", 1)


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("all.yml", "token: x\nk3s_version: v1\nk3s_user: y\nk3s_server: {datastore-endpoint: z}\n", FileKind.UNKNOWN),
        ("config.yaml", "token: x\ntls-san: [k3s]\nfoo: bar\n", FileKind.K3S),
        ("config.yaml", "datastore-endpoint: x\na: 1\nb: 2\nc: 3\n", FileKind.K3S),
        ("values.yaml", "# kine\nreplicas: 2\n", FileKind.UNKNOWN),
        ("values.yaml", "# kine\nreplicas: {tserver: 2}\n", FileKind.HELM),
        ("ci.yaml", "services: [docker]\nk3s: 1\n", FileKind.UNKNOWN),
        ("install", "cat >kine.service <<EOF\n[Service]\nExecStart=kine\nEOF\n", FileKind.UNKNOWN),
        ("kine", "# a comment\n\n[Unit]\n[Service]\nExecStart=kine\n", FileKind.UNIT),
        ("kine.service", "[Service]\nExecStart=kine {{ flags }}\n", FileKind.UNKNOWN),
        ("kine.env", "{% if x %}\nKINE_ENDPOINT={{ url }}\n{% endif %}\n", FileKind.UNKNOWN),
        ("setup", "#!/usr/bin/env bash\nk3s server\n", FileKind.SCRIPT),
        ("cluster.yaml", "apiVersion: k3k.io/v1\nkind: Cluster\n# k3s\n", FileKind.UNKNOWN),
    ],
)
def test_the_kind_of_a_file_is_told_by_its_content(tmp_path: Path, name: str, text: str, kind: FileKind) -> None:
    (tmp_path / name).write_text(text)
    assert recognise_kind(tmp_path / name) is kind


def test_a_template_in_an_endpoint_is_a_variable() -> None:
    text = "datastore-endpoint: 'postgres://k3s:{{ password }}@{{ host }}:5432/{{ name }}'"
    part = only(parse_files(FileKind.K3S, text))
    assert part.endpoint
    assert (part.endpoint.refused, part.secrets) == ("", ())
    assert only(parse_files(FileKind.K3S, "datastore-endpoint: '{{ url }}'")).endpoint is None


def test_a_file_that_is_not_utf_8_is_reported_where_it_mentions_k3s(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_bytes(b"# k\xf6nnen\ndatastore-endpoint: postgres://db/k3s\n")
    (tmp_path / "other.yaml").write_bytes(b"# k\xf6nnen\n")
    (tmp_path / "program").write_bytes(b"\x7fELF\0\xff k3s")
    assert [line.rpartition("/")[2] for line in from_folder(tmp_path).failures] == [
        "config.yaml:1: this is not UTF-8 text; convert it to UTF-8"
    ]


def test_a_script_with_loops_functions_or_conditions_does_not_say_how_often_a_command_runs() -> None:
    text = "yugabyted start --advertise_address=a\n"
    assert [part.count for part in parse_files(FileKind.SCRIPT, text).parts] == [1]
    for compound in ("for n in 1 2; do echo $n; done", "f() {\n  true\n}", "if x; then y; fi", "while x; do y; done"):
        assert [part.count for part in parse_files(FileKind.SCRIPT, text + compound).parts] == [None]


def test_a_manifest_tells_of_a_static_pod() -> None:
    part = only(parse_files(FileKind.MANIFEST, (GOOD / "kube-apiserver.yaml").read_text(encoding="utf-8")))
    assert (part.component, value(part, "etcd-compaction-interval")) == (Component.APISERVER, ("5m", 14))


def test_a_folder_is_read_by_what_its_files_hold(tmp_path: Path) -> None:
    for path in GOOD.rglob("*.*"):
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "README.md").write_text("kine")
    (tmp_path / "other.yaml").write_text("a: [")
    (tmp_path / "template.yaml").write_text("{{- if .Values.kine }}\nkine: {{ .Values.kine }}\n{{- end }}")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe kine")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config.yaml").write_text("datastore-endpoint: kine")
    kinds = {Path(file.path).name: file.kind for file in from_folder(tmp_path).files}
    assert kinds == {
        "config.yaml": FileKind.K3S,
        "kine.service": FileKind.UNIT,
        "kine.env": FileKind.ENVIRONMENT,
        "docker-compose.yml": FileKind.COMPOSE,
        "values.yaml": FileKind.HELM,
        "yugabyted.sh": FileKind.SCRIPT,
        "kube-apiserver.yaml": FileKind.MANIFEST,
    }


def test_yaml_that_speaks_of_kine_and_is_none_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / "k.yaml").write_text("a: 1\nkine: [")
    with pytest.raises(UsageFailure, match=r"k\.yaml:\d: this is not YAML"):
        recognise_kind(tmp_path / "k.yaml")


def test_a_file_of_flags_is_an_api_servers() -> None:
    part = only(
        parse_files(FileKind.FLAGS, "# a\n--etcd-servers=http://127.0.0.1:2379\n--etcd-compaction-interval=0s\n")
    )
    assert (part.component, value(part, "etcd-compaction-interval")) == (Component.APISERVER, ("0s", 3))


def test_what_may_not_be_read_beside_a_unit_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "kine.service").write_text("[Service]\nEnvironmentFile=/etc/default/%N\nExecStart=kine\n")
    assert len(from_folder(tmp_path).files) == 1


@pytest.mark.parametrize(
    "line",
    [
        "curl -sfL https://get.k3s.io | sh -s - server --datastore-endpoint=postgres://kine@db/kubernetes",
        "curl -sfL https://get.k3s.io | INSTALL_K3S_EXEC='server --datastore-endpoint postgres://kine@db/k' sh -",
        "curl -sfL https://get.k3s.io | K3S_DATASTORE_ENDPOINT=postgres://kine@db/kubernetes sh -s - server",
    ],
)
def test_k3s_is_seen_in_the_line_that_installs_it(line: str) -> None:
    part = only(parse_files(FileKind.SCRIPT, line))
    assert (part.component, part.endpoint and part.endpoint.scheme) == (Component.K3S, "postgres")


def names(text: str) -> list[tuple[str, str, str]]:
    """Component, name and the flag for sequences of each part of a script."""
    return [
        (one.component.value, one.name, (value(one, "ysql_sequence_cache_minval") or ("",))[0])
        for one in parse_files(FileKind.SCRIPT, text).parts
    ]


FLAG = "--tserver_flags=ysql_sequence_cache_minval=1"
START = "yugabyted start --advertise_address=a"


@pytest.mark.parametrize(
    "text",
    [
        f"sudo -u yugabyte {START} {FLAG}",
        f"sudo -E env A=b /opt/{START} {FLAG}",
        f"A=b exec {START} \\\n  {FLAG} >/dev/null 2>&1 &",
        f"bash -euxo pipefail -c '{START} {FLAG}'",
        f"cd /opt && {START} {FLAG} || exit 1",
        f"{START}\nyugabyted stop\n{START} {FLAG}",
    ],
)
def test_a_node_is_found_behind_what_stands_before_it(text: str) -> None:
    assert names(text) == [("yugabyted", "a", "1")]


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        (f'FLAGS="{FLAG}"\n{START} $FLAGS', ["2: FLAGS is not known"]),
        (f'for n in 1 2; do\n  yugabyted start --advertise_address="n$n" {FLAG}\ndone', ["2: a variable is not known"]),
        (f'set -- {START}\nyugabyted start "$@"', ["1: the command is an argument of set", "2: $@ is not known"]),
        (f"yugabyted start --join=$(hostname) {FLAG}", ["1: $(…) is not known"]),
        (f"yugabyted start --join=`hostname` {FLAG}", ["1: $(…) is not known"]),
        (f"yugabyted start --join=${{FIRST:-a}} {FLAG}", ["1: FIRST is not known"]),
        (f"yugabyted start --join=$(a $(b)) {FLAG}", ["1: $(…) is not known"]),
        ('docker run --name "yb-$n" "$IMAGE" "$@"', ["1: a variable is not known"]),
        ("docker exec $NODE bin/yugabyted configure data_placement --rf=3", ["1: NODE is not known"]),
        ("curl -sfL https://get.k3s.io | sh -s - server $OPTIONS", ["1: OPTIONS is not known"]),
        ("k3sup install --ip $IP --datastore=mysql://x", ["1: IP is not known"]),
        (f"{START} 'x\n" + "echo\n" * 60, ["1: a quote is not closed"]),
        (f"su - yugabyte -c '{START} {FLAG}'", ["1: the command is an argument of su"]),
        (f"ssh -i key host '{START} {FLAG}'", ["1: the command is an argument of ssh"]),
        (f"numactl --interleave=all {START} {FLAG}", ["1: the command is an argument of numactl"]),
        (f"timeout 60 env A=b /opt/{START} {FLAG}", ["1: the command is an argument of timeout"]),
    ],
)
def test_a_line_that_needs_more_than_it_says_is_not_judged(text: str, reasons: list[str]) -> None:
    parts = parse_files(FileKind.SCRIPT, text).parts
    assert {part.component for part in parts} == {Component.NOT_JUDGED}
    assert [f"{part.place.line}: {part.unread}" for part in parts] == reasons


@pytest.mark.parametrize(
    "text",
    [
        "docker exec \"$NODE\" bin/ysqlsh -c 'SELECT 1'",
        "docker run --rm postgres:18",
        "yugabyted stop --base_dir=$DIR",
        "k3s kubectl get nodes $OPTIONS",
        'echo "now run: k3s server $OPTIONS"',
        "cat <<END\nk3s server $OPTIONS\nEND",
        "# k3s server $OPTIONS",
    ],
)
def test_a_line_that_starts_no_server_is_not_listed(text: str) -> None:
    assert list(parse_files(FileKind.SCRIPT, text).of(Component.NOT_JUDGED)) == []


@pytest.mark.parametrize(
    "name", ["systemctl restart kine", "sudo systemctl start kine", "sudo -n cp kine /usr/bin/kine"]
)
def test_a_program_that_names_ours_starts_nothing(name: str) -> None:
    assert names(name) == []


@pytest.mark.parametrize(
    "run",
    [
        "docker run -itd --name yb1 -p 5433:5433",
        "docker container run --name=yb1 -p5433:5433 --rm",
        "podman run --replace --name yb1 -dp 5433:5433",
    ],
)
def test_switches_of_an_engine_take_no_value(run: str) -> None:
    part = only(parse_files(FileKind.SCRIPT, f"{run} yugabytedb/yugabyte:2025.2.8.0-b60 bin/yugabyted start {FLAG}"))
    assert (part.component, part.name) == (Component.NODE, "yb1")
    assert value(part, "docker.published") == ("5433:5433", 1)


ENDPOINT = "postgres://kine:hunter2@db/kubernetes"


@pytest.mark.parametrize(
    "text",
    [
        f"curl -sfL https://get.k3s.io | sh -s - --datastore-endpoint={ENDPOINT}",
        f"curl -sfL https://get.k3s.io | K3S_DATASTORE_ENDPOINT='{ENDPOINT}' sh -",
        f'curl -sfL https://get.k3s.io | INSTALL_K3S_EXEC="--datastore-endpoint={ENDPOINT}" sh -',
    ],
)
def test_k3s_is_installed_as_a_server_unless_it_is_told_otherwise(text: str) -> None:
    part = only(parse_files(FileKind.SCRIPT, text))
    assert part.component is Component.K3S
    assert part.endpoint
    assert part.secrets


def test_variables_are_a_programs_own_where_they_stand_before_it() -> None:
    text = f"KINE_COMPACT_INTERVAL=1m\nKINE_ENDPOINT={ENDPOINT} KINE_METRICS_BIND_ADDRESS=127.0.0.1:8080 exec kine"
    part = only(parse_files(FileKind.SCRIPT, text))
    assert part.endpoint
    assert value(part, "metrics-bind-address") == ("127.0.0.1:8080", 2)
    assert value(part, "compact-interval") is None


def test_an_exported_endpoint_is_found_at_its_line_and_the_program_takes_more_from_its_environment() -> None:
    text = f"export K3S_DATASTORE_ENDPOINT={ENDPOINT}\nexec k3s server"
    exported, k3s = parse_files(FileKind.SCRIPT, text).parts
    assert exported.endpoint
    assert ([one.name for one in exported.secrets], exported.endpoint.place.line) == (["K3S_DATASTORE_ENDPOINT"], 1)
    assert (k3s.component, k3s.endpoint, k3s.unread) == (Component.K3S, None, "the environment of the script")


def test_a_password_for_another_program_is_told_too() -> None:
    part = only(parse_files(FileKind.SCRIPT, "PGPASSWORD=hunter2 psql -h db\n"))
    assert (part.component, [one.name for one in part.secrets]) == (Component.OTHER, ["PGPASSWORD"])


def test_an_environment_file_of_a_container_leaves_open_what_it_says() -> None:
    part = only(parse_files(FileKind.SCRIPT, "docker run --env-file ./kine.env --net=host rancher/kine:v0.17.5"))
    assert part.unread == "./kine.env"
    assert value(part, "docker.published") == ("host", 1)


def test_a_doubled_dollar_is_one_to_systemd() -> None:
    part = only(
        parse_files(FileKind.UNIT, "[Service]\nExecStart=kine --endpoint=postgres://kine:hunt$$er2@db/kubernetes")
    )
    assert part.secrets


def test_compose_does_not_judge_a_service_that_extends_another_nor_what_is_included() -> None:
    text = """include: [more.yml]
services:
  base:
    image: rancher/kine:v0.17.5
    environment: {KINE_COMPACT_INTERVAL: 1m}
  kine:
    extends: base
    environment: {KINE_ENDPOINT: postgres://kine:hunter2@b/two}
  other:
    extends: {file: common.yml, service: kine}
"""
    base, kine, other, include = parse_files(FileKind.COMPOSE, text).parts
    assert value(base, "compact-interval") == ("1m", 5)
    assert {one.component for one in (kine, other, include)} == {Component.NOT_JUDGED}
    assert kine.unread == other.unread == "it extends another service: run `docker compose config` and check its output"
    assert [one.place.line for one in kine.secrets] == [8]
    assert include.unread.startswith("it includes other files")


def test_compose_fills_defaults_within_defaults_and_the_lines_of_its_env_files(tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text(
        "services:\n  kine:\n    image: rancher/kine:${KINE_TAG}\n    env_file: kine.env\n"
        "    environment: {KINE_ENDPOINT: 'postgres://kine:${PW:-${OTHER}}@db/kubernetes'}\n"
    )
    (tmp_path / "kine.env").write_text("KINE_S3_SECRET_KEY=${KEY}\n")
    (tmp_path / ".env").write_text("KINE_TAG=latest\nDB_PASSWORD=hunter2\n")
    kine, project = from_folder(tmp_path).parts
    assert (kine.image and kine.image.tag, kine.secrets) == ("latest", ())
    assert kine.endpoint
    assert not kine.endpoint.refused
    assert [one.name for one in project.secrets] == ["DB_PASSWORD"]
    assert project.settings == ()


def test_a_doubled_dollar_in_a_command_of_compose_is_one() -> None:
    text = "services: {kine: {image: 'rancher/kine:v0.17.5', command: '--endpoint=postgres://kine:hunt$$er2@db/k'}}"
    assert only(parse_files(FileKind.COMPOSE, text)).secrets


@pytest.mark.parametrize("mark", ["|", ">"])
def test_blocks_of_text_have_the_lines_of_the_file(mark: str) -> None:
    text = f"services:\n  yb:\n    command: {mark}\n      yugabyted start\n      --join=yb_1\n"
    assert value(only(parse_files(FileKind.COMPOSE, text)), "join") == ("yb_1", 5)


def test_the_first_of_several_merged_maps_wins() -> None:
    text = "services:\n  yb:\n    <<: [{command: yugabyted start --join=a}, {command: yugabyted start --join=b}]\n"
    assert value(only(parse_files(FileKind.COMPOSE, text)), "join") == ("a", 3)


POD = """kind: List
items:
- kind: Pod
  spec:
    hostNetwork: true
    containers:
    - name: kine
      image: rancher/kine:v0.17.5
      args: ["--endpoint=$(KINE_URL)", "--compact-interval=$$(NO)"]
      envFrom: [{configMapRef: {name: ours}}, {secretRef: {name: elsewhere}}]
      env:
      - {name: KINE_URL, value: "postgres://kine:$(DB_PASSWORD)@db/$(DATABASE)"}
- kind: ConfigMap
  metadata: {name: ours}
  data: {DATABASE: Kubernetes, DB_PASSWORD: hunter2, KINE_METRICS_BIND_ADDRESS: ":8081"}
"""


def test_a_container_is_given_variables_by_others_and_by_maps_of_its_file() -> None:
    part = only(parse_files(FileKind.MANIFEST, POD))
    assert part.component is Component.KINE
    assert part.endpoint
    assert part.endpoint.notes
    assert {one.name for one in part.secrets} >= {"endpoint"}
    assert not [one for one in part.settings if one.name == "KINE_URL"]
    assert value(part, "metrics-bind-address") == (":8081", 15)
    assert value(part, "docker.published") == ("host", 5)
    assert part.unread == "the Secret elsewhere"


def test_a_password_that_a_secret_gives_is_none_in_the_file() -> None:
    env = "{name: PW, valueFrom: {secretKeyRef: {name: db, key: pw}}}"
    text = POD.replace("- {name: KINE_URL", f"- {env}\n      - {{name: KINE_URL").replace("$(DB_PASSWORD)", "$(PW)")
    part = only(parse_files(FileKind.MANIFEST, text.replace("DB_PASSWORD: hunter2, ", "")))
    assert part.endpoint
    assert (part.endpoint.refused, part.secrets) == ("", ())


def test_an_umbrella_chart_has_the_charts_values_below_its_name() -> None:
    tserver, _ = parse_files(
        FileKind.HELM, "global: {a: b}\nyugabyte:\n  gflags: {tserver: {ysql_sequence_cache_minval: 1}}\n"
    ).parts
    assert value(tserver, "ysql_sequence_cache_minval") == ("1", 3)


def test_nodes_are_not_counted_where_a_line_was_not_judged() -> None:
    script = f"{START} {FLAG}\nyugabyted start --advertise_address=b {FLAG}\n"
    assert [part.count for part in parse_files(FileKind.SCRIPT, script).parts] == [1, 1]
    assert [part.count for part in parse_files(FileKind.SCRIPT, script + "yugabyted start $C").parts] == [None] * 3
    compose = "services: {a: {command: yugabyted start}, b: {extends: a}}"
    assert [part.count for part in parse_files(FileKind.COMPOSE, compose).parts] == [None, None]


def test_a_here_document_is_not_interpreted_and_its_endpoints_are_found() -> None:
    text = """cat <<'EOF' > /etc/systemd/system/kine.service
[Service]
ExecStart=kine --metrics-bind-address=:8080 --endpoint postgres://kine:hunter2@pgbouncer/kine
EOF
cat >"$CONFIG" <<EOF
datastore-endpoint: postgres://kine:$PASSWORD@db/kubernetes
EOF
cat <<EOF
KINE_ENDPOINT=... is what you set next
EOF
"""
    unit, k3s = parse_files(FileKind.SCRIPT, text).parts
    assert unit.component is k3s.component is Component.OTHER
    assert unit.endpoint
    assert k3s.endpoint
    assert (unit.endpoint.place.line, unit.endpoint.pooler, len(unit.secrets)) == (3, "its host's name", 1)
    assert (k3s.endpoint.place.line, k3s.secrets, unit.settings) == (6, (), ())


@pytest.mark.parametrize(
    ("given", "told"), [("", None), ("-e KINE_COMPACT_INTERVAL", "1m"), ("-e KINE_COMPACT_INTERVAL=2m", "2m")]
)
def test_a_container_has_what_it_is_given_and_no_more(given: str, told: str | None) -> None:
    text = f"KINE_COMPACT_INTERVAL=1m docker run {given} rancher/kine:v0.17.5"
    found = value(only(parse_files(FileKind.SCRIPT, text)), "compact-interval")
    assert (found and found[0]) == told


def test_programs_within_each_other_end() -> None:
    assert parse_files(FileKind.SCRIPT, "ssh a " * 3000 + "kine").parts == ()


def test_helm_values_given_together_are_one_release_unless_they_name_several_zones(tmp_path: Path) -> None:
    texts = ["gflags: {tserver: {ysql_sequence_cache_minval: 1, v: 1}}\n", "gflags: {tserver: {v: 2}}\n"]
    files = [tmp_path / f"{at}.yaml" for at in range(2)]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)
    reading = ConfigurationReader()
    reading.read_named(files[0], FileKind.HELM, files[1])
    tserver, _ = reading.result().parts
    assert value(tserver, "ysql_sequence_cache_minval") == ("1", 1)
    for file, text in zip(files, ("AZ: a\nreplicas: {tserver: 1}\n", "AZ: b\n"), strict=True):
        file.write_text(text)
    reading = ConfigurationReader()
    reading.read_named(files[0], FileKind.HELM, files[1])
    assert [part.count for part in reading.result().of(Component.TSERVER)] == [1, 3]


def test_values_without_a_key_of_the_chart_leave_open_what_it_says() -> None:
    tserver, _ = parse_files(FileKind.HELM, "foo: bar").parts
    assert tserver.unread == "a file with other values"


@pytest.mark.parametrize(("held", "secrets"), [("stringData", 1), ("data", 0)])
def test_a_key_of_a_secret_is_in_the_clear_where_it_is_not_coded(held: str, secrets: int) -> None:
    text = f"""kind: Secret
metadata: {{name: db}}
{held}: {{url: "postgres://kine:hunter2@db/kubernetes"}}
---
kind: Pod
spec:
  containers:
  - image: rancher/kine:v0.17.5
    env: [{{name: KINE_ENDPOINT, valueFrom: {{secretKeyRef: {{name: db, key: url}}}}}}]
"""
    part = only(parse_files(FileKind.MANIFEST, text))
    assert [one.place.line for one in part.secrets] == [3] * secrets
