//! What can be wrong with the catalogue's own settings. Ports return the domain's error types.

use rookery_domain::ErrorKind;
use rookery_domain::channel::ChannelKindError;

/// Why the catalogue cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChannelsError {
    /// A platform's base URL cannot be one.
    #[error("channels.{channel}.api_url: {reason}")]
    ApiUrl {
        /// The platform.
        channel: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// An adapter's own name cannot be one.
    #[error(transparent)]
    Name(#[from] ChannelKindError),
}

impl ChannelsError {
    /// Its kind.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::ApiUrl { .. } => ErrorKind::Invalid,
            Self::Name(_) => ErrorKind::Internal,
        }
    }
}
