//! Is the configuration good?

use super::report::Check;
use crate::config::Loaded;
use rookery_control::Faults;

const NAME: &str = "configuration";

/// Every fault of one that cannot be used.
pub(super) fn faulty(faults: &Faults) -> Vec<Check> {
    faults
        .as_slice()
        .iter()
        .map(|fault| {
            Check::failed(NAME, fault.to_string(), "correct it in the file or the environment")
        })
        .collect()
}

/// What should be known about one that can.
pub(super) fn check(loaded: &Loaded) -> Vec<Check> {
    let source = loaded
        .file
        .as_ref()
        .map_or_else(|| "the defaults".to_owned(), |path| path.display().to_string());
    let mut checks = vec![Check::ok(NAME, format!("read from {source}"))];
    checks.extend(loaded.unknown.iter().map(|key| {
        Check::warning(NAME, key.to_string(), "remove or correct it; it has no effect")
    }));
    if let Err(faults) = loaded.config.refuse_what_is_not_here() {
        checks.extend(faulty(&faults));
    }
    checks
}
