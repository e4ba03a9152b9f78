use super::event::{OUTPUT_BYTES_MAX, TOOL_CALLS_MAX};
use super::retry_after::{RETRY_AFTER_MAX, retry_after};
use super::{base_url, join};
use crate::testing::{Ending, Play, VendorServer, http_client, install_ring, one_provider, route};
use crate::{ProviderSettings, Router};
use proptest::prelude::{any, prop_assert, proptest};
use reqwest::header::{HeaderMap, HeaderValue};
use rookery_domain::model::StopReason;
use rookery_domain::ports::{ModelError, ModelErrorKind};
use rookery_domain::testing::model_suite::{MARKER, ask, call};
use rookery_domain::{Secret, Timestamp};
use serde_json::{Value, json};
use std::io::Write;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn delta(delta: &Value, finish: Option<&str>) -> String {
    let chunk = json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] });
    format!("data: {chunk}\n\n")
}

fn say(text: &str) -> Vec<String> {
    vec![
        delta(&json!({ "content": text }), None),
        delta(&json!({}), Some("stop")),
        "data: [DONE]\n\n".to_owned(),
    ]
}

fn settings(address: &str) -> ProviderSettings {
    let mut provider = ProviderSettings::new("main", crate::openai::KIND);
    provider.base_url = format!("http://{address}/v1");
    provider.api_key = Secret::new("sk-canary");
    provider
}

fn router(server: &VendorServer) -> Router {
    one_provider(settings(&server.address), http_client())
}

async fn error_of(play: Play) -> ModelError {
    let server = VendorServer::start(vec![play]);
    ask(&router(&server), call(route())).await.error.unwrap()
}

#[tokio::test]
async fn statuses_have_their_classes() {
    for (status, expected) in [
        (302, ModelErrorKind::Unavailable),
        (400, ModelErrorKind::Refused),
        (401, ModelErrorKind::Unauthorized),
        (402, ModelErrorKind::Unauthorized),
        (403, ModelErrorKind::Unauthorized),
        (404, ModelErrorKind::Refused),
        (408, ModelErrorKind::TimedOut),
        (413, ModelErrorKind::ContextTooLong),
        (422, ModelErrorKind::Refused),
        (429, ModelErrorKind::RateLimited),
        (500, ModelErrorKind::Unavailable),
        (502, ModelErrorKind::Unavailable),
        (529, ModelErrorKind::Unavailable),
    ] {
        let error = error_of(Play::refusal(status, format!("<p>{MARKER}</p>"))).await;
        assert_eq!((error.kind, error.status), (expected, Some(status)));
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(MARKER) && !shown.contains("sk-canary"), "{shown}");
    }
}

#[tokio::test]
async fn broken_connections_have_their_classes() {
    let nobody = VendorServer::start(Vec::new());
    let cut_within = Play::events(say("half")[..1].to_vec()).ending(Ending::Cut);
    let no_events = Play::events(vec!["{\"choices\": []}".to_owned()]);
    let no_json = Play::events(vec!["data: <html>\n\n".to_owned()]);
    let no_text = Play::events(vec!["data: [DONE]\n\n".to_owned()]);
    for (name, play) in [
        ("cut", cut_within),
        ("no events", no_events),
        ("no JSON", no_json),
        ("an end without an answer", no_text),
    ] {
        assert_eq!(error_of(play).await.kind, ModelErrorKind::BrokenOff, "{name}");
    }
    let mut provider = settings(&nobody.address);
    drop(nobody);
    provider.base_url = "http://127.0.0.1:1/v1".to_owned();
    let router = one_provider(provider, http_client());
    let error = ask(&router, call(route())).await.error.unwrap();
    assert_eq!(error.kind, ModelErrorKind::Unavailable, "nobody listens");
}

