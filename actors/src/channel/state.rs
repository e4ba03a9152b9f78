//! What waits for a platform.

use super::attempt::Courier;
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
    /// The first row waits for its time.
    pub(crate) resting: bool,
}

/// Everything that waits for one connection. One attempt of each session is under way at most, and
/// a tenant's outstanding rows are bounded before they come here.
#[derive(Debug)]
pub(crate) struct ChannelState {
    pub(crate) lanes: HashMap<SessionId, DeliveryLane>,
    /// Makes the attempts, under the connection's newest configuration.
    pub(crate) courier: Courier,
    /// Ends registering and polling when it is dropped, with the actor or before.
    pub(crate) link: Option<DropGuard>,
}
