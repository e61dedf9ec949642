"""What `kinetune init` does: plan the way from a store to a profile, and what is checked before and after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from kinetune.commands.change import Change, Question, Runner
from kinetune.model.failure import CouldNotLook, Refused
from kinetune.model.script import Hazard
from kinetune.servers.sequence_flag import SEQUENCE_FLAG, minimum_caches
from kinetune.tuning.change_plans import InitPlan
from kinetune.tuning.sequence import depends_on_cache_flag

if TYPE_CHECKING:
    from kinetune.database.session import Session
    from kinetune.kine.releases import Era, EraInUse
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.facts import Facts
    from kinetune.model.script import Script
    from kinetune.model.server import Server
    from kinetune.tuning.target import TargetSchema

REQUIRE_STOPPED_KINE = frozenset({Hazard.REBUILD, Hazard.OFFLINE_INDEX})
"""Steps of these hazards need Kine stopped even when they are allowed: its writes would fail or be lost."""
CACHE_FLAG_ADVICE = (
    f"restart every tserver with --{SEQUENCE_FLAG}=1, or add --allow {Hazard.SEQUENCE_CACHE} and risk lost writes"
)


@dataclass(frozen=True)
class InitOptions:
    """
    What to plan. `era` None: the one that the store shows. `allow` and `skip` name hazards. `tserver_port` is the HTTP
    port of YugabyteDB's tservers, from which their cache flag is read where a step depends on it; 0 does not read it.
    """

    profile: str
    era: EraInUse | None = None
    allow: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()
    tserver_port: int = 0
    rebuild: bool = False
    skip_gap_rows: bool = False
    drop_old_table: bool = False
    plant_statistics: bool = True


def plan_init(endpoint: Endpoint, options: InitOptions) -> InitPlan:
    """In a session that may only read."""
    from kinetune.database.observe import open_store
    from kinetune.database.pg_stat_statements import era_in_use

    with open_store(endpoint, "init") as (session, facts):
        kine = options.era or era_in_use(session)
        # Reading the flags of all nodes takes seconds, so only where a step depends on one. They decide the hazards:
        # the script is planned again with them.
        if options.tserver_port and depends_on_cache_flag(facts, _plan_script(facts, kine, options)):
            facts = _add_flags(session, facts, options.tserver_port)
    return InitPlan(endpoint, facts, kine, _plan_script(facts, kine, options), options.drop_old_table)


def plan_empty(server: str, options: InitOptions, report: Callable[[str], None] = lambda _: None) -> Script:
    """
    The script for an empty database of a server such as yugabytedb-2024.2, without a connection. `report` gets a line
    about a release that is newer than the known ones.
    """
    from kinetune.kine.releases import newest_era
    from kinetune.servers.known_lines import describe_newer_release, find_known_server
    from kinetune.tuning.difference import plan_empty_database

    known = find_known_server(server)
    if note := describe_newer_release(known):
        report(note)
    return plan_empty_database(known, _build_target(options, known, options.era.era if options.era else newest_era()))


def _build_target(options: InitOptions, server: Server, era: Era) -> TargetSchema:
    from kinetune.tuning.profiles import build_target

    found = build_target(options.profile, server, era)
    return replace(found, plants=found.plants and options.plant_statistics)


def _plan_script(facts: Facts, kine: EraInUse, options: InitOptions) -> Script:
    from kinetune.tuning.copying import plan_old_table_drop
    from kinetune.tuning.difference import plan_changes
    from kinetune.tuning.rebuild import RebuildOptions

    if options.drop_old_table:
        return plan_old_table_drop(facts, options.profile)
    wanted = _build_target(options, facts.server, kine.era)
    # An assumed era must not take back settings that an earlier run made for the era it knew. `stock` takes back all.
    if not kine.known and options.profile != "stock":
        wanted = wanted.keep_settings(facts.database_settings)
    rebuild = RebuildOptions(options.rebuild, Hazard.REBUILD in options.skip, options.skip_gap_rows)
    return plan_changes(facts, wanted, rebuild).without_hazards(options.skip)


def _add_flags(session: Session, facts: Facts, port: int) -> Facts:
    """The facts with every node of the cluster and its flags, as far as the tservers answer over HTTP."""
    from kinetune.database.nodes import observe_cluster
    from kinetune.http.tserver import add_http_details
    from kinetune.model.unknown import Unknown

    nodes = observe_cluster(session, "init")
    return facts if isinstance(nodes, Unknown) else replace(facts, cluster=add_http_details(nodes, "", port))


class InitChange(Change[InitPlan, InitOptions]):
    """The confirmed plan of `init`."""

    command: ClassVar[str] = "init"
    follows_builds: ClassVar[bool] = True

    def check_allowed(self) -> None:
        from kinetune.tuning.refusals import require_privileges

        script = self.plan.script
        require_privileges(self.plan.facts, script)
        self._check_known_caches()
        for hazard in script.hazards:
            # SEQUENCE_CACHE is a risk only where the flag is above 1, which is checked on its own.
            if hazard not in self.options.allow and hazard is not Hazard.SEQUENCE_CACHE:
                step = next(step for step in script.steps if step.hazard is hazard)
                raise Refused(
                    f"nothing was changed: to {step.does} requires that Kine is stopped (hazard {hazard})",
                    f"stop Kine and add --allow {hazard}, or skip it with --skip {hazard}",
                )

    def _check_known_caches(self) -> None:
        """Refused where a node has reported a cache above 1 over HTTP."""
        if self._ignores_cache_flag():
            return
        high = {node: cache for node, cache in minimum_caches(self.plan.facts).items() if cache and cache > 1}
        if high:
            nodes = ", ".join(sorted(high))
            raise Refused(
                f"nothing was changed: ids would be cached {max(high.values())} at a time ({nodes})", CACHE_FLAG_ADVICE
            )

    def _ignores_cache_flag(self) -> bool:
        return Hazard.SEQUENCE_CACHE in self.options.allow or not depends_on_cache_flag(
            self.plan.facts, self.plan.script
        )

    def question(self) -> Question:
        count = len(self.plan.script.steps)
        return Question(
            f"Apply {'this step' if count == 1 else f'these {count} steps'} to {self.plan.endpoint}?", "--yes"
        )

    def check_session(self, session: Session) -> None:
        """
        Create a temporary sequence on this node and look at its cache: HTTP may report a flag that the SQL processes
        were not restarted with.
        """
        from kinetune.database.probe import read_least_cache

        if self._ignores_cache_flag():
            return
        cache = read_least_cache(session)
        if cache > 1:
            info = session.connection.info
            where = f"{SEQUENCE_FLAG} is {cache} on {info.host}:{info.port}"
            raise Refused(f"nothing was changed: ids would be cached {cache} at a time ({where})", CACHE_FLAG_ADVICE)

    def plan_again(self, session: Session) -> Script:
        from kinetune.database.observe import observe_store

        return self._plan_from(observe_store(session))

    def _plan_from(self, facts: Facts) -> Script:
        # Flags change only with a restart of the tserver; reading them again would hold the lock for seconds.
        return _plan_script(replace(facts, cluster=self.plan.facts.cluster), self.plan.kine, self.options)

    def check_idle(self, session: Session) -> None:
        from kinetune.database.kine_stopped import require_kine_stopped

        script = self.plan.script
        if REQUIRE_STOPPED_KINE & set(script.hazards) or script.requires_stopped_kine:
            require_kine_stopped(session)

    def apply(self, session: Session, runner: Runner) -> None:
        # YugabyteDB may report an error for a statement that took effect: the runner then plans the rest.
        runner.run(session, self.plan.script.database_script(), lambda: self.plan_again(session))

    def verify(self) -> None:
        from kinetune.database.observe import open_store

        with open_store(self.plan.endpoint, self.command) as (_, facts):
            left = self._plan_from(facts)
        # Where a cached sequence was allowed, its cache stays above 1: no SQL can lower it.
        if left := left.without_hazards(self.options.allow & {Hazard.SEQUENCE_CACHE}):
            raise CouldNotLook(f"applied, but still to do: {left.steps[0].does}", "run kinetune init again to see why")
