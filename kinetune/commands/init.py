"""What `kinetune init` does between showing and telling: look, ask, carry out, verify."""

from __future__ import annotations

import contextlib
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kinetune.cli.options import agreed
from kinetune.commands.init_sequence import refuse_probed, refuse_seen, with_flags
from kinetune.model.failure import CouldNotLook, Refused
from kinetune.model.script import Hazard

if TYPE_CHECKING:
    from kinetune.database.apply import Done, Watcher
    from kinetune.kine.releases import Era, EraInUse
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.facts import Facts
    from kinetune.model.script import Script
    from kinetune.model.server import Server
    from kinetune.tuning.target import Target


STOPPED = frozenset({Hazard.REBUILD, Hazard.OFFLINE_INDEX})
"""Hazards for which it is looked whether Kine is stopped: what it would write meanwhile fails, or is lost."""


@dataclass(frozen=True)
class Wish:
    """
    What the user asked for, apart from where. `era` is the one that was said; None asks the store. `tserver_http` is
    the port of YugabyteDB's tservers, asked for their flag where that decides something; 0 asks none.
    """

    profile: str
    era: EraInUse | None
    allow: frozenset[str]
    leave: frozenset[str]
    tserver_http: int = 0
    rebuild: bool = False
    drop_gaps: bool = False
    finish: bool = False
    plant: bool = True


@dataclass(frozen=True)
class Seen:
    """One look at the store, and what it leads to."""

    facts: Facts
    kine: EraInUse
    script: Script


@dataclass(frozen=True)
class Outcome:
    """What was done, statement by statement, and how long the whole took (seconds)."""

    done: tuple[Done, ...]
    seconds: float


def look(endpoint: Endpoint, wish: Wish) -> Seen:
    """On a session that may only read."""
    from kinetune.database.era import era_in_use
    from kinetune.database.look import store

    with store(endpoint, "init") as (session, facts):
        kine = wish.era or era_in_use(session)
        facts = with_flags(session, facts, _script(facts, kine, wish), wish)
    return Seen(facts, kine, _script(facts, kine, wish))


def offline(server: str, wish: Wish) -> Script:
    """The script for an empty database of `--server`."""
    from kinetune.kine.releases import newest
    from kinetune.servers.recognise import named
    from kinetune.tuning.difference import for_empty

    known = named(server)
    return for_empty(known, _target(wish, known, wish.era.era if wish.era else newest()))


def _target(wish: Wish, server: Server, era: Era) -> Target:
    """The profile's, without planting where the user left that out."""
    from kinetune.tuning.profiles import target

    found = target(wish.profile, server, era)
    return replace(found, plants=found.plants and wish.plant)


def carry_out(endpoint: Endpoint, seen: Seen, wish: Wish, *, yes: bool) -> Outcome:
    """
    Ask, apply, verify. Nothing is begun where a hazard is not allowed, a privilege is missing or nobody agrees.

    Raises Refused where the store changed since it was looked at: the plan that was agreed to is no longer the one.
    """
    from kinetune.cli.progress import Progress
    from kinetune.tuning.may import refuse_powerless

    refuse_powerless(seen.facts, seen.script)
    refuse_seen(seen, wish)
    _refuse_hazards(seen.script, wish)
    _ask(endpoint, seen.script, yes=yes)
    started = time.monotonic()
    with Progress(endpoint, seen.script) as progress:
        _apply(endpoint, seen, wish, progress.watch)
    _verify(endpoint, seen, wish)
    return Outcome(tuple(progress.done), time.monotonic() - started)


def _script(facts: Facts, kine: EraInUse, wish: Wish) -> Script:
    """Where the era is only assumed, settings that were right for the one known before stay."""
    from kinetune.tuning.difference import difference
    from kinetune.tuning.rebuild import Rebuild
    from kinetune.tuning.swap import finish

    if wish.finish:
        return finish(facts, wish.profile)
    wanted = _target(wish, facts.server, kine.era)
    if not kine.known and wish.profile != "stock":  # stock is what one goes back to
        wanted = wanted.keeping(facts.database_settings)
    rebuild = Rebuild(wish.rebuild, Hazard.REBUILD in wish.leave, wish.drop_gaps)
    return difference(facts, wanted, rebuild).without(wish.leave)


def _refuse_hazards(script: Script, wish: Wish) -> None:
    for hazard in script.hazards:
        if hazard not in wish.allow and hazard is not Hazard.SEQUENCE_CACHE:  # that one is looked at, see refuse_seen
            step = next(step for step in script.steps if step.hazard is hazard)
            raise Refused(
                f"nothing was changed: to {step.does} is the hazard {hazard} (Kine must be stopped)",
                f"stop Kine and add --allow {hazard}, or leave it out with --leave {hazard}",
            )


def _ask(endpoint: Endpoint, script: Script, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refused("nothing was changed: there is no terminal to ask on", "add --yes to apply this plan")
    steps = "this step" if len(script.steps) == 1 else f"these {len(script.steps)} steps"
    if not agreed(f"Apply {steps} to {endpoint}?"):
        raise Refused("nothing was changed", "run it again when you are ready, or keep the plan with --print")


def _apply(endpoint: Endpoint, seen: Seen, wish: Wish, watch: Watcher) -> None:
    from kinetune.database.apply import Apply, alone
    from kinetune.database.look import store
    from kinetune.database.observe import observe
    from kinetune.database.stopped import refuse_running

    if not seen.facts.database_exists:
        with store(endpoint, "init", write=True) as (session, facts):
            refuse_probed(session, seen, wish)
            if not facts.database_exists:
                Apply(session, watch).script(seen.script.outside())
    with contextlib.ExitStack() as stack:
        session, _ = stack.enter_context(store(endpoint, "init", write=True))
        refuse_probed(session, seen, wish)  # in the session that will alter: another may be on another node
        stack.enter_context(alone(session))
        script = _script(replace(observe(session), cluster=seen.facts.cluster), seen.kine, wish)
        if script.steps != seen.script.inside().steps:
            raise Refused("the store has changed since this plan was made", "run again to see the new plan")
        if STOPPED & set(script.hazards) or script.proves_unused:
            refuse_running(session)
        Apply(session, watch, lambda: _script(observe(session), seen.kine, wish)).script(script)


def _verify(endpoint: Endpoint, seen: Seen, wish: Wish) -> None:
    """The second look: whatever is still to be done was done by somebody else meanwhile, or not as told."""
    from kinetune.database.look import store

    with store(endpoint, "init") as (_, facts):
        left = _script(replace(facts, cluster=seen.facts.cluster), seen.kine, wish)
        if left := left.without(
            wish.allow & {Hazard.SEQUENCE_CACHE}
        ):  # no SQL brings a cache of 1 where that was allowed
            raise CouldNotLook(
                f"applied, but not as planned: still to {left.steps[0].does}", "run kinetune init again to see why"
            )
