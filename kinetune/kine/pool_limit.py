"""The limit of Kine's database connections and how to set it, for all remedies that mention it."""

from __future__ import annotations

from kinetune.kine.flags import NO_VARIABLES, variable_name
from kinetune.kine.releases import describe_release
from kinetune.model.configuration import Component
from kinetune.model.kine_release import KineRelease

FLAG = "datastore-max-open-connections"
VARIABLE = variable_name(FLAG)
IDLE = variable_name("datastore-max-idle-connections")
K3S_FILE = "/etc/systemd/system/k3s.service.env"
"""The environment file in the systemd unit of the K3s installer."""
RAISE = f"raise the connection limit of Kine ({VARIABLE} in the environment of Kine or K3s)"


def describe_pool_limit(connections: int, component: Component | None = None, kine: KineRelease | None = None) -> str:
    """
    How to set the limit to that many connections (0: none) for a kind of program (None: unknown) and a Kine release.

    `k3s server` has no flag for it and ignores the key in config.yaml (docs/facts/kine.md §9.2).
    """
    no_variables = kine is not None and NO_VARIABLES.applies_to(kine) is True
    if component is Component.KINE:
        return f"--{FLAG}={connections}"
    if component is Component.K3S and no_variables and kine:
        return f"upgrade K3s: with {describe_release(kine)} it has no setting for this"
    if component is Component.K3S:
        return f"{VARIABLE}={connections} in {K3S_FILE}, then restart K3s"
    if no_variables:
        return f"--{FLAG}={connections} for standalone Kine (this K3s release has no setting for it)"
    return f"{VARIABLE}={connections} in the environment of Kine, or of K3s ({K3S_FILE})"
