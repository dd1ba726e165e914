//! Asking a provider whether it takes a key, with a request that costs nothing.
//!
//! One way for whoever wants to know: keys that are saved, endpoints that have failed, and the
//! operator's doctor.

use std::time::Duration;

use http::Response;
use tokio::time::timeout;
use tollgate_catalog::{Provider, Service};
use tollgate_providers::{Failure, Fault, FaultKind, Target, adapter};
use tollgate_types::Timestamp;
use tollgate_upstream::{Upstream, UpstreamBody};

use crate::reach::{error_body, unreachable, unsupported};
use crate::{Access, Secret};

/// The question whether a provider takes a key.
#[derive(Debug, Clone, Copy)]
pub struct Inquiry<'a> {
    /// Who is asked.
    pub provider: &'a Provider,
    /// The protocol it is asked in: its own, or that of one of its endpoints.
    pub protocol: &'a str,
    /// Its address, and the key.
    pub access: &'a Access,
    /// How long each step may take: getting a token, and the answer.
    pub patience: Duration,
}

/// Why nobody knows that a provider takes a key.
#[derive(Debug, thiserror::Error)]
#[error("{url} does not say that it takes the key")]
pub struct NotTaken {
    /// What was asked, or would have been.
    pub url: String,
    /// What came of it, without the key. [`FaultKind::Unsupported`] where nothing could be asked.
    #[source]
    pub fault: Fault,
}

impl Inquiry<'_> {
    /// Asks. The answer's body is unread: what it says is not needed.
    ///
    /// Cancel safe: dropped, it cancels the request.
    ///
    /// # Errors
    ///
    /// When the provider does not take the key, or nobody knows.
    pub async fn ask(
        &self,
        upstream: &Upstream,
        now: Timestamp,
    ) -> Result<Response<UpstreamBody>, NotTaken> {
        let mut url = self.access.base_url.clone();
        let asked = self.asked(upstream, now, &mut url).await;
        asked.map_err(|fault| NotTaken { url, fault: fault.without(self.access.key()) })
    }

    async fn asked(
        &self,
        upstream: &Upstream,
        now: Timestamp,
        url: &mut String,
    ) -> Result<Response<UpstreamBody>, Fault> {
        let adapter = adapter(self.protocol)
            .ok_or_else(|| unsupported(&format!("{} has no adapter here", self.protocol)))?;
        let secret = timeout(self.patience, self.access.secret(upstream, now)).await;
        let secret = secret.map_err(|_| Fault::new(FaultKind::Timeout))??;
        let quirks = &self.provider.quirks;
        let target = Target {
            base_url: &self.access.base_url,
            upstream_model: "",
            credential: secret.as_ref().map(Secret::expose),
            max_output: None,
            supported_parameters: &[],
            auth: quirks.auth.unwrap_or_else(|| adapter.auth()),
            quirks,
            service: Service::default(),
        };
        let request = adapter.probe(&target).map_err(|error| unsupported(&error.0))?;
        *url = request.uri().to_string();
        let response = upstream.send(request, self.patience).await;
        let response = response.map_err(|error| unreachable(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let (status, headers) = (parts.status, &parts.headers);
        let body = error_body(body).await;
        Err(adapter.classify(&Failure { status, headers, body: &body }))
    }
}
