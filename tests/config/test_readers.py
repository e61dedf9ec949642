"""What files say, in the form that rules ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from kinetune.config.read_files import Kind, Reading, recognise
from kinetune.model.configuration import STORES, Component, Configuration, Part
from kinetune.model.failure import UsageFailure
from kinetune.model.place import Place
from tests.rules.configured import said

GOOD = Path(__file__).parents[1] / "data" / "deploy" / "good"


def only(configuration: Configuration) -> Part:
    (part,) = configuration.parts
    return part


def value(part: Part, *names: str) -> tuple[str, int] | None:
    found = part.find(*names)
    return (found.value, found.place.line) if found else None


def from_folder(folder: Path) -> Configuration:
    reading = Reading()
    reading.folder(folder)
    return reading.result()


def test_a_unit_is_read_over_its_continued_lines_and_comments() -> None:
    text = (GOOD / "kine.service").read_text(encoding="utf-8")
    part = only(said(Kind.UNIT, text))
    assert (part.component, part.name, part.place.line) == (Component.KINE, "kine.service", 10)
    assert value(part, "metrics-bind-address") == ("127.0.0.1:8080", 12)
    assert value(part, "compact-interval") == ("5m", 15)


def test_a_flag_goes_before_its_variable() -> None:
    text = "[Service]\nEnvironment=KINE_COMPACT_INTERVAL=1m\nExecStart=-kine --compact-interval 2m"
    assert value(only(said(Kind.UNIT, text)), "compact-interval") == ("2m", 3)


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
    assert only(said(Kind.UNIT, f"[Service]\nExecStart={command}")).component is component


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
    assert part.place == Place(str(folder / "20-pool.conf"), 6)
    assert part.name == "kine.service"
    assert value(part, "metrics-bind-address") is None
    assert part.endpoint
    assert part.endpoint.place == Place(str(folder / "10-store.conf"), 3)
    assert len(found.files) == 3


def test_a_command_that_begins_on_the_next_line_has_its_own_lines() -> None:
    text = "[Service]\nExecStart=\\\n  -/usr/bin/kine \\\n  --compact-interval=1m\n"
    assert value(only(said(Kind.UNIT, text)), "compact-interval") == ("1m", 4)


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
    assert part.unread == ("its unit, which is not here" if file == "10.conf" else "")


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
    reading = Reading()
    reading.file(tmp_path / "compose.yml", Kind.COMPOSE)
    assert value(only(reading.result()), "compact-interval") == ("7m", 2)


def test_an_environment_file_that_is_not_here_is_told(tmp_path: Path) -> None:
    text = "[Service]\nEnvironmentFile=-/etc/default/%N\nExecStart=/usr/bin/kine\n"
    (tmp_path / "kine.service").write_text(text)
    assert only(from_folder(tmp_path)).unread == "/etc/default/kine, which is not here"
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
    part = only(said(Kind.COMPOSE, text))
    assert (part.component, part.name, part.count, part.place.line) == (Component.NODE, "one", 3, 5)
    assert (part.image and part.image.tag) == "2025.2.8.0-b60"
    assert value(part, "join") == ("yb-0", 8)
    assert value(part, "cloud_location") == ("…", 8)


def test_helm_values_have_the_charts_defaults() -> None:
    tserver, master = said(Kind.HELM, "gflags: {tserver: {ysql_sequence_cache_minval: 1}}").parts
    assert (tserver.component, tserver.count, master.count) == (Component.TSERVER, 3, 3)
    assert value(master, "replication_factor") == ("3", 1)


def test_a_loop_goes_round_and_a_function_nobody_counts() -> None:
    text = "for n in 1 2; do\n  yugabyted start --advertise_address=n$n\ndone\nf() {\n  yugabyted start\n}\n"
    parts = said(Kind.SCRIPT, text).parts
    assert [(part.name, part.count, part.place.line) for part in parts] == [
        ("n1", 1, 2),
        ("n2", 1, 2),
        ("yugabyted.sh", None, 5),
    ]


def test_a_manifest_tells_of_a_static_pod() -> None:
    part = only(said(Kind.MANIFEST, (GOOD / "kube-apiserver.yaml").read_text(encoding="utf-8")))
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
        "config.yaml": Kind.K3S,
        "kine.service": Kind.UNIT,
        "kine.env": Kind.ENVIRONMENT,
        "docker-compose.yml": Kind.COMPOSE,
        "values.yaml": Kind.HELM,
        "yugabyted.sh": Kind.SCRIPT,
        "kube-apiserver.yaml": Kind.MANIFEST,
    }


def test_yaml_that_speaks_of_kine_and_is_none_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / "k.yaml").write_text("a: 1\nkine: [")
    with pytest.raises(UsageFailure, match=r"k\.yaml:\d: this is not YAML"):
        recognise(tmp_path / "k.yaml")


def test_what_a_script_sets_as_its_arguments_is_followed() -> None:
    text = """start() {
  set -- "$1" bin/yugabyted start --tserver_flags=ysql_sequence_cache_minval=1
  [ "$1" -eq 1 ] || set -- "$@" --join=yb-1
  shift
  docker run --name "yb-$number" yugabytedb/yugabyte:2025.2.8.0-b60 "$@"
}
yugabyted start "$@"
"""
    node, other = said(Kind.SCRIPT, text).parts
    assert (value(node, "ysql_sequence_cache_minval"), value(node, "join")) == (("1", 2), ("yb-1", 3))
    assert (other.settings, other.unread) == ((), "a variable of the script")


def test_a_file_of_flags_is_an_api_servers() -> None:
    part = only(said(Kind.FLAGS, "# a\n--etcd-servers=http://127.0.0.1:2379\n--etcd-compaction-interval=0s\n"))
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
    part = only(said(Kind.SCRIPT, line))
    assert (part.component, part.endpoint and part.endpoint.scheme) == (Component.K3S, "postgres")


def names(text: str) -> list[tuple[str, str, str]]:
    """Component, name and the flag for sequences of each part of a script."""
    return [
        (one.component.value, one.name, (value(one, "ysql_sequence_cache_minval") or ("",))[0])
        for one in said(Kind.SCRIPT, text).parts
    ]


FLAG = "--tserver_flags=ysql_sequence_cache_minval=1"
START = "yugabyted start --advertise_address=a"


@pytest.mark.parametrize(
    "text",
    [
        f'COMMON="--base_dir=/d {FLAG}"\n{START} $COMMON',
        f"FLAGS=a=b\nFLAGS+=,ysql_sequence_cache_minval=1\n{START} --tserver_flags=$FLAGS",
        f"sudo -u yugabyte {START} {FLAG}",
        f"su - yugabyte -c '{START} {FLAG}'",
        f"ssh -i key host '{START} {FLAG}'",
        f"numactl --interleave=all {START} {FLAG}",
        f"timeout 60 env A=b /opt/{START} {FLAG}",
        f"bash -euxo pipefail -c '{START} {FLAG}'",
        f"{START}\nyugabyted stop\n{START} {FLAG}",
    ],
)
def test_a_node_is_found_behind_what_stands_before_it(text: str) -> None:
    assert names(text) == [("yugabyted", "a", "1")]


@pytest.mark.parametrize(
    "text",
    [
        "V=1\nif true; then V=100; fi\n" + START + " --tserver_flags=ysql_sequence_cache_minval=$V",
        "V=1\ncase $1 in a) V=2;; esac\n" + START + " --tserver_flags=ysql_sequence_cache_minval=$V",
        "V=1\n. ./settings.sh\n" + START + " --tserver_flags=ysql_sequence_cache_minval=$V",
        "V=1\nunset V\n" + START + " --tserver_flags=ysql_sequence_cache_minval=$V",
    ],
)
def test_what_a_condition_or_another_file_decides_is_not_known(text: str) -> None:
    assert names(text) == [("yugabyted", "a", "…")]


def test_a_loop_goes_over_the_words_of_a_variable() -> None:
    text = f'N="a b c"\nfor n in $N; do yugabyted start --advertise_address=$n {FLAG}; done'
    assert [name for _, name, _ in names(text)] == ["a", "b", "c"]


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
    part = only(said(Kind.SCRIPT, f"{run} yugabytedb/yugabyte:2025.2.8.0-b60 bin/yugabyted start {FLAG}"))
    assert (part.component, part.name) == (Component.NODE, "yb1")
    assert value(part, "docker.published") == ("5433:5433", 1)


ENDPOINT = "postgres://kine:hunter2@db/kubernetes"


@pytest.mark.parametrize(
    "text",
    [
        f"curl -sfL https://get.k3s.io | sh -s - --datastore-endpoint={ENDPOINT}",
        f"curl -sfL https://get.k3s.io | K3S_DATASTORE_ENDPOINT='{ENDPOINT}' sh -",
        f'curl -sfL https://get.k3s.io | INSTALL_K3S_EXEC="--datastore-endpoint={ENDPOINT}" sh -',
        f"export INSTALL_K3S_EXEC='server --datastore-endpoint={ENDPOINT}'\ncurl -sfL https://get.k3s.io | sh -",
        f"export K3S_DATASTORE_ENDPOINT={ENDPOINT}\nexec k3s server",
    ],
)
def test_k3s_is_installed_as_a_server_unless_it_is_told_otherwise(text: str) -> None:
    part = only(said(Kind.SCRIPT, text))
    assert part.component is Component.K3S
    assert part.endpoint
    assert part.secrets


def test_variables_are_a_programs_own_where_they_are_exported_or_stand_before_it() -> None:
    text = (
        f"export KINE_ENDPOINT={ENDPOINT}\nKINE_COMPACT_INTERVAL=1m\nKINE_METRICS_BIND_ADDRESS=127.0.0.1:8080 exec kine"
    )
    part = only(said(Kind.SCRIPT, text))
    assert part.endpoint
    assert value(part, "metrics-bind-address") == ("127.0.0.1:8080", 3)
    assert value(part, "compact-interval") is None


def test_a_password_for_another_program_is_told_too() -> None:
    part = only(said(Kind.SCRIPT, "PGPASSWORD=hunter2 psql -h db\n"))
    assert (part.component, [one.name for one in part.secrets]) == (Component.OTHER, ["PGPASSWORD"])


def test_an_environment_file_of_a_container_leaves_open_what_it_says() -> None:
    part = only(said(Kind.SCRIPT, "docker run --env-file ./kine.env --net=host rancher/kine:v0.17.5"))
    assert part.unread == "./kine.env, which was not read"
    assert value(part, "docker.published") == ("host", 1)


def test_a_doubled_dollar_is_one_to_systemd() -> None:
    part = only(said(Kind.UNIT, "[Service]\nExecStart=kine --endpoint=postgres://kine:hunt$$er2@db/kubernetes"))
    assert part.secrets


def test_compose_adds_up_what_a_service_extends() -> None:
    text = """services:
  base:
    image: rancher/kine:v0.17.5
    environment: {KINE_COMPACT_INTERVAL: 1m, KINE_ENDPOINT: postgres://kine@a/one}
    ports: ["8080:8080"]
  kine:
    extends: base
    environment: {KINE_ENDPOINT: postgres://kine:hunter2@b/two}
  other:
    extends: {file: common.yml, service: kine}
    image: rancher/kine:v0.17.5
"""
    _, kine, other = said(Kind.COMPOSE, text).parts
    assert (kine.component, value(kine, "compact-interval")) == (Component.KINE, ("1m", 4))
    assert kine.endpoint
    assert (kine.endpoint.place.line, len(kine.secrets)) == (8, 1)
    assert value(kine, "docker.published") == ("8080:8080", 5)
    assert other.unread == "common.yml, which was not read"


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
    assert only(said(Kind.COMPOSE, text)).secrets


@pytest.mark.parametrize("mark", ["|", ">"])
def test_blocks_of_text_have_the_lines_of_the_file(mark: str) -> None:
    text = f"services:\n  yb:\n    command: {mark}\n      yugabyted start\n      --join=yb_1\n"
    assert value(only(said(Kind.COMPOSE, text)), "join") == ("yb_1", 5)


def test_the_first_of_several_merged_maps_wins() -> None:
    text = "services:\n  yb:\n    <<: [{command: yugabyted start --join=a}, {command: yugabyted start --join=b}]\n"
    assert value(only(said(Kind.COMPOSE, text)), "join") == ("a", 3)


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
    part = only(said(Kind.MANIFEST, POD))
    assert part.component is Component.KINE
    assert part.endpoint
    assert part.endpoint.notes
    assert {one.name for one in part.secrets} >= {"endpoint"}
    assert not [one for one in part.settings if one.name == "KINE_URL"]
    assert value(part, "metrics-bind-address") == (":8081", 15)
    assert value(part, "docker.published") == ("host", 5)
    assert part.unread == "the Secret elsewhere, which is not in the file"


def test_a_password_that_a_secret_gives_is_none_in_the_file() -> None:
    env = "{name: PW, valueFrom: {secretKeyRef: {name: db, key: pw}}}"
    text = POD.replace("- {name: KINE_URL", f"- {env}\n      - {{name: KINE_URL").replace("$(DB_PASSWORD)", "$(PW)")
    part = only(said(Kind.MANIFEST, text.replace("DB_PASSWORD: hunter2, ", "")))
    assert part.endpoint
    assert (part.endpoint.refused, part.secrets) == ("", ())


def test_an_umbrella_chart_has_the_charts_values_below_its_name() -> None:
    tserver, _ = said(
        Kind.HELM, "global: {a: b}\nyugabyte:\n  gflags: {tserver: {ysql_sequence_cache_minval: 1}}\n"
    ).parts
    assert value(tserver, "ysql_sequence_cache_minval") == ("1", 3)


def test_what_a_script_writes_is_read_at_its_lines() -> None:
    text = """tee -a /etc/kine.env >/dev/null <<-EOF
\tKINE_COMPACT_INTERVAL=5m
\tEOF
cat <<'EOF' > /etc/systemd/system/kine.service
[Service]
EnvironmentFile=/etc/kine.env
ExecStart=kine --metrics-bind-address=:8080
EOF
cat >"$CONFIG" <<EOF
datastore-endpoint: postgres://kine:$PASSWORD@db/kubernetes
EOF
cat <<EOF
KINE_ENDPOINT=... is what you set next
EOF
cat >start.sh <<EOF
KINE_DEBUG=1
exec kine
EOF
"""
    env, kine, k3s = said(Kind.SCRIPT, text).parts
    assert value(env, "compact-interval") == value(kine, "compact-interval") == ("5m", 2)
    assert (kine.place.line, value(kine, "metrics-bind-address")) == (7, (":8080", 7))
    assert (k3s.component, k3s.endpoint and k3s.endpoint.place.line, k3s.secrets) == (Component.K3S, 10, ())


@pytest.mark.parametrize(
    ("given", "told"), [("", None), ("-e KINE_COMPACT_INTERVAL", "1m"), ("-e KINE_COMPACT_INTERVAL=2m", "2m")]
)
def test_a_container_has_what_it_is_given_and_no_more(given: str, told: str | None) -> None:
    text = f"export KINE_COMPACT_INTERVAL=1m\ndocker run {given} rancher/kine:v0.17.5"
    found = value(only(said(Kind.SCRIPT, text)), "compact-interval")
    assert (found and found[0]) == told


def test_nobody_counts_the_nodes_of_branches() -> None:
    text = f"if x; then {START}; else yugabyted start --advertise_address=b; fi"
    assert [part.count for part in said(Kind.SCRIPT, text).parts] == [None, None]


def test_programs_within_each_other_end() -> None:
    assert said(Kind.SCRIPT, "ssh a " * 3000 + "kine").parts == ()


COMMON = """services:
  base:
    image: rancher/kine:latest
    command:
      - --endpoint=postgres://kine:hunter2@db/kubernetes
    env_file: kine.env
"""


def test_compose_reads_what_a_service_extends_in_another_file_and_what_is_included(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "common.yml").write_text(COMMON)
    (tmp_path / "sub" / "kine.env").write_text("KINE_COMPACT_INTERVAL=1m\n")
    (tmp_path / "kine.env").write_text("KINE_COMPACT_INTERVAL=9m\n")
    (tmp_path / "more.yml").write_text("include: [compose.yml]\nservices: {api: {command: kube-apiserver}}\n")
    (tmp_path / "compose.yml").write_text(
        "include:\n- more.yml\n- {path: [gone.yml]}\n"
        "services:\n  kine:\n    extends: {file: sub/common.yml, service: base}\n    image: rancher/kine:v0.17.5\n"
    )
    reading = Reading()
    reading.file(tmp_path / "compose.yml", Kind.COMPOSE)
    kine, api, gone = reading.result().parts
    assert (kine.component, kine.image and kine.image.tag, kine.place.line) == (Component.KINE, "v0.17.5", 5)
    assert kine.endpoint
    assert kine.endpoint.place == Place(str(tmp_path / "sub" / "common.yml"), 5)
    assert (len(kine.secrets), value(kine, "compact-interval")) == (1, ("1m", 1))
    assert (api.component, api.place.file) == (Component.APISERVER, str(tmp_path / "more.yml"))
    assert (gone.component, gone.unread) == (Component.ELSEWHERE, "gone.yml, which was not read")


def test_helm_values_given_together_are_one_release_unless_they_name_several_zones(tmp_path: Path) -> None:
    texts = ["gflags: {tserver: {ysql_sequence_cache_minval: 1, v: 1}}\n", "gflags: {tserver: {v: 2}}\n"]
    files = [tmp_path / f"{at}.yaml" for at in range(2)]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)
    reading = Reading()
    reading.file(files[0], Kind.HELM, files[1])
    tserver, _ = reading.result().parts
    assert value(tserver, "ysql_sequence_cache_minval") == ("1", 1)
    for file, text in zip(files, ("AZ: a\nreplicas: {tserver: 1}\n", "AZ: b\n"), strict=True):
        file.write_text(text)
    reading = Reading()
    reading.file(files[0], Kind.HELM, files[1])
    assert [part.count for part in reading.result().of(Component.TSERVER)] == [1, 3]


def test_values_without_a_key_of_the_chart_leave_open_what_it_says() -> None:
    tserver, _ = said(Kind.HELM, "foo: bar").parts
    assert tserver.unread == "other values: values.yaml has no key of the chart"


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
    part = only(said(Kind.MANIFEST, text))
    assert [one.place.line for one in part.secrets] == [3] * secrets
