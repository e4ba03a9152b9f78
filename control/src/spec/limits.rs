//! `[limits]`: stored with the tenant.

use super::section::Section;
use crate::fault::Faults;
use rookery_domain::tenant::TenantLimits;
use serde_json::{Map, Value};

const KEYS: &[&str] = &["messages_per_day", "tokens_per_day", "spend_usd_per_month"];
/// What a signed 64-bit column holds.
const COUNT_MAX: u64 = 9_223_372_036_854_775_807;

/// Reads the limits.
pub(super) fn read(table: &Map<String, Value>, faults: &mut Faults) -> TenantLimits {
    let section = Section::open("limits", table, KEYS, faults);
    TenantLimits {
        messages_per_day: count(&section, "messages_per_day", faults),
        tokens_per_day: count(&section, "tokens_per_day", faults),
        spend_usd_per_month: amount(&section, "spend_usd_per_month", faults),
    }
}

fn count(section: &Section<'_>, key: &str, faults: &mut Faults) -> Option<u64> {
    let value = section.value(key)?;
    let count = value.as_u64().filter(|count| *count <= COUNT_MAX);
    if count.is_none() {
        faults.push(section.path_of(key), "must be a whole number, 0 or more");
    }
    count
}

fn amount(section: &Section<'_>, key: &str, faults: &mut Faults) -> Option<f64> {
    let value = section.value(key)?;
    let amount = value.as_f64().filter(|amount| amount.is_finite() && *amount >= 0.0);
    if amount.is_none() {
        faults.push(section.path_of(key), "must be a number, 0 or more");
    }
    amount
}
