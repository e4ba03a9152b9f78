//! The use cases of the control plane: read an apply file, make it so, set up the embedded
//! default, make a key. One implementation for the HTTP API, the command line and `apply`.
//!
//! Why: whichever door a change comes through, the same checks, the same ids and the same audit
//! entries follow. What does *not* belong here: SQL, HTTP, files, the environment (secrets are
//! resolved through a port that the caller's process implements), and the running system.

pub mod apply;
pub mod bootstrap;
pub mod control;
pub mod dead_letters;
pub mod error;
pub mod fault;
pub mod key_text;
pub mod keys;
pub mod spec;

#[cfg(test)]
mod tests;

pub use apply::{Applied, Outcome};
pub use bootstrap::SignIn;
pub use control::{Control, ControlPorts};
pub use dead_letters::{DeadLetter, DeadLetterId, DeadLetterIdError, Direction, Replayed};
pub use error::ControlError;
pub use fault::{Fault, Faults, nearest};
pub use key_text::{RandomError, RandomSource};
pub use keys::MadeKey;
pub use spec::{Known, SecretSources, TenantSpec, parse};
