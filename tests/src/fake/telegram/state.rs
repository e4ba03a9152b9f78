//! Everything the server knows, behind one lock.

use super::call::{Call, Delivery};
use super::chat::{Chat, Person, Place};
use crate::fake::fault::Rules;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// The most updates that wait for one bot.
pub(super) const PENDING_UPDATES_MAX: usize = 200_000;
/// The most acknowledged updates of one bot that may be delivered once more.
pub(super) const TAKEN_UPDATES_MAX: usize = 256;

#[derive(Debug)]
pub(super) struct State {
    pub(super) bots: HashMap<String, Bot>,
    pub(super) faults: Rules,
    pub(super) calls: Vec<Call>,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) next_order: u64,
}

impl State {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            bots: HashMap::new(),
            faults: Rules::seeded(seed),
            calls: Vec::new(),
            deliveries: Vec::new(),
            next_order: 1,
        }
    }

    pub(super) const fn take_order(&mut self) -> u64 {
        let order = self.next_order;
        self.next_order += 1;
        order
    }
}

#[derive(Debug)]
pub(super) struct Bot {
    pub(super) id: i64,
    pub(super) username: String,
    pub(super) webhook: Option<Webhook>,
    pub(super) pending: VecDeque<Pending>,
    /// The newest acknowledged updates, oldest first.
    pub(super) taken: VecDeque<Pending>,
    pub(super) next_update_id: i64,
    pub(super) chats: BTreeMap<i64, Chat>,
    pub(super) people: BTreeMap<i64, Person>,
    pub(super) open_callbacks: BTreeSet<String>,
    pub(super) commands: Value,
    pub(super) allowed_updates: Option<Vec<String>>,
    /// Rises with every `getUpdates`; an older one that still waits is ended.
    pub(super) poll: u64,
    /// Queues that a task delivers right now.
    pub(super) delivering: BTreeSet<String>,
    pub(super) last_webhook_error: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Webhook {
    pub(super) url: String,
    pub(super) secret: Option<String>,
    pub(super) connections_max: i64,
}

/// An update that nobody has taken yet.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) update_id: i64,
    /// Updates of one queue are delivered one after the other.
    pub(super) queue: String,
    pub(super) body: String,
}

impl Bot {
    pub(super) fn new(id: i64, username: &str) -> Self {
        Self {
            id,
            username: username.to_owned(),
            webhook: None,
            pending: VecDeque::new(),
            taken: VecDeque::new(),
            next_update_id: 100_000,
            chats: BTreeMap::new(),
            people: BTreeMap::new(),
            open_callbacks: BTreeSet::new(),
            commands: json!([]),
            allowed_updates: None,
            poll: 0,
            delivering: BTreeSet::new(),
            last_webhook_error: None,
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "is_bot": true,
            "first_name": self.username,
            "username": self.username,
        })
    }

    pub(super) fn me(&self) -> Value {
        let mut me = self.json();
        if let Some(object) = me.as_object_mut() {
            for (name, value) in [
                ("can_join_groups", true),
                ("can_read_all_group_messages", false),
                ("supports_inline_queries", false),
                ("can_connect_to_business", false),
                ("has_main_web_app", false),
            ] {
                object.insert(name.to_owned(), json!(value));
            }
        }
        me
    }

    pub(super) fn enter(&mut self, place: &Place, person: &Person) -> &mut Chat {
        self.people.insert(person.id, person.clone());
        self.chats.entry(place.chat_id).or_insert_with(|| Chat::new(place.clone()))
    }

    /// Forgets an acknowledged update, but for repeats.
    pub(super) fn take_update(&mut self, update_id: i64) {
        let waiting = self.pending.iter().position(|pending| pending.update_id == update_id);
        let Some(taken) = waiting.and_then(|index| self.pending.remove(index)) else {
            return;
        };
        if self.taken.len() >= TAKEN_UPDATES_MAX {
            self.taken.pop_front();
        }
        self.taken.push_back(taken);
    }

    /// Queues an update and returns its id; `None` if the bot does not want this kind.
    pub(super) fn queue_update(
        &mut self,
        queue: String,
        kind: &str,
        content: &Value,
    ) -> Option<i64> {
        let wanted = match &self.allowed_updates {
            Some(kinds) if !kinds.is_empty() => kinds.iter().any(|wanted| wanted == kind),
            _ => !matches!(kind, "message_reaction" | "message_reaction_count" | "chat_member"),
        };
        if !wanted || self.pending.len() >= PENDING_UPDATES_MAX {
            return None;
        }
        let update_id = self.next_update_id;
        self.next_update_id += 1;
        let body = json!({ "update_id": update_id, kind: content }).to_string();
        self.pending.push_back(Pending { update_id, queue, body });
        Some(update_id)
    }
}
