"""
The releases in rendered files: maintained ones, never `latest`.

YugabyteDB: the newest build of the line in maintenance.NEWEST (docs/facts/yugabytedb.md §1.3). Kine and K3s: the newest
releases that return an error for a create that failed (rule KT601, docs/facts/measured.md §2). emojivoto: v11 from its
own registry, as in upstream's run.linkerd.io/emojivoto.yml.
"""

from __future__ import annotations

YUGABYTEDB = "yugabytedb/yugabyte:2025.2.8.0-b60"
KINE = "v0.16.4"
K3S = "v1.36.4+k3s1"
KINETUNE = "registry.example/kinetune"
"""No published image exists: docs/pipelines/Dockerfile builds it. The tag is the version of kinetune."""
EMOJIVOTO = "docker.l5d.io/buoyantio/emojivoto-{part}:v11"


def kine_image(tag: str) -> str:
    """Rancher's image of a Kine release."""
    return f"rancher/kine:{tag}"


def k3s_image(release: str) -> str:
    """Rancher's image of a K3s release; `+` is not allowed in a tag."""
    return f"rancher/k3s:{release.replace('+', '-')}"