#[tokio::test]
async fn a_key_that_no_header_can_carry_is_a_refused_key() {
    let server = VendorServer::start(Vec::new());
    let mut provider = settings(&server.address);
    provider.api_key = Secret::new("sk-\u{0}canary");
    let router = one_provider(provider, http_client());
    let error = ask(&router, call(route())).await.error.unwrap();
    assert_eq!(error.kind, ModelErrorKind::Unauthorized);
    assert!(!format!("{error:?}").contains("canary"));
}

#[tokio::test]
async fn silence_before_and_within_an_answer_times_out() {
    for ending in [Ending::NoAnswer, Ending::Silence] {
        let play = Play::events(say("half")[..1].to_vec()).ending(ending);
        let server = VendorServer::start(vec![play]);
        let mut provider = settings(&server.address);
        provider.limits.first_byte_max = Duration::from_millis(300);
        provider.limits.idle_max = Duration::from_millis(300);
        let router = one_provider(provider, http_client());
        let transcript = ask(&router, call(route())).await;
        let expected = match ending {
            Ending::NoAnswer => ModelErrorKind::TimedOut,
            // Something was seen already: for the caller it broke off.
            _ => ModelErrorKind::BrokenOff,
        };
        assert_eq!(transcript.error.unwrap().kind, expected);
    }
}

#[tokio::test]
async fn an_answer_at_the_size_limit_is_whole_and_one_beyond_it_breaks_off() {
    let fits = "x".repeat(OUTPUT_BYTES_MAX);
    let server =
        VendorServer::start(vec![Play::events(say(&fits)), Play::events(say(&format!("{fits}x")))]);
    let router = router(&server);
    let whole = ask(&router, call(route())).await;
    assert_eq!((whole.text().len(), whole.error), (OUTPUT_BYTES_MAX, None));
    let beyond = ask(&router, call(route())).await;
    assert_eq!(beyond.error.unwrap().kind, ModelErrorKind::BrokenOff);
}

#[tokio::test]
async fn as_many_tool_calls_as_the_limit_pass_and_one_more_breaks_off() {
    let calls = |count: usize| {
        let calls: Vec<Value> = (0..count)
            .map(|index| {
                json!({ "index": index, "id": "", "type": "function",
                        "function": { "name": "time", "arguments": "" } })
            })
            .collect();
        Play::events(vec![
            delta(&json!({ "tool_calls": calls }), None),
            delta(&json!({}), Some("tool_calls")),
            "data: [DONE]\n\n".to_owned(),
        ])
    };
    let server = VendorServer::start(vec![calls(TOOL_CALLS_MAX), calls(TOOL_CALLS_MAX + 1)]);
    let router = router(&server);
    let whole = ask(&router, call(route())).await;
    assert_eq!(whole.stop().unwrap().0, StopReason::ToolCalls);
    let tool_calls = whole.tool_calls();
    assert_eq!(tool_calls.len(), TOOL_CALLS_MAX);
    assert_eq!(tool_calls[1].id, "call_1", "a missing id is made up");
    assert_eq!(tool_calls[1].arguments, json!({}), "nothing is no arguments");
    let beyond = ask(&router, call(route())).await;
    assert_eq!(beyond.error.unwrap().kind, ModelErrorKind::BrokenOff);
}

#[tokio::test]
async fn a_provider_is_reached_over_tls_and_only_with_a_trusted_certificate() {
    install_ring();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let server = VendorServer::start_tls(
        vec![Play::events(say("over TLS")), Play::events(say("never read"))],
        config,
    );
    let port = server.address.rsplit(':').next().unwrap();
    let mut provider = settings(&server.address);
    provider.base_url = format!("https://localhost:{port}/v1");
    let certificate = reqwest::Certificate::from_der(made.cert.der()).unwrap();
    let trusting =
        reqwest::Client::builder().no_proxy().tls_certs_only([certificate]).build().unwrap();
    let answered = ask(&one_provider(provider.clone(), trusting), call(route())).await;
    assert_eq!((answered.text().as_str(), answered.error), ("over TLS", None));
    assert_eq!(server.request().headers["authorization"], "Bearer sk-canary");

    let refused = ask(&one_provider(provider, http_client()), call(route())).await;
    assert_eq!(refused.error.unwrap().kind, ModelErrorKind::Unavailable);
}

