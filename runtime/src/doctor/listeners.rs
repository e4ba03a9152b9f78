//! Are the ports free, or ours?

use super::report::Check;
use crate::admin::Status;
use crate::config::Config;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Checks both listeners, and what people outside see of them.
pub(super) async fn check(config: &Config, server: Option<&Status>) -> Vec<Check> {
    let running = server.map(|server| (&server.http, &server.ops));
    let mut checks = vec![
        port("http.listen", config.http.listen, running.map(|(http, _)| http)).await,
        port("ops.listen", config.ops.listen, running.map(|(_, ops)| ops)).await,
    ];
    if !config.ops.listen.ip().is_loopback() {
        checks.push(Check::warning(
            "ops.listen",
            format!("{} may be reached from outside", config.ops.listen),
            "keep it on a private network: it asks for no key",
        ));
    }
    if !config.http.listen.ip().is_loopback() && config.http.public_url.is_none() {
        checks.push(Check::warning(
            "http.public_url",
            "is not set, so platforms are told this machine's own address",
            "set it to what platforms can reach",
        ));
    }
    checks
}

async fn port(key: &str, address: SocketAddr, served: Option<&String>) -> Check {
    if let Some(url) = served {
        return Check::ok(key, format!("served by us at {url}"));
    }
    match TcpListener::bind(address).await {
        Ok(_) => Check::ok(key, format!("{address} is free")),
        Err(error) => Check::failed(
            key,
            format!("{address} cannot be used: {error}"),
            format!("stop what uses it, or set {key} to another address"),
        ),
    }
}
