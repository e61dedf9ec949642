"""Files of other tools that carry an endpoint for Kine or K3s, from public reports (passwords are invented)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.call import call

DATA = Path(__file__).parents[1] / "data" / "config"
CARRIERS = {
    "ansible": ["KT608 group_vars/control.yml:4"],
    "hetzner-k3s": [
        "KT607 cluster_config.yaml:6",
        "KT608 cluster_config.yaml:6",
        "KT609 cluster_config.yaml:6",
    ],
    "installer": ["KT608 setup.sh:18"],
    "json": [
        "KT607 cluster.json:4",
        "KT607 cluster.json:6",
        "KT607 k3s.toml:10",
        "KT607 k3s.toml:2",
        "KT607 k3s.toml:6",
        "KT608 cluster.json:4",
        "KT608 k3s.toml:2",
        "KT609 cluster.json:4",
        "KT609 k3s.toml:2",
    ],
    "k0s": ["KT607 k0s.yaml:11", "KT608 k0s.yaml:11"],
    "k3d": ["KT607 k3d.yaml:9", "KT608 k3d.yaml:9", "KT608 up.sh:3", "KT609 up.sh:3", "KT613 k3d.yaml:5"],
    "k3k": ["KT607 cluster.yaml:14", "KT608 cluster.yaml:14", "KT608 cluster.yaml:26", "KT609 cluster.yaml:14"],
    "k3s-pool-key": ["KT606 config.yaml:5", "KT608 config.yaml:4"],
    "k3s-unit-blank": ["KT606 k3s.service:8"],
    "k3s-unit-environment": ["KT608 systemd/k3s.service.env:2"],
    "k3sup": [
        "KT607 up.sh:2",
        "KT607 up.sh:3",
        "KT607 up.sh:4",
        "KT608 up.sh:2",
        "KT608 up.sh:3",
        "KT608 up.sh:4",
        "KT609 up.sh:2",
        "KT609 up.sh:3",
        "KT609 up.sh:4",
    ],
    "kairos": [
        "KT607 cloud_config.yaml:12",
        "KT607 cloud_config.yaml:5",
        "KT608 cloud_config.yaml:12",
        "KT608 cloud_config.yaml:5",
    ],
    "kubeadm": ["KT607 kine.service:4", "KT610 kubeadm.yaml:11", "KT612 kine.service:4"],
    "nixos": ["KT607 configuration.nix:7", "KT608 configuration.nix:7", "KT609 configuration.nix:7"],
    "rancher": ["KT607 cluster.yaml:9", "KT608 cluster.yaml:9", "KT609 cluster.yaml:9"],
    "rke2": [
        "KT607 config.yaml.d/10-datastore.yaml:1",
        "KT607 rke2-server:1",
        "KT608 config.yaml.d/10-datastore.yaml:1",
        "KT609 config.yaml.d/10-datastore.yaml:1",
    ],
    "terraform": ["KT607 main.tf:5", "KT608 main.tf:5", "KT609 main.tf:3"],
    "vcluster": ["KT607 vcluster.yaml:9", "KT608 vcluster.yaml:9", "KT609 vcluster.yaml:9"],
}
UNKNOWN = {"ansible", "hetzner-k3s", "json", "k0s", "k3d", "k3k", "kairos", "nixos", "rancher", "terraform", "vcluster"}


@pytest.mark.parametrize("carrier", CARRIERS)
def test_an_endpoint_is_found_at_its_line_in_files_of_any_tool(carrier: str) -> None:
    said = call("check", "--offline", "--config-dir", ".", "--select", "KT6", "--format", "json", folder=DATA / carrier)
    report = json.loads(said.out)
    findings = {f"{one['code']} {one['place']['file']}:{one['place']['line']}" for one in report["findings"]}
    assert (said.status, sorted(findings)) == (1, CARRIERS[carrier])
    assert any("in a file of a kind that is not known" in note for note in report["notes"]) == (carrier in UNKNOWN)
    for secret in ("redacted", "p@ss", "verybadpass", "kinepassword"):
        assert secret not in said.out


def test_a_carrier_without_an_endpoint_is_listed_as_not_read() -> None:
    said = call("check", "--offline", "--config-dir", ".", folder=DATA / "kamaji")
    assert said.status == 2
    assert "mentions k3s or kine, not read: datastore.yaml, values.yaml" in said.line


def test_a_file_that_cannot_be_read_does_not_end_a_folder() -> None:
    said = call("check", "--offline", "--config-dir", ".", "--format", "json", folder=DATA / "broken-folder")
    report = json.loads(said.out)
    assert said.status == 3
    assert {one["place"]["file"] for one in report["findings"]} == {"k3s/config.yaml"}
    assert report["notes"] == [
        "not read: broken.yaml:3: this is not YAML; look for a missing quote, a tab or a wrong indent",
        "mentions k3s or kine, not read: charts/tpl.yaml, play.yml, vault.yml",
    ]


@pytest.mark.parametrize(
    ("option", "file", "says"),
    [
        ("--k3s-config", "ansible/group_vars/control.yml", "no K3s key in "),
        ("--k3s-config", "k0s/k0s.yaml", "no K3s key in "),
        ("--k3s-config", "vcluster/vcluster.yaml", "no K3s key in "),
        ("--k3s-config", "hetzner-k3s/cluster_config.yaml", "no K3s key in "),
        ("--k3s-config", "kairos/cloud_config.yaml", "no K3s key in "),
        ("--k3s-config", "k3d/k3d.yaml", "no K3s key in "),
        ("--helm-values", "vcluster/vcluster.yaml", "no key of YugabyteDB's chart in "),
        ("--kine-unit", "nixos/configuration.nix", "this is not NAME=value"),
        ("--yugabyted", "kubeadm/kubeadm.yaml", "no yugabyted, k3s or kine command in "),
    ],
)
def test_a_named_file_holds_a_key_of_its_kind(option: str, file: str, says: str) -> None:
    said = call("check", "--offline", option, DATA / file)
    assert said.status == 2
    assert says in said.line


def test_a_file_in_place_of_a_folder_is_recognised_by_its_content() -> None:
    said = call("check", "--offline", "--config-dir", DATA / "k0s" / "k0s.yaml", "--select", "KT608")
    assert said.status == 1


def test_a_manifest_for_another_tool_says_what_was_checked() -> None:
    said = call("check", "--offline", "--config-dir", ".", folder=DATA / "k0s")
    text = " ".join(said.out.split())
    assert "k0s.yaml: in a file of a kind that is not known only endpoints and images are checked" in text
