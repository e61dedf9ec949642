"""
The releases that rendered files name: one place, each in maintenance, none `latest`.

YugabyteDB: the newest build of the line maintenance.NEWEST names (facts/yugabytedb.md §1.3). Kine and K3s: the newest
that answer an error to a create that failed, and the K3s that holds this Kine (rule KT601, facts/measured.md §2).
emojivoto: v11 of its own registry, which upstream's run.linkerd.io/emojivoto.yml names.
"""

from __future__ import annotations

YUGABYTEDB = "yugabytedb/yugabyte:2025.2.8.0-b60"
KINE = "v0.16.4"
K3S = "v1.36.4+k3s1"
KINETUNE = "registry.example/kinetune"
"""Nobody publishes it yet: docs/pipelines/Dockerfile makes it. The tag is kinetune's own version."""
EMOJIVOTO = "docker.l5d.io/buoyantio/emojivoto-{part}:v11"


def kine_image(tag: str) -> str:
    """Rancher's image of a Kine release."""
    return f"rancher/kine:{tag}"


def k3s_image(release: str) -> str:
    """Rancher's image of a K3s release; a tag holds no +."""
    return f"rancher/k3s:{release.replace('+', '-')}"
