//! Fetching what a request only points to: images and documents by address, for providers that
//! take them inline only.
//!
//! The addresses are the callers', so the operator's own network must be out of their reach: names
//! are resolved here and only [public addresses](crate::public) are connected to. The check is
//! made on the very address that is connected to, after each redirect too, so that a name that
//! resolves differently the second time gains nothing.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, LOCATION, USER_AGENT};
use http::uri::Scheme;
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::rt::TokioExecutor;
use tokio::time::timeout;

use crate::UpstreamConfig;
use crate::public::is_public;
use crate::tls::{over_http1, prepared, tls_config};

/// What may be fetched.
#[derive(Debug, Clone)]
pub struct MediaConfig {
    /// Largest body taken, in bytes.
    pub bytes_max: usize,
    /// How long one address may take, redirects and body included.
    pub patience: Duration,
    /// Whether addresses of private networks may be fetched from: for installations whose callers
    /// are trusted with them, and for tests.
    pub allow_private: bool,
}

impl Default for MediaConfig {
    fn default() -> Self {
        Self {
            bytes_max: 20 * 1024 * 1024,
            patience: Duration::from_secs(10),
            allow_private: false,
        }
    }
}

/// What an address held.
#[derive(Debug, Clone)]
pub struct Media {
    /// Its media type as its server gave it, without parameters, lower case; empty when it gave
    /// none.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Bytes,
}

/// Why an address could not be fetched, in words for the caller who gave it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// It is no http or https URL.
    #[error("it is not an http or https URL")]
    NotAnAddress,
    /// It leads into a private network.
    #[error("it is not on the public internet")]
    NotPublic,
    /// Nobody answered.
    #[error("its server can't be reached")]
    Unreachable,
    /// It took too long.
    #[error("it did not arrive in time")]
    Timeout,
    /// Its server said no.
    #[error("its server answered {0}")]
    Status(u16),
    /// It is larger than is taken.
    #[error("it is larger than {0} bytes")]
    TooLarge(usize),
    /// It leads on and on.
    #[error("it redirects too often")]
    Redirects,
}

/// Fetches media. Cheap to share.
#[derive(Debug, Clone)]
pub struct MediaFetcher {
    client: Client<HttpsConnector<HttpConnector<PublicResolver>>, Empty<Bytes>>,
    config: Arc<MediaConfig>,
}

const REDIRECTS_MAX: usize = 3;

impl MediaFetcher {
    /// A fetcher that trusts whom the client to the providers trusts.
    ///
    /// # Errors
    ///
    /// As [`Upstream::new`](crate::Upstream::new).
    pub fn new(upstream: &UpstreamConfig, config: MediaConfig) -> Result<Self, rustls::Error> {
        let resolver =
            PublicResolver { all: GaiResolver::new(), allow_private: config.allow_private };
        let tls = tls_config(upstream.extra_roots.clone())?;
        let tcp = HttpConnector::new_with_resolver(resolver);
        let connector = over_http1(tls, prepared(tcp, upstream.connect_timeout));
        // Hosts are many and seldom met twice: no connection is kept.
        let client =
            Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(Self { client, config: Arc::new(config) })
    }

    /// Fetches one address.
    ///
    /// Cancel safe: dropped, it closes its connection.
    ///
    /// # Errors
    ///
    /// Why it could not be fetched.
    pub async fn fetch(&self, url: &str) -> Result<Media, MediaError> {
        let uri = url.parse().map_err(|_| MediaError::NotAnAddress)?;
        timeout(self.config.patience, self.follow(uri)).await.map_err(|_| MediaError::Timeout)?
    }

    async fn follow(&self, mut uri: Uri) -> Result<Media, MediaError> {
        for _ in 0..=REDIRECTS_MAX {
            let response = self.get(&uri).await?;
            let status = response.status();
            if status == StatusCode::OK {
                return self.read(response).await;
            }
            let location = response.headers().get(LOCATION).and_then(|it| it.to_str().ok());
            match location.filter(|_| status.is_redirection()) {
                Some(location) => uri = resolved(&uri, location)?,
                None => return Err(MediaError::Status(status.as_u16())),
            }
        }
        Err(MediaError::Redirects)
    }

    async fn get(&self, uri: &Uri) -> Result<Response<Incoming>, MediaError> {
        self.check(uri)?;
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = uri.clone();
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(USER_AGENT, HeaderValue::from_static(USER_AGENT_TEXT));
        self.client.request(request).await.map_err(|error| {
            let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
            while let Some(step) = cause {
                if step.is::<NoPublicAddress>() {
                    return MediaError::NotPublic;
                }
                cause = step.source();
            }
            MediaError::Unreachable
        })
    }

    /// An address given as a number never reaches the resolver.
    fn check(&self, uri: &Uri) -> Result<(), MediaError> {
        let is_web = [&Scheme::HTTP, &Scheme::HTTPS].into_iter().any(|it| uri.scheme() == Some(it));
        let host = uri.host().filter(|_| is_web).ok_or(MediaError::NotAnAddress)?;
        let number = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match number {
            Ok(address) if !self.config.allow_private && !is_public(address) => {
                Err(MediaError::NotPublic)
            }
            _ => Ok(()),
        }
    }

    async fn read(&self, response: Response<Incoming>) -> Result<Media, MediaError> {
        let media_type = response.headers().get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
        let media_type = media_type.and_then(|it| it.split(';').next()).unwrap_or_default();
        let media_type = media_type.trim().to_ascii_lowercase();
        let most = self.config.bytes_max;
        match Limited::new(response.into_body(), most).collect().await {
            Ok(collected) => Ok(Media { media_type, bytes: collected.to_bytes() }),
            Err(error) if error.is::<LengthLimitError>() => Err(MediaError::TooLarge(most)),
            Err(_) => Err(MediaError::Unreachable),
        }
    }
}

const USER_AGENT_TEXT: &str = concat!("Tollgate/", env!("CARGO_PKG_VERSION"));

/// Where a redirect leads: a whole URL, another host, or a path on the same host.
fn resolved(from: &Uri, location: &str) -> Result<Uri, MediaError> {
    let base = url::Url::parse(&from.to_string()).map_err(|_| MediaError::NotAnAddress)?;
    let target = base.join(location).map_err(|_| MediaError::NotAnAddress)?;
    target.as_str().parse().map_err(|_| MediaError::NotAnAddress)
}

/// A name has no address that may be connected to.
#[derive(Debug, thiserror::Error)]
#[error("the name has no public address")]
struct NoPublicAddress;

/// Resolves names to their public addresses.
#[derive(Debug, Clone)]
struct PublicResolver {
    all: GaiResolver,
    allow_private: bool,
}

type Addresses = std::vec::IntoIter<SocketAddr>;
type Resolving = Pin<
    Box<dyn Future<Output = Result<Addresses, Box<dyn std::error::Error + Send + Sync>>> + Send>,
>;

impl tower_service::Service<Name> for PublicResolver {
    type Response = Addresses;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Resolving;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        tower_service::Service::poll_ready(&mut self.all, context).map_err(Into::into)
    }

    fn call(&mut self, name: Name) -> Resolving {
        let resolving = tower_service::Service::call(&mut self.all, name);
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = resolving.await?.filter(|it| allow_private || is_public(it.ip()));
            let found: Vec<SocketAddr> = found.collect();
            if found.is_empty() { Err(NoPublicAddress.into()) } else { Ok(found.into_iter()) }
        })
    }
}
