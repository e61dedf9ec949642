"""Every rule, in order of codes. The only list."""

from __future__ import annotations

from kinetune.rules.acknowledged_creates import acknowledged_creates
from kinetune.rules.analysed_statistics import analysed_statistics
from kinetune.rules.batched_nested_loops import batched_nested_loops
from kinetune.rules.call_budgets import call_budgets
from kinetune.rules.clear_password import clear_password
from kinetune.rules.compaction_lag import compaction_lag
from kinetune.rules.compaction_off import compaction_off
from kinetune.rules.compaction_row import compaction_row
from kinetune.rules.configured_sequence_flag import configured_sequence_flag
from kinetune.rules.connection_budget import connection_budget
from kinetune.rules.covering_unique_index import covering_unique_index
from kinetune.rules.dead_rows import dead_rows
from kinetune.rules.deletable_rows import deletable_rows
from kinetune.rules.emulated_etcd import emulated_etcd
from kinetune.rules.encrypted_connection import encrypted_connection
from kinetune.rules.endpoint_form import endpoint_form
from kinetune.rules.equal_nodes import equal_nodes
from kinetune.rules.former_settings import former_settings
from kinetune.rules.gap_rows import gap_rows
from kinetune.rules.generic_plans import generic_plans
from kinetune.rules.idle_transactions import idle_transactions
from kinetune.rules.index_names import index_names
from kinetune.rules.isolation import isolation
from kinetune.rules.key_collation import key_collation
from kinetune.rules.kine_table import kine_table
from kinetune.rules.known_names import known_names
from kinetune.rules.largest_resource import largest_resource
from kinetune.rules.list_query_index import list_query_index
from kinetune.rules.logged_table import logged_table
from kinetune.rules.lookup_reads_table import lookup_reads_table
from kinetune.rules.maintained_server import maintained_server
from kinetune.rules.metrics_address import metrics_address
from kinetune.rules.node_names import node_names
from kinetune.rules.null_columns import null_columns
from kinetune.rules.odd_nodes import odd_nodes
from kinetune.rules.ordered_ids import ordered_ids
from kinetune.rules.other_stores import other_stores
from kinetune.rules.password_asked import password_asked
from kinetune.rules.pinned_images import pinned_images
from kinetune.rules.planner_settings import planner_settings
from kinetune.rules.pooler_crash import pooler_crash
from kinetune.rules.pooler_endpoint import pooler_endpoint
from kinetune.rules.postgres_database import postgres_database
from kinetune.rules.primary_key_name import primary_key_name
from kinetune.rules.public_table import public_table
from kinetune.rules.range_sharded_ids import range_sharded_ids
from kinetune.rules.range_sharded_indexes import range_sharded_indexes
from kinetune.rules.replication_factor import replication_factor
from kinetune.rules.row_by_row_reads import row_by_row_reads
from kinetune.rules.rule import Rule
from kinetune.rules.schema_migration import schema_migration
from kinetune.rules.sequence_behind import sequence_behind
from kinetune.rules.sequence_cache import sequence_cache
from kinetune.rules.sequence_flag import sequence_flag
from kinetune.rules.sequence_increment import sequence_increment
from kinetune.rules.sequence_owner import sequence_owner
from kinetune.rules.single_connection import single_connection
from kinetune.rules.slower_than_before import slower_than_before
from kinetune.rules.stolen_ids import stolen_ids
from kinetune.rules.store_size import store_size
from kinetune.rules.superuser_role import superuser_role
from kinetune.rules.supported_server import supported_server
from kinetune.rules.surviving_nodes import surviving_nodes
from kinetune.rules.table_bloat import table_bloat
from kinetune.rules.taken_writes import taken_writes
from kinetune.rules.transaction_pooler import transaction_pooler
from kinetune.rules.unbound_lists import unbound_lists
from kinetune.rules.unique_revisions import unique_revisions
from kinetune.rules.unknown_indexes import unknown_indexes
from kinetune.rules.used_indexes import used_indexes
from kinetune.rules.valid_indexes import valid_indexes
from kinetune.rules.whole_table_reads import whole_table_reads
from kinetune.rules.wide_ids import wide_ids
from kinetune.rules.zone_loss import zone_loss

RULES: tuple[Rule, ...] = (
    kine_table,
    primary_key_name,
    range_sharded_ids,
    unique_revisions,
    covering_unique_index,
    range_sharded_indexes,
    list_query_index,
    index_names,
    valid_indexes,
    unknown_indexes,
    used_indexes,
    key_collation,
    wide_ids,
    compaction_row,
    schema_migration,
    logged_table,
    other_stores,
    sequence_cache,
    sequence_owner,
    sequence_behind,
    sequence_increment,
    ordered_ids,
    sequence_flag,
    whole_table_reads,
    row_by_row_reads,
    call_budgets,
    generic_plans,
    slower_than_before,
    lookup_reads_table,
    unbound_lists,
    batched_nested_loops,
    analysed_statistics,
    planner_settings,
    isolation,
    dead_rows,
    maintained_server,
    transaction_pooler,
    equal_nodes,
    surviving_nodes,
    former_settings,
    taken_writes,
    supported_server,
    compaction_lag,
    deletable_rows,
    gap_rows,
    table_bloat,
    store_size,
    largest_resource,
    acknowledged_creates,
    stolen_ids,
    single_connection,
    pooler_crash,
    configured_sequence_flag,
    known_names,
    endpoint_form,
    clear_password,
    pooler_endpoint,
    compaction_off,
    emulated_etcd,
    metrics_address,
    pinned_images,
    node_names,
    replication_factor,
    odd_nodes,
    zone_loss,
    postgres_database,
    connection_budget,
    idle_transactions,
    superuser_role,
    encrypted_connection,
    password_asked,
    public_table,
    null_columns,
)
