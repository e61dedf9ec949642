"""
The resources of a busy K3s cluster: the number of objects, how often they change, the size of values, and keys.

Shares, sizes and rates are estimates, not measurements: leases and pods have most revisions, secrets the largest
values. Sizes are in the order of `kubectl get -o yaml` on small clusters; no store of a user was read.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Resource:
    """
    `key` is a pattern for the values of object_names.py. `share` is the part of all objects. `changes` is the number of
    revisions after the first in a store with five revisions per object. `size` is the median of a value in bytes,
    `spread` its sigma (lognormal).

    `active` is the part of the objects that may change at a time; new objects replace the oldest of them. The part
    `deleted` of the replaced objects ends with a tombstone. `lease` is a time to live in seconds. All `early` objects
    are created before the first change. `copies` objects have one owner, like the pods of a deployment.
    """

    kind: str
    key: str
    share: float
    changes: float
    size: int
    spread: float = 0.4
    active: float = 1.0
    deleted: float = 0.0
    lease: int = 0
    early: bool = False
    copies: int = 1


_R = "/registry/"
RESOURCES = (
    Resource("Pod", _R + "pods/{ns}/{app}-{hash}-{five}", 0.34, 5.2, 3000, 0.35, active=0.6, deleted=0.6, copies=3),
    Resource(
        "Event",
        _R + "events/{ns}/{app}-{hash}-{five}.{hex}",
        0.22,
        0.8,
        700,
        active=0.5,
        deleted=1.0,
        lease=3660,
        copies=2,
    ),
    Resource("ReplicaSet", _R + "replicasets/{ns}/{app}-{hash}", 0.09, 2.0, 1900, active=0.5, deleted=0.3),
    Resource("Secret", _R + "secrets/{ns}/{app}-{hash}", 0.07, 0.2, 1200, 1.1),
    Resource("ConfigMap", _R + "configmaps/{ns}/{app}-config", 0.06, 0.5, 1000, 0.9),
    Resource("EndpointSlice", _R + "endpointslices/{ns}/{app}-{five}", 0.04, 4.0, 1100),
    Resource("Endpoints", _R + "services/endpoints/{ns}/{app}", 0.03, 3.0, 800),
    Resource("Service", _R + "services/specs/{ns}/{app}", 0.03, 0.2, 1100),
    Resource("Deployment", _R + "deployments/{ns}/{app}", 0.03, 4.0, 2300),
    Resource("ServiceAccount", _R + "serviceaccounts/{ns}/{app}", 0.025, 0.1, 300),
    Resource("Role", _R + "roles/{ns}/{app}", 0.015, 0.1, 500),
    Resource("RoleBinding", _R + "rolebindings/{ns}/{app}", 0.015, 0.1, 500),
    Resource("ClusterRole", _R + "clusterroles/{app}", 0.005, 0.1, 900, 0.9),
    Resource("ClusterRoleBinding", _R + "clusterrolebindings/{app}", 0.005, 0.1, 500),
    Resource("HelmChart", _R + "helm.cattle.io/helmcharts/kube-system/{app}", 0.002, 2.0, 1500),
    Resource("Addon", _R + "k3s.cattle.io/addons/kube-system/{app}", 0.002, 2.0, 600),
    Resource("CustomResourceDefinition", _R + "apiextensions.k8s.io/customresourcedefinitions/{app}", 0.002, 1.0, 9000),
    Resource("APIService", _R + "apiregistration.k8s.io/apiservices/v1.{app}", 0.002, 1.0, 600),
    Resource("Namespace", _R + "namespaces/{ns}", 0.005, 0.2, 400, early=True),
    Resource("Node", _R + "minions/{node}", 0.005, 55.0, 6000, 0.2, early=True),
    Resource("Lease", _R + "leases/kube-node-lease/{node}", 0.005, 210.0, 450, 0.1, early=True),
    Resource("Lease", _R + "leases/kube-system/{app}", 0.0006, 600.0, 500, 0.1, early=True),
    Resource("Endpoints", _R + "masterleases/{ip}", 0.0002, 300.0, 150, 0.1, lease=15, early=True),
)
