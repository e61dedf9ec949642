"""
What the sources of `kinetune hotspots` say beyond a ranking: Kine did not start, nothing was slow, or not known.

"Nothing was slow" is said only of a program whose lines were read and whose threshold is known.
"""

from __future__ import annotations

import math

from kinetune.formatting import format_clock, format_count, format_list
from kinetune.kine.start_failures import CRASHED, STOPPED, WAITING
from kinetune.model.hotspot import LoggedRelease, LogReading, LogWriter, StoreKind, Vantage
from kinetune.model.hotspots_result import Conclusion, HotspotsResult

_FIRST_WITH_SLOW_SQL = "Kine v0.9.2 (K3s v1.24.3)"
"""docs/facts/kine.md §2.3; kine/releases.py LOGS_SLOW_SQL."""
_WITHOUT_SQL = {
    StoreKind.NATS: "NATS, so no SQL is logged; Kine writes calls of 500 ms and longer as warnings, which kinetune "
    "does not read",
    StoreKind.ETCD: "etcd, so no Kine runs and no SQL is logged",
}
_USE_SERVER_LOG = "set log_min_duration_statement on the database server, and read its log"
_ENVELOPES = "export plain lines, or JSON with each line in one string (docs/hotspots.md lists the forms)"


def find_conclusion(result: HotspotsResult, *, filters_calls: bool) -> Conclusion | None:
    """None if the rankings say everything. `filters_calls`: options exclude calls by time or duration."""
    logs, has_spots = result.logs, any(ranking.spots for ranking in result.rankings)
    if logs and (found := _conclude_start(logs) or _conclude_unread(logs)):
        return found
    if has_spots:
        return None
    return _conclude_quiet_logs(logs, filters_calls) if logs else _conclude_counters(result)


def _conclude_start(logs: LogReading) -> Conclusion | None:
    """
    A failed start, or a fatal error, after which nothing shows that Kine ran. If Kine ran after a failed start, only
    that it ran is added.
    """
    failed = [signal for signal in logs.signals if signal.start_failed]
    # A fatal error of another program says nothing of Kine.
    ends = (WAITING, STOPPED, CRASHED) if LogWriter.KINE in logs.origin.writers else (WAITING,)
    ended = [signal for signal in logs.signals if signal.kind.startswith(ends)]
    ran_at = _last_sign_of_running(logs)
    if not failed:
        last = max((signal for signal in ended if signal.last >= ran_at), key=lambda signal: signal.last, default=None)
        return Conclusion(last.words, last.fix, is_known=bool(logs.hotspots)) if last else None
    latest = max(failed, key=lambda signal: signal.last)
    if latest.last >= ran_at:
        return Conclusion(latest.words, latest.fix, is_known=False, is_start_failure=True)
    return Conclusion(f"Kine ran after {format_clock(latest.last)} UTC, when its start failed last")


def _last_sign_of_running(logs: LogReading) -> float:
    """The start of the last call, or the end of Kine's last start, in seconds since 1970 UTC."""
    calls = [spot.last for spot in logs.hotspots if spot.vantage is not Vantage.SERVER_LOG]
    started = [] if logs.origin.available_at is None else [logs.origin.available_at]
    return max([*calls, *started], default=-math.inf)


def _conclude_unread(logs: LogReading) -> Conclusion | None:
    """Lines that hold calls and could not be read, if they are more than those that could."""
    counts = logs.counts
    read = counts.calls + counts.passing
    if counts.unknown_language > read:
        lines = format_count(counts.unknown_language, "line")
        return Conclusion(
            f"the messages of the server's log are in a language that kinetune does not know (lc_messages): {lines} "
            "could not be read",
            "set lc_messages = 'C' on the server",
            is_known=False,
        )
    if counts.not_understood > read:
        lines = format_count(counts.not_understood, "line")
        return Conclusion(
            f"{lines} with Slow SQL or a duration could not be read: the form around them is unknown, or they are cut",
            _ENVELOPES,
            is_known=False,
        )
    return None


