//! The traits between the crates: few and narrow. A port exists where there are two real
//! implementations or an edge to fake. Conformance suites: [`crate::testing`].

pub mod channel;
pub mod control;
pub mod directory;
pub mod entitlements;
pub mod ingestion;
pub mod live;
pub mod model;
pub mod store;
pub mod tool;

pub use channel::{
    Adapter, ChannelCatalogue, Delivery, DeliveryError, Edits, Envelope, Ingress, IngressError,
    Lifecycle, OpenConnection, Polling, RawRequest, Typing,
};
pub use control::{ApiKeys, ControlStore, SecretVault};
pub use directory::Directory;
pub use entitlements::Entitlements;
pub use ingestion::{IngestError, Ingestion, Submission, Submitted};
pub use live::LiveEvents;
pub use model::{LanguageModel, ModelCall, ModelError, ModelErrorKind, ModelStream};
pub use store::{Inbox, Outbox, Ownership, Retention, StoreError, Turns, UsageLedger};
pub use tool::{Tool, ToolError, Toolbox};
