//! Who gets in, and who does not.

use super::cookie::{cookie_name, sign_in_of};
use super::origin::{Origin, origin_of};
use super::peer::Peer;
use super::sign_in::SignIns;
use super::throttle::Throttle;
use crate::router::{Guard, endpoints};
use crate::testing::{ADMIN_KEY, CHAT_KEY, OTHER_KEY, READ_KEY, World, api_key};
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{HeaderMap, Request, StatusCode, header};
use proptest::prelude::*;
use rookery_domain::api_key::Scope;
use rookery_domain::id::TenantId;
use rookery_domain::{Secret, Timestamp};
use serde_json::json;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use uuid::Uuid;

const AGENTS: &str = "/api/v1/agents";

fn key() -> Secret {
    Secret::new("0123456789abcdef0123456789abcdef")
}

fn concrete(path: &str) -> String {
    path.replace("{agent}", "helper")
        .replace("{run}", "run_00000000000000000000000001")
        .replace("{session}", "ses_00000000000000000000000001")
        .replace("{model}", "helper")
}

#[tokio::test]
async fn every_guarded_route_refuses_whoever_shows_no_key() {
    let world = World::new();
    let guarded: Vec<_> =
        endpoints().into_iter().filter(|endpoint| endpoint.guard == Guard::ApiKey).collect();
    assert_eq!(guarded.len(), 7);
    for endpoint in guarded {
        let request = World::request(&endpoint.method.to_uppercase(), &concrete(endpoint.path), "")
            .header("content-type", "application/json")
            .body(Body::from("{}"));
        let answer = world.call(request.unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", endpoint.path);
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{}", endpoint.path);
    }
}

#[tokio::test]
async fn a_header_that_is_no_valid_key_is_unauthorized() {
    let world = World::new();
    world.configuration.add_key("one-time-key-of-one", api_key(1, Scope::Chat, true));
    let mut revoked = api_key(1, Scope::Chat, false);
    revoked.revoked_at = Some(Timestamp::EPOCH);
    world.configuration.add_key("revoked-key-of-one", revoked);
    let long = format!("Bearer {}", "x".repeat(513));
    let cases = [
        "Bearer wrong",
        "Bearer ",
        "Bearer",
        "",
        "Bearer null",
        "Bearer []",
        r#"Bearer ["a"]"#,
        "Basic Y2hhdA==",
        CHAT_KEY,
        "Bearer one-time-key-of-one",
        "Bearer revoked-key-of-one",
        &long,
    ];
    for value in cases {
        let request = Request::builder().uri(AGENTS).header(header::AUTHORIZATION, value);
        let answer = world.call(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{value}");
        assert_eq!(answer.code(), "unauthorized", "{value}");
    }
    let twice = World::request("GET", AGENTS, CHAT_KEY).header("authorization", "Bearer x");
    let answer = world.call(twice.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let lower =
        Request::builder().uri(AGENTS).header("authorization", format!("bearer {CHAT_KEY}"));
    let answer = world.call(lower.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn an_expired_key_is_unauthorized_from_its_last_millisecond_on() {
    let world = World::new();
    let mut short = api_key(1, Scope::Chat, false);
    short.expires_at = Some(Timestamp::from_millis(1_700_000_001_000));
    world.configuration.add_key("short-lived-key-of-one", short);
    assert_eq!(world.get(AGENTS, "short-lived-key-of-one").await.status, StatusCode::OK);
    world.clock.advance(Duration::from_secs(1));
    let answer = world.get(AGENTS, "short-lived-key-of-one").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn scopes_come_from_the_store_and_decide() {
    let world = World::new();
    let transcript = "/api/v1/sessions/ses_00000000000000000000000001/messages";
    for (path, key, status) in [
        (AGENTS, CHAT_KEY, StatusCode::OK),
        (AGENTS, READ_KEY, StatusCode::OK),
        (transcript, CHAT_KEY, StatusCode::FORBIDDEN),
        (transcript, READ_KEY, StatusCode::NOT_FOUND),
        (transcript, ADMIN_KEY, StatusCode::NOT_FOUND),
    ] {
        assert_eq!(world.get(path, key).await.status, status, "{path} {key}");
    }
    let path = "/api/v1/agents/helper/messages";
    let answer = world.post(path, READ_KEY, json!({"text": "hi"})).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.code(), "forbidden");
    for claim in ["role", "tenant_id", "balance", "created_at", "scopes"] {
        let answer = world.post(path, CHAT_KEY, json!({"text": "hi", claim: "admin"})).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{claim}");
    }
    assert_eq!(world.backend.inbox_len(), 0);
}

#[tokio::test]
async fn another_tenants_key_sees_its_own_things_only() {
    let world = World::new();
    let run = world.say("hi", None).await;
    let mine = world.get(&format!("/api/v1/runs/{run}/events"), OTHER_KEY).await;
    let nobodys = world.get("/api/v1/runs/run_0000000000000000000000zzzz/events", OTHER_KEY).await;
    assert_eq!(mine.status, StatusCode::NOT_FOUND);
    let without_id = |answer: &crate::testing::Answer| {
        let mut document = answer.json();
        document["request_id"] = json!("");
        document
    };
    assert_eq!(without_id(&mine), without_id(&nobodys));
    let agents = world.get(AGENTS, OTHER_KEY).await.json();
    assert_eq!(agents["data"].as_array().unwrap().len(), 1);
    let foreign = "/api/v1/agents/second/messages";
    let answer = world.post(foreign, OTHER_KEY, json!({"text": "hi"})).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

fn from(address: &str, key: &str) -> Request<Body> {
    let mut request = World::request("GET", AGENTS, key)
        .header("x-forwarded-for", "127.0.0.1")
        .header("forwarded", "for=127.0.0.1")
        .body(Body::empty())
        .unwrap();
    let address = SocketAddr::new(address.parse().unwrap(), 4_711);
    request.extensions_mut().insert(ConnectInfo(address));
    request
}

#[tokio::test(start_paused = true)]
async fn guessing_is_counted_by_the_real_address_and_refused_unseen() {
    let world = World::with(|settings| settings.auth_failures_per_minute_max = 4);
    for address in ["1.2.3.4", "::ffff:1.2.3.4", "1.2.3.4", "::ffff:1.2.3.4"] {
        let answer = world.call(from(address, "wrong")).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let looked_up = world.configuration.key_lookups();
    for address in ["1.2.3.4", "::ffff:1.2.3.4"] {
        let answer = world.call(from(address, "wrong again")).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.code(), "rate_limited");
        assert_eq!(answer.header("retry-after"), "60");
        let answer = world.call(from(address, CHAT_KEY)).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(world.configuration.key_lookups(), looked_up);
    assert_eq!(world.call(from("1.2.3.5", CHAT_KEY)).await.status, StatusCode::OK);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(world.call(from("1.2.3.4", CHAT_KEY)).await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn loopback_is_limited_too_and_a_key_at_work_stays_good() {
    let world = World::with(|settings| settings.auth_failures_per_minute_max = 2);
    world.call(from("127.0.0.1", "wrong")).await;
    assert_eq!(world.call(from("127.0.0.1", CHAT_KEY)).await.status, StatusCode::OK);
    world.call(from("127.0.0.1", "wrong")).await;
    let answer = world.call(from("127.0.0.1", "wrong")).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(world.call(from("127.0.0.1", CHAT_KEY)).await.status, StatusCode::OK);
}

#[test]
fn one_ipv6_customer_is_one_address() {
    let peer = |text: &str| Peer::of(text.parse::<IpAddr>().unwrap());
    assert_eq!(peer("2001:db8:1:2::1"), peer("2001:db8:1:2:ffff::9"));
    assert_ne!(peer("2001:db8:1:2::1"), peer("2001:db8:1:3::1"));
    assert_eq!(peer("9.9.9.9"), peer("::ffff:9.9.9.9"));
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_addresses_is_remembered_up_to_its_limit() {
    let throttle = Throttle::new(1, &key());
    let peer = |number: u32| Peer::of(IpAddr::from(number.to_be_bytes()));
    throttle.failed(peer(0)).await;
    tokio::time::advance(Duration::from_secs(1)).await;
    for number in 1..=4_096 {
        throttle.failed(peer(number)).await;
    }
    assert!(throttle.admit(peer(0), "x").await.is_ok(), "the oldest is forgotten");
    assert!(throttle.admit(peer(4_096), "x").await.is_err());
}

fn origin(headers: &[(&str, &str)]) -> Option<Origin> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name: header::HeaderName = name.parse().unwrap();
        map.append(name, value.parse().unwrap());
    }
    origin_of(&map, &"https://bots.example.com".parse().unwrap()).ok()
}

#[test]
fn our_own_origin_is_the_public_one_or_this_listener_over_loopback() {
    let own = Some(Origin::Own);
    assert_eq!(origin(&[("origin", "https://bots.example.com")]), own);
    assert_eq!(origin(&[("origin", "https://bots.example.com:443")]), own);
    for host in ["127.0.0.1:8080", "localhost:8080", "[::1]:8080"] {
        let page = format!("http://{host}");
        assert_eq!(origin(&[("origin", &page), ("host", host)]), own, "{host}");
        let tls = format!("https://{host}");
        assert_ne!(origin(&[("origin", &tls), ("host", host)]), own, "{host}");
    }
}

#[test]
fn a_rebound_name_another_port_and_a_look_alike_are_foreign() {
    for (page, host) in [
        ("http://evil.example:8080", "evil.example:8080"),
        ("http://127.0.0.1:9999", "127.0.0.1:8080"),
        ("http://localhost:8080", "127.0.0.1:8080"),
        ("http://bots.example.com", "bots.example.com"),
        ("https://bots.example.com.evil.example", "bots.example.com"),
        ("http://127.0.0.1.evil.example:8080", "127.0.0.1.evil.example:8080"),
    ] {
        let found = origin(&[("origin", page), ("host", host)]);
        assert_eq!(found, Some(Origin::Foreign(page.to_owned())), "{page}");
    }
}

#[test]
fn a_missing_repeated_or_nameless_origin_is_refused() {
    assert_eq!(origin(&[]), None);
    let own = ("origin", "https://bots.example.com");
    assert_eq!(origin(&[own, own]), None);
    for page in [
        "null",
        "",
        "file:///etc/passwd",
        "chrome-extension://abc",
        "https://a.example/x",
        "https://user@bots.example.com",
        "bots.example.com",
    ] {
        assert_eq!(origin(&[("origin", page)]), None, "{page}");
    }
}

fn tenant() -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(7))
}

#[tokio::test]
async fn a_sign_in_holds_for_its_lifetime_and_not_before_or_after() {
    let sign_ins = SignIns::new(&key(), Duration::from_secs(60));
    let issued = Timestamp::from_millis(1_000_000);
    let text = sign_ins.issue(tenant(), Uuid::from_u128(1), issued);
    let at = |millis: i64| Timestamp::from_millis(1_000_000 + millis);
    assert_eq!(sign_ins.check(&text, at(0)).await.map(|s| s.tenant), Some(tenant()));
    assert!(sign_ins.check(&text, at(59_999)).await.is_some());
    assert!(sign_ins.check(&text, at(60_000)).await.is_none());
    assert!(sign_ins.check(&text, at(-1)).await.is_none());
    let other = SignIns::new(&Secret::new("another process's own key, random"), Duration::MAX);
    assert!(other.check(&text, at(0)).await.is_none());
}

#[tokio::test]
async fn a_signed_out_cookie_is_dead_even_if_it_was_kept() {
    let sign_ins = SignIns::new(&key(), Duration::from_secs(60));
    let now = Timestamp::from_millis(1_000);
    let (one, two) = (
        sign_ins.issue(tenant(), Uuid::from_u128(1), now),
        sign_ins.issue(tenant(), Uuid::from_u128(2), now),
    );
    let signed_in = sign_ins.check(&one, now).await.unwrap();
    sign_ins.end(&signed_in, now).await;
    assert!(sign_ins.check(&one, now).await.is_none());
    assert!(sign_ins.check(&two, now).await.is_some());
}

#[tokio::test]
async fn when_too_many_signed_out_to_remember_everybody_is_signed_out() {
    let sign_ins = SignIns::new(&key(), Duration::from_secs(60));
    let now = Timestamp::from_millis(1_000);
    let bystander = sign_ins.issue(tenant(), Uuid::from_u128(0), now);
    for number in 1..=4_097 {
        let text = sign_ins.issue(tenant(), Uuid::from_u128(number), now);
        let Some(sign_in) = sign_ins.check(&text, now).await else { break };
        sign_ins.end(&sign_in, now).await;
    }
    assert!(sign_ins.check(&bystander, now).await.is_none());
    let later = now.plus(Duration::from_millis(1));
    let next = sign_ins.issue(tenant(), Uuid::from_u128(9_999), later);
    assert!(sign_ins.check(&next, later).await.is_some());
}

proptest! {
    #[test]
    fn no_changed_or_invented_statement_is_a_sign_in(position in 0_usize..200, letter in "[A-Za-z0-9_-]", noise in ".{0,120}") {
        let sign_ins = SignIns::new(&key(), Duration::from_secs(60));
        let now = Timestamp::from_millis(1_000);
        let good = sign_ins.issue(tenant(), Uuid::from_u128(1), now);
        let position = position % good.len();
        let changed = format!("{}{letter}{}", &good[..position], &good[position + 1..]);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            prop_assert_eq!(sign_ins.check(&changed, now).await.is_some(), changed == good);
            prop_assert!(sign_ins.check(&noise, now).await.is_none());
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_cookie_is_found_among_others_and_only_under_its_full_name() {
    let world = World::new();
    let now = Timestamp::from_millis(1_700_000_000_000);
    let text = world.state.memory.sign_ins.issue(tenant(), Uuid::from_u128(1), now);
    let name = cookie_name(&world.state.settings.public_url);
    assert_eq!(name, "__Host-rookery_sign_in");
    for (cookie, found) in [
        (format!("a=b; {name}={text}; c=d"), true),
        (format!("rookery_sign_in={text}"), false),
        (format!("{name}="), false),
        (format!("{name}={text}x"), false),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, cookie.parse().unwrap());
        assert_eq!(sign_in_of(&world.state, &headers).await.is_some(), found, "{cookie}");
    }
}
