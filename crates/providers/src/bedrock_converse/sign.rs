//! Credentials: a bearer token, or a signature over the whole request.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::header::HeaderName;
use http::{HeaderMap, Request, Uri};
use tollgate_catalog::Auth;
use tollgate_types::Timestamp;

use super::credential::{AccessKey, Credential};
use crate::adapter::secret_header;
use crate::encoding::{authorize as authorize_plainly, bearer, extra_headers};
use crate::{Target, Unsupported};

/// What signatures are for.
const SERVICE: &str = "bedrock";

/// The end of the year 9999: the form of a signature's time has four digits for the year.
const LATEST_MILLIS: i64 = 253_402_300_799_999;

/// Adds the credential, and the headers the provider wants with every request. Nothing of the
/// request may change afterwards.
pub(super) fn authorize(
    request: &mut Request<Bytes>,
    target: &Target<'_>,
    now: Timestamp,
) -> Result<(), Unsupported> {
    if let (Some(text), Auth::Bearer) = (target.credential, target.auth)
        && let Credential::AccessKey(key) = Credential::read(text)?
    {
        extra_headers(request.headers_mut(), target)?;
        return sign_with(request, &key, now);
    }
    authorize_unsigned(request.headers_mut(), target)
}

/// Adds a credential that needs no signature.
pub(super) fn authorize_unsigned(
    headers: &mut HeaderMap,
    target: &Target<'_>,
) -> Result<(), Unsupported> {
    match (target.credential, target.auth) {
        (Some(text), Auth::Bearer) => match Credential::read(text)? {
            Credential::ApiKey(key) => {
                bearer(headers, key)?;
                extra_headers(headers, target)
            }
            Credential::AccessKey(_) => Err(Unsupported(
                "an AWS access key can't be tried out; it shows with the first call whether it is taken"
                    .to_owned(),
            )),
        },
        _ => authorize_plainly(headers, target),
    }
}

fn sign_with(
    request: &mut Request<Bytes>,
    key: &AccessKey<'_>,
    now: Timestamp,
) -> Result<(), Unsupported> {
    let region = region(request.uri()).or(key.region.as_deref()).ok_or_else(|| {
        Unsupported("neither the base URL nor the credential says the AWS region".to_owned())
    })?;
    let identity = Credentials::new(
        key.access_key_id.as_ref(),
        key.secret_access_key.as_ref(),
        key.session_token.as_ref().map(ToString::to_string),
        None,
        "tollgate",
    )
    .into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(SERVICE)
        .time(time_of_day(now))
        .settings(SigningSettings::default())
        .build()
        .map_err(|_| unsignable())?
        .into();
    let headers = request.headers().iter();
    let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let signable = SignableRequest::new(
        request.method().as_str(),
        request.uri().to_string(),
        headers,
        SignableBody::Bytes(request.body()),
    )
    .map_err(|_| unsignable())?;
    let (instructions, _) = sign(signable, &params).map_err(|_| unsignable())?.into_parts();
    // The library's own way to apply them panics on a value that is no header's.
    let (signed, _) = instructions.into_parts();
    for header in signed {
        let name = HeaderName::from_static(header.name());
        secret_header(request.headers_mut(), name, header.value())?;
    }
    Ok(())
}

fn unsignable() -> Unsupported {
    Unsupported("the request can't be signed with this AWS credential".to_owned())
}

fn time_of_day(now: Timestamp) -> SystemTime {
    let millis = now.unix_millis().clamp(0, LATEST_MILLIS);
    let since = Duration::from_millis(millis.unsigned_abs());
    SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// The region in a host of AWS: `bedrock-runtime.eu-west-1.amazonaws.com`, and the same behind a
/// private link.
fn region(uri: &Uri) -> Option<&str> {
    let host = uri.host()?;
    let mut labels = host.split('.').skip_while(|label| !label.starts_with("bedrock-runtime"));
    labels.next()?;
    let (region, next) = (labels.next()?, labels.next()?);
    matches!(next, "amazonaws" | "vpce" | "api").then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_in_the_host() {
        for (url, expected) in [
            ("https://bedrock-runtime.eu-west-1.amazonaws.com/a", Some("eu-west-1")),
            ("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com", Some("us-gov-west-1")),
            ("https://bedrock-runtime.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
            ("https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com", Some("us-east-1")),
            ("https://bedrock-runtime.us-east-1.api.aws", Some("us-east-1")),
            ("https://proxy.test", None),
            ("http://127.0.0.1:8080/x", None),
        ] {
            assert_eq!(region(&url.parse().unwrap()), expected, "{url}");
        }
    }
}
