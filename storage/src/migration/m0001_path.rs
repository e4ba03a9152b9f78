//! The first schema: configuration, the path of a message, usage, secrets, audit, ownership.

use super::m0001_row_security::row_security;
use super::table::{Dialect, Shape, TableDefinition, create_table};
use sea_orm_migration::prelude::*;

/// `uuid` and `bytes` in braces are spelled per back-end.
const TABLES: &[TableDefinition] = &[
    TableDefinition {
        name: "tenants",
        shape: Shape::Heap,
        columns: "
            tenant_id {uuid} NOT NULL,
            slug text NOT NULL,
            name text NOT NULL,
            plan text NOT NULL,
            limits text NOT NULL,
            version bigint NOT NULL,
            created_at bigint NOT NULL,
            PRIMARY KEY (tenant_id)",
    },
    TableDefinition {
        name: "agents",
        shape: Shape::Heap,
        columns: "
            tenant_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            slug text NOT NULL,
            published_revision_id {uuid} NOT NULL,
            created_at bigint NOT NULL,
            PRIMARY KEY (tenant_id, id),
            UNIQUE (tenant_id, slug)",
    },
    TableDefinition {
        name: "agent_revisions",
        shape: Shape::Heap,
        columns: "
            tenant_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            agent_id {uuid} NOT NULL,
            revision bigint NOT NULL,
            profile text NOT NULL,
            created_at bigint NOT NULL,
            PRIMARY KEY (tenant_id, id),
            UNIQUE (tenant_id, agent_id, revision)",
    },
    TableDefinition {
        name: "connections",
        shape: Shape::Heap,
        columns: "
            tenant_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            slug text NOT NULL,
            channel text NOT NULL,
            agent_id {uuid} NOT NULL,
            settings text NOT NULL,
            identity text,
            enabled boolean NOT NULL,
            created_at bigint NOT NULL,
            updated_at bigint NOT NULL,
            PRIMARY KEY (tenant_id, id),
            UNIQUE (tenant_id, slug)",
    },
    TableDefinition {
        name: "contacts",
        shape: Shape::Clustered,
        columns: "
            tenant_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            connection_id {uuid} NOT NULL,
            platform_user_id text NOT NULL,
            display_name text,
            locale text,
            created_at bigint NOT NULL,
            updated_at bigint NOT NULL,
            PRIMARY KEY (tenant_id, id)",
    },
    TableDefinition {
        name: "sessions",
        shape: Shape::Clustered,
        columns: "
            tenant_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            connection_id {uuid} NOT NULL,
            agent_id {uuid} NOT NULL,
            conversation_key text NOT NULL,
            kind text NOT NULL,
            contact_id {uuid},
            last_seq bigint NOT NULL,
            context_floor_seq bigint NOT NULL,
            created_at bigint NOT NULL,
            last_active_at bigint NOT NULL,
            PRIMARY KEY (tenant_id, id)",
    },
    TableDefinition {
        name: "messages",
        shape: Shape::Heap,
        columns: "
            tenant_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            session_id {uuid} NOT NULL,
            seq bigint NOT NULL,
            author text NOT NULL,
            text text NOT NULL,
            attachments text NOT NULL,
            sender_name text,
            inbox_id {uuid},
            turn_id {uuid},
            created_at bigint NOT NULL,
            PRIMARY KEY (tenant_id, id),
            UNIQUE (tenant_id, session_id, seq)",
    },
    TableDefinition {
        name: "turns",
        shape: Shape::Heap,
        columns: "
            tenant_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            session_id {uuid} NOT NULL,
            agent_id {uuid} NOT NULL,
            revision_id {uuid} NOT NULL,
            inbox_ids text NOT NULL,
            reply_target text NOT NULL,
            state text NOT NULL,
            attempt bigint NOT NULL,
            error_code text,
            started_at bigint NOT NULL,
            finished_at bigint,
            PRIMARY KEY (tenant_id, id)",
    },
    TableDefinition {
        name: "turn_steps",
        shape: Shape::Heap,
        columns: "
            tenant_id {uuid} NOT NULL,
            turn_id {uuid} NOT NULL,
            step_index bigint NOT NULL,
            payload text NOT NULL,
            created_at bigint NOT NULL,
            PRIMARY KEY (tenant_id, turn_id, step_index)",
    },
    TableDefinition {
        name: "inbox",
        shape: Shape::Heap,
        columns: "
            tenant_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            connection_id {uuid} NOT NULL,
            channel text NOT NULL,
            dedupe_key text NOT NULL,
            raw {bytes} NOT NULL,
            received_at bigint NOT NULL,
            attempts bigint NOT NULL,
            outcome text,
            turn_id {uuid},
            error text,
            done_at bigint,
            PRIMARY KEY (tenant_id, id),
            UNIQUE (tenant_id, connection_id, dedupe_key)",
    },
    TableDefinition {
        name: "outbox",
        shape: Shape::Heap,
        columns: "
            tenant_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            session_id {uuid} NOT NULL,
            connection_id {uuid} NOT NULL,
            turn_id {uuid},
            inbox_id {uuid},
            seq bigint NOT NULL,
            epoch bigint NOT NULL,
            target text NOT NULL,
            content text NOT NULL,
            status text NOT NULL,
            attempts bigint NOT NULL,
            next_attempt_at bigint NOT NULL,
            was_ambiguous boolean NOT NULL,
            platform_message_id text,
            error text,
            created_at bigint NOT NULL,
            sent_at bigint,
            PRIMARY KEY (tenant_id, id),
            UNIQUE (tenant_id, session_id, seq)",
    },
    TableDefinition {
        name: "usage_events",
        shape: Shape::Clustered,
        columns: "
            tenant_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            agent_id {uuid} NOT NULL,
            session_id {uuid} NOT NULL,
            turn_id {uuid} NOT NULL,
            kind text NOT NULL,
            model text NOT NULL,
            quantity bigint NOT NULL,
            input_tokens bigint NOT NULL,
            output_tokens bigint NOT NULL,
            estimated boolean NOT NULL,
            at bigint NOT NULL,
            folded boolean NOT NULL,
            PRIMARY KEY (tenant_id, id)",
    },
    TableDefinition {
        name: "usage_minutes",
        shape: Shape::Clustered,
        columns: "
            tenant_id {uuid} NOT NULL,
            minute bigint NOT NULL,
            agent_id {uuid} NOT NULL,
            kind text NOT NULL,
            model text NOT NULL,
            quantity bigint NOT NULL,
            input_tokens bigint NOT NULL,
            output_tokens bigint NOT NULL,
            events bigint NOT NULL,
            PRIMARY KEY (tenant_id, minute, agent_id, kind, model)",
    },
    TableDefinition {
        name: "secrets",
        shape: Shape::Heap,
        columns: "
            tenant_id {uuid} NOT NULL,
            name text NOT NULL,
            data_key_id {uuid} NOT NULL,
            nonce {bytes} NOT NULL,
            ciphertext {bytes} NOT NULL,
            updated_at bigint NOT NULL,
            PRIMARY KEY (tenant_id, name)",
    },
    TableDefinition {
        name: "data_keys",
        shape: Shape::Heap,
        columns: "
            tenant_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            wrapped {bytes} NOT NULL,
            nonce {bytes} NOT NULL,
            root_key_id text NOT NULL,
            created_at bigint NOT NULL,
            PRIMARY KEY (tenant_id, id)",
    },
    TableDefinition {
        name: "api_keys",
        shape: Shape::Heap,
        columns: "
            tenant_id {uuid} NOT NULL,
            id {uuid} NOT NULL,
            slug text NOT NULL,
            prefix text NOT NULL,
            digest {bytes} NOT NULL,
            scopes text NOT NULL,
            expires_at bigint,
            revoked_at bigint,
            one_time boolean NOT NULL,
            created_at bigint NOT NULL,
            PRIMARY KEY (tenant_id, id),
            UNIQUE (tenant_id, slug)",
    },
    TableDefinition {
        name: "audit_log",
        shape: Shape::Heap,
        columns: "
            tenant_id {uuid} NOT NULL,
            seq bigint NOT NULL,
            id {uuid} NOT NULL,
            actor text NOT NULL,
            action text NOT NULL,
            subject text NOT NULL,
            details text NOT NULL,
            at bigint NOT NULL,
            previous_hash {bytes} NOT NULL,
            hash {bytes} NOT NULL,
            PRIMARY KEY (tenant_id, seq),
            UNIQUE (tenant_id, id)",
    },
    TableDefinition {
        name: "node",
        shape: Shape::Heap,
        columns: "
            id {uuid} NOT NULL,
            address text NOT NULL,
            version text NOT NULL,
            heartbeat_at bigint NOT NULL,
            lease_until bigint NOT NULL,
            healthy_since bigint NOT NULL,
            revoked boolean NOT NULL,
            draining boolean NOT NULL,
            started_at bigint NOT NULL,
            PRIMARY KEY (id)",
    },
    TableDefinition {
        name: "ownership",
        shape: Shape::Clustered,
        columns: "
            tenant_id {uuid} NOT NULL,
            owner {uuid},
            epoch bigint NOT NULL,
            PRIMARY KEY (tenant_id)",
    },
    TableDefinition {
        name: "wake",
        shape: Shape::Clustered,
        columns: "
            tenant_id {uuid} NOT NULL,
            since bigint NOT NULL,
            version bigint NOT NULL,
            PRIMARY KEY (tenant_id)",
    },
    TableDefinition {
        name: "routes",
        shape: Shape::Clustered,
        columns: "
            kind text NOT NULL,
            key text NOT NULL,
            tenant_id {uuid} NOT NULL,
            target {uuid} NOT NULL,
            PRIMARY KEY (kind, key)",
    },
];

