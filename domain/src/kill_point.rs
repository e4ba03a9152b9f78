//! Named places on the path of a message at which the kill suite ends the process with SIGKILL.
//!
//! Without the `kill-points` feature [`hit`] is an empty inline function; a release build has none.

/// The places, in the order in which a message passes them (`docs/reference/kill-points.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KillPoint {
    /// A request was read and verified, nothing is stored.
    K1Accepted,
    /// The inbox row is committed, the platform has no answer yet.
    K2InboxCommitted,
    /// The platform has its 2xx.
    K3Acknowledged,
    /// The turn is recorded and the model is being asked.
    K4ModelAsked,
    /// A part of the model's answer has arrived.
    K5MidStream,
    /// A tool ran and its result is not journalled.
    K6ToolDone,
    /// The reply is in the outbox, nothing was sent.
    K7OutboxCommitted,
    /// The platform took the message, the outbox does not know it yet.
    K8SentNotRecorded,
    /// The send is recorded, the usage fact is not folded.
    K9RecordedNotFolded,
}

impl KillPoint {
    /// Every point.
    pub const ALL: [Self; 9] = [
        Self::K1Accepted,
        Self::K2InboxCommitted,
        Self::K3Acknowledged,
        Self::K4ModelAsked,
        Self::K5MidStream,
        Self::K6ToolDone,
        Self::K7OutboxCommitted,
        Self::K8SentNotRecorded,
        Self::K9RecordedNotFolded,
    ];

    /// The short name used by the tests: `K1` … `K9`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::K1Accepted => "K1",
            Self::K2InboxCommitted => "K2",
            Self::K3Acknowledged => "K3",
            Self::K4ModelAsked => "K4",
            Self::K5MidStream => "K5",
            Self::K6ToolDone => "K6",
            Self::K7OutboxCommitted => "K7",
            Self::K8SentNotRecorded => "K8",
            Self::K9RecordedNotFolded => "K9",
        }
    }
}

/// Whether this build has kill points at all.
pub const ENABLED: bool = cfg!(feature = "kill-points");

#[cfg(feature = "kill-points")]
static HOOK: std::sync::OnceLock<fn(KillPoint)> = std::sync::OnceLock::new();

/// Sets what happens at a kill point, once per process.
#[cfg(feature = "kill-points")]
pub fn install(hook: fn(KillPoint)) {
    let _already_set = HOOK.set(hook);
}

/// Passes a kill point.
#[cfg(feature = "kill-points")]
pub fn hit(point: KillPoint) {
    if let Some(hook) = HOOK.get() {
        hook(point);
    }
}

/// Passes a kill point.
#[cfg(not(feature = "kill-points"))]
#[inline(always)]
pub const fn hit(_point: KillPoint) {}
