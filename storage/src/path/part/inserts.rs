//! Rows that are added. Each carries an id from its caller: adding one again has no effect.

use super::definition::{Definition, GUARD_COLUMN, Kind};
use Kind::{Bytes, Flag, Int, Text, Uuid};

pub(super) const INBOX: Definition = Definition {
    name: "inbox_rows",
    columns: &[
        ("in_tenant", Uuid),
        ("in_id", Uuid),
        ("in_connection", Uuid),
        ("in_channel", Text),
        ("in_key", Text),
        ("in_raw", Bytes),
        ("in_at", Int),
    ],
    postgres: None,
    body: "INSERT INTO inbox \
        (tenant_id, id, connection_id, channel, dedupe_key, raw, received_at, attempts) \
        SELECT in_tenant, in_id, in_connection, in_channel, in_key, in_raw, in_at, 0 \
        FROM {input} WHERE true ON CONFLICT DO NOTHING RETURNING id, CAST(0 AS bigint) AS n",
    reports: true,
};

/// Writes the row even where it exists, so that whoever takes the mark away waits for this
/// transaction and then sees its rows.
pub(super) const WAKE: Definition = Definition {
    name: "wake_marks",
    columns: &[("in_tenant", Uuid), ("in_at", Int)],
    postgres: None,
    body: "INSERT INTO wake (tenant_id, since, version) \
        SELECT in_tenant, min(in_at), 1 FROM {input} WHERE true GROUP BY in_tenant \
        ON CONFLICT (tenant_id) DO UPDATE SET version = wake.version + 1",
    reports: false,
};

pub(super) const CONTACTS: Definition = Definition {
    name: "contact_rows",
    columns: &[
        ("in_tenant", Uuid),
        ("in_id", Uuid),
        ("in_connection", Uuid),
        ("in_user", Text),
        ("in_name", Text),
        ("in_locale", Text),
        ("in_at", Int),
    ],
    postgres: None,
    body: "INSERT INTO contacts (tenant_id, id, connection_id, platform_user_id, display_name, \
        locale, created_at, updated_at) \
        SELECT in_tenant, in_id, in_connection, in_user, in_name, in_locale, in_at, in_at \
        FROM {input} WHERE true ON CONFLICT (tenant_id, id) DO UPDATE SET \
        display_name = excluded.display_name, locale = excluded.locale, \
        updated_at = excluded.updated_at \
        WHERE contacts.display_name IS DISTINCT FROM excluded.display_name \
        OR contacts.locale IS DISTINCT FROM excluded.locale",
    reports: false,
};

pub(super) const SESSIONS: Definition = Definition {
    name: "session_rows",
    columns: &[
        ("in_tenant", Uuid),
        ("in_id", Uuid),
        ("in_connection", Uuid),
        ("in_agent", Uuid),
        ("in_key", Text),
        ("in_kind", Text),
        ("in_contact", Uuid),
        ("in_seq", Int),
        ("in_floor", Int),
        ("in_at", Int),
    ],
    postgres: None,
    body: "INSERT INTO sessions (tenant_id, id, connection_id, agent_id, conversation_key, kind, \
        contact_id, last_seq, context_floor_seq, created_at, last_active_at) \
        SELECT in_tenant, in_id, in_connection, in_agent, in_key, in_kind, in_contact, in_seq, \
        in_floor, in_at, in_at FROM {input} WHERE true \
        ON CONFLICT (tenant_id, id) DO UPDATE SET agent_id = excluded.agent_id, \
        contact_id = coalesce(excluded.contact_id, sessions.contact_id), \
        last_seq = CASE WHEN excluded.last_seq > sessions.last_seq \
        THEN excluded.last_seq ELSE sessions.last_seq END, \
        context_floor_seq = CASE WHEN excluded.context_floor_seq > sessions.context_floor_seq \
        THEN excluded.context_floor_seq ELSE sessions.context_floor_seq END, \
        last_active_at = CASE WHEN excluded.last_active_at > sessions.last_active_at \
        THEN excluded.last_active_at ELSE sessions.last_active_at END",
    reports: false,
};

pub(super) const MESSAGES: Definition = Definition {
    name: "message_rows",
    columns: &[
        ("in_tenant", Uuid),
        ("in_id", Uuid),
        ("in_session", Uuid),
        ("in_seq", Int),
        ("in_author", Text),
        ("in_text", Text),
        ("in_attachments", Text),
        ("in_sender", Text),
        ("in_inbox", Uuid),
        ("in_turn", Uuid),
        ("in_at", Int),
        (GUARD_COLUMN, Uuid),
    ],
    postgres: None,
    body: "INSERT INTO messages (tenant_id, id, session_id, seq, author, text, attachments, \
        sender_name, inbox_id, turn_id, created_at) \
        SELECT in_tenant, in_id, in_session, in_seq, in_author, in_text, in_attachments, \
        in_sender, in_inbox, in_turn, in_at FROM {input} WHERE true{guard} \
        ON CONFLICT (tenant_id, id) DO NOTHING",
    reports: false,
};

