//! Who may call: a Bedrock API key as a bearer, or a signature of version 4, which is verified by
//! signing what was received once more. The age of a signature is not judged.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use bytes::Bytes;
use http::request::Parts;

use crate::failure::{Cause, Failure};
use crate::protocol::{bearer, check_key, header};

/// The access key that signed requests must name.
pub const AWS_ACCESS_KEY_ID: &str = "AKIASIMULATOR";
/// The secret that belongs to [`AWS_ACCESS_KEY_ID`].
pub const AWS_SECRET_ACCESS_KEY: &str = "simulator/SECRET/access/key/0123456789AB";

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SERVICE: &str = "bedrock";

/// The header `Authorization: AWS4-HMAC-SHA256 …`, taken apart.
struct Signature<'a> {
    access_key: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    headers: Vec<&'a str>,
    signature: &'a str,
}

/// Whether the caller may ask.
pub(crate) fn authorize(head: &Parts, body: &Bytes) -> Result<(), Failure> {
    let Some(value) = header(&head.headers, "authorization") else {
        return Err(denied("MissingAuthenticationTokenException", "Missing Authentication Token"));
    };
    if let Some(key) = bearer(&head.headers) {
        let message = "Authentication failed: Please make sure your API Key is valid.";
        return check_key(Some(key)).map_err(|_| denied("AccessDeniedException", message));
    }
    let signature = Signature::parse(value).ok_or_else(|| {
        let message = "Authorization header requires 'Credential' parameter. Authorization header \
                       requires 'Signature' parameter. Authorization header requires \
                       'SignedHeaders' parameter.";
        denied("IncompleteSignatureException", message)
    })?;
    if signature.access_key != AWS_ACCESS_KEY_ID {
        let message = "The security token included in the request is invalid.";
        return Err(denied("UnrecognizedClientException", message));
    }
    if signature.service != SERVICE {
        let message = "Credential should be scoped to correct service: 'bedrock'. ";
        return Err(denied("InvalidSignatureException", message));
    }
    if computed(head, body, &signature).as_deref() == Some(signature.signature) {
        return Ok(());
    }
    let message = "The request signature we calculated does not match the signature you provided. \
                   Check your AWS Secret Access Key and signing method. Consult the service \
                   documentation for details.";
    Err(denied("InvalidSignatureException", message))
}

impl<'a> Signature<'a> {
    fn parse(value: &'a str) -> Option<Self> {
        let fields = value.strip_prefix(ALGORITHM)?;
        let field = |name: &str| {
            let mut fields = fields.split(',').filter_map(|field| field.trim().split_once('='));
            fields.find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        let mut scope = field("Credential")?.split('/');
        Some(Self {
            access_key: scope.next()?,
            date: scope.next()?,
            region: scope.next()?,
            service: scope.next().filter(|_| scope.next() == Some("aws4_request"))?,
            headers: field("SignedHeaders")?.split(';').collect(),
            signature: field("Signature")?,
        })
    }
}

/// The signature that the request should have; none when it can't be signed at all.
fn computed(head: &Parts, body: &Bytes, claimed: &Signature<'_>) -> Option<String> {
    let signed_at = header(&head.headers, "x-amz-date")?;
    let time = time(signed_at).filter(|_| signed_at.starts_with(claimed.date))?;
    let credentials =
        Credentials::new(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, None, None, "simulator");
    let identity = credentials.into();
    // Whatever the caller says that it signed is signed.
    let mut settings = SigningSettings::default();
    settings.excluded_headers = None;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(claimed.region)
        .name(claimed.service)
        .time(time)
        .settings(settings)
        .build()
        .ok()?;
    let authority = head.uri.authority().map(http::uri::Authority::as_str);
    let host = header(&head.headers, "host").or(authority)?;
    let path = head.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let headers = head.headers.iter().filter_map(|(name, value)| {
        let signed = claimed.headers.contains(&name.as_str());
        value.to_str().ok().filter(|_| signed).map(|value| (name.as_str(), value))
    });
    let uri = format!("http://{host}{path}");
    let body = SignableBody::Bytes(body);
    let request = SignableRequest::new(head.method.as_str(), uri, headers, body).ok()?;
    let (_, signature) = sign(request, &params.into()).ok()?.into_parts();
    Some(signature)
}

/// Reads `20260101T000000Z`.
fn time(basic: &str) -> Option<SystemTime> {
    let part = |range: std::ops::Range<usize>| basic.get(range);
    let [year, month, day] = [part(0..4)?, part(4..6)?, part(6..8)?];
    let [hour, minute, second] = [part(9..11)?, part(11..13)?, part(13..15)?];
    let text = format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z");
    SystemTime::try_from(DateTime::from_str(&text, Format::DateTime).ok()?).ok()
}

fn denied(code: &'static str, message: &str) -> Failure {
    let cause = Cause::Invalid { message: message.to_owned(), param: None, code: Some(code) };
    Failure { status: 403, cause, retry_after_s: None }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::authorize;

    /// Computed apart from the library, after the documentation.
    const SIGNATURE: &str = "60127157a94bdab9cd859296dded1365c106afea8ce73ff5f42b322aa74c2070";

    fn accepts(path: &str, body: &'static str, signature: &str) -> bool {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIASIMULATOR/20260101/us-east-1/bedrock/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, Signature={signature}"
        );
        let (head, ()) = http::Request::post(path)
            .header("host", "bedrock.test:8080")
            .header("content-type", "application/json")
            .header("user-agent", "not signed")
            .header("x-amz-date", "20260101T000000Z")
            .header("authorization", authorization)
            .body(())
            .unwrap()
            .into_parts();
        authorize(&head, &Bytes::from_static(body.as_bytes())).is_ok()
    }

    #[test]
    fn a_signature_holds_for_what_was_signed_and_for_nothing_else() {
        let (path, body) = ("/model/us.echo-v1%3A0/converse", r#"{"messages":[]}"#);
        assert!(accepts(path, body, SIGNATURE));
        assert!(!accepts("/model/us.echo-v1:0/converse", body, SIGNATURE));
        assert!(!accepts(path, "{}", SIGNATURE));
        assert!(!accepts(path, body, &SIGNATURE.replace('a', "b")));
    }
}
