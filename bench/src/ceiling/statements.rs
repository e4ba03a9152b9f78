//! The statements of the path, over sets of rows: arrays on PostgreSQL, `VALUES` on SQLite.

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Uuid,
    Int,
    Text,
    Bytes,
    Flag,
}

use Kind::{Bytes, Flag, Int, Text, Uuid};

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    Uuid(Option<uuid::Uuid>),
    Int(i64),
    Text(Option<String>),
    Bytes(bytes::Bytes),
    Flag(bool),
}

/// A statement over a set of rows.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) name: &'static str,
    pub(super) columns: &'static [(&'static str, Kind)],
    pub(super) body: &'static str,
    /// Whether it answers rows of the history.
    pub(super) answers: bool,
}

/// Which statement, in the order in which they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Part {
    TurnEnds,
    Inbox,
    Wake,
    Contacts,
    Sessions,
    Raises,
    Messages,
    Turns,
    Settlements,
    Outbox,
    OutboxChanges,
    Usage,
    History,
}

impl Part {
    pub(super) const fn statement(self) -> &'static Statement {
        match self {
            Self::TurnEnds => &TURN_ENDS,
            Self::Inbox => &INBOX,
            Self::Wake => &WAKE,
            Self::Contacts => &CONTACTS,
            Self::Sessions => &SESSIONS,
            Self::Raises => &RAISES,
            Self::Messages => &MESSAGES,
            Self::Turns => &TURNS,
            Self::Settlements => &SETTLEMENTS,
            Self::Outbox => &OUTBOX,
            Self::OutboxChanges => &OUTBOX_CHANGES,
            Self::Usage => &USAGE,
            Self::History => &HISTORY,
        }
    }
}

/// One autocommitted insert into a table like the inbox, without row security.
pub(super) const BARE_POSTGRES: &str = "INSERT INTO bare_inbox \
    (tenant_id, id, connection_id, channel, dedupe_key, raw, received_at, attempts) \
    SELECT $1, id, $1, 'telegram', key, raw, at, 0 \
    FROM unnest($2::uuid[], $3::text[], $4::bytea[], $5::int8[]) AS rows (id, key, raw, at) \
    ON CONFLICT DO NOTHING";

/// The same into the inbox itself: SQLite has no row security.
pub(super) const BARE_SQLITE: &str = "INSERT INTO inbox \
    (tenant_id, id, connection_id, channel, dedupe_key, raw, received_at, attempts) VALUES ";

const INBOX: Statement = Statement {
    name: "inbox_rows",
    columns: &[("t", Uuid), ("i", Uuid), ("k", Text), ("raw_in", Bytes), ("at", Int)],
    body: "INSERT INTO inbox (tenant_id, id, connection_id, channel, dedupe_key, raw, received_at, \
        attempts) SELECT t, i, t, 'telegram', k, raw_in, at, 0 FROM {input} WHERE true \
        ON CONFLICT DO NOTHING",
    answers: false,
};

const WAKE: Statement = Statement {
    name: "wake_marks",
    columns: &[("t", Uuid), ("at", Int)],
    body: "INSERT INTO wake (tenant_id, since, version) SELECT t, min(at), 1 FROM {input} \
        WHERE true GROUP BY t ON CONFLICT (tenant_id) DO UPDATE SET version = wake.version + 1",
    answers: false,
};

const CONTACTS: Statement = Statement {
    name: "contact_rows",
    columns: &[("t", Uuid), ("i", Uuid), ("u", Text), ("n", Text), ("l", Text), ("at", Int)],
    body: "INSERT INTO contacts (tenant_id, id, connection_id, platform_user_id, display_name, \
        locale, created_at, updated_at) SELECT t, i, t, u, n, l, at, at FROM {input} WHERE true \
        ON CONFLICT (tenant_id, id) DO UPDATE SET display_name = excluded.display_name, \
        locale = excluded.locale, updated_at = excluded.updated_at \
        WHERE contacts.display_name IS DISTINCT FROM excluded.display_name \
        OR contacts.locale IS DISTINCT FROM excluded.locale",
    answers: false,
};

