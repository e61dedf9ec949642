"""What `kinetune explain --compare-profiles` does: explain the reads on copies with the indexes of each profile."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from kinetune.commands.explain import (
    ExplainOptions,
    describe_store,
    name_object_counts,
    require_kine_table,
    select_calls,
)
from kinetune.commands.observer import SILENT, Observer
from kinetune.plans.profile_ranking import ProfileComparison, ProfileRun

if TYPE_CHECKING:
    from kinetune.database.copies import ProfileCandidate, ProfileCopy
    from kinetune.kine.releases import Era
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.server import Server
    from kinetune.model.workload import Call, Recording

CUSTOM_PLANS = "force_custom_plan"


def compare_profiles(endpoint: Endpoint, options: ExplainOptions, observer: Observer = SILENT) -> ProfileComparison:
    """Each read of the era under each profile, on the same rows with the same arguments."""
    from kinetune.database.copies import iterate_copies
    from kinetune.database.explain import MeasureOptions, measure_calls
    from kinetune.database.observe import observe_store
    from kinetune.database.pg_stat_statements import era_in_use
    from kinetune.database.session import open_session

    with open_session(endpoint, "compare", write=True) as session:
        facts = observe_store(session)
        require_kine_table(facts)
        kine = options.era or era_in_use(session)
        store = describe_store(facts, kine)
        candidates = tuple(profile_candidate(profile, facts.server, kine.era) for profile in options.profiles)
        runs: list[ProfileRun] = []
        calls: tuple[Call, ...] = ()
        with (
            observer.progress("copying rows", len(candidates)) as update,
            contextlib.closing(iterate_copies(session, candidates, options.copy_rows)) as copies,
        ):
            for copy in copies:
                update(len(runs), copy.candidate.profile)
                # The first copy gives the arguments of all: costs of different arguments could not be compared.
                calls = calls or select_calls(session, kine.era, replace(options, copy_rows=0))
                recordings = tuple(measure_calls(session, calls, MeasureOptions(options.runs, options.timeout)))
                runs.append(_measure_copy(copy, name_object_counts(recordings), store.page))
        return ProfileComparison(store, tuple(runs), copy.rows, copy.total)


def _measure_copy(copy: ProfileCopy, recordings: tuple[Recording, ...], page: int) -> ProfileRun:
    from kinetune.plans.measure import measure_call

    return ProfileRun(
        copy.candidate.profile,
        tuple(measure_call(one, page, copy.rows) for one in recordings),
        copy.index_bytes,
        custom=copy.candidate.settings.get("plan_cache_mode") == CUSTOM_PLANS,
    )


def profile_candidate(profile: str, server: Server, era: Era) -> ProfileCandidate:
    """The statements that `init` would give an empty table, without its sequence: nothing is inserted through it."""
    from kinetune.database.copies import ProfileCandidate
    from kinetune.tuning.profiles import build_target
    from kinetune.tuning.statements import create_index, primary_key_constraint

    wanted = build_target(profile, server, era)
    indexes = tuple(create_index(index, server) for index in wanted.indexes)
    return ProfileCandidate(profile, primary_key_constraint(wanted, server), indexes, wanted.settings)
