//! Access tokens for service accounts. A signed assertion is looked at, its signature is not: there
//! is no key to hold it against.
//!
//! Source: <https://developers.google.com/identity/protocols/oauth2/service-account>.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::event::json as to_bytes;
use crate::failure::Reply;
use crate::random::Random;
use crate::route::percent_decoded;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TOKEN_LETTERS: usize = 48;

/// The answer to `POST /token` with the form `body`.
pub(crate) fn token(body: &[u8], ids: &mut Random) -> Reply {
    let body = String::from_utf8_lossy(body);
    let field = |name: &str| {
        let mut pairs = body.split('&').filter_map(|pair| pair.split_once('='));
        let value = pairs.find(|(key, _)| *key == name).map(|(_, value)| value);
        value.map(|value| percent_decoded(&value.replace('+', " ")))
    };
    if field("grant_type").as_deref() != Some(GRANT) {
        return refused("unsupported_grant_type", "Invalid grant_type: ");
    }
    match field("assertion") {
        None => refused("invalid_request", "Missing required parameter: assertion"),
        Some(assertion) if !is_jwt(&assertion) => {
            refused("invalid_grant", "Invalid JWT: Failed to parse the assertion.")
        }
        Some(_) => {
            let token = ids.id("ya29.sim-", TOKEN_LETTERS);
            let body =
                json!({ "access_token": token, "expires_in": 3_600, "token_type": "Bearer" });
            Reply { status: 200, headers: Vec::new(), body: to_bytes(&body).into() }
        }
    }
}

/// Three parts of base64, joined by dots.
fn is_jwt(assertion: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && URL_SAFE_NO_PAD.decode(part).is_ok();
    assertion.split('.').count() == 3 && assertion.split('.').all(is_part)
}

fn refused(error: &str, description: &str) -> Reply {
    let body = json!({ "error": error, "error_description": description });
    Reply { status: 400, headers: Vec::new(), body: to_bytes(&body).into() }
}
