//! What waits for a platform.

use rookery_domain::id::SessionId;
use rookery_domain::outbox::OutboxRow;
use std::collections::{HashMap, VecDeque};
use tokio_util::sync::DropGuard;

/// One session's rows.
#[derive(Debug, Default)]
pub(crate) struct DeliveryLane {
    pub(crate) rows: VecDeque<OutboxRow>,
    /// The first row is with the platform.
    pub(crate) under_way: bool,
    /// It stands in the line for a free place.
    pub(crate) listed: bool,
    /// The first row waits for its time.
    pub(crate) resting: bool,
}

/// Everything that waits for one connection.
#[derive(Debug)]
pub(crate) struct ChannelState {
    pub(crate) lanes: HashMap<SessionId, DeliveryLane>,
    /// Sessions that could send and found all places taken.
    pub(crate) ready: VecDeque<SessionId>,
    pub(crate) under_way: usize,
    /// Ends registering and polling when it is dropped, with the actor or before.
    pub(crate) link: Option<DropGuard>,
}
