//! Clock and ids for tests. Conformance suites stand beside the ports they prove, one file each.

pub mod clock;
pub mod ids;
pub mod samples;

pub use clock::ManualClock;
pub use ids::SequentialIds;