const SESSIONS: Statement = Statement {
    name: "session_rows",
    columns: &[("t", Uuid), ("i", Uuid), ("k", Text), ("c", Uuid), ("s", Int), ("at", Int)],
    body: "INSERT INTO sessions (tenant_id, id, connection_id, agent_id, conversation_key, kind, \
        contact_id, last_seq, context_floor_seq, created_at, last_active_at) \
        SELECT t, i, t, t, k, 'direct', c, s, 0, at, at FROM {input} WHERE true \
        ON CONFLICT (tenant_id, id) DO UPDATE SET agent_id = excluded.agent_id, \
        contact_id = excluded.contact_id, last_seq = excluded.last_seq, \
        last_active_at = excluded.last_active_at",
    answers: false,
};

const RAISES: Statement = Statement {
    name: "session_raises",
    columns: &[("t", Uuid), ("i", Uuid), ("s", Int), ("at", Int)],
    body: "UPDATE sessions SET last_seq = s, last_active_at = at FROM {input} \
        WHERE sessions.tenant_id = t AND sessions.id = i",
    answers: false,
};

const MESSAGES: Statement = Statement {
    name: "message_rows",
    columns: &[
        ("t", Uuid),
        ("i", Uuid),
        ("s", Uuid),
        ("q", Int),
        ("a", Text),
        ("x", Text),
        ("b", Uuid),
        ("u", Uuid),
        ("at", Int),
    ],
    body: "INSERT INTO messages (tenant_id, id, session_id, seq, author, text, attachments, \
        inbox_id, turn_id, created_at) SELECT t, i, s, q, a, x, '[]', b, u, at FROM {input} \
        WHERE true ON CONFLICT (tenant_id, id) DO NOTHING",
    answers: false,
};

const TURNS: Statement = Statement {
    name: "turn_rows",
    columns: &[("t", Uuid), ("i", Uuid), ("s", Uuid), ("b", Text), ("r", Text), ("at", Int)],
    body: "INSERT INTO turns (tenant_id, id, session_id, agent_id, revision_id, inbox_ids, \
        reply_target, state, attempt, started_at) SELECT t, i, s, t, t, b, r, 'running', 1, at \
        FROM {input} WHERE true ON CONFLICT (tenant_id, id) DO NOTHING",
    answers: false,
};

const TURN_ENDS: Statement = Statement {
    name: "turn_ends",
    columns: &[("t", Uuid), ("i", Uuid), ("at", Int)],
    body: "UPDATE turns SET state = 'completed', finished_at = at FROM {input} \
        WHERE turns.tenant_id = t AND turns.id = i AND turns.state = 'running'",
    answers: false,
};

const SETTLEMENTS: Statement = Statement {
    name: "settlements",
    columns: &[("t", Uuid), ("i", Uuid), ("u", Uuid), ("at", Int)],
    body: "UPDATE inbox SET outcome = 'answered', turn_id = u, done_at = at FROM {input} \
        WHERE inbox.tenant_id = t AND inbox.id = i AND inbox.outcome IS NULL",
    answers: false,
};

const OUTBOX: Statement = Statement {
    name: "outbox_rows",
    columns: &[
        ("t", Uuid),
        ("i", Uuid),
        ("s", Uuid),
        ("u", Uuid),
        ("b", Uuid),
        ("q", Int),
        ("g", Text),
        ("c", Text),
        ("at", Int),
    ],
    body: "INSERT INTO outbox (tenant_id, id, session_id, connection_id, turn_id, inbox_id, seq, \
        epoch, target, content, status, attempts, next_attempt_at, was_ambiguous, created_at) \
        SELECT t, i, s, t, u, b, q, 1, g, c, 'pending', 0, at, false, at FROM {input} WHERE true \
        ON CONFLICT (tenant_id, id) DO NOTHING",
    answers: false,
};

const OUTBOX_CHANGES: Statement = Statement {
    name: "outbox_changes",
    columns: &[("t", Uuid), ("i", Uuid), ("z", Text), ("m", Text), ("sent", Flag), ("at", Int)],
    body: "UPDATE outbox SET status = z, \
        attempts = CASE WHEN sent THEN attempts ELSE attempts + 1 END, \
        platform_message_id = coalesce(m, platform_message_id), \
        sent_at = CASE WHEN sent THEN at ELSE sent_at END FROM {input} \
        WHERE outbox.tenant_id = t AND outbox.id = i AND outbox.status IN ('pending', 'sending')",
    answers: false,
};

