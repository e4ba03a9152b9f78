//! Folds usage facts into minute records, window by window. Facts are written with the reply they
//! belong to, so a crash here loses none: the next owner folds what is left.
//!
//! What does not belong here: prices, export, limits.

mod actor;
mod handle;

pub(crate) use actor::Metering;
pub(crate) use handle::MeteringHandle;
