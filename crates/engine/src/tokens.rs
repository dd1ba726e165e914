//! Access tokens of a Google service account, for Vertex AI.
//!
//! A service account has a private key. A signed statement of who it is buys a token that lasts an
//! hour (OAuth 2.0 JWT bearer grant, RFC 7523,
//! <https://developers.google.com/identity/protocols/oauth2/service-account>). A token is kept
//! until shortly before it expires; of the calls that find it stale, one buys the next.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use tollgate_providers::{Fault, FaultKind};
use tollgate_types::Timestamp;
use tollgate_upstream::{Upstream, read_bounded};

use crate::Secret;

/// A service account and its current token.
pub struct ServiceAccount {
    email: String,
    key: EncodingKey,
    token_uri: Uri,
    project: Option<String>,
    token: RwLock<Option<Token>>,
    buying: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Token {
    secret: Secret,
    stale_at: Timestamp,
}

/// What is wrong with a service account's key file.
#[derive(Debug, thiserror::Error)]
pub enum ServiceAccountError {
    /// It is not the JSON that Google gives out.
    #[error("it is not a service account's key file")]
    Unreadable(#[source] serde_json::Error),
    /// Its private key can't be used.
    #[error("its private_key is not an RSA key in PEM form")]
    Key(#[source] jsonwebtoken::errors::Error),
    /// Its token_uri is no URL.
    #[error("its token_uri is not a URL")]
    TokenUri,
}

#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    private_key: String,
    project_id: Option<String>,
    token_uri: Option<String>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'static str,
    aud: String,
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
struct Bought {
    access_token: String,
    expires_in: u64,
}

impl Bought {
    /// How long it may be used.
    fn useful_millis(&self) -> i64 {
        let seconds = self.expires_in.saturating_sub(MARGIN_SECONDS);
        i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX)
    }
}

const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// The longest Google grants.
const LIFETIME_SECONDS: i64 = 3_600;
/// A token is replaced this long before it expires, so that no call travels with a dead one.
const MARGIN_SECONDS: u64 = 120;
const PATIENCE: Duration = Duration::from_secs(10);
const ANSWER_BYTES_MAX: usize = 64 * 1024;

impl ServiceAccount {
    /// Reads the key file that Google gives out for a service account.
    ///
    /// # Errors
    ///
    /// Says what of it can't be used.
    pub fn from_json(json: &str) -> Result<Self, ServiceAccountError> {
        let file: KeyFile = serde_json::from_str(json).map_err(ServiceAccountError::Unreadable)?;
        let key = EncodingKey::from_rsa_pem(file.private_key.as_bytes())
            .map_err(ServiceAccountError::Key)?;
        let token_uri = file.token_uri.as_deref().unwrap_or(TOKEN_URI);
        Ok(Self {
            email: file.client_email,
            key,
            token_uri: token_uri.parse().map_err(|_| ServiceAccountError::TokenUri)?,
            project: file.project_id,
            token: RwLock::default(),
            buying: tokio::sync::Mutex::default(),
        })
    }

    /// The project it belongs to.
    pub fn project(&self) -> Option<&str> {
        self.project.as_deref()
    }

    /// Whether its tokens are bought of Google and its project is a name. A caller may write
    /// anything into the file they bring: nothing is sent to where it says otherwise.
    pub(crate) fn is_googles(&self) -> bool {
        let host = self.token_uri.host().unwrap_or_default();
        let is_name = |project: &str| {
            project.bytes().all(|it| it.is_ascii_alphanumeric() || b"-.:".contains(&it))
        };
        self.token_uri.scheme_str() == Some("https")
            && self.token_uri.port().is_none()
            && (host == "accounts.google.com" || host.ends_with(".googleapis.com"))
            && self.project().is_none_or(is_name)
    }