def _conclude_quiet_logs(logs: LogReading, filters_calls: bool) -> Conclusion:
    """No call was found in the logs: what that means depends on who wrote them."""
    writers = logs.origin.writers
    if not logs.counts.lines:  # with --follow, before the first line
        return Conclusion("No line was read yet")
    if filters_calls and logs.counts.passing:
        excluded = format_count(logs.counts.passing, "line")
        return Conclusion(f"No Kine calls found within --from, --to and --min-duration: {excluded} excluded")
    if logs.counts.broken:
        lines = format_count(logs.counts.broken, "line")
        return Conclusion(
            f"not known whether Kine is slow: {lines} end within the message, as a terminal or an editor breaks lines",
            "save the log to a file instead of copying it from a terminal: journalctl -u k3s > k3s.log",
            is_known=False,
        )
    if LogWriter.KINE in writers or logs.origin.store_kind is StoreKind.ETCD:
        return _conclude_kine_log(logs)
    if LogWriter.TIMED_SERVER in writers:
        quiet = "No Kine calls found: no statement was slower than log_min_duration_statement, or Kine was idle"
        return _add_signals(Conclusion(quiet, is_good=True), logs)
    if LogWriter.API_SERVER in writers:
        quiet = "No slow calls found: the API server traced no request of 500 ms or longer. No line is of Kine"
        return _add_signals(Conclusion(quiet, is_good=True), logs)
    return _conclude_untimed_logs(writers)


def _conclude_untimed_logs(writers: frozenset[LogWriter]) -> Conclusion:
    """The logs are of programs that write no durations, or of unknown ones."""
    if LogWriter.PGBOUNCER in writers:
        return Conclusion(
            "not known whether Kine is slow: the log is PgBouncer's, which has no statements",
            "name the log of Kine, of the K3s server, or of the database server behind PgBouncer",
            is_known=False,
        )
    if LogWriter.SERVER in writers:
        return Conclusion(
            "not known whether Kine is slow: the server's log has no durations, because log_min_duration_statement is "
            "off or no statement exceeded it",
            "SHOW log_min_duration_statement on the server, and set it to 100ms, for example",
            is_known=False,
        )
    return Conclusion(
        "not known whether Kine is slow: no line is certainly of Kine, K3s, an API server or a database server",
        "name the log of Kine or of the K3s server (K3s includes Kine), or of the database server",
        is_known=False,
    )


def _conclude_kine_log(logs: LogReading) -> Conclusion:
    origin = logs.origin
    if origin.store_kind in _WITHOUT_SQL:
        return Conclusion(
            f"not known whether the datastore is slow: the logs show {_WITHOUT_SQL[origin.store_kind]}",
            "kinetune reads SQL stores of Kine only",
            is_known=False,
        )
    if origin.logs_slow_sql is False:
        names = format_list(map(str, origin.releases))
        return Conclusion(
            f"not known whether Kine is slow: {names} logs no slow SQL, which begins with {_FIRST_WITH_SLOW_SQL}, and "
            "the API server traced no slow request",
            _USE_SERVER_LOG,
            is_known=False,
        )
    if uncertain := [
        f"{release} (Kine {release.kine})" for release in origin.releases if _may_log_no_slow_sql(release)
    ]:
        return Conclusion(
            f"not known whether Kine is slow: slow SQL is logged from {_FIRST_WITH_SLOW_SQL} on, and "
            f"{format_list(uncertain)} may be older",
            _USE_SERVER_LOG,
            is_known=False,
        )
    quiet = "No Kine calls found: none was slower than --slow-sql-threshold (default 1 s), or Kine was idle"
    unknown = [str(release) for release in origin.releases if release.logs_slow_sql is None]
    if unknown or not origin.releases:
        reason = f"The Kine in {format_list(unknown)} is not known" if unknown else "The logs do not name the release"
        quiet += f". {reason}: slow SQL is logged from {_FIRST_WITH_SLOW_SQL} on"
    return _add_signals(Conclusion(quiet, is_good=True), logs)


def _may_log_no_slow_sql(release: LoggedRelease) -> bool:
    """Whether the bounds of its Kine are known, and are on both sides of the first Kine that logs slow SQL."""
    return release.logs_slow_sql is None and bool(release.kine)


def _add_signals(conclusion: Conclusion, logs: LogReading) -> Conclusion:
    """A log with problems is not good news, even without slow calls."""
    if not logs.signals:
        return conclusion
    number = logs.counts.signals
    problems = "1 line reports a problem" if number == 1 else f"{format_count(number, 'line')} report problems"
    quiet = conclusion.statement.replace(", or Kine was idle", "", 1)
    return Conclusion(f"{quiet}. {problems}: see Other signals in the logs")


def _conclude_counters(result: HotspotsResult) -> Conclusion:
    if result.statements:
        period = f" in {result.statements.seconds:.0f} s" if result.statements.seconds else ""
        return Conclusion(
            f"No Kine calls found: pg_stat_statements counted no statement of Kine's{period}. Kine is not connected to "
            "this database, or its statements were evicted or not tracked"
        )
    if result.metrics:
        return Conclusion("No Kine calls found: Kine's metrics counted no call")
    return Conclusion(
        "not known whether Kine is slow: only the current sessions could be read, and no counters",
        is_known=False,
    )
