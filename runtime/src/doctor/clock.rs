//! Does the clock say something that can be true?

use super::report::Check;
use crate::config::Config;
use crate::system::SystemClock;
use rookery_domain::time::Clock;
use std::time::{Duration, UNIX_EPOCH};

/// A clock before this has not been set since the machine started: 2025-01-01.
const EARLIEST_MILLIS: i64 = 1_735_689_600_000;
/// Files that are this much younger than now were written under another time.
const TOLERANCE: Duration = Duration::from_secs(120);

/// Checks the clock against the calendar and against the files of the data directory.
pub(super) fn check(config: &Config) -> Check {
    const NAME: &str = "clock";
    const FIX: &str = "set the clock, and let a time service keep it";
    let now = SystemClock.now();
    if now.as_millis() < EARLIEST_MILLIS {
        return Check::failed(NAME, format!("says {}", now.to_rfc3339()), FIX);
    }
    let limit = u64::try_from(now.plus(TOLERANCE).as_millis()).unwrap_or(u64::MAX);
    let from_the_future = std::fs::read_dir(&config.storage.data_dir)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter(|entry| {
            let written = entry.metadata().and_then(|data| data.modified()).ok();
            let since = written.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            since.is_some_and(|since| since > Duration::from_millis(limit))
        })
        .count();
    if from_the_future > 0 {
        let detail =
            format!("went back: {from_the_future} files of the data directory are younger");
        return Check::warning(NAME, detail, FIX);
    }
    Check::ok(NAME, now.to_rfc3339())
}
