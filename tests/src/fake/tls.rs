//! The HTTP client of the harness and the crypto provider it needs.

use anyhow::Context as _;
use std::time::Duration;

/// Installs ring as the process's TLS provider; harmless when one is installed already.
pub fn install_crypto() {
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// A client with a time limit for whole requests, without proxies; it follows no redirects.
pub fn http_client(limit: Duration) -> anyhow::Result<reqwest::Client> {
    install_crypto();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(limit)
        .build()
        .context("the harness could not build its HTTP client")
}
