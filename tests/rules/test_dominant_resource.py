from __future__ import annotations

from dataclasses import replace

import pytest

from kinetune.model.facts import Facts, Growth, ResourceGrowth
from kinetune.model.finding import Severity
from kinetune.rules.dominant_resource import dominant_resource
from tests.rules.made import healthy, run_one


def store(*resources: ResourceGrowth) -> Facts:
    growth = healthy().growth
    assert isinstance(growth, Growth)
    return healthy(growth=replace(growth, resources=resources))


PODS = ResourceGrowth("/registry/pods/", 20_000, 60_000_000)


@pytest.mark.parametrize(
    ("prefix", "name", "do"),
    [
        ("/registry/events/", "events", "--event-ttl=1h"),
        ("/registry/leases/", "leases", "longer lease durations"),
        ("/registry/secrets/", "secrets", "helm upgrade --history-max 3"),
        ("/registry/example.com/things/", "things.example.com", "kubectl get things.example.com -A -w"),
    ],
)
def test_a_resource_that_fills_the_store_is_a_remark(prefix: str, name: str, do: str) -> None:
    (found,) = run_one(dominant_resource, store(ResourceGrowth(prefix, 80_000, 1_200_000_000), PODS))
    assert (found.severity, found.on) == (Severity.INFO, prefix)
    assert f"{name} have 80 % of the revisions, about 80,000 with 1.1 GiB of values" in found.says
    assert do in found.do


def test_half_a_small_store_and_an_even_one_are_fine() -> None:
    assert run_one(dominant_resource, healthy()) == ()
    assert run_one(dominant_resource, store(ResourceGrowth("/registry/events/", 19_000, 1))) == ()
    assert run_one(dominant_resource, store(PODS, ResourceGrowth("/registry/events/", 20_000, 1))) == ()


def test_gap_rows_have_a_rule_of_their_own() -> None:
    assert run_one(dominant_resource, store(ResourceGrowth("gap-", 90_000, 0), PODS)) == ()
