//! The domain's suite over a vendor's wire.

use super::server::{Ending, Play, VendorServer};
use crate::{ProviderSettings, RetrySettings, Router, RouterSettings};
use rookery_domain::model::ModelRef;
use rookery_domain::ports::ModelErrorKind;
use rookery_domain::testing::ManualClock;
use rookery_domain::testing::model_suite::{
    MARKER, Prepared, RESULT_MARKER, RETRY_AFTER, Scenario, Subject,
};
use rookery_domain::{Secret, Timestamp};
use serde_json::Value;
use std::cell::RefCell;
use std::sync::Arc;

/// Pieces of text and token counts to the events that carry them.
type TextFixture = fn(pieces: &[&str], usage: Option<(u64, u64)>) -> Vec<String>;

/// What a vendor's server says, written by hand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fixtures {
    pub(crate) kind: &'static str,
    /// What stands behind the host in the vendor's own SDK.
    pub(crate) base_path: &'static str,
    /// Text in pieces, with input and output tokens.
    pub(crate) text: TextFixture,
    /// One tool call.
    pub(crate) tool_call: fn(name: &str, arguments: &Value) -> Vec<String>,
    /// Status and body of a refusal that quotes the person.
    pub(crate) refusal: fn(kind: ModelErrorKind) -> (u16, String),
}

/// Runs the suite's scenarios on scripted servers.
pub(crate) struct WireSubject {
    fixtures: Fixtures,
    servers: RefCell<Vec<VendorServer>>,
}

impl WireSubject {
    pub(crate) fn new(fixtures: Fixtures) -> Self {
        Self { fixtures, servers: RefCell::new(Vec::new()) }
    }

    fn script(&self, scenario: Scenario) -> Vec<Play> {
        let Fixtures { text, tool_call, refusal, .. } = self.fixtures;
        let spoken = ["You said ", MARKER, "."];
        match scenario {
            Scenario::Text => vec![Play::events(text(&spoken, Some((11, 5))))],
            Scenario::WithoutUsage => vec![Play::events(text(&spoken, None))],
            Scenario::ToolRoundTrip => {
                let report = ["It is ", RESULT_MARKER, "."];
                vec![
                    Play::events(tool_call("time", &serde_json::json!({}))),
                    Play::events(text(&report, Some((20, 6)))),
                ]
            }
            Scenario::Refuses(kind) => {
                let (status, body) = refusal(kind);
                let play = Play::refusal(status, body);
                vec![if kind == ModelErrorKind::RateLimited {
                    play.header("retry-after", RETRY_AFTER.as_secs().to_string())
                } else {
                    play
                }]
            }
            Scenario::BreaksOff { after_text: false } => vec![Play::events(Vec::new())],
            Scenario::BreaksOff { after_text: true } => {
                let mut pieces = text(&spoken, Some((11, 5)));
                // All but what ends the answer.
                pieces.truncate(pieces.len() / 2);
                vec![Play::events(pieces).ending(Ending::Cut)]
            }
        }
    }
}

impl Subject for WireSubject {
    fn prepare(&self, scenario: Scenario) -> Option<Prepared> {
        let server = VendorServer::start(self.script(scenario));
        let mut provider = ProviderSettings::new("main", self.fixtures.kind);
        provider.base_url = format!("http://{}{}", server.address, self.fixtures.base_path);
        provider.api_key = Secret::new("sk-test");
        self.servers.borrow_mut().push(server);
        Some((Arc::new(one_provider(provider, http_client())), route()))
    }
}

/// The route to the one provider.
pub(crate) fn route() -> Vec<ModelRef> {
    vec!["main/model-1".parse().expect("a model")]
}

/// A router with one provider that tries everything once.
pub(crate) fn one_provider(provider: ProviderSettings, client: reqwest::Client) -> Router {
    let settings = RouterSettings {
        providers: vec![provider],
        retry: RetrySettings { attempts_max: 0, ..RetrySettings::default() },
        ..RouterSettings::default()
    };
    let clock = ManualClock::at(Timestamp::from_millis(1_700_000_000_000));
    Router::new(settings, client, Arc::new(clock)).expect("valid settings")
}

/// A client as the runtime builds it, without its guard.
pub(crate) fn http_client() -> reqwest::Client {
    install_ring();
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

/// The process-wide TLS provider; whoever comes first wins, and all of them say the same.
pub(crate) fn install_ring() {
    drop(rustls::crypto::ring::default_provider().install_default());
}
