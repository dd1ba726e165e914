//! Sending a request to a provider.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use parking_lot::RwLock;
use rustls::pki_types::CertificateDer;
use tokio::time::timeout;

use crate::pool::{Entry, Opener, Origin};
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
    http1: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    opener: Opener,
    origins: RwLock<HashMap<Authority, Arc<Origin>>>,
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
        let http1 = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(config.idle_timeout)
            .pool_max_idle_per_host(config.idle_max)
            .build(connectors.http1);
        let opener = Opener::new(connectors.either, config.connect_timeout, config.idle_timeout);
        Ok(Self { http1, opener, origins: RwLock::default() })
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
        let request = request.map(Full::new);
        let response = match self.origin(request.uri())? {
            None => timeout(patience, self.over_http1(request)).await,
            Some(origin) => timeout(patience, self.over_tls(&origin, request)).await,
        };
        response.map_err(|_| UpstreamError::timeout())?
    }

    async fn over_http1(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<UpstreamBody>, UpstreamError> {
        let response = self.http1.request(request).await?;
        Ok(response.map(|incoming| UpstreamBody::new(incoming, None)))
    }

    async fn over_tls(
        &self,
        origin: &Origin,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<UpstreamBody>, UpstreamError> {
        loop {
            let (place, was_open) = match origin.enter(&self.opener).await? {
                Entry::Http1 => return self.over_http1(request).await,
                Entry::Open(place) => (place, true),
                Entry::New(place) => (place, false),
            };
            let mut failure = match place.send(request).await {
                Ok(response) => {
                    return Ok(response.map(|body| UpstreamBody::new(body, Some(place))));
                }
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

    /// The pool of an origin; none when it is reached without TLS.
    fn origin(&self, uri: &Uri) -> Result<Option<Arc<Origin>>, UpstreamError> {
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(UpstreamError::connect("the provider's base URL names no host"));
        };
        if *scheme != Scheme::HTTPS {
            return Ok(None);
        }
        if let Some(origin) = self.origins.read().get(authority) {
            return Ok(Some(Arc::clone(origin)));
        }
        let base = Uri::builder()
            .scheme(Scheme::HTTPS)
            .authority(authority.clone())
            .path_and_query(PathAndQuery::from_static("/"))
            .build()
            .map_err(UpstreamError::connect)?;
        let mut origins = self.origins.write();
        let origin =
            origins.entry(authority.clone()).or_insert_with(|| Arc::new(Origin::new(base)));
        Ok(Some(Arc::clone(origin)))
    }
}
