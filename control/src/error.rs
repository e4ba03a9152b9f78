//! Why a use case of the control plane did not do what it was asked.

use crate::fault::Faults;
use crate::key_text::RandomError;
use rookery_domain::ErrorKind;
use rookery_domain::ports::StoreError;

/// The errors of this crate.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// What was asked for can never work; every fault on its own line.
    #[error("{0}")]
    Faults(#[from] Faults),
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tenant kept changing while it was being changed.
    #[error("tenant `{0}` is being changed by somebody else; run it again")]
    Contended(String),
    /// No such tenant.
    #[error("there is no tenant `{0}`")]
    UnknownTenant(String),
    /// No randomness for a key.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl ControlError {
    /// Its kind.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Faults(_) => ErrorKind::Invalid,
            Self::Store(error) => error.kind(),
            Self::Contended(_) => ErrorKind::Conflict,
            Self::UnknownTenant(_) => ErrorKind::NotFound,
            Self::Random(_) => ErrorKind::Internal,
        }
    }
}
