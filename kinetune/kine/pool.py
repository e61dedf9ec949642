"""Where the number of Kine's connections to its database is bounded: one place for all that advise it."""

from __future__ import annotations

from kinetune.kine.flags import NO_VARIABLES, variable
from kinetune.kine.traits import named
from kinetune.model.configuration import Component
from kinetune.model.facts import KineRelease

FLAG = "datastore-max-open-connections"
VARIABLE = variable(FLAG)
IDLE = variable("datastore-max-idle-connections")
K3S_FILE = "/etc/systemd/system/k3s.service.env"
"""The environment file that K3s' installer names in its unit."""
RAISE = f"raise Kine's bound ({VARIABLE} in the environment of Kine or K3s)"


def bound(connections: int, component: Component | None = None, kine: KineRelease | None = None) -> str:
    """
    How to set it to that many (0: no bound) in a program of this kind, None where nobody knows which, and its release.

    `k3s server` has no flag for it and passes over the key in config.yaml (docs/facts/kine.md §9.2).
    """
    no_variables = kine is not None and NO_VARIABLES.of(kine) is True
    if component is Component.KINE:
        return f"--{FLAG}={connections}"
    if component is Component.K3S and no_variables and kine:
        return f"upgrade K3s: with {named(kine)} inside it has no setting for it"
    if component is Component.K3S:
        return f"{VARIABLE}={connections} in {K3S_FILE}, then restart K3s"
    if no_variables:
        return f"--{FLAG}={connections} where Kine runs by itself (K3s has no setting for it in this release)"
    return f"{VARIABLE}={connections} in the environment of Kine, or of K3s ({K3S_FILE})"
