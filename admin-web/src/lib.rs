//! The HTTP surface: platform hooks, the REST API, web chat over WebSocket and server-sent events,
//! the OpenAI-compatible endpoint, a plain chat page, and the operator's probes.
//!
//! Everything here translates between HTTP and the ports of the domain, and holds nothing that
//! matters: a restart costs a reconnect. What does not belong here: SQL, actors, the names of chat
//! platforms, and any decision about what happens to a message once ingestion has taken it.

mod api;
mod auth;
mod feed;
mod frame;
mod hooks;
mod openai;
mod ops;
mod pages;
mod router;
mod settings;
mod socket;
mod state;
mod submission;

#[cfg(test)]
mod testing;

pub use ops::ops_router;
pub use router::router;
pub use settings::WebSettings;
pub use state::{AppState, WebPorts};
