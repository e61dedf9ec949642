"""
K3s' and RKE2's config.yaml and the files of config.yaml.d beside it: the one reader of them in kinetune.

It does what pkg/configfilearg of K3s does (v1.35.0, tried in tests/config/test_k3s_reading.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from kinetune.config.raw_settings import ProcessOrigin, RawSetting, build_process
from kinetune.config.yaml_text import YamlNode, parse_documents
from kinetune.kine.flags import K3S_KEYS
from kinetune.model.configuration import Component, ConfiguredProcess
from kinetune.model.failure import UsageFailure
from kinetune.model.file_location import FileLocation

_DISTINCT = """
cluster-init tls-san kube-apiserver-arg write-kubeconfig-mode node-taint disable secrets-encryption token token-file
node-name flannel-backend
"""
# By these a K3s configuration is recognised in a folder.
DISTINCT_KEYS = K3S_KEYS | frozenset(_DISTINCT.split())
_OTHERS = """
debug v vmodule log alsologtostderr bind-address https-listen-port advertise-address advertise-port tls-san-security
data-dir cluster-cidr service-cidr service-node-port-range cluster-dns cluster-domain flannel-ipv6-masq
flannel-external-ip egress-selector-mode servicelb-namespace write-kubeconfig write-kubeconfig-group helm-job-image
agent-token agent-token-file server cluster-reset cluster-reset-restore-path etcd-arg kube-controller-manager-arg
kube-scheduler-arg kube-cloud-controller-manager-arg default-local-storage-path disable-scheduler disable-etcd
disable-apiserver disable-controller-manager disable-cloud-controller disable-kube-proxy disable-network-policy
disable-helm-controller embedded-registry supervisor-metrics with-node-id node-label
image-credential-provider-bin-dir image-credential-provider-config docker container-runtime-endpoint default-runtime
image-service-endpoint disable-default-registry-endpoint nonroot-devices pause-image snapshotter private-registry
system-default-registry node-ip node-external-ip node-internal-dns node-external-dns resolv-conf flannel-iface
flannel-conf flannel-cni-conf vpn-auth vpn-auth-file kubelet-arg kube-proxy-arg protect-kernel-defaults enable-pprof
rootless secrets-encryption-provider prefer-bundled-bin selinux lb-server-port cni cloud-provider-name profile
"""
# `k3s server --help` of v1.35.0+k3s1, its hidden flags that disable a component, and RKE2's own last three.
KEYS = DISTINCT_KEYS | frozenset(_OTHERS.split())


def read_k3s(files: Sequence[tuple[str, str]]) -> list[ConfiguredProcess]:
    """One server out of (text, path) of its files. UsageFailure for a file that is not a mapping."""
    path = files[0][1]
    origin = ProcessOrigin(Component.K3S, path.rpartition("/")[2], FileLocation(path, 1))
    return [build_process(origin, settings_in_force(files))]


def settings_in_force(files: Iterable[tuple[str, str]]) -> list[RawSetting]:
    """
    What K3s makes of its files in their order: a key replaces an earlier one unless it ends in +, which appends.

    Of a key with several values that takes one, the last counts. UsageFailure for a file that is not a mapping.
    """
    settings: dict[str, list[RawSetting]] = {}
    for text, path in files:
        for key, values in _read_keys(path, text):
            # A key with + appends to what earlier files set, any other replaces it.
            name = key.removesuffix("+")
            settings[name] = [*settings.get(name, ()), *values] if key.endswith("+") else values
    return [one for several in settings.values() for one in several]


def read_datastore(path: Path) -> dict[str, str]:
    """
    The datastore-* keys of a K3s configuration and its drop-ins, for a connection: an endpoint may hold a password.

    UsageFailure where it cannot be read.
    """
    try:
        texts = [(one.read_text(encoding="utf-8"), str(one)) for one in files_of(path)]
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UsageFailure(f"{path} cannot be read: {cause}", "name another file, or run as its owner") from None
    return {one.name: one.value for one in settings_in_force(texts) if one.name.startswith("datastore-")}


def files_of(path: Path) -> list[Path]:
    """A configuration and its drop-ins by name; without the file itself where only drop-ins are there."""
    folder = path.with_name(f"{path.name}.d")
    drop_ins = sorted(one for one in folder.glob("*") if one.suffix.lower() in (".yaml", ".yml") and one.is_file())
    return drop_ins if drop_ins and not path.exists() else [path, *drop_ins]


def _read_keys(path: str, text: str) -> Iterator[tuple[str, list[RawSetting]]]:
    """The keys of the first document, which is all that K3s reads."""
    for document in parse_documents(text, path)[:1]:
        if not document.is_map:
            raise UsageFailure(f"{path}:{document.line}: this is not a K3s configuration", "write key: value lines")
        for key, value in document.pairs():
            name = key.text.removesuffix("+")
            yield key.text, [_make_setting(name, item) for item in list(value.items()) or [value]]


def _make_setting(key: str, item: YamlNode) -> RawSetting:
    """An argument for the API server becomes the API server's own flag."""
    if key == "kube-apiserver-arg":
        name, _, value = item.text.lstrip("-").partition("=")
        return RawSetting(name, value, item.place)
    return RawSetting(key, item.text, item.place, key=True)