const USAGE: Statement = Statement {
    name: "usage_rows",
    columns: &[
        ("t", Uuid),
        ("i", Uuid),
        ("s", Uuid),
        ("u", Uuid),
        ("k", Text),
        ("m", Text),
        ("x", Int),
        ("y", Int),
        ("at", Int),
    ],
    body: "INSERT INTO usage_events (tenant_id, id, agent_id, session_id, turn_id, kind, model, \
        quantity, input_tokens, output_tokens, estimated, at, folded) \
        SELECT t, i, t, s, u, k, m, 1, x, y, false, at, false FROM {input} WHERE true \
        ON CONFLICT (tenant_id, id) DO NOTHING",
    answers: false,
};

/// PostgreSQL asks for all sessions at once, SQLite for each.
const HISTORY: Statement = Statement {
    name: "history",
    columns: &[("t", Uuid), ("i", Uuid), ("q", Int)],
    body: "SELECT found.* FROM {input} CROSS JOIN LATERAL (SELECT session_id, seq, author, text, \
        id, inbox_id, turn_id, created_at, attachments, sender_name FROM messages \
        WHERE messages.tenant_id = t AND messages.session_id = i AND messages.seq < q \
        ORDER BY messages.seq DESC LIMIT 60) AS found",
    answers: true,
};

/// [`Part::History`] of one session.
pub(super) const HISTORY_SQLITE: &str = "SELECT session_id, seq, author, text, id, inbox_id, \
    turn_id, created_at, attachments, sender_name FROM messages WHERE tenant_id = ?1 \
    AND session_id = ?2 AND seq < ?3 ORDER BY seq DESC LIMIT 60";

/// All parts as one statement.
pub(super) fn postgres(parts: &[Part]) -> String {
    let mut bound = 0;
    let mut expressions = Vec::with_capacity(parts.len() * 2);
    let mut answer = "SELECT NULL::uuid, 0::bigint, ''::text, ''::text WHERE false";
    for part in parts {
        let statement = part.statement();
        let names: Vec<&str> = statement.columns.iter().map(|(name, _)| *name).collect();
        let arrays: Vec<String> = statement
            .columns
            .iter()
            .map(|(_, kind)| {
                bound += 1;
                format!("${bound}::{}[]", array(*kind))
            })
            .collect();
        let input = format!("{}_in", statement.name);
        expressions.push(format!(
            "{input} ({}) AS (SELECT * FROM unnest({}))",
            names.join(", "),
            arrays.join(", ")
        ));
        let body = statement.body.replace("{input}", &input);
        expressions.push(format!("{} AS ({body})", statement.name));
        if statement.answers {
            answer = "SELECT * FROM history";
        }
    }
    format!("WITH {} {answer}", expressions.join(", "))
}

const fn array(kind: Kind) -> &'static str {
    match kind {
        Uuid => "uuid",
        Int => "int8",
        Text => "text",
        Bytes => "bytea",
        Flag => "bool",
    }
}

/// One part over so many rows.
pub(super) fn sqlite(part: Part, rows: usize) -> String {
    let statement = part.statement();
    let names: Vec<&str> = statement.columns.iter().map(|(name, _)| *name).collect();
    let row = format!("({})", vec!["?"; names.len()].join(", "));
    let body = statement.body.replace("{input}", "input_rows");
    format!(
        "WITH input_rows ({}) AS (VALUES {}) {body}",
        names.join(", "),
        vec![row; rows].join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::{Part, postgres, sqlite};

    #[test]
    fn every_column_is_bound_once() {
        let text = postgres(&[Part::Inbox, Part::Wake]);
        assert!(text.contains("$7::int8[]") && !text.contains("$8"));
        assert!(text.ends_with("WHERE false"));
        assert!(postgres(&[Part::History]).ends_with("SELECT * FROM history"));
        assert_eq!(sqlite(Part::Wake, 3).matches('?').count(), 6);
    }
}
