//! Sending a request to a provider.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use http_body_util::Full;
use parking_lot::RwLock;
use rustls::pki_types::CertificateDer;
use tokio::time::timeout;

use crate::pool::{Opener, Origin};
use crate::tls::Connectors;
use crate::{UpstreamBody, UpstreamError};

/// How connections are made and kept.
#[derive(Debug, Clone)]
pub struct UpstreamConfig {
    /// Time to open a TCP connection; over TLS, its handshake included.
    pub connect_timeout: Duration,
    /// How long an idle connection is kept; below what providers keep theirs, so that a request
    /// rarely meets a connection that is being closed.
    pub idle_timeout: Duration,
    /// Idle HTTP/1.1 connections kept per origin.
    pub idle_max: usize,
    /// Roots trusted beside those compiled in: a company's own certificate authority, or a test's.
    /// [`roots_from_pem`](crate::roots_from_pem) reads them.
    pub extra_roots: Vec<CertificateDer<'static>>,
}

impl Default for UpstreamConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(25),
            idle_max: 1_024,
            extra_roots: Vec::new(),
        }
    }
}

/// The outbound client. Cheap to share.
#[derive(Debug)]
pub struct Upstream {
    opener: Opener,
    idle_max: usize,
    origins: RwLock<Origins>,
}

impl Upstream {
    /// A client that trusts the roots compiled in and the configuration's.
    ///
    /// # Errors
    ///
    /// When one of the configuration's roots can't be a root, or when the TLS library refuses its
    /// own defaults, which is a bug in the build.
    pub fn new(config: UpstreamConfig) -> Result<Self, rustls::Error> {
        let connectors = Connectors::new(config.connect_timeout, config.extra_roots)?;
        Ok(Self {
            opener: Opener::new(connectors, config.connect_timeout, config.idle_timeout),
            idle_max: config.idle_max,
            origins: RwLock::default(),
        })
    }

    /// Sends a request and waits for the head of the response, at most `patience`.
    ///
    /// Cancel safe: dropped, it cancels the request.
    ///
    /// # Errors
    ///
    /// Says whether there was no connection (nothing was sent), the connection broke, or the time
    /// was up.
    pub async fn send(
        &self,
        request: Request<Bytes>,
        patience: Duration,
    ) -> Result<Response<UpstreamBody>, UpstreamError> {
        let origin = self.origin(request.uri())?;
        let response = timeout(patience, self.over(&origin, request.map(Full::new))).await;
        response.map_err(|_| UpstreamError::timeout())?
    }

    async fn over(
        &self,
        origin: &Origin,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<UpstreamBody>, UpstreamError> {
        loop {
            let entry = origin.enter(&self.opener).await?;
            let was_open = entry.was_open();
            let mut failure = match entry.send(request).await {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            match failure.take_message() {
                // A connection that was closing gave the request back, and is closed now: each
                // round has one connection less to try, and a new one ends the loop.
                Some(unsent) if was_open => request = unsent,
                Some(_) => return Err(UpstreamError::connect(failure.into_error())),
                None => return Err(UpstreamError::broken(failure.into_error())),
            }
        }
    }

    /// The connections of an origin.
    fn origin(&self, uri: &Uri) -> Result<Arc<Origin>, UpstreamError> {
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(UpstreamError::connect("the provider's base URL names no host"));
        };
        let is_tls = *scheme == Scheme::HTTPS;
        if let Some(origin) = self.origins.read().of(is_tls).get(authority) {
            return Ok(Arc::clone(origin));
        }
        let base = Uri::builder()
            .scheme(scheme.clone())
            .authority(authority.clone())
            .path_and_query(PathAndQuery::from_static("/"))
            .build()
            .map_err(UpstreamError::connect)?;
        let new = Arc::new(Origin::new(base, self.opener.stand(self.idle_max)));
        let mut origins = self.origins.write();
        Ok(Arc::clone(origins.of_mut(is_tls).entry(authority.clone()).or_insert(new)))
    }
}

/// The origins that were called so far.
#[derive(Debug, Default)]
struct Origins {
    plain: HashMap<Authority, Arc<Origin>>,
    tls: HashMap<Authority, Arc<Origin>>,
}

impl Origins {
    const fn of(&self, is_tls: bool) -> &HashMap<Authority, Arc<Origin>> {
        if is_tls { &self.tls } else { &self.plain }
    }

    const fn of_mut(&mut self, is_tls: bool) -> &mut HashMap<Authority, Arc<Origin>> {
        if is_tls { &mut self.tls } else { &mut self.plain }
    }
}
