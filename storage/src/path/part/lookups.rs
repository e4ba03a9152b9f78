//! Rows that are looked up.

use super::definition::{Definition, Kind};
use Kind::{Int, Text, Uuid};

pub(super) const FENCES: Definition = Definition {
    name: "fences",
    columns: &[("in_tenant", Uuid), ("in_owner", Uuid), ("in_epoch", Int), ("in_n", Int)],
    postgres: None,
    body: "SELECT in_tenant AS id, in_n AS n FROM {input} JOIN ownership \
        ON ownership.tenant_id = in_tenant AND ownership.owner = in_owner \
        AND ownership.epoch = in_epoch",
    reports: true,
};

pub(super) const RUNNING_TURNS: Definition = Definition {
    name: "running_turns",
    columns: &[("in_tenant", Uuid), ("in_id", Uuid)],
    postgres: None,
    body: "SELECT in_id AS id, n FROM (SELECT in_id, \
        (SELECT CAST(CASE WHEN turns.state = 'running' THEN 1 ELSE 0 END AS bigint) \
        FROM turns WHERE turns.tenant_id = in_tenant AND turns.id = in_id) AS n \
        FROM {input}) AS found WHERE n = 1",
    reports: true,
};

/// PostgreSQL only; SQLite asks once per session. Within one statement the rows that the statement
/// itself adds are not seen: the caller has them.
pub(super) const HISTORY: Definition = Definition {
    name: "history",
    columns: &[("in_tenant", Uuid), ("in_id", Uuid), ("in_floor", Int), ("in_max", Int)],
    postgres: None,
    body: "SELECT found.* FROM {input} CROSS JOIN LATERAL ( \
        SELECT id, seq, session_id, inbox_id, turn_id, created_at, author, text, attachments, \
        sender_name FROM messages WHERE messages.tenant_id = in_tenant \
        AND messages.session_id = in_id AND messages.seq > in_floor \
        AND messages.seq > coalesce((SELECT context_floor_seq FROM sessions \
        WHERE sessions.tenant_id = in_tenant AND sessions.id = in_id), 0) \
        ORDER BY messages.seq DESC LIMIT in_max) AS found",
    reports: true,
};

pub(super) const FIRST_INBOX: Definition = Definition {
    name: "first_inbox",
    columns: &[("in_tenant", Uuid), ("in_connection", Uuid), ("in_key", Text), ("in_n", Int)],
    postgres: None,
    body: "SELECT first_id AS id, in_n AS n FROM (SELECT in_n, (SELECT inbox.id FROM inbox \
        WHERE inbox.tenant_id = in_tenant AND inbox.connection_id = in_connection \
        AND inbox.dedupe_key = in_key) AS first_id FROM {input}) AS found \
        WHERE first_id IS NOT NULL",
    reports: true,
};

pub(super) const TURN_STATES: Definition = Definition {
    name: "turn_states",
    columns: &[("in_tenant", Uuid), ("in_id", Uuid)],
    postgres: None,
    body: "SELECT in_id AS id, n FROM (SELECT in_id, \
        (SELECT CAST(CASE WHEN turns.state = 'running' THEN 1 ELSE 0 END AS bigint) \
        FROM turns WHERE turns.tenant_id = in_tenant AND turns.id = in_id) AS n \
        FROM {input}) AS found WHERE n IS NOT NULL",
    reports: true,
};

/// The number is the place of the status in `OutboxStatus::ALL`.
pub(super) const OUTBOX_STATES: Definition = Definition {
    name: "outbox_states",
    columns: &[("in_tenant", Uuid), ("in_id", Uuid)],
    postgres: None,
    body: "SELECT in_id AS id, n FROM (SELECT in_id, \
        (SELECT CAST(CASE outbox.status WHEN 'pending' THEN 0 WHEN 'sending' THEN 1 \
        WHEN 'sent' THEN 2 WHEN 'ambiguous' THEN 3 ELSE 4 END AS bigint) FROM outbox \
        WHERE outbox.tenant_id = in_tenant AND outbox.id = in_id) AS n \
        FROM {input}) AS found WHERE n IS NOT NULL",
    reports: true,
};

pub(super) const KNOWN_AUDIT: Definition = Definition {
    name: "known_audit",
    columns: &[("in_tenant", Uuid), ("in_id", Uuid)],
    postgres: None,
    body: "SELECT in_id AS id, n FROM (SELECT in_id, (SELECT CAST(0 AS bigint) \
        FROM audit_log WHERE audit_log.tenant_id = in_tenant AND audit_log.id = in_id) AS n \
        FROM {input}) AS found WHERE n IS NOT NULL",
    reports: true,
};
