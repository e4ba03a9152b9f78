//! Nothing is posted to a hook of this channel; rows are written where a submission is taken.

use super::normalise::normalise;
use rookery_domain::message::Inbound;
use rookery_domain::ports::{Envelope, Ingress, IngressError, RawRequest};

/// The inbound half.
#[derive(Debug, Clone, Copy)]
pub(super) struct WebIngress;

impl Ingress for WebIngress {
    fn accept(&self, _request: &RawRequest) -> Result<Vec<Envelope>, IngressError> {
        Err(IngressError::Unauthorized)
    }

    fn normalise(&self, raw: &[u8]) -> Result<Inbound, IngressError> {
        normalise(raw)
    }
}
