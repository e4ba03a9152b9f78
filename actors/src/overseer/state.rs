//! An overseer's memory: a view of the store that any restart can make again.

use super::handle::OverseerHandle;
use super::place::SessionPlace;
use super::quota::QuotaBook;
use super::session::SessionCounter;
use super::settle::Ending;
use crate::channel::ChannelHandle;
use crate::lanes::LanePermit;
use crate::metering::MeteringHandle;
use crate::subagent::{CancelReason, SubagentHandle};
use crate::tenants::TenantsHandle;
use rookery_domain::Secret;
use rookery_domain::agent::Agent;
use rookery_domain::id::{AgentId, ConnectionId, InboxId, SessionId, TurnId};
use rookery_domain::message::Inbound;
use rookery_domain::ownership::Lease;
use rookery_domain::tenant::DailyLimits;
use rookery_domain::usage::DayUsage;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use tokio::time::Instant;

/// Rows remembered that were read from the store before their wake-up came. A wake-up that is later
/// than this many of them would be taken for a new row.
const READ_AHEAD_MAX: usize = 4_096;

/// One inbound row in memory.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) id: InboxId,
    pub(crate) inbound: Inbound,
    /// Its turn was interrupted for a newer message.
    pub(crate) superseded: bool,
    /// Rows that changed its text while it waited; they end with it.
    pub(crate) edits: Vec<Self>,
    /// Its place in memory; given back when it is dropped.
    pub(crate) _permit: Option<LanePermit>,
}

impl Item {
    /// Its row, and the rows that end with it.
    pub(crate) fn rows(&self) -> impl Iterator<Item = InboxId> {
        std::iter::once(self.id).chain(self.edits.iter().map(|edit| edit.id))
    }
}

/// A command that stopped a turn. It ends after the turn has: were it the other way round, a
/// restart between the two would let the turn go on.
#[derive(Debug)]
pub(crate) struct AfterTurn {
    pub(crate) reason: CancelReason,
    pub(crate) item: Item,
    pub(crate) ending: Ending,
    /// Rows that waited behind the turn, and are dropped with it.
    pub(crate) dropped: Vec<Item>,
}

/// A running turn.
#[derive(Debug)]
pub(crate) struct RunningTurn {
    pub(crate) turn_id: TurnId,
    pub(crate) subagent: SubagentHandle,
    pub(crate) items: Vec<Item>,
    /// What it may still use.
    pub(crate) reserved: DayUsage,
}

/// One session in memory.
#[derive(Debug)]
pub(crate) struct SessionLane {
    pub(crate) place: SessionPlace,
    pub(crate) counter: Arc<SessionCounter>,
    pub(crate) waiting: VecDeque<Item>,
    pub(crate) running: Option<RunningTurn>,
    /// Its turn crashed and is being judged; nothing of the session runs meanwhile.
    pub(crate) judging: bool,
    /// Commands that wait for the turn's end.
    pub(crate) after_turn: VecDeque<AfterTurn>,
    /// Such a command's end is being written; nothing of the session runs meanwhile, so that what
    /// follows sees what it did.
    pub(crate) ending: bool,
    /// The platform's id of a growing message whose turn was interrupted: the next reply takes its
    /// place.
    pub(crate) growing: Option<String>,
    /// When the oldest held message arrived.
    pub(crate) held_since: Option<Instant>,
    /// When held messages are answered.
    pub(crate) held_until: Option<Instant>,
    pub(crate) used_at: Instant,
}

impl SessionLane {
    pub(crate) fn is_idle(&self) -> bool {
        self.running.is_none()
            && self.waiting.is_empty()
            && self.after_turn.is_empty()
            && !self.judging
            && !self.ending
    }
}

/// A connection's channel actor.
#[derive(Debug)]
pub(crate) struct ChannelSeat {
    pub(crate) handle: ChannelHandle,
    /// Rows it has and has not settled.
    pub(crate) outstanding: usize,
    /// It holds a socket or polls, and lives as long as the overseer.
    pub(crate) socket: bool,
    /// The configuration has changed since it started; it is replaced once it has no rows.
    pub(crate) stale: bool,
    pub(crate) idle_since: Instant,
}

/// What a tenant is configured to be, read at the start and on every change.
#[derive(Debug)]
pub(crate) struct TenantConfig {
    /// The tenant's version when this was read.
    pub(crate) version: i64,
    pub(crate) agents: HashMap<AgentId, Arc<Agent>>,
    pub(crate) keys: Arc<BTreeMap<String, Secret>>,
    pub(crate) limits: DailyLimits,
    /// Some connection fetches its events, so the tenant is never let go.
    pub(crate) polls: bool,
}

