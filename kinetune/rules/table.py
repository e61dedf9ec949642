"""Every rule, in order of codes. The only list."""

from __future__ import annotations

from kinetune.rules.broken_compaction_row import broken_compaction_row
from kinetune.rules.cached_sequence import cached_sequence
from kinetune.rules.compaction_lag import compaction_lag
from kinetune.rules.compaction_off import compaction_off
from kinetune.rules.dead_rows import dead_rows
from kinetune.rules.deletable_rows import deletable_rows
from kinetune.rules.dominant_resource import dominant_resource
from kinetune.rules.even_node_count import even_node_count
from kinetune.rules.exceeded_budgets import exceeded_budgets
from kinetune.rules.exposed_metrics import exposed_metrics
from kinetune.rules.gap_rows import gap_rows
from kinetune.rules.hash_sharded_ids import hash_sharded_ids
from kinetune.rules.hash_sharded_indexes import hash_sharded_indexes
from kinetune.rules.idle_transactions import idle_transactions
from kinetune.rules.inconsistent_nodes import inconsistent_nodes
from kinetune.rules.insufficient_fault_tolerance import insufficient_fault_tolerance
from kinetune.rules.integer_ids import integer_ids
from kinetune.rules.invalid_endpoint import invalid_endpoint
from kinetune.rules.invalid_indexes import invalid_indexes
from kinetune.rules.invalid_node_names import invalid_node_names
from kinetune.rules.lookup_reads_table import lookup_reads_table
from kinetune.rules.lost_creates import lost_creates
from kinetune.rules.misnamed_primary_key import misnamed_primary_key
from kinetune.rules.missing_list_index import missing_list_index
from kinetune.rules.missing_planner_settings import missing_planner_settings
from kinetune.rules.missing_unique_index import missing_unique_index
from kinetune.rules.multiple_stores import multiple_stores
from kinetune.rules.non_covering_unique_index import non_covering_unique_index
from kinetune.rules.null_columns import null_columns
from kinetune.rules.outdated_emulated_etcd import outdated_emulated_etcd
from kinetune.rules.oversized_store import oversized_store
from kinetune.rules.plaintext_password import plaintext_password
from kinetune.rules.pooler_crash import pooler_crash
from kinetune.rules.pooler_endpoint import pooler_endpoint
from kinetune.rules.public_table import public_table
from kinetune.rules.query_regression import query_regression
from kinetune.rules.read_only_server import read_only_server
from kinetune.rules.row_by_row_reads import row_by_row_reads
from kinetune.rules.rule import Rule
from kinetune.rules.sequence_behind import sequence_behind
from kinetune.rules.slow_generic_plans import slow_generic_plans
from kinetune.rules.stale_session_settings import stale_session_settings
from kinetune.rules.stale_statistics import stale_statistics
from kinetune.rules.stolen_ids import stolen_ids
from kinetune.rules.superuser_role import superuser_role
from kinetune.rules.table_bloat import table_bloat
from kinetune.rules.too_few_connections import too_few_connections
from kinetune.rules.too_few_nodes import too_few_nodes
from kinetune.rules.too_many_connections import too_many_connections
from kinetune.rules.transaction_pooler import transaction_pooler
from kinetune.rules.trust_authentication import trust_authentication
from kinetune.rules.unbatched_joins import unbatched_joins
from kinetune.rules.unbounded_lists import unbounded_lists
from kinetune.rules.unclaimed_index_names import unclaimed_index_names
from kinetune.rules.unconfigured_sequence_flag import unconfigured_sequence_flag
from kinetune.rules.unencrypted_connection import unencrypted_connection
from kinetune.rules.unknown_indexes import unknown_indexes
from kinetune.rules.unknown_settings import unknown_settings
from kinetune.rules.unlogged_table import unlogged_table
from kinetune.rules.unmaintained_server import unmaintained_server
from kinetune.rules.unordered_ids import unordered_ids
from kinetune.rules.unowned_sequence import unowned_sequence
from kinetune.rules.unpinned_images import unpinned_images
from kinetune.rules.unreachable_postgres_database import unreachable_postgres_database
from kinetune.rules.unsafe_schema_migration import unsafe_schema_migration
from kinetune.rules.unsafe_zone_placement import unsafe_zone_placement
from kinetune.rules.unset_sequence_flag import unset_sequence_flag
from kinetune.rules.unsuitable_key_column import unsuitable_key_column
from kinetune.rules.unsupported_server import unsupported_server
from kinetune.rules.unusable_kine_table import unusable_kine_table
from kinetune.rules.unused_indexes import unused_indexes
from kinetune.rules.whole_table_reads import whole_table_reads
from kinetune.rules.wrong_isolation_level import wrong_isolation_level
from kinetune.rules.wrong_sequence_increment import wrong_sequence_increment

RULES: tuple[Rule, ...] = (
    unusable_kine_table,
    misnamed_primary_key,
    hash_sharded_ids,
    missing_unique_index,
    non_covering_unique_index,
    hash_sharded_indexes,
    missing_list_index,
    unclaimed_index_names,
    invalid_indexes,
    unknown_indexes,
    unused_indexes,
    unsuitable_key_column,
    integer_ids,
    broken_compaction_row,
    unsafe_schema_migration,
    unlogged_table,
    multiple_stores,
    cached_sequence,
    unowned_sequence,
    sequence_behind,
    wrong_sequence_increment,
    unordered_ids,
    unset_sequence_flag,
    whole_table_reads,
    row_by_row_reads,
    exceeded_budgets,
    slow_generic_plans,
    query_regression,
    lookup_reads_table,
    unbounded_lists,
    unbatched_joins,
    stale_statistics,
    missing_planner_settings,
    wrong_isolation_level,
    dead_rows,
    unmaintained_server,
    transaction_pooler,
    inconsistent_nodes,
    insufficient_fault_tolerance,
    stale_session_settings,
    read_only_server,
    unsupported_server,
    compaction_lag,
    deletable_rows,
    gap_rows,
    table_bloat,
    oversized_store,
    dominant_resource,
    lost_creates,
    stolen_ids,
    too_few_connections,
    pooler_crash,
    unconfigured_sequence_flag,
    unknown_settings,
    invalid_endpoint,
    plaintext_password,
    pooler_endpoint,
    compaction_off,
    outdated_emulated_etcd,
    exposed_metrics,
    unpinned_images,
    invalid_node_names,
    too_few_nodes,
    even_node_count,
    unsafe_zone_placement,
    unreachable_postgres_database,
    too_many_connections,
    idle_transactions,
    superuser_role,
    unencrypted_connection,
    trust_authentication,
    public_table,
    null_columns,
)
