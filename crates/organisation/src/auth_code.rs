//! Codes that are exchanged for keys: OAuth with PKCE (contract §1.3, RFC 7636).

use serde::{Deserialize, Serialize};
use tollgate_store::{DocumentBody, form};
use tollgate_types::{Timestamp, Usd};

use crate::Refused;

/// How long a code may be exchanged (contract §1.3).
const MINUTES: i64 = 10;

/// How the secret that exchanges a code is told beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChallengeMethod {
    /// The base64url of the verifier's SHA-256.
    S256,
    /// The verifier itself.
    #[serde(rename = "plain")]
    Plain,
}

/// What only the one who asked for a code can answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// How it was made.
    pub method: ChallengeMethod,
    /// The challenge.
    pub text: String,
}

/// A code. Its document's id is the code's hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthCode {
    /// What the key will be called.
    pub key_label: Option<String>,
    /// What the key may spend.
    #[serde(with = "form")]
    pub limit: Option<Usd>,
    /// How often that begins anew: daily, weekly or monthly.
    pub limit_reset: Option<String>,
    /// When the key expires.
    #[serde(with = "form")]
    pub expires_at: Option<Timestamp>,
    /// The key's workspace.
    pub workspace_id: String,
    /// Whose key it will be.
    pub creator_user_id: Option<String>,
    /// The key that made it, in hexadecimal: a code is worth no more than that. None where somebody
    /// who was signed in approved it: then it is worth what they, its `creator_user_id`, may.
    pub maker: Option<String>,
    /// Who exchanges it, once somebody does: of two who do at once, one has changed it first.
    #[serde(default)]
    pub exchange: Option<String>,
    /// What exchanging it takes, beside the code.
    pub challenge: Option<Challenge>,
    /// Until when it may be exchanged.
    #[serde(with = "form")]
    pub ends_at: Timestamp,
}

impl DocumentBody for AuthCode {
    const KIND: &'static str = "auth_code";
}

impl ChallengeMethod {
    /// Reads the contract's word for it.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        match text {
            "S256" => Ok(Self::S256),
            "plain" => Ok(Self::Plain),
            _ => Err(Refused::new("code_challenge_method", "Expected one of S256, plain")),
        }
    }
}

impl Challenge {
    /// A challenge as it was sent; without a method it is the verifier itself (RFC 7636, 4.3).
    ///
    /// # Errors
    ///
    /// When the method is none, comes without a challenge, or the challenge can't be one.
    pub fn read(challenge: Option<&str>, method: Option<&str>) -> Result<Option<Self>, Refused> {
        let method = method.map(ChallengeMethod::parse).transpose()?;
        let Some(text) = challenge else {
            return match method {
                None => Ok(None),
                Some(_) => Err(Refused::new("code_challenge", "Required with its method")),
            };
        };
        let is_plain = |it: u8| it.is_ascii_alphanumeric() || b"-._~".contains(&it);
        // RFC 7636, 4.2.
        if !(43..=128).contains(&text.len()) || !text.bytes().all(is_plain) {
            let why = "Expected 43 to 128 letters, digits and -._~";
            return Err(Refused::new("code_challenge", why));
        }
        let method = method.unwrap_or(ChallengeMethod::Plain);
        Ok(Some(Self { method, text: text.to_owned() }))
    }
}

impl AuthCode {
    /// Until when a code made now may be exchanged.
    pub const fn ends_at(now: Timestamp) -> Timestamp {
        now.plus_millis(MINUTES * 60 * 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_have_their_form() {
        let text = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let read = Challenge::read(Some(text), Some("S256")).unwrap().unwrap();
        assert_eq!((read.method, read.text.as_str()), (ChallengeMethod::S256, text));
        let plain = Challenge::read(Some(text), None).unwrap().unwrap();
        assert_eq!(plain.method, ChallengeMethod::Plain);
        assert_eq!(Challenge::read(None, None), Ok(None));
        for (challenge, method, field) in [
            (None, Some("S256"), "code_challenge"),
            (Some("short"), None, "code_challenge"),
            (Some(text), Some("s256"), "code_challenge_method"),
            (Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM"), None, "code_challenge"),
        ] {
            assert_eq!(Challenge::read(challenge, method).unwrap_err().field, field);
        }
    }
}
