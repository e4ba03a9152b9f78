//! What the tests of this crate share: a scripted server, and the suite over a vendor's wire.
//!
//! The server runs on a plain thread, so that a test's runtime owns nothing of it.

mod server;
mod subject;

pub(crate) use server::{Ending, Play, VendorServer};
pub(crate) use subject::{Fixtures, WireSubject, http_client, install_ring, one_provider, route};
