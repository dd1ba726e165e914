//! The forms a credential for AWS comes in.
//!
//! - A Bedrock API key, as it is.
//! - `ACCESS_KEY_ID:SECRET_ACCESS_KEY` or `ACCESS_KEY_ID:SECRET_ACCESS_KEY:SESSION_TOKEN`.
//! - JSON with `access_key_id`, `secret_access_key`, and perhaps `session_token` and `region`; the
//!   names that AWS's own tools print (`AccessKeyId` …) are taken too.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;

use crate::Unsupported;

/// A credential.
#[derive(Debug)]
pub(super) enum Credential<'a> {
    /// A Bedrock API key.
    ApiKey(&'a str),
    /// An access key, to sign with.
    AccessKey(AccessKey<'a>),
}

/// An access key of AWS.
#[derive(Deserialize)]
pub(super) struct AccessKey<'a> {
    /// Its public half.
    #[serde(borrow, alias = "AccessKeyId")]
    pub(super) access_key_id: Cow<'a, str>,
    /// Its secret half.
    #[serde(borrow, alias = "SecretAccessKey")]
    pub(super) secret_access_key: Cow<'a, str>,
    /// What a temporary key comes with.
    #[serde(borrow, default, alias = "SessionToken")]
    pub(super) session_token: Option<Cow<'a, str>>,
    /// The region to sign for, where the base URL does not say it.
    #[serde(borrow, default, alias = "Region")]
    pub(super) region: Option<Cow<'a, str>>,
}

impl fmt::Debug for AccessKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").finish_non_exhaustive()
    }
}

/// How Bedrock's API keys begin, long-lived and short-lived ones.
const API_KEY_PREFIXES: &[&str] = &["ABSK", "bedrock-api-key-"];

impl<'a> Credential<'a> {
    /// Reads a credential.
    pub(super) fn read(text: &'a str) -> Result<Self, Unsupported> {
        let text = text.trim();
        if API_KEY_PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
            return Ok(Self::ApiKey(text));
        }
        let key = if text.starts_with('{') {
            json(text)?
        } else if let Some((access_key_id, rest)) = text.split_once(':') {
            colons(access_key_id, rest)
        } else {
            return Ok(Self::ApiKey(text));
        };
        if key.is_printable() {
            return Ok(Self::AccessKey(key));
        }
        Err(Unsupported("the AWS access key is incomplete or has characters no key has".to_owned()))
    }
}

fn json(text: &str) -> Result<AccessKey<'_>, Unsupported> {
    // What the parser would say may repeat the secret.
    serde_json::from_str(text).map_err(|_| {
        Unsupported(
            "the AWS credential is not JSON with access_key_id and secret_access_key".to_owned(),
        )
    })
}

fn colons<'a>(access_key_id: &'a str, rest: &'a str) -> AccessKey<'a> {
    let (secret, token) = match rest.split_once(':') {
        Some((secret, token)) => (secret, Some(token).filter(|token| !token.is_empty())),
        None => (rest, None),
    };
    AccessKey {
        access_key_id: Cow::Borrowed(access_key_id),
        secret_access_key: Cow::Borrowed(secret),
        session_token: token.map(Cow::Borrowed),
        region: None,
    }
}

impl AccessKey<'_> {
    /// Whether every part can be put into a header.
    fn is_printable(&self) -> bool {
        let printable = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        let given = |text: &str| !text.is_empty() && printable(text);
        given(&self.access_key_id)
            && given(&self.secret_access_key)
            && self.session_token.as_deref().is_none_or(printable)
            && self.region.as_deref().is_none_or(printable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        match Credential::read(text) {
            Ok(Credential::ApiKey(key)) => Ok(format!("key {key}")),
            Ok(Credential::AccessKey(it)) => Ok(format!(
                "{} {} {:?} {:?}",
                it.access_key_id, it.secret_access_key, it.session_token, it.region
            )),
            Err(error) => Err(error.0),
        }
    }

    #[test]
    fn every_form_of_credential_is_read() {
        for (text, expected) in [
            ("ABSKQmVkcm9j=", "key ABSKQmVkcm9j="),
            (" bedrock-api-key-YmVk:x\n", "key bedrock-api-key-YmVk:x"),
            ("anything", "key anything"),
            ("AKIA1:s/e+c", "AKIA1 s/e+c None None"),
            ("ASIA1:s:t==", "ASIA1 s Some(\"t==\") None"),
            ("AKIA1:s:", "AKIA1 s None None"),
            (r#"{"access_key_id":"AKIA1","secret_access_key":"s\/e"}"#, "AKIA1 s/e None None"),
            (
                r#"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","SessionToken":"t","region":"eu-west-1"}"#,
                "A s Some(\"t\") Some(\"eu-west-1\")",
            ),
        ] {
            assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
        }
        let incomplete = "the AWS access key is incomplete or has characters no key has";
        let shapeless = "the AWS credential is not JSON with access_key_id and secret_access_key";
        for (text, error) in [
            ("AKIA1:", incomplete),
            (":s", incomplete),
            ("AKIA1:a b", incomplete),
            ("{\"access_key_id\":\"A\"}", shapeless),
            ("{", shapeless),
        ] {
            assert_eq!(read(text), Err(error.to_owned()), "{text}");
        }
        let hidden = format!("{:?}", Credential::read("AKIA1:secret:token").unwrap());
        assert_eq!(hidden, "AccessKey(AccessKey { .. })");
    }
}
