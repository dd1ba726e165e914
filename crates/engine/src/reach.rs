//! Reaching an endpoint: its adapter, its address, its credential, and one request there and back.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use tokio::time::timeout;
use tollgate_catalog::{Auth, Endpoint};
use tollgate_health::Headroom;
use tollgate_providers::{Adapter, EncodeError, Failure, Fault, FaultKind, Target};
use tollgate_types::{Chain, Timestamp};
use tollgate_upstream::{
    BodyTooLarge, UpstreamBody, UpstreamError, UpstreamErrorKind, read_bounded,
};

use crate::engine::Engine;
use crate::installation::adapter_of;
use crate::{Access, Installation, Secret};

/// Everything that a request to an endpoint is made with.
#[derive(Debug)]
pub(crate) struct Reach<'a> {
    pub(crate) adapter: &'static dyn Adapter,
    pub(crate) now: Timestamp,
    engine: &'a Engine,
    endpoint: &'a Endpoint,
    access: &'a Access,
    secret: Option<Secret>,
    patience: Duration,
}

/// Most of an error body that is read.
const ERROR_BYTES_MAX: usize = 64 * 1024;
const ERROR_PATIENCE: Duration = Duration::from_secs(10);

impl<'a> Reach<'a> {
    /// Finds the way to an endpoint. Each step on it may take as long as `patience`.
    pub(crate) async fn to(
        engine: &'a Engine,
        installation: &'a Installation,
        endpoint: &'a Endpoint,
        patience: Duration,
    ) -> Result<Self, Fault> {
        let adapter = adapter_of(endpoint)
            .ok_or_else(|| unsupported("this request: its protocol has no adapter"))?;
        let access = installation.access_of(endpoint).ok_or_else(|| without_access(endpoint))?;
        let now = engine.now();
        let secret = timeout(patience, access.secret(engine.upstream(), now)).await;
        let secret = secret.map_err(|_| Fault::new(FaultKind::Timeout))??;
        Ok(Self { adapter, now, engine, endpoint, access, secret, patience })
    }

    /// Where the request goes, and what goes with it.
    pub(crate) fn target(&self) -> Target<'_> {
        Target {
            base_url: &self.access.base_url,
            credential: self.secret.as_ref().map(Secret::expose),
            ..known_of(self.endpoint)
        }
    }

    /// Sends a request and returns a successful response.
    pub(crate) async fn send(
        &self,
        request: Result<Request<Bytes>, EncodeError>,
    ) -> Result<Response<UpstreamBody>, Fault> {
        let request = request.map_err(|error| match error {
            EncodeError::Unsupported(what) => unsupported(&what.0),
            EncodeError::BadRequest(wrong) => {
                Fault::with_message(FaultKind::BadRequest, wrong.message())
            }
        })?;
        let response = self.engine.upstream().send(request, self.patience).await;
        let response = response.map_err(|error| unreachable(&error))?;
        self.note_headroom(response.headers());
        if response.status().is_success() {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let (status, headers) = (parts.status, &parts.headers);
        let body = error_body(body).await;
        Err(self.adapter.classify(&Failure { status, headers, body: &body }))
    }
}

impl Reach<'_> {
    /// Notes what the provider says is left of its rate limits.
    fn note_headroom(&self, headers: &HeaderMap) {
        let texts =
            headers.iter().filter_map(|(name, it)| Some((name.as_str(), it.to_str().ok()?)));
        let headroom = Headroom::read(texts, self.now);
        if headroom != Headroom::default()
            && let Some(health) = self.engine.vitals().health(&self.endpoint.id)
        {
            health.headroom(headroom, self.now);
        }
    }
}

/// Where the key goes: where the provider wants it, else the protocol's own place.
fn auth_at(endpoint: &Endpoint) -> Auth {
    let of_protocol = || adapter_of(endpoint).map_or(Auth::Bearer, Adapter::auth);
    endpoint.provider.quirks.auth.unwrap_or_else(of_protocol)
}

/// What is known of an endpoint before a way to it is found.
pub(crate) fn known_of(endpoint: &Endpoint) -> Target<'_> {
    Target {
        base_url: "",
        upstream_model: &endpoint.upstream_model,
        credential: None,
        max_output: endpoint.max_output,
        supported_parameters: &endpoint.supported_parameters,
        auth: auth_at(endpoint),
        quirks: &endpoint.provider.quirks,
        service: endpoint.service,
    }
}

/// A key that is always used and can't be is a refused one.
fn without_access(endpoint: &Endpoint) -> Fault {
    match endpoint.own_key {
        Some(_) => Fault::with_message(FaultKind::Credential, "it can't be read here"),
        None => unsupported("this request: it has no key here"),
    }
}

/// A fault of an endpoint that can't do what is asked.
pub(crate) fn unsupported(what: &str) -> Fault {
    Fault::with_message(FaultKind::Unsupported, what)
}

/// Reads a whole answer within the engine's bound.
pub(crate) async fn whole_body(engine: &Engine, body: UpstreamBody) -> Result<Bytes, Fault> {
    let read = read_bounded(body, engine.config().answer_bytes_max).await;
    read.map_err(|error| match error {
        BodyTooLarge::TooLarge(_) => Fault::malformed("it is too large"),
        BodyTooLarge::Broken(_) => Fault::truncated(),
    })
}

/// Reads what can be had of a body that tells of an error.
pub(crate) async fn error_body(body: UpstreamBody) -> Bytes {
    match timeout(ERROR_PATIENCE, read_bounded(body, ERROR_BYTES_MAX)).await {
        Ok(Ok(body)) => body,
        // The status alone has to do.
        Ok(Err(_)) | Err(_) => Bytes::new(),
    }
}

/// A fault of an endpoint that gave no answer.
pub(crate) fn unreachable(error: &UpstreamError) -> Fault {
    match error.kind {
        UpstreamErrorKind::Timeout => Fault::new(FaultKind::Timeout),
        UpstreamErrorKind::Connect | UpstreamErrorKind::Broken => {
            tracing::debug!(error = %Chain(error), "provider unreachable");
            Fault::new(FaultKind::Unreachable)
        }
    }
}
