//! The HTTP clients of this process: one for each of the two versions that the platform and the
//! model libraries are on. Everything that goes out goes through one of them.

use anyhow::Context;
use std::path::Path;
use std::time::Duration;

/// How long a connection may take to be made.
const CONNECT_TIME_LIMIT: Duration = Duration::from_secs(10);
/// How long an unused connection is kept.
const IDLE_CONNECTION_KEPT: Duration = Duration::from_secs(90);
/// Unused connections kept per host.
const IDLE_CONNECTIONS_PER_HOST_MAX: usize = 32;
/// Redirects are never followed: none of the APIs that are called answers with one.
const USER_AGENT: &str = concat!("rookery/", env!("CARGO_PKG_VERSION"));

/// For model providers. Call limits are the caller's: a stream may be long.
pub(crate) fn for_models() -> anyhow::Result<reqwest::Client> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls()?)
        .connect_timeout(CONNECT_TIME_LIMIT)
        .pool_idle_timeout(IDLE_CONNECTION_KEPT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST_MAX)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(USER_AGENT)
        .build()
        .context("cannot set up the HTTP client for models")
}

/// For chat platforms; `time_limit` is the longest call, a long poll included.
pub(crate) fn for_platforms(time_limit: Duration) -> anyhow::Result<reqwest012::Client> {
    reqwest012::Client::builder()
        .use_preconfigured_tls(tls()?)
        .connect_timeout(CONNECT_TIME_LIMIT)
        .timeout(time_limit)
        .pool_idle_timeout(IDLE_CONNECTION_KEPT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST_MAX)
        .redirect(reqwest012::redirect::Policy::none())
        .user_agent(USER_AGENT)
        .build()
        .context("cannot set up the HTTP client for platforms")
}

/// For the admin socket of this machine: no proxy, no TLS, and the path is the server.
pub(crate) fn for_admin_socket(
    path: &Path,
    time_limit: Duration,
) -> anyhow::Result<reqwest::Client> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls()?)
        .no_proxy()
        .unix_socket(path)
        .timeout(time_limit)
        .build()
        .context("cannot set up the client of the admin socket")
}

/// TLS over ring with the compiled-in roots of the web.
fn tls() -> anyhow::Result<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = rustls::crypto::ring::default_provider();
    let mut config = rustls::ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .context("no TLS version is available")?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::{for_models, for_platforms};
    use std::time::Duration;

    #[test]
    fn both_clients_are_made_over_the_same_tls() {
        for_models().unwrap();
        for_platforms(Duration::from_secs(60)).unwrap();
    }
}
