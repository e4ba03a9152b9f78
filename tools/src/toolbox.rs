//! The built-in tools by name.

use crate::calculator::Calculator;
use crate::time::CurrentTime;
use rookery_domain::Clock;
use rookery_domain::ports::{Tool, Toolbox};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Every tool that is built in.
#[derive(Debug, Clone)]
pub struct Tools {
    by_name: BTreeMap<String, Arc<dyn Tool>>,
}

impl Tools {
    /// All of them, with the clock that `time` reads.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let tools: [Arc<dyn Tool>; 2] = [Arc::new(Calculator), Arc::new(CurrentTime::new(clock))];
        Self { by_name: tools.into_iter().map(|tool| (tool.spec().name, tool)).collect() }
    }
}

impl Toolbox for Tools {
    fn find(&self, name: &str) -> Option<Arc<dyn Tool>> {
        self.by_name.get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.by_name.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Tools;
    use rookery_domain::Timestamp;
    use rookery_domain::testing::ManualClock;
    use rookery_domain::testing::tool_suite::{Sample, check};
    use serde_json::json;
    use std::sync::Arc;

    #[tokio::test]
    async fn the_built_in_tools_pass_the_conformance_suite() {
        let clock = ManualClock::at(Timestamp::from_millis(1_700_000_000_000));
        let samples = [
            Sample::new("calculator", json!({ "expression": "12*7" }), "84"),
            Sample::new("time", json!({}), "2023-11-14T22:13:20Z"),
        ];
        check(&Tools::new(Arc::new(clock)), &samples).await;
    }
}
