//! The command line's side.

use super::socket::SOCKET_FILE;
use super::wire::{KeyRequest, OfTenant, Refusal, Status};
use crate::cli::Failure;
use crate::config::Config;
use crate::http_clients;
use anyhow::Context;
use rookery_control::{DeadLetter, DeadLetterId, MadeKey, Outcome, Replayed, TenantSpec};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// How long a server may take to answer.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// The host of these URLs is never looked up: the socket is the server.
const BASE: &str = "http://admin.invalid";

/// A running server of this data directory.
#[derive(Debug)]
pub struct AdminClient {
    http: reqwest::Client,
}

impl AdminClient {
    /// The server of the configured data directory; `None` if there is none.
    pub async fn find(config: &Config) -> Result<Option<Self>, Failure> {
        let path = config.storage.file(SOCKET_FILE);
        if !path.exists() {
            return Ok(None);
        }
        let http = http_clients::for_admin_socket(&path, TIME_LIMIT)?;
        let client = Self { http };
        match client.http.get(format!("{BASE}/status")).send().await {
            Ok(_) => Ok(Some(client)),
            // The socket of a server that was killed.
            Err(error) if error.is_connect() => Ok(None),
            Err(error) => Err(Failure::failed(
                anyhow::Error::new(error).context(format!("no answer on {}", path.display())),
            )),
        }
    }

    /// Which server it is.
    pub async fn status(&self) -> Result<Status, Failure> {
        self.answer(self.http.get(format!("{BASE}/status"))).await
    }

    /// Has a file made so.
    pub async fn apply(&self, spec: &TenantSpec) -> Result<Outcome, Failure> {
        self.post("/apply", spec).await
    }

    /// Has a key made.
    pub async fn create_key(&self, request: &KeyRequest) -> Result<MadeKey, Failure> {
        self.post("/keys", request).await
    }

    /// Dead letters.
    pub async fn dead_letters(
        &self,
        tenant: Option<&str>,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, Failure> {
        let query = OfTenant { tenant: tenant.map(str::to_owned), limit: Some(limit) };
        let request = self.http.get(with_query("/dead-letters", &query)?);
        self.answer(request).await
    }

    /// Has a dead letter processed or sent again.
    pub async fn replay(
        &self,
        tenant: Option<&str>,
        id: DeadLetterId,
    ) -> Result<Option<Replayed>, Failure> {
        let query = OfTenant { tenant: tenant.map(str::to_owned), limit: None };
        let url = with_query(&format!("/dead-letters/{id}/replay"), &query)?;
        self.answer(self.http.post(url)).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        self.answer(self.http.post(format!("{BASE}{path}")).json(body)).await
    }

    async fn answer<T: DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<T, Failure> {
        let unreadable = "the server's answer cannot be read: is it another version?";
        let response =
            request.send().await.context("the server did not answer on its admin socket")?;
        if response.status().is_success() {
            return Ok(response.json().await.context(unreadable)?);
        }
        match response.json().await.context(unreadable)? {
            Refusal::Faults(faults) => Err(Failure::Given(faults)),
            Refusal::Error(message) => Err(Failure::failed(anyhow::Error::msg(message))),
        }
    }
}

fn with_query(path: &str, query: &OfTenant) -> Result<url::Url, Failure> {
    let mut url = url::Url::parse(BASE).map_err(Failure::failed)?;
    url.set_path(path);
    {
        let mut pairs = url.query_pairs_mut();
        if let Some(tenant) = &query.tenant {
            pairs.append_pair("tenant", tenant);
        }
        if let Some(limit) = query.limit {
            pairs.append_pair("limit", &limit.to_string());
        }
    }
    Ok(url)
}
