//! `[limits]`: every queue, body, loop, retry and cache has its number here, and every wait its
//! duration. One file per crate that takes them; the keys form one flat table.

mod actors;
mod listeners;
mod section;
mod storage;
mod web;

pub use listeners::ListenerLimits;
pub use section::LimitsConfig;
pub use storage::StorageLimits;
pub use web::WebLimits;

use section::at_least_one;
