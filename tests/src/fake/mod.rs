//! Programs that stand for what is outside: they speak a vendor's HTTP and misbehave on request.
//!
//! A fake keeps the vendor's rules (it refuses what the vendor refuses, with the vendor's words)
//! and records everything, so that a test asserts at the edge where the effect happens. What does
//! *not* belong here: any knowledge of how our program works.

pub mod fault;
pub mod model;
pub mod telegram;
mod tls;

pub use tls::{http_client, install_crypto};
