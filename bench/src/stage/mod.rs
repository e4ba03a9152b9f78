//! What a measurement happens on: the release binary in a process of its own, a database that is
//! fresh for it, platform and model outside, and tenants.
//!
//! What does *not* belong here: load, and what is measured.

mod binary;
mod fleet;
mod rows;
mod setting;
mod subject;

pub use binary::release_binary;
pub use fleet::{Fleet, Member, migrated};
pub use rows::{Counter, copy_tenants, lay_backlog, lay_history, lay_sessions};
pub use setting::Setting;
pub use subject::{AppliedTenant, Stage, Subject};
