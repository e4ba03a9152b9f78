//! Clock and ids for tests. Conformance suites stand beside the ports they prove, one file each.

pub mod channel_suite;
pub mod clock;
pub mod ids;
pub mod model_suite;
pub mod samples;
pub mod store_suite;
pub mod tool_suite;

pub use clock::ManualClock;
pub use ids::SequentialIds;
