//! Time and identity as ports, so that tests and the simulation own both.

use std::time::Duration;
use uuid::Uuid;

/// Milliseconds since the Unix epoch, UTC: the one form of a point in time, in memory and in SQL.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The epoch itself.
    pub const EPOCH: Self = Self(0);

    /// From milliseconds since the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This time plus a duration, saturating.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// This time minus a duration, saturating.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(millis))
    }

    /// How long after `earlier` this is; zero if it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The UTC day this falls into, in days since the epoch: the period of the daily quota.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(86_400_000)
    }

    /// The start of the next UTC day.
    #[must_use]
    pub const fn next_day(self) -> Self {
        Self((self.day() + 1) * 86_400_000)
    }

    /// RFC 3339 with milliseconds, for people and for the API.
    pub fn to_rfc3339(self) -> String {
        chrono::DateTime::from_timestamp_millis(self.0).map_or_else(
            || self.0.to_string(),
            |time| time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        )
    }
}

/// Where the time of day comes from. Durations are measured on the runtime's monotonic clock.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// Where ids come from: `UUIDv7`, so that they sort by time of creation.
pub trait IdSource: Send + Sync + std::fmt::Debug {
    /// A fresh `UUIDv7`; within one source each is greater than the one before.
    fn uuid(&self) -> Uuid;
}
