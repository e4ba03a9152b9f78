//! The admin socket: HTTP over `<data_dir>/admin.sock`, which only its owner can open. Through it
//! the command line reaches a running server, so that a change takes effect at once.
//!
//! What does not belong here: the use cases (`rookery-control`), and anything reachable over the
//! network.

mod client;
mod router;
mod socket;
mod wire;

#[cfg(test)]
mod tests;

pub use client::AdminClient;
pub use router::{AdminState, Changed, StatusSource, router};
pub use socket::{AdminSocket, SOCKET_FILE};
pub use wire::{KeyRequest, Status};
