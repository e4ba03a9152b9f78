//! What an agent may do.

use crate::tool::{ToolInput, ToolSpec};
use async_trait::async_trait;
use std::sync::Arc;

/// Why a tool did not do it. The text goes to the model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// The arguments do not fit the schema.
    #[error("invalid arguments: {0}")]
    Invalid(String),
    /// It tried and failed.
    #[error("failed: {0}")]
    Failed(String),
}

/// One tool.
#[async_trait]
pub trait Tool: Send + Sync + std::fmt::Debug {
    /// What the model is told.
    fn spec(&self) -> ToolSpec;

    /// Runs it. The result is text for the model, cut by the host.
    async fn call(&self, input: ToolInput) -> Result<String, ToolError>;
}

/// The tools of this installation, by exact name.
pub trait Toolbox: Send + Sync + std::fmt::Debug {
    /// A tool.
    fn find(&self, name: &str) -> Option<Arc<dyn Tool>>;

    /// Every name, sorted.
    fn names(&self) -> Vec<String>;
}
