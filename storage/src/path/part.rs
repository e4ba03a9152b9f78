//! The statements of the writer lanes, each over a set of input rows and each written once for
//! both dialects.
//!
//! `{input}` stands for the name under which the rows are known: `unnest` of one array per column
//! on PostgreSQL, so that the text never changes with the number of rows; `VALUES` on SQLite.
//! `{guard}` stands for the condition that a row belongs to a turn which this very statement ends.
//! A part that reports answers `(id, n)`.
//!
//! Rows are found by their whole key, whatever the planner believes about a table: on an empty one
//! it expects a single row per tenant, and keeps walking all of them as they become many. So what
//! is looked up stands in a scalar subquery, and what is updated is, on PostgreSQL, proposed for
//! insertion as it will be and meets itself at the unique index.

/// The type of an input column.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Uuid,
    Int,
    Text,
    Bytes,
    Flag,
}

/// One statement over a set of rows. The order is the order in which SQLite runs them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Part {
    Fences,
    TurnEnds,
    Inbox,
    Wake,
    Contacts,
    Sessions,
    SessionRaises,
    Messages,
    Turns,
    RunningTurns,
    Steps,
    Settlements,
    Outbox,
    OutboxChanges,
    Usage,
    History,
    FirstInbox,
    TurnStates,
    OutboxStates,
    KnownAudit,
    Audit,
}

/// What a part is made of.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) name: &'static str,
    pub(super) columns: &'static [(&'static str, Kind)],
    /// PostgreSQL's own wording, where a join would leave it to the planner how rows are found.
    pub(super) postgres: Option<&'static str>,
    pub(super) body: &'static str,
    pub(super) reports: bool,
}

use Kind::{Bytes, Flag, Int, Text, Uuid};

/// Every guarded part has this column last: the turn it depends on, if any.
pub(super) const GUARD_COLUMN: &str = "in_guard";

impl Part {
    pub(super) const fn definition(self) -> &'static Definition {
        match self {
            Self::Fences => &FENCES,
            Self::TurnEnds => &TURN_ENDS,
            Self::Inbox => &INBOX,
            Self::Wake => &WAKE,
            Self::Contacts => &CONTACTS,
            Self::Sessions => &SESSIONS,
            Self::SessionRaises => &SESSION_RAISES,
            Self::Messages => &MESSAGES,
            Self::Turns => &TURNS,
            Self::RunningTurns => &RUNNING_TURNS,
            Self::Steps => &STEPS,
            Self::Settlements => &SETTLEMENTS,
            Self::Outbox => &OUTBOX,
            Self::OutboxChanges => &OUTBOX_CHANGES,
            Self::Usage => &USAGE,
            Self::History => &HISTORY,
            Self::FirstInbox => &FIRST_INBOX,
            Self::TurnStates => &TURN_STATES,
            Self::OutboxStates => &OUTBOX_STATES,
            Self::KnownAudit => &KNOWN_AUDIT,
            Self::Audit => &AUDIT,
        }
    }

    /// Input columns.
    pub(super) const fn width(self) -> usize {
        self.definition().columns.len()
    }

    /// Whether its rows may depend on a turn that ends in the same statement.
    pub(super) fn is_guarded(self) -> bool {
        self.definition().columns.last().is_some_and(|(name, _)| *name == GUARD_COLUMN)
    }
}

const FENCES: Definition = Definition {
    name: "fences",
    columns: &[("in_tenant", Uuid), ("in_owner", Uuid), ("in_epoch", Int), ("in_n", Int)],
    postgres: None,
    body: "SELECT in_tenant AS id, in_n AS n FROM {input} JOIN ownership \
        ON ownership.tenant_id = in_tenant AND ownership.owner = in_owner \
        AND ownership.epoch = in_epoch",
    reports: true,
};

const TURN_ENDS: Definition = Definition {
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

const INBOX: Definition = Definition {
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
const WAKE: Definition = Definition {
    name: "wake_marks",
    columns: &[("in_tenant", Uuid), ("in_at", Int)],
    postgres: None,
    body: "INSERT INTO wake (tenant_id, since, version) \
        SELECT in_tenant, min(in_at), 1 FROM {input} WHERE true GROUP BY in_tenant \
        ON CONFLICT (tenant_id) DO UPDATE SET version = wake.version + 1",
    reports: false,
};

const CONTACTS: Definition = Definition {
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

const SESSIONS: Definition = Definition {
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

const SESSION_RAISES: Definition = Definition {
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

const MESSAGES: Definition = Definition {
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

const TURNS: Definition = Definition {
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

const RUNNING_TURNS: Definition = Definition {
    name: "running_turns",
    columns: &[("in_tenant", Uuid), ("in_id", Uuid)],
    postgres: None,
    body: "SELECT in_id AS id, n FROM (SELECT in_id, \
        (SELECT CAST(CASE WHEN turns.state = 'running' THEN 1 ELSE 0 END AS bigint) \
        FROM turns WHERE turns.tenant_id = in_tenant AND turns.id = in_id) AS n \
        FROM {input}) AS found WHERE n = 1",
    reports: true,
};

const STEPS: Definition = Definition {
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

const SETTLEMENTS: Definition = Definition {
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

const OUTBOX: Definition = Definition {
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

const OUTBOX_CHANGES: Definition = Definition {
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

const USAGE: Definition = Definition {
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

/// PostgreSQL only; SQLite asks once per session. Within one statement the rows that the statement
/// itself adds are not seen: the caller has them.
const HISTORY: Definition = Definition {
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

const FIRST_INBOX: Definition = Definition {
    name: "first_inbox",
    columns: &[("in_tenant", Uuid), ("in_connection", Uuid), ("in_key", Text), ("in_n", Int)],
    postgres: None,
    body: "SELECT first_id AS id, in_n AS n FROM (SELECT in_n, (SELECT inbox.id FROM inbox \
        WHERE inbox.tenant_id = in_tenant AND inbox.connection_id = in_connection \
        AND inbox.dedupe_key = in_key) AS first_id FROM {input}) AS found \
        WHERE first_id IS NOT NULL",
    reports: true,
};

const TURN_STATES: Definition = Definition {
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
const OUTBOX_STATES: Definition = Definition {
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

const KNOWN_AUDIT: Definition = Definition {
    name: "known_audit",
    columns: &[("in_tenant", Uuid), ("in_id", Uuid)],
    postgres: None,
    body: "SELECT in_id AS id, n FROM (SELECT in_id, (SELECT CAST(0 AS bigint) \
        FROM audit_log WHERE audit_log.tenant_id = in_tenant AND audit_log.id = in_id) AS n \
        FROM {input}) AS found WHERE n IS NOT NULL",
    reports: true,
};

const AUDIT: Definition = Definition {
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
