//! `[http]`: the public listener.

use super::keys::Keys;
use std::net::SocketAddr;
use url::Url;

/// The public listener.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What platforms and people call back; absent: the listener's own address.
    pub public_url: Option<Url>,
}

impl HttpConfig {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        let config =
            Self { listen: keys.read("http.listen"), public_url: keys.read("http.public_url") };
        if let Some(url) = &config.public_url {
            let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
            let anonymous = url.username().is_empty() && url.password().is_none();
            if !plain || !anonymous {
                keys.faults.push("http.public_url", "must be scheme, host and port only");
            }
        }
        config
    }

    /// The base URL of this process, without a trailing slash, once the listener is bound.
    pub fn public_url(&self, bound: SocketAddr) -> String {
        if let Some(url) = &self.public_url {
            return url.as_str().trim_end_matches('/').to_owned();
        }
        let mut reachable = bound;
        if reachable.ip().is_unspecified() {
            reachable.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        format!("http://{reachable}")
    }
}
