//! What an apply file says: read, checked, and with its secrets resolved by the process that was
//! given the file, so that it can be handed to a running server as one value.
//!
//! What does not belong here: what is stored already (that is `apply`), and reading files or the
//! environment (that is behind [`SecretSources`]).

mod agent;
mod connection;
mod limits;
mod parse;
mod section;
mod source;
mod tenant;

#[cfg(test)]
mod tests;

pub use parse::{APPLY_FILE_BYTES_MAX, ENTRIES_MAX, parse};
pub use section::is_slug;
pub use source::{SECRET_BYTES_MAX, SecretSources};
pub use tenant::{
    AgentSpec, ApiKeySpec, CarriedSecret, ConnectionSpec, Known, RESERVED_CONNECTION_PREFIX,
    TenantSection, TenantSpec,
};
