"""Keys in Kubernetes words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetune.kine.keyspace import prefix_end, resource_name, resource_prefix

# PostgreSQL stores no NUL, and text has no surrogates.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
KEYS = st.lists(st.text("abc.-/", min_size=1), max_size=6).map(lambda parts: "/registry/" + "/".join(parts)) | TEXT


@pytest.mark.parametrize(
    ("key", "prefix", "kubectl"),
    [
        ("/registry/pods/default/web-1", "/registry/pods/", "pods"),
        ("/registry/leases/kube-node-lease/node-1", "/registry/leases/", "leases"),
        ("/registry/minions/node-1", "/registry/minions/", "nodes"),
        ("/registry/namespaces/default", "/registry/namespaces/", "namespaces"),
        ("/registry/services/specs/default/web", "/registry/services/specs/", "services"),
        ("/registry/services/endpoints/default/web", "/registry/services/endpoints/", "endpoints"),
        (
            "/registry/cert-manager.io/certificates/default/web",
            "/registry/cert-manager.io/certificates/",
            "certificates.cert-manager.io",
        ),
        (
            "/registry/apiregistration.k8s.io/apiservices/v1.apps",
            "/registry/apiregistration.k8s.io/apiservices/",
            "apiservices.apiregistration.k8s.io",
        ),
        ("/registry/health", "/registry/health", "health"),
        ("/bootstrap/0123abcd", "/bootstrap/", "K3s bootstrap data"),
        ("gap-17", "gap-", "gap rows"),
        ("compact_rev_key", "compact_rev_key", "compaction mark"),
        ("gap-toothed", "gap-toothed", "gap-toothed"),
    ],
)
def test_a_key_belongs_to_a_resource(key: str, prefix: str, kubectl: str) -> None:
    assert resource_prefix(key) == prefix
    assert resource_name(prefix) == kubectl


@given(KEYS)
def test_a_resource_prefix_is_a_prefix_and_its_own_resource(key: str) -> None:
    prefix = resource_prefix(key)
    assert key.startswith(prefix)
    assert resource_prefix(prefix) == prefix


@pytest.mark.parametrize(
    ("prefix", "end"),
    [
        ("/registry/pods/", "/registry/pods0"),
        ("a", "b"),
        ("a\U0010ffff", "b"),
        ("\U0010ffff", "\0"),
        ("", "\0"),
        ("\ud7ff", "\ue000"),
    ],
)
def test_a_prefix_ends_where_etcd_says(prefix: str, end: str) -> None:
    assert prefix_end(prefix) == end


@given(TEXT, TEXT, TEXT)
def test_exactly_what_starts_with_a_prefix_lies_between_it_and_its_end(prefix: str, rest: str, other: str) -> None:
    end = prefix_end(prefix)
    if end != "\0":
        assert prefix.encode() <= (prefix + rest).encode() < end.encode()
        assert (prefix.encode() <= other.encode() < end.encode()) == other.startswith(prefix)
