//! The checks that a machine can make on this workspace, and the preparation of a machine to run
//! them: `make check` and `make ci` are thin lists of these commands.
//!
//! Every check is a pure function over a small model ([`workspace::Workspace`] or
//! [`tidy::tree::Tree`]) that returns [`finding::Finding`]s; reading the model and printing the
//! findings are the only I/O. What does *not* belong here: anything that the product needs to
//! run, and a dependency on any crate of the workspace.

pub mod arch;
pub mod command;
pub mod finding;
pub mod licenses;
pub mod setup;
pub mod tidy;
pub mod workspace;
