//! The load: deliveries as the platform makes them, over kept-alive connections, as many as are
//! wanted or at an even pace; conversations that wait for their reply; clients that wait for the
//! first word.
//!
//! What does *not* belong here: what is measured with it, and against what.

mod connection;
mod ingest;
mod stream;
mod turns;

pub use connection::{Connection, Response};
pub use ingest::{Acks, Hook, at_even_pace, at_full_speed};
pub use stream::{ApiClient, first_words};
pub use turns::{Talk, TurnTimes, Turns, converse, turn};
