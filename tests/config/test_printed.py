"""What other tools print is read in place of files: `systemctl cat`, `docker compose config`, `helm template`."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from kinetune.config.read_files import STANDARD_INPUT, ConfigurationReader, FileKind
from kinetune.model.configuration import Component, Configuration
from kinetune.model.failure import UsageFailure
from kinetune.model.file_location import FileLocation

SYSTEMCTL = """# /etc/systemd/system/k3s.service
[Unit]
Description=Lightweight Kubernetes

[Service]
EnvironmentFile=-/nowhere/k3s.service.env
ExecStart=/usr/local/bin/k3s \\
    server \\

# /etc/systemd/system/k3s.service.d/10-store.conf
[Service]
Environment=K3S_DATASTORE_ENDPOINT=postgres://kine:hunter2@pgbouncer/Kine

# /etc/systemd/system/k3s.service.d/20-flags.conf
[Service]
ExecStart=
ExecStart=/usr/local/bin/k3s server --kube-apiserver-arg=etcd-compaction-interval=0
"""
COMPOSE = """name: store
services:
  kine:
    command:
      - --endpoint=postgres://kine:hunter$$2@pgbouncer:6432/Kine
      - --metrics-bind-address=:8080
    environment:
      KINE_COMPACT_INTERVAL: 5m0s
    image: rancher/kine:v0.17.5
    networks:
      default: null
    ports:
      - mode: ingress
        host_ip: 127.0.0.1
        target: 8080
        published: "8080"
        protocol: tcp
  yb:
    command: [bin/yugabyted, start, --join=yb_0]
    deploy:
      replicas: 3
      resources: {limits: {memory: "4294967296"}}
    image: yugabytedb/yugabyte:2025.2.8.0-b60
networks:
  default:
    name: store_default
"""
HELM = """---
# Source: kine/templates/secret.yaml
apiVersion: v1
kind: Secret
metadata: {name: kine}
stringData:
  endpoint: postgres://kine:hunter2@db:5432/Kine
---
# Source: kine/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: kine}
spec:
  replicas: 2
  template:
    spec:
      containers:
      - name: kine
        image: rancher/kine:v0.17.5
        args: [--metrics-bind-address=:8080]
        env:
        - name: KINE_ENDPOINT
          valueFrom: {secretKeyRef: {name: kine, key: endpoint}}
---
# Source: yugabyte/templates/service.yaml
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: yb-tserver}
spec:
  replicas: 3
  template:
    spec:
      containers:
      - name: yb-tserver
        image: yugabytedb/yugabyte:2025.2.8.0-b60
        command: [/sbin/tini, --]
        args:
        - /bin/bash
        - -c
        - |
          touch /mnt/disk0/disk.check &&
          exec /home/yugabyte/bin/yb-tserver --fs_data_dirs=/mnt/disk0 --rpc_bind_addresses=$(HOSTNAME)
"""


def printed(text: str, kind: FileKind, monkeypatch: pytest.MonkeyPatch) -> Configuration:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    reader = ConfigurationReader()
    reader.read_named(Path("-"), kind)
    return reader.result()


def test_systemctl_cat_prints_a_unit_with_its_drop_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = printed(SYSTEMCTL, FileKind.UNIT, monkeypatch)
    (k3s,) = configuration.parts
    assert (k3s.component, k3s.name, k3s.unread) == (Component.K3S, "k3s.service", "/nowhere/k3s.service.env")
    assert k3s.endpoint
    assert (k3s.endpoint.place, k3s.endpoint.pooler) == (FileLocation(STANDARD_INPUT, 12), "its host's name")
    setting = k3s.find("etcd-compaction-interval")
    assert setting
    assert (setting.value, setting.place.line) == ("0", 17)
    assert [file.path for file in configuration.files] == [STANDARD_INPUT]


def test_docker_compose_config_prints_services_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    kine, node = printed(COMPOSE, FileKind.COMPOSE, monkeypatch).parts
    assert kine.endpoint
    assert (kine.endpoint.pooler, len(kine.secrets)) == ("its host's name", 1)
    published = kine.find("docker.published")
    interval = kine.find("compact-interval")
    assert published
    assert interval
    assert (published.value, interval.value) == ("127.0.0.1:8080:8080", "5m0s")
    assert (node.component, node.count, node.find("join") is not None) == (Component.NODE, 3, True)


def test_helm_template_prints_manifests(monkeypatch: pytest.MonkeyPatch) -> None:
    kine, tserver = printed(HELM, FileKind.HELM, monkeypatch).parts
    assert kine.endpoint
    assert (kine.component, kine.endpoint.place.line, len(kine.secrets)) == (Component.KINE, 7, 1)
    assert (tserver.component, tserver.count, tserver.place.line) == (Component.TSERVER, 3, 42)


def test_an_environment_file_on_standard_input_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    (k3s,) = printed("K3S_DATASTORE_ENDPOINT=postgres://db/k\n", FileKind.UNIT, monkeypatch).parts
    assert (k3s.component, k3s.endpoint is not None) == (Component.K3S, True)
    with pytest.raises(UsageFailure, match="no KINE_, K3S_ or RKE2_ variable in standard input"):
        printed("HTTP_PROXY=http://proxy\n", FileKind.UNIT, monkeypatch)
