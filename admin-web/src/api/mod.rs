//! The REST API under `/api/v1`: one file per endpoint, named by what it does.
//!
//! What does not belong here: the control plane (tenants, keys, publishing agents); it is reached
//! by `rookery apply` in this version.

mod list_agents;
mod list_messages;
mod send_message;
mod stream_run;

#[cfg(test)]
mod tests;

pub(crate) use list_agents::list_agents;
pub(crate) use list_messages::list_messages;
pub(crate) use send_message::send_message;
pub(crate) use stream_run::stream_run;
