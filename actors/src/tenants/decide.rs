//! What happens to a tenant's overseer. Pure.

/// A tenant as the decision sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// An overseer is live.
    pub(crate) live: bool,
    /// It crashed and is waiting or parked.
    pub(crate) away: bool,
    /// The node is going down.
    pub(crate) draining: bool,
}

/// What to do with an arrival or a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Routing {
    /// Tell the live overseer.
    Forward,
    /// Start one; it reads everything from the store.
    Start,
    /// Do nothing: the row is durable, and whoever starts next finds it.
    Leave,
}

/// Where work for a tenant goes.
pub(crate) const fn route(standing: Standing) -> Routing {
    match standing {
        Standing { draining: true, .. } | Standing { away: true, .. } => Routing::Leave,
        Standing { live: true, .. } => Routing::Forward,
        Standing { live: false, .. } => Routing::Start,
    }
}

/// Whether an overseer that calls itself idle may stop: only if nothing was sent to it since.
pub(crate) const fn may_hibernate(sent: u64, seen: u64) -> bool {
    sent == seen
}
