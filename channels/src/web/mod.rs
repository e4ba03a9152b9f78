//! Web chat and our own HTTP API: people fetch from us, so committing a reply is delivering it.
//!
//! What does *not* belong here: sockets, HTTP and keys; those are the admin API's.

mod adapter;
mod delivery;
mod ingress;
mod normalise;
mod settings;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use adapter::WebAdapter;
