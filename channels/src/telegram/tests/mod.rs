//! The adapter against fixtures and against a scripted Bot API.

pub(crate) mod connection;
mod delivery;
mod fixtures;
mod ingress;
mod lifecycle;
mod normalise;
mod polling;
mod render;
mod scripted_api;
