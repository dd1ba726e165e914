//! Whom we trust, and how a connection is opened.

use std::sync::Arc;
use std::time::Duration;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::{ClientConfig, RootCertStore};

/// A text holds no roots that could be trusted.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// It is not PEM.
    #[error("it is not in PEM form")]
    Unreadable(#[source] pem::Error),
    /// It has no certificate, but perhaps a key.
    #[error("it has no certificate")]
    Empty,
    /// One of its certificates can't be a root.
    #[error("certificate {number} can't be used as a root")]
    Unusable {
        /// Which one, counted from 1.
        number: usize,
        /// Why.
        #[source]
        source: rustls::Error,
    },
}

/// Reads the certificates of a PEM text, for [`UpstreamConfig::extra_roots`](crate::UpstreamConfig::extra_roots).
///
/// What else is in the text, such as a key, is passed over.
///
/// # Errors
///
/// When the text is not PEM, has no certificate, or has one that can't be a root.
pub fn roots_from_pem(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, RootsError> {
    let roots = CertificateDer::pem_slice_iter(text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(RootsError::Unreadable)?;
    let mut store = RootCertStore::empty();
    for (index, root) in roots.iter().enumerate() {
        store
            .add(root.clone())
            .map_err(|source| RootsError::Unusable { number: index + 1, source })?;
    }
    if roots.is_empty() { Err(RootsError::Empty) } else { Ok(roots) }
}

/// The ways to open a connection.
#[derive(Debug, Clone)]
pub(crate) struct Connectors {
    /// Asks for HTTP/1.1 only.
    pub(crate) http1: HttpsConnector<HttpConnector>,
    /// Lets the server choose between HTTP/2 and HTTP/1.1.
    pub(crate) either: HttpsConnector<HttpConnector>,
}

impl Connectors {
    pub(crate) fn new(
        connect_timeout: Duration,
        extra_roots: Vec<CertificateDer<'static>>,
    ) -> Result<Self, rustls::Error> {
        let tls = tls_config(extra_roots)?;
        let mut tcp = HttpConnector::new();
        tcp.set_keepalive(Some(Duration::from_secs(30)));
        let tcp = prepared(tcp, connect_timeout);
        let builder = HttpsConnectorBuilder::new().with_tls_config(tls.clone()).https_or_http();
        Ok(Self {
            either: builder.enable_all_versions().wrap_connector(tcp.clone()),
            http1: over_http1(tls, tcp),
        })
    }
}

/// TLS that trusts the roots compiled in and `extra_roots`.
pub(crate) fn tls_config(
    extra_roots: Vec<CertificateDer<'static>>,
) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for root in extra_roots {
        roots.add(root)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// A TCP connector that is set up, whatever resolves its names.
pub(crate) fn prepared<R>(
    mut tcp: HttpConnector<R>,
    connect_timeout: Duration,
) -> HttpConnector<R> {
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(connect_timeout));
    tcp
}

/// Asks for HTTP/1.1 only.
pub(crate) fn over_http1<R>(
    tls: ClientConfig,
    tcp: HttpConnector<R>,
) -> HttpsConnector<HttpConnector<R>> {
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
    builder.enable_http1().wrap_connector(tcp)
}
