"""
The remedy of each rule: the test that executes it as written, or the reason why none does.

A remedy that is a statement or a command runs on a store that a real Kine made, and that Kine serves afterwards; what
concerns YugabyteDB runs on the real cluster. A rule without an entry fails tests/rules/test_proofs.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

REMEDIES = "tests/kine/test_remedies.py::test_the_remedy_of_a_finding_fixes_it_and_kine_works"
STATES = "tests/kine/test_states.py::"
INIT = "tests/yugabytedb/test_init.py::"
LOAD = "tests/yugabytedb/test_load.py::"
REBUILD = "tests/yugabytedb/test_rebuild.py::test_a_store_of_stock_kine_is_judged_rebuilt_and_judged_again"
FLAGS = "tests/render/test_running.py::test_flags_and_settings_are_those_of_real_kine"
LOOKS = "the remedy shows more and changes nothing"
PLACEMENT = "yugabyted, which the remedy calls, is in no package here: from YugabyteDB's documentation"
UPGRADE = "the remedy is an upgrade of the server, whose newer lines cannot run here"
POOLER = "no pooler runs here; that Kine takes the parameter: tests/kine/test_endpoint_values.py"

PROOFS: Mapping[str, str] = MappingProxyType(
    {
        "KT101": f"{STATES}test_a_table_that_no_kine_starts_on_is_an_error",
        "KT102": REMEDIES,
        "KT103": REBUILD,
        "KT104": REMEDIES,
        "KT105": REBUILD,
        "KT106": REBUILD,
        "KT107": REMEDIES,
        "KT108": REMEDIES,
        "KT109": REMEDIES,
        "KT110": REMEDIES,
        "KT111": "the remedy measures before and after; DROP INDEX is that of KT110",
        "KT112": REMEDIES,
        "KT113": REMEDIES,
        "KT114": f"{STATES}test_kine_has_one_compaction_row_after_the_remedy",
        "KT115": "the remedy leaves a variable unset; the command beside it is that of KT113",
        "KT116": f"{STATES}test_a_crash_empties_an_unlogged_store_and_none_after_the_remedy",
        "KT117": f"{STATES}test_a_store_in_another_schema_is_named_with_the_endpoint_that_leads_to_it",
        "KT201": REMEDIES,
        "KT202": REMEDIES,
        "KT203": REMEDIES,
        "KT204": REMEDIES,
        "KT205": f"{LOAD}test_a_setting_can_be_tried_and_the_probe_leaves_nothing",
        "KT206": f"{LOAD}test_a_setting_can_be_tried_and_the_probe_leaves_nothing",
        "KT301": f"{LOAD}test_reads_of_a_prepared_store_do_not_grow_with_the_table",
        "KT302": f"{LOAD}test_reads_of_a_prepared_store_do_not_grow_with_the_table",
        "KT303": LOOKS,
        "KT304": "tests/cli/test_explain_set.py::test_a_trial_compares_two_runs_of_its_own",
        "KT305": LOOKS,
        "KT306": f"{LOAD}test_a_kine_that_ran_before_init_is_slow_until_its_sessions_are_new",
        "KT307": f"{LOAD}test_reads_of_a_prepared_store_do_not_grow_with_the_table",
        "KT401": "2.21 has both settings at their best; the lines that lack them cannot run here",
        "KT402": f"{INIT}test_what_the_first_release_left_is_analysed_once_it_has_rows_enough",
        "KT403": f"{LOAD}test_a_kine_that_ran_before_init_is_slow_until_its_sessions_are_new",
        "KT404": "tests/yugabytedb/test_apart.py::test_with_read_committed_on_every_tserver_isolation_is_as_kine_asks",
        "KT405": REMEDIES,
        "KT406": UPGRADE,
        "KT407": POOLER,
        "KT408": "the remedy is to finish an upgrade, or to give all nodes one flag: its value depends on the cluster",
        "KT409": PLACEMENT,
        "KT410": f"{LOAD}test_a_kine_that_ran_before_init_is_slow_until_its_sessions_are_new",
        "KT411": f"{STATES}test_a_database_that_takes_no_writes_is_an_error",
        "KT412": "no server that Kine does not support runs here",
        "KT501": FLAGS,
        "KT502": FLAGS,
        "KT503": REMEDIES,
        "KT504": f"{STATES}test_statements_that_give_space_back_leave_a_store_that_serves",
        "KT505": f"{STATES}test_statements_that_give_space_back_leave_a_store_that_serves",
        "KT506": "the remedy looks with kubectl for who changes the objects",
        "KT601": f"{STATES}test_what_v0_17_5_wrote_is_read_after_the_remedy",
        "KT602": f"{STATES}test_a_store_of_an_old_kine_serves_a_new_one",
        "KT603": "tests/kine/test_pool.py::test_writes_at_once",
        "KT604": "the remedy names the server itself in the endpoint",
        "KT605": f"{LOAD}test_a_setting_can_be_tried_and_the_probe_leaves_nothing",
        "KT606": "tests/kine/test_k3s_settings.py::test_k3s_reads_the_variable_of_the_remedy",
        "KT607": "tests/kine/test_endpoint_parameters.py::test_what_kt607_says_to_write_instead_is_taken",
        "KT608": "tests/render/test_running.py::test_the_units_kine_takes_its_password_from_pgpass_alone",
        "KT609": POOLER,
        "KT610": FLAGS,
        "KT611": FLAGS,
        "KT612": FLAGS,
        "KT613": "the remedy writes a tag, which only the reader's registry has",
        "KT614": "the name is checked against RFC 1123; the nodes are the reader's",
        "KT615": PLACEMENT,
        "KT616": PLACEMENT,
        "KT617": PLACEMENT,
        "KT618": "tests/kine/test_postgres_database.py::test_the_statement_lets_kine_in",
        "KT701": FLAGS,
        "KT702": f"{STATES}test_an_idle_transaction_is_ended_by_the_remedy",
        "KT801": f"{STATES}test_kine_serves_as_the_role_that_the_store_was_handed_over_to",
        "KT802": "TLS is switched on at the server, with certificates of the reader's",
        "KT803": "pg_hba.conf is a file of the server's, which SQL only shows",
        "KT804": REMEDIES,
        "KT901": f"{STATES}test_what_v0_17_5_wrote_is_read_after_the_remedy",
    }
)
