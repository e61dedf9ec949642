"""How to start Kubernetes on the target of a move, what its clients will see, and how to go back."""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.bootstrap_key import TOKEN_FILE
from kinetune.model.report import Code, Heading, Paragraph, Section, Tone
from kinetune.model.transfer import SourceKind
from kinetune.tuning.change_plans import MoveOutcome, MovePlan
from kinetune.tuning.move_obstacles import K3S_ETCD

EMBEDDED_ETCD = f"""\
# 1. On every server: K3s uses an embedded etcd that is on its disk, whatever its configuration says
systemctl stop k3s
mv -T {K3S_ETCD} {K3S_ETCD}.moved
# 2. In /etc/rancher/k3s/config.yaml of every server, remove cluster-init and server, and add
"""
EXTERNAL = """\
# In /etc/rancher/k3s/config.yaml of every server, set
"""
K3S_START = """\
datastore-endpoint: {endpoint}
# Start one server, and the others when it is ready. The token stays the same: on a new server, add token: and the line
# of {token_file} of an old one
systemctl start k3s
# RKE2: the same with /etc/rancher/rke2, /var/lib/rancher/rke2 and rke2-server, where rke2 server --help lists
# --datastore-endpoint
"""
KINE_START = """\
# kubeadm: start Kine on every control plane node (kinetune render kine writes its unit)
kine --endpoint '{endpoint}' --listen-address 127.0.0.1:2379
# In /etc/kubernetes/manifests/kube-apiserver.yaml set --etcd-servers=http://127.0.0.1:2379, and remove --etcd-cafile,
# --etcd-certfile and --etcd-keyfile; then move it back to that folder
# k0s: in /etc/k0s/k0s.yaml, spec.storage: {{type: kine, kine: {{dataSource: "{endpoint}"}}}}, then k0s start
"""
STOP_ETCD = """\
# kubeadm: end the etcd of every control plane node, which has the port of Kine
mv /etc/kubernetes/manifests/etcd.yaml /etc/kubernetes/
"""


def describe_restart(plan: MovePlan, outcome: MoveOutcome) -> Iterator[Section]:
    """The sections of the report that follow its result. The endpoint has no password: the user adds it."""
    yield Heading("Start Kubernetes on the target")
    yield Code(_format_start(plan), "sh")
    yield Paragraph(_describe_clients(plan))
    if plan.census.encrypted and not plan.census.bootstrap:  # K3s keeps the keys with its certificates in the store
        keys = ", ".join(plan.census.encrypted)
        yield Paragraph(f"Keep the encryption configuration of the API server: values need {keys}.", Tone.WARN)
    yield Heading("Go back")
    yield Paragraph(_describe_way_back(plan, outcome), Tone.WARN)


def _format_start(plan: MovePlan) -> str:
    endpoint, is_etcd = str(plan.endpoint), plan.source.kind.is_etcd
    if plan.census.bootstrap:
        return (EMBEDDED_ETCD if is_etcd else EXTERNAL) + K3S_START.format(endpoint=endpoint, token_file=TOKEN_FILE)
    return (STOP_ETCD if is_etcd else "") + KINE_START.format(endpoint=endpoint)


def _describe_clients(plan: MovePlan) -> str:
    password = "" if plan.endpoint.password is None else " Add the password to the endpoint: reports never contain it."
    if plan.is_verbatim:
        return (
            "Every object keeps its resourceVersion. Watches and lists at old revisions work as before, except those "
            f"of the API server's own cache, which begins empty: their clients list again.{password}"
        )
    return (
        "Every object keeps its resourceVersion. Clients that watch from an old revision get 410 (Gone) once, and list "
        f"again by themselves.{password}"
    )


def _describe_way_back(plan: MovePlan, outcome: MoveOutcome) -> str:
    text = "The source was only read"
    if outcome.fenced:
        text = (
            f"The source holds what it held. {', '.join(outcome.fenced)} may not write to it until kinetune move "
            f"--unfence {plan.source.place} has been run: do this first"
        )
    text += ": start Kubernetes with its former configuration" if not outcome.fenced else ", then start Kubernetes"
    if plan.source.kind.is_etcd and plan.census.bootstrap:
        # K3s on an external store makes a new folder (docs/facts/moving.md §11): the old one must not end up inside it.
        text += f", after mv -T {K3S_ETCD} {K3S_ETCD}.external and mv -T {K3S_ETCD}.moved {K3S_ETCD} on every server"
    text += (
        ". This loses nothing before the first start on the target. After it, writes to the target are lost, and "
        "clients have seen revisions that the source does not have."
    )
    if plan.source.kind in (SourceKind.POSTGRESQL, SourceKind.YUGABYTEDB):
        text += " To keep them, stop Kubernetes and move the other way, into an empty database."
    return text