/// Partial ones hold only rows that something is still to be done about, so that their size
/// follows the backlog and not the history.
const INDEXES: &[&str] = &[
    "CREATE INDEX turns_running ON turns (tenant_id, id) WHERE state = 'running'",
    "CREATE INDEX inbox_undone ON inbox (tenant_id, id) WHERE outcome IS NULL",
    "CREATE INDEX inbox_dead ON inbox (tenant_id, id) WHERE outcome = 'dead'",
    "CREATE INDEX outbox_unsettled ON outbox (tenant_id, id) WHERE status IN ('pending', 'sending')",
    "CREATE INDEX outbox_dead ON outbox (tenant_id, id) WHERE status = 'dead'",
    "CREATE INDEX outbox_of_turn ON outbox (turn_id, tenant_id)",
    "CREATE INDEX usage_unfolded ON usage_events (tenant_id, id) WHERE NOT folded",
    "CREATE INDEX wake_since ON wake (since)",
];

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "the trait elides it, and a named lifetime would no longer match"
)]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect::of(manager)?;
        let connection = manager.get_connection();
        for table in TABLES {
            connection.execute_unprepared(&create_table(dialect, table)).await?;
        }
        for index in INDEXES {
            connection.execute_unprepared(index).await?;
        }
        if matches!(dialect, Dialect::Postgres) {
            for statement in row_security() {
                connection.execute_unprepared(&statement).await?;
            }
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
