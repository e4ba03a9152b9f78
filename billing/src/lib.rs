//! What a tenant may use, and later what it costs.
//!
//! Today: daily limits from the tenant's own settings over the runtime's defaults. The ledger,
//! plans with prices and the payment provider are not here yet. What does not belong here: SQL,
//! HTTP and the actors that enforce a limit.

mod limits;

pub use limits::RuntimeLimits;
