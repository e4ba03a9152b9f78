//! Licences, bans and sources of everything that is linked or run at build time, checked against
//! `deny.toml` without the network: the part of `cargo deny` that continuous integration can do.
//!
//! What does *not* belong here: advisories, which need a database that is fetched.

pub mod expression;
pub mod policy;

mod check;

pub use check::check;

#[cfg(test)]
mod tests;