/// The whole memory.
#[derive(Debug)]
pub(crate) struct OverseerState {
    pub(crate) lease: Lease,
    pub(crate) myself: OverseerHandle,
    pub(crate) tenants: TenantsHandle,
    pub(crate) metering: MeteringHandle,
    pub(crate) config: TenantConfig,
    pub(crate) quota: QuotaBook,
    pub(crate) sessions: HashMap<SessionId, SessionLane>,
    /// Sessions that could start a turn and found all places taken.
    pub(crate) ready: VecDeque<SessionId>,
    pub(crate) turns_running: usize,
    /// Rows without an outcome that are in memory somewhere.
    pub(crate) known: HashSet<InboxId>,
    pub(crate) read_ahead: ReadAhead,
    /// Rows about which nothing is done, and whose end is not written yet.
    pub(crate) ignored: Vec<Item>,
    pub(crate) channels: HashMap<ConnectionId, ChannelSeat>,
    pub(crate) backlog: Backlog,
    /// Arrivals seen, to tell an unseen one apart when hibernating.
    pub(crate) arrivals: u64,
    pub(crate) busy_at: Instant,
    /// What was forgotten on purpose today.
    pub(crate) retention: RetentionRound,
    /// The work mark is gone.
    pub(crate) quiet: bool,
    /// Not before this is quiescing tried again.
    pub(crate) quiesce_after: Instant,
    pub(crate) draining: bool,
    /// Replies or turns wait for a connection that does not open.
    pub(crate) waiting_for_refresh: bool,
    /// When the store was last asked for rows that nobody told us of.
    pub(crate) swept_at: Instant,
}

/// Rows that were read from the store, and whose wake-up may still be on its way: it is no news then,
/// even if the row has ended meanwhile. A row of which a wake-up told first gets no second one.
#[derive(Debug, Default)]
pub(crate) struct ReadAhead {
    rows: HashSet<InboxId>,
    order: VecDeque<InboxId>,
}

impl ReadAhead {
    /// A row was read.
    pub(crate) fn note(&mut self, id: InboxId) {
        if !self.rows.insert(id) {
            return;
        }
        self.order.push_back(id);
        if self.order.len() > READ_AHEAD_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.rows.remove(&oldest);
        }
    }

    /// Whether a row was read before its wake-up, which is this one.
    pub(crate) fn has(&self, id: InboxId) -> bool {
        self.rows.contains(&id)
    }
}

/// The day's round of forgetting.
#[derive(Debug)]
pub(crate) struct RetentionRound {
    /// The UTC day of the last whole round.
    pub(crate) done_on: Option<i64>,
    /// Where the next step begins.
    pub(crate) after: Option<InboxId>,
    /// When the last step was made.
    pub(crate) stepped_at: Instant,
}

/// How far the stored backlog is read.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    /// Reading page by page: arrivals are found in the store in their order.
    pub(crate) catching_up: bool,
    /// The last row read.
    pub(crate) cursor: Option<InboxId>,
    /// Something arrived meanwhile.
    pub(crate) missed: bool,
    /// Permits of arrivals that wait in the store.
    pub(crate) parked: Vec<LanePermit>,
}

impl OverseerState {
    /// Whether anything is under way.
    pub(crate) fn is_busy(&self) -> bool {
        !self.known.is_empty()
            || self.turns_running > 0
            || self.backlog.catching_up
            || self.channels.values().any(|seat| seat.outstanding > 0)
    }

    /// Whether something has to end before the tenant can be given back: a turn, a send, a write.
    /// Rows that wait for their turn are the next owner's.
    pub(crate) fn is_working(&self) -> bool {
        let items = self.sessions.values().flat_map(|lane| &lane.waiting);
        let waiting: usize = items.map(|item| item.rows().count()).sum();
        self.turns_running > 0
            || self.known.len() > waiting
            || self.channels.values().any(|seat| seat.outstanding > 0)
    }

    /// A row has its outcome.
    pub(crate) fn forget(&mut self, id: InboxId) {
        self.known.remove(&id);
    }

    /// Work happened: the mark in the store is needed again.
    pub(crate) fn touched(&mut self) {
        self.busy_at = Instant::now();
        self.quiet = false;
    }
}