pub(super) const TURNS: Definition = Definition {
    name: "turn_rows",
    columns: &[
        ("in_tenant", Uuid),
        ("in_id", Uuid),
        ("in_session", Uuid),
        ("in_agent", Uuid),
        ("in_revision", Uuid),
        ("in_inboxes", Text),
        ("in_target", Text),
        ("in_state", Text),
        ("in_attempt", Int),
        ("in_at", Int),
    ],
    postgres: None,
    body: "INSERT INTO turns (tenant_id, id, session_id, agent_id, revision_id, inbox_ids, \
        reply_target, state, attempt, started_at) \
        SELECT in_tenant, in_id, in_session, in_agent, in_revision, in_inboxes, in_target, \
        in_state, in_attempt, in_at FROM {input} WHERE true \
        ON CONFLICT (tenant_id, id) DO NOTHING",
    reports: false,
};

pub(super) const STEPS: Definition = Definition {
    name: "step_rows",
    columns: &[
        ("in_tenant", Uuid),
        ("in_turn", Uuid),
        ("in_index", Int),
        ("in_payload", Text),
        ("in_at", Int),
    ],
    postgres: None,
    body: "INSERT INTO turn_steps (tenant_id, turn_id, step_index, payload, created_at) \
        SELECT in_tenant, in_turn, in_index, in_payload, in_at FROM {input} \
        WHERE (SELECT turns.state = 'running' FROM turns WHERE turns.tenant_id = in_tenant \
        AND turns.id = in_turn) ON CONFLICT (tenant_id, turn_id, step_index) DO NOTHING",
    reports: false,
};

pub(super) const OUTBOX: Definition = Definition {
    name: "outbox_rows",
    columns: &[
        ("in_tenant", Uuid),
        ("in_id", Uuid),
        ("in_session", Uuid),
        ("in_connection", Uuid),
        ("in_turn", Uuid),
        ("in_inbox", Uuid),
        ("in_seq", Int),
        ("in_epoch", Int),
        ("in_target", Text),
        ("in_content", Text),
        ("in_status", Text),
        ("in_attempts", Int),
        ("in_next", Int),
        ("in_ambiguous", Flag),
        ("in_message", Text),
        ("in_error", Text),
        ("in_at", Int),
        ("in_sent", Int),
        (GUARD_COLUMN, Uuid),
    ],
    postgres: None,
    body: "INSERT INTO outbox (tenant_id, id, session_id, connection_id, turn_id, inbox_id, seq, \
        epoch, target, content, status, attempts, next_attempt_at, was_ambiguous, \
        platform_message_id, error, created_at, sent_at) \
        SELECT in_tenant, in_id, in_session, in_connection, in_turn, in_inbox, in_seq, in_epoch, \
        in_target, in_content, in_status, in_attempts, in_next, in_ambiguous, in_message, \
        in_error, in_at, in_sent FROM {input} WHERE true{guard} \
        ON CONFLICT (tenant_id, id) DO NOTHING",
    reports: false,
};

pub(super) const USAGE: Definition = Definition {
    name: "usage_rows",
    columns: &[
        ("in_tenant", Uuid),
        ("in_id", Uuid),
        ("in_agent", Uuid),
        ("in_session", Uuid),
        ("in_turn", Uuid),
        ("in_kind", Text),
        ("in_model", Text),
        ("in_quantity", Int),
        ("in_input", Int),
        ("in_output", Int),
        ("in_estimated", Flag),
        ("in_at", Int),
        (GUARD_COLUMN, Uuid),
    ],
    postgres: None,
    body: "INSERT INTO usage_events (tenant_id, id, agent_id, session_id, turn_id, kind, model, \
        quantity, input_tokens, output_tokens, estimated, at, folded) \
        SELECT in_tenant, in_id, in_agent, in_session, in_turn, in_kind, in_model, in_quantity, \
        in_input, in_output, in_estimated, in_at, false FROM {input} WHERE true{guard} \
        ON CONFLICT (tenant_id, id) DO NOTHING",
    reports: false,
};

pub(super) const AUDIT: Definition = Definition {
    name: "audit_rows",
    columns: &[
        ("in_tenant", Uuid),
        ("in_seq", Int),
        ("in_id", Uuid),
        ("in_actor", Text),
        ("in_action", Text),
        ("in_subject", Text),
        ("in_details", Text),
        ("in_at", Int),
        ("in_previous", Bytes),
        ("in_hash", Bytes),
    ],
    postgres: None,
    body: "INSERT INTO audit_log (tenant_id, seq, id, actor, action, subject, details, at, \
        previous_hash, hash) \
        SELECT in_tenant, in_seq, in_id, in_actor, in_action, in_subject, in_details, in_at, \
        in_previous, in_hash FROM {input}",
    reports: false,
};
