//! Web chat over WebSocket: `/ws/chat?agent=…`.
//!
//! The client sends `{"type":"hello","token","session"?,"after"?}` and then any number of
//! `{"type":"message","client_id","text"}`. The server answers the first with
//! `{"type":"hello","session_id","seq","agent"}`, each message with
//! `{"type":"accepted","client_id","run_id"}` once it is durable, and then sends the session's
//! events: `delta`, `message`, `error`, `done`, each with its `seq`. Whoever reconnects with the
//! last `seq` as `after` misses no reply. A message is taken once per `client_id`.
//!
//! What does not belong here: what an event is (`feed`) and who may come in (`auth`).

mod conversation;
mod greeting;
mod line;
mod minted;
mod protocol;
mod upgrade;

#[cfg(test)]
mod tests;

pub(crate) use minted::MintedSessions;
pub(crate) use upgrade::open_socket;
