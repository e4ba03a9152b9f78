//! The cookie that carries a sign-in.

use super::sign_in::SignIn;
use crate::state::AppState;
use http::{HeaderMap, HeaderValue, header};
use url::{Host, Url};

/// Longest cookie header that is searched.
const COOKIE_BYTES_MAX: usize = 4_096;

/// The cookie's name. The prefix makes browsers refuse one that another host or an unencrypted
/// page tried to set.
pub(crate) fn cookie_name(public_url: &Url) -> &'static str {
    if is_secure(public_url) { "__Host-rookery_sign_in" } else { "rookery_sign_in" }
}

/// The header that hands a sign-in to the browser: no script reads it, no other site sends it.
pub(crate) fn sign_in_cookie(state: &AppState, value: &str) -> Option<HeaderValue> {
    let seconds = state.memory.sign_ins.lifetime().as_secs();
    cookie(&state.settings.public_url, value, seconds)
}

/// The header that takes it away.
pub(crate) fn expired_cookie(state: &AppState) -> Option<HeaderValue> {
    cookie(&state.settings.public_url, "", 0)
}

/// The sign-in that a request carries, if it is a good one.
pub(crate) async fn sign_in_of(state: &AppState, headers: &HeaderMap) -> Option<SignIn> {
    let name = cookie_name(&state.settings.public_url);
    let value = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .filter(|text| text.len() <= COOKIE_BYTES_MAX)
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)?;
    state.memory.sign_ins.check(value, state.ports.clock.now()).await
}

fn cookie(public_url: &Url, value: &str, seconds: u64) -> Option<HeaderValue> {
    let name = cookie_name(public_url);
    let secure = if is_secure(public_url) { "; Secure" } else { "" };
    let text =
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::from_str(&text).ok()
}

/// Browsers keep secure cookies from plain HTTP, and an install on loopback has nothing else.
fn is_secure(public_url: &Url) -> bool {
    public_url.scheme() == "https" && !public_url.host().is_some_and(|host| is_loopback(&host))
}

pub(super) fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}
