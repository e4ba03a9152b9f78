//! Rows that are changed, once each in a statement.

use super::definition::{Definition, GUARD_COLUMN, Kind};
use Kind::{Flag, Int, Text, Uuid};

pub(super) const TURN_ENDS: Definition = Definition {
    name: "turn_ends",
    columns: &[
        ("in_tenant", Uuid),
        ("in_id", Uuid),
        ("in_state", Text),
        ("in_error", Text),
        ("in_at", Int),
    ],
    postgres: Some(
        "INSERT INTO turns (tenant_id, id, session_id, agent_id, revision_id, \
        inbox_ids, reply_target, state, attempt, error_code, started_at, finished_at) \
        SELECT old.tenant_id, old.id, old.session_id, old.agent_id, old.revision_id, \
        old.inbox_ids, old.reply_target, in_state, old.attempt, in_error, old.started_at, in_at \
        FROM {input} CROSS JOIN LATERAL (SELECT * FROM turns WHERE turns.tenant_id = in_tenant \
        AND turns.id = in_id AND turns.state = 'running' LIMIT 1) AS old \
        ON CONFLICT (tenant_id, id) DO UPDATE SET state = excluded.state, \
        error_code = excluded.error_code, finished_at = excluded.finished_at \
        WHERE turns.state = 'running' RETURNING id, CAST(0 AS bigint) AS n",
    ),
    body: "UPDATE turns SET state = in_state, error_code = in_error, finished_at = in_at \
        FROM {input} WHERE turns.tenant_id = in_tenant AND turns.id = in_id \
        AND turns.state = 'running' RETURNING id, CAST(0 AS bigint) AS n",
    reports: true,
};

pub(super) const SESSION_RAISES: Definition = Definition {
    name: "session_raises",
    columns: &[
        ("in_tenant", Uuid),
        ("in_id", Uuid),
        ("in_seq", Int),
        ("in_at", Int),
        (GUARD_COLUMN, Uuid),
    ],
    postgres: Some(
        "INSERT INTO sessions (tenant_id, id, connection_id, agent_id, \
        conversation_key, kind, contact_id, last_seq, context_floor_seq, created_at, \
        last_active_at) SELECT old.tenant_id, old.id, old.connection_id, old.agent_id, \
        old.conversation_key, old.kind, old.contact_id, in_seq, old.context_floor_seq, \
        old.created_at, in_at FROM {input} CROSS JOIN LATERAL (SELECT * FROM sessions \
        WHERE sessions.tenant_id = in_tenant AND sessions.id = in_id LIMIT 1) AS old \
        WHERE true{guard} ON CONFLICT (tenant_id, id) DO UPDATE SET \
        last_seq = greatest(sessions.last_seq, excluded.last_seq), \
        last_active_at = greatest(sessions.last_active_at, excluded.last_active_at)",
    ),
    body: "UPDATE sessions SET \
        last_seq = CASE WHEN in_seq > last_seq THEN in_seq ELSE last_seq END, \
        last_active_at = CASE WHEN in_at > last_active_at THEN in_at ELSE last_active_at END \
        FROM {input} WHERE sessions.tenant_id = in_tenant AND sessions.id = in_id{guard}",
    reports: false,
};

pub(super) const SETTLEMENTS: Definition = Definition {
    name: "settlements",
    columns: &[
        ("in_tenant", Uuid),
        ("in_id", Uuid),
        ("in_outcome", Text),
        ("in_turn", Uuid),
        ("in_error", Text),
        ("in_at", Int),
        (GUARD_COLUMN, Uuid),
    ],
    postgres: Some(
        "INSERT INTO inbox (tenant_id, id, connection_id, channel, dedupe_key, raw, \
        received_at, attempts, outcome, turn_id, error, done_at) \
        SELECT old.tenant_id, old.id, old.connection_id, old.channel, old.dedupe_key, '', \
        old.received_at, old.attempts, in_outcome, in_turn, in_error, in_at \
        FROM {input} CROSS JOIN LATERAL (SELECT * FROM inbox WHERE inbox.tenant_id = in_tenant \
        AND inbox.id = in_id AND inbox.outcome IS NULL LIMIT 1) AS old \
        WHERE true{guard} ON CONFLICT (tenant_id, id) DO UPDATE SET \
        outcome = excluded.outcome, turn_id = excluded.turn_id, error = excluded.error, \
        done_at = excluded.done_at WHERE inbox.outcome IS NULL",
    ),
    body: "UPDATE inbox SET outcome = in_outcome, turn_id = in_turn, error = in_error, \
        done_at = in_at FROM {input} WHERE inbox.tenant_id = in_tenant AND inbox.id = in_id \
        AND inbox.outcome IS NULL{guard}",
    reports: false,
};

pub(super) const OUTBOX_CHANGES: Definition = Definition {
    name: "outbox_changes",
    columns: &[
        ("in_tenant", Uuid),
        ("in_id", Uuid),
        ("in_status", Text),
        ("in_attempts", Int),
        ("in_next", Int),
        ("in_ambiguous", Flag),
        ("in_message", Text),
        ("in_error", Text),
        ("in_sent", Int),
        ("in_from_pending", Flag),
        ("in_from_sending", Flag),
    ],
    postgres: Some(
        "INSERT INTO outbox (tenant_id, id, session_id, connection_id, turn_id, \
        inbox_id, seq, epoch, target, content, status, attempts, next_attempt_at, \
        was_ambiguous, platform_message_id, error, created_at, sent_at) \
        SELECT old.tenant_id, old.id, old.session_id, old.connection_id, old.turn_id, \
        old.inbox_id, old.seq, old.epoch, old.target, old.content, in_status, \
        old.attempts + in_attempts, coalesce(in_next, old.next_attempt_at), \
        (old.was_ambiguous OR in_ambiguous), coalesce(in_message, old.platform_message_id), \
        coalesce(in_error, old.error), old.created_at, coalesce(in_sent, old.sent_at) \
        FROM {input} CROSS JOIN LATERAL (SELECT * FROM outbox \
        WHERE outbox.tenant_id = in_tenant AND outbox.id = in_id \
        AND ((outbox.status = 'pending' AND in_from_pending) \
        OR (outbox.status = 'sending' AND in_from_sending)) LIMIT 1) AS old \
        ON CONFLICT (tenant_id, id) DO UPDATE SET status = excluded.status, \
        attempts = excluded.attempts, next_attempt_at = excluded.next_attempt_at, \
        was_ambiguous = excluded.was_ambiguous, \
        platform_message_id = excluded.platform_message_id, error = excluded.error, \
        sent_at = excluded.sent_at WHERE outbox.status IN ('pending', 'sending') \
        RETURNING id, attempts AS n",
    ),
    body: "UPDATE outbox SET status = in_status, attempts = attempts + in_attempts, \
        next_attempt_at = coalesce(in_next, next_attempt_at), \
        was_ambiguous = (was_ambiguous OR in_ambiguous), \
        platform_message_id = coalesce(in_message, platform_message_id), \
        error = coalesce(in_error, error), sent_at = coalesce(in_sent, sent_at) \
        FROM {input} WHERE outbox.tenant_id = in_tenant AND outbox.id = in_id \
        AND ((outbox.status = 'pending' AND in_from_pending) \
        OR (outbox.status = 'sending' AND in_from_sending)) RETURNING id, attempts AS n",
    reports: true,
};
