//! Why a request got no response.

use std::error::Error;

/// A request that got no response.
#[derive(Debug, thiserror::Error)]
#[error("{}", kind.as_str())]
pub struct UpstreamError {
    /// What kind of failure.
    pub kind: UpstreamErrorKind,
    /// Its cause.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

/// Kinds of failure before a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpstreamErrorKind {
    /// No connection: name not found, refused, or TLS failed. Nothing was sent.
    Connect,
    /// The connection broke while the request was on its way.
    Broken,
    /// No response in time.
    Timeout,
}

impl UpstreamErrorKind {
    /// One phrase for logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "no connection to the provider",
            Self::Broken => "the connection to the provider broke",
            Self::Timeout => "the provider did not answer in time",
        }
    }
}

impl UpstreamError {
    pub(crate) fn connect(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: UpstreamErrorKind::Connect, source: Some(source.into()) }
    }

    pub(crate) fn broken(source: hyper::Error) -> Self {
        Self { kind: UpstreamErrorKind::Broken, source: Some(Box::new(source)) }
    }

    pub(crate) const fn timeout() -> Self {
        Self { kind: UpstreamErrorKind::Timeout, source: None }
    }
}
