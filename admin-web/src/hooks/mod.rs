//! Where chat platforms deliver: bytes in, a status out.
//!
//! What does not belong here: signatures, payloads and anything else a platform defines. Those
//! are its adapter's, behind ingestion.

mod receive;

#[cfg(test)]
mod tests;

pub(crate) use receive::receive;