/// Writes log lines into a channel.
#[derive(Clone)]
struct Lines(Sender<Vec<u8>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.send(bytes.to_vec()).map_err(std::io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_line_repeats_what_was_said_or_the_key() {
    let (sender, lines) = channel();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || Lines(sender.clone()))
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let error_event = format!("data: {{\"error\": {{\"message\": \"{MARKER}\"}}}}\n\n");
    let server = VendorServer::start(vec![
        Play::refusal(500, MARKER.to_owned()),
        Play::events(vec![error_event]),
        Play::events(say(MARKER)),
    ]);
    let router = router(&server);
    for _ in 0..3 {
        ask(&router, call(route())).await;
    }
    drop(guard);
    let logged: Vec<u8> = lines.try_iter().flatten().collect();
    let logged = String::from_utf8(logged).unwrap();
    assert!(logged.contains("gen_ai.request.model"), "the log is on: {logged}");
    for secret in [MARKER, "sk-canary"] {
        assert!(!logged.contains(secret), "{logged}");
    }
}

fn header(name: &'static str, value: &str) -> HeaderMap {
    let value = HeaderValue::from_str(value).unwrap();
    HeaderMap::from_iter([(reqwest::header::HeaderName::from_static(name), value)])
}

#[test]
fn what_a_provider_asks_to_wait_is_seconds_milliseconds_or_a_date() {
    let seconds = |value: u64| Some(Duration::from_secs(value));
    for (name, value, expected) in [
        ("retry-after", "7", seconds(7)),
        ("retry-after", " 0 ", seconds(0)),
        ("retry-after", "1.5", Some(Duration::from_millis(1500))),
        ("retry-after-ms", "250", Some(Duration::from_millis(250))),
        ("retry-after", "Tue, 14 Nov 2023 22:13:50 GMT", seconds(30)),
        ("retry-after", "Tue, 14 Nov 2023 22:13:00 GMT", seconds(0)),
        ("retry-after", "86400", Some(RETRY_AFTER_MAX)),
        ("retry-after", "86401", Some(RETRY_AFTER_MAX)),
        ("retry-after", "1e300", Some(RETRY_AFTER_MAX)),
        ("retry-after", "-1", None),
        ("retry-after", "NaN", None),
        ("retry-after", "soon", None),
        ("x-other", "7", None),
    ] {
        assert_eq!(retry_after(&header(name, value), NOW), expected, "{name}: {value}");
    }
}

proptest! {
    #[test]
    fn any_header_is_a_bounded_wait_or_none(value in any::<Vec<u8>>()) {
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            let headers = HeaderMap::from_iter([(reqwest::header::RETRY_AFTER, value)]);
            let wait = retry_after(&headers, NOW);
            prop_assert!(wait.is_none_or(|wait| wait <= RETRY_AFTER_MAX));
        }
    }
}

#[test]
fn a_base_url_works_with_and_without_a_slash_and_keeps_its_query() {
    let vendor = "https://vendor.example/v1";
    for (base, expected) in [
        ("", "https://vendor.example/v1/chat"),
        ("http://h:1/v1", "http://h:1/v1/chat"),
        ("http://h:1/v1/", "http://h:1/v1/chat"),
        (" http://h:1// ", "http://h:1/chat"),
        ("https://h/p?api-version=3#x", "https://h/p/chat?api-version=3"),
    ] {
        assert_eq!(join(base_url(base, vendor).unwrap(), "chat").as_str(), expected);
    }
    for wrong in ["h:1", "ftp://h", "http://", "http://user:canary@h/", "data:x"] {
        let problem = base_url(wrong, vendor).unwrap_err();
        assert!(!problem.contains("canary"), "{problem}");
    }
}
