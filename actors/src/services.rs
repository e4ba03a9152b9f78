//! What the tree works on: the ports, given by the composition root.

use rookery_domain::id::NodeId;
use rookery_domain::ports::{
    ChannelCatalogue, ControlStore, Directory, Entitlements, Inbox, LanguageModel, LiveEvents,
    Outbox, Ownership, Retention, SecretVault, Toolbox, Turns, UsageLedger,
};
use rookery_domain::{Clock, IdSource};
use std::sync::Arc;

/// The ports behind the tree.
#[derive(Debug, Clone)]
pub struct Services {
    /// This boot of this process.
    pub node: NodeId,
    /// Base URL under which platforms reach our hooks, without a trailing slash.
    pub public_url: String,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Arc<dyn IdSource>,
    /// Who may write for which tenant.
    pub ownership: Arc<dyn Ownership>,
    /// Inbound rows.
    pub inbox: Arc<dyn Inbox>,
    /// Sessions and turns.
    pub turns: Arc<dyn Turns>,
    /// Outbound rows.
    pub outbox: Arc<dyn Outbox>,
    /// Usage facts.
    pub usage: Arc<dyn UsageLedger>,
    /// Forgetting on purpose.
    pub retention: Arc<dyn Retention>,
    /// The list of tenants.
    pub tenants: Arc<dyn ControlStore>,
    /// Configuration.
    pub directory: Arc<dyn Directory>,
    /// Secrets.
    pub vault: Arc<dyn SecretVault>,
    /// Limits.
    pub entitlements: Arc<dyn Entitlements>,
    /// Models.
    pub models: Arc<dyn LanguageModel>,
    /// Tools.
    pub tools: Arc<dyn Toolbox>,
    /// Platforms.
    pub channels: Arc<dyn ChannelCatalogue>,
    /// Live fan-out.
    pub live: Arc<dyn LiveEvents>,
}
