//! The words and the promises of Rookery: ids, errors, nouns and the ports between the crates.
//!
//! Every library crate depends on this one and on none of its siblings. What does *not* belong
//! here: I/O, an async runtime, SQL, HTTP, actors, and the name of any vendor.

pub mod agent;
pub mod api_key;
pub mod audit;
pub mod channel;
pub mod command;
pub mod connection;
pub mod error;
pub mod id;
pub mod inbox;
pub mod kill_point;
pub mod live;
pub mod message;
pub mod model;
pub mod notice;
pub mod outbox;
pub mod ownership;
pub mod ports;
pub mod secret;
pub mod session;
pub mod tenant;
pub mod time;
pub mod tool;
pub mod turn;
pub mod usage;

#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use error::ErrorKind;
pub use secret::Secret;
pub use time::{Clock, IdSource, Timestamp};