    /// A token that is good for a call made now.
    ///
    /// Cancel safe: dropped, it gives up its turn at buying.
    ///
    /// # Errors
    ///
    /// When Google refuses the key or can't be reached.
    pub async fn token(&self, upstream: &Upstream, now: Timestamp) -> Result<Secret, Fault> {
        if let Some(secret) = self.fresh(now) {
            return Ok(secret);
        }
        let _turn = self.buying.lock().await;
        if let Some(secret) = self.fresh(now) {
            return Ok(secret);
        }
        let bought = self.buy(upstream, now).await?;
        let stale_at = now.plus_millis(bought.useful_millis());
        let secret = Secret::new(bought.access_token);
        let token = Token { secret: secret.clone(), stale_at };
        *self.token.write() = Some(token);
        Ok(secret)
    }

    fn fresh(&self, now: Timestamp) -> Option<Secret> {
        let token = self.token.read();
        token.as_ref().filter(|token| now < token.stale_at).map(|token| token.secret.clone())
    }

    async fn buy(&self, upstream: &Upstream, now: Timestamp) -> Result<Bought, Fault> {
        let refused = |what: &str| Fault::with_message(FaultKind::Credential, what);
        let request =
            self.request(now).ok_or_else(|| refused("The service account's key can't sign"))?;
        let unreachable = |_| {
            Fault::with_message(FaultKind::Unreachable, "Google's token server can't be reached")
        };
        let response = upstream.send(request, PATIENCE).await.map_err(unreachable)?;
        let status = response.status();
        let body = read_bounded(response.into_body(), ANSWER_BYTES_MAX).await;
        let body = body.map_err(|_| Fault::new(FaultKind::Unreachable))?;
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            let message = "Google's token server does not answer as it should";
            return Err(Fault::with_message(FaultKind::Unreachable, message));
        }
        if !status.is_success() {
            return Err(refused("Google refuses the service account"));
        }
        serde_json::from_slice(&body)
            .map_err(|_| Fault::malformed("Google's token server gave no token"))
    }

    fn request(&self, now: Timestamp) -> Option<Request<Bytes>> {
        let issued = now.unix_seconds();
        let claims = Claims {
            iss: &self.email,
            scope: SCOPE,
            aud: self.token_uri.to_string(),
            iat: issued,
            exp: issued.saturating_add(LIFETIME_SECONDS),
        };
        let assertion = encode(&Header::new(Algorithm::RS256), &claims, &self.key).ok()?;
        // A signed statement has no character that a form would escape.
        let body = format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}"
        );
        let mut request = Request::new(Bytes::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.token_uri.clone();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, form);
        Some(request)
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount").field("email", &self.email).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_caller_brings_is_sent_to_google_alone() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let (begin, end) = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----");
        let pem = format!("{begin}\n{}\n{end}\n", STANDARD.encode(der.as_ref()));
        let google = "https://oauth2.googleapis.com/token";
        for (token_uri, project, expected) in [
            (google, "my-project-1", true),
            ("https://accounts.google.com/o/oauth2/token", "example.com:my-project", true),
            ("http://oauth2.googleapis.com/token", "p", false),
            ("https://oauth2.googleapis.com:8443/token", "p", false),
            ("https://oauth2.googleapis.com@169.254.169.254/token", "p", false),
            ("https://evilgoogleapis.com/token", "p", false),
            ("http://127.0.0.1:9000/", "p", false),
            (google, "../../v1/other", false),
            (google, "p?key=1#", false),
        ] {
            let file = json!({ "client_email": "a@b", "private_key": pem,
                               "project_id": project, "token_uri": token_uri });
            let account = ServiceAccount::from_json(&file.to_string()).unwrap();
            assert_eq!(account.is_googles(), expected, "{token_uri} {project}");
            let secret = Secret::new(file.to_string());
            let access = crate::own::access_with("vertex", "https://a".to_owned(), &secret);
            assert_eq!(access.is_some(), expected, "{token_uri} {project}");
        }
    }
}
