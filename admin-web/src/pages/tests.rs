//! The pages, the sign-in, and the reference.

use super::openapi::document;
use crate::router::endpoints;
use crate::testing::{Answer, World, api_key};
use axum::body::Body;
use http::{Request, StatusCode, header};
use rookery_domain::api_key::Scope;
use std::collections::BTreeSet;

const TOKEN: &str = "one-time-token-of-one";

async fn submit(
    world: &World,
    path: &str,
    origin: Option<&str>,
    form: &str,
    cookie: &str,
) -> Answer {
    let mut request = Request::builder()
        .method("POST")
        .uri(path)
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some(origin) = origin {
        request = request.header(header::ORIGIN, origin);
    }
    world.call(request.body(Body::from(form.to_owned())).unwrap()).await
}

async fn page(world: &World, path: &str, cookie: &str) -> Answer {
    let request = Request::builder().uri(path).header(header::COOKIE, cookie);
    world.call(request.body(Body::empty()).unwrap()).await
}

fn world_with_link() -> World {
    let world = World::new();
    world.configuration.add_key(TOKEN, api_key(1, Scope::Admin, true));
    world
}

fn cookie_of(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn looking_at_a_link_does_not_use_it_up_and_following_it_does() {
    let world = world_with_link();
    let link = format!("/chat/helper?token={TOKEN}");
    for _ in 0..2 {
        let door = page(&world, &link, "").await;
        assert_eq!(door.status, StatusCode::OK);
        assert!(door.text.contains(r#"method="post" action="/chat/helper/sign-in""#));
        assert_eq!(door.header("cache-control"), "no-store");
    }
    let form = format!("token={TOKEN}");
    let own = Some("https://bots.example.com");
    let first = submit(&world, "/chat/helper/sign-in", own, &form, "").await;
    assert_eq!(first.status, StatusCode::SEE_OTHER);
    assert_eq!(first.header("location"), "/chat/helper");
    let cookie = first.header("set-cookie");
    for attribute in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/", "Max-Age=43200"] {
        assert!(cookie.contains(attribute), "{attribute} in {cookie}");
    }
    let again = submit(&world, "/chat/helper/sign-in", own, &form, "").await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    assert!(again.headers.get("set-cookie").is_none());
    let room = page(&world, "/chat/helper", &cookie_of(&first)).await;
    assert!(room.text.contains("The helper"));
    assert!(room.text.contains(r#"data-signed-in="true""#));
    let nowhere = page(&world, "/chat/nobody", &cookie_of(&first)).await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_form_of_another_site_neither_signs_in_nor_out() {
    let world = world_with_link();
    let form = format!("token={TOKEN}");
    for origin in ["https://evil.example", "null"] {
        let answer = submit(&world, "/chat/helper/sign-in", Some(origin), &form, "").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{origin}");
    }
    let signed_in = submit(&world, "/chat/helper/sign-in", None, &form, "").await;
    assert_eq!(signed_in.status, StatusCode::SEE_OTHER, "the token is unused");
    let cookie = cookie_of(&signed_in);
    let evil = Some("https://evil.example");
    submit(&world, "/chat/helper/sign-out", evil, "", &cookie).await;
    let room = page(&world, "/chat/helper", &cookie).await;
    assert!(room.text.contains(r#"data-signed-in="true""#));
}

#[tokio::test]
async fn a_sign_in_gets_a_fresh_session_and_a_cookie_kept_after_sign_out_is_dead() {
    let world = world_with_link();
    world.configuration.add_key("another-token", api_key(1, Scope::Chat, true));
    let form = format!("token={TOKEN}");
    let first = cookie_of(&submit(&world, "/chat/helper/sign-in", None, &form, "").await);
    let again = submit(&world, "/chat/helper/sign-in", None, "token=another-token", &first).await;
    assert_ne!(cookie_of(&again), first);
    let out = submit(&world, "/chat/helper/sign-out", None, "", &first).await;
    assert_eq!(out.status, StatusCode::SEE_OTHER);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    let room = page(&world, "/chat/helper", &first).await;
    assert!(room.text.contains(r#"data-signed-in="false""#));
    let room = page(&world, "/chat/helper", &cookie_of(&again)).await;
    assert!(room.text.contains(r#"data-signed-in="true""#));
}

#[tokio::test]
async fn a_key_that_may_not_chat_opens_no_chat() {
    let world = World::new();
    world.configuration.add_key(TOKEN, api_key(1, Scope::Read, true));
    let answer = submit(&world, "/chat/helper/sign-in", None, &format!("token={TOKEN}"), "").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let empty = submit(&world, "/chat/helper/sign-in", None, "token=", "").await;
    assert_eq!(empty.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_stands_in_an_address_is_text_on_the_page() {
    let world = World::new();
    let door =
        page(&world, "/chat/helper?token=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E", "").await;
    assert!(!door.text.contains("<script>alert"), "{}", door.text);
    for agent in ["%3Cb%3E", "A", "..", &"x".repeat(64)] {
        let answer = page(&world, &format!("/chat/{agent}"), "").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{agent}");
        assert!(answer.text.contains("No such agent"));
    }
}

#[tokio::test]
async fn pages_load_nothing_from_elsewhere_and_their_assets_are_cacheable() {
    let world = World::new();
    for path in ["/", "/chat/helper", "/docs"] {
        let answer = page(&world, path, "").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(!answer.text.contains("//"), "an address elsewhere on {path}: {}", answer.text);
        for part in answer.text.split('"').filter(|part| part.starts_with("/assets/")) {
            let asset = page(&world, part, "").await;
            assert_eq!(asset.status, StatusCode::OK, "{part}");
            assert!(asset.header("cache-control").contains("immutable"));
            assert!(asset.text.len() > 1_000);
        }
    }
    let old = page(&world, "/assets/chat-000000000000.js", "").await;
    assert_eq!(old.status, StatusCode::NOT_FOUND);
}

#[test]
fn the_script_never_makes_markup_of_text() {
    let script = include_str!("assets/chat.js");
    for danger in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
        assert!(!script.contains(danger), "{danger}");
    }
}

#[test]
fn the_reference_and_the_router_name_the_same_endpoints() {
    let document = document();
    let described: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(move |method| (path.clone(), method.clone()))
        })
        .collect();
    let routed: BTreeSet<_> = endpoints()
        .iter()
        .filter(|endpoint| endpoint.documented)
        .map(|endpoint| (endpoint.path.to_owned(), endpoint.method.to_owned()))
        .collect();
    assert_eq!(described, routed);
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for endpoint in endpoints() {
        assert!(endpoint.body.is_none_or(|body| schemas.contains_key(body)), "{}", endpoint.path);
    }
}

#[tokio::test]
async fn the_reference_is_served_for_people_and_for_programs() {
    let world = World::new();
    let json = world.get("/openapi.json", "").await.json();
    assert_eq!(json["openapi"], "3.1.0");
    let docs = world.get("/docs", "").await;
    assert!(docs.text.contains("POST /api/v1/agents/{agent}/messages"));
}
