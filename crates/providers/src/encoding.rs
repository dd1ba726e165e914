//! What the encoders of translated dialects share.
//!
//! Credentials, media given by address or inline, and tool arguments are the same problem in every
//! foreign protocol; only where the results are put differs.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use serde_json::Value;
use serde_json::value::RawValue;
use tollgate_catalog::Auth;

use crate::adapter::secret_header;
use crate::{Target, Unsupported};

/// Adds the credential where the provider wants it, and the headers it wants with every request.
pub(crate) fn authorize(headers: &mut HeaderMap, target: &Target<'_>) -> Result<(), Unsupported> {
    if let Some(credential) = target.credential {
        match target.auth {
            Auth::Bearer => bearer(headers, credential)?,
            Auth::XApiKey => {
                secret_header(headers, HeaderName::from_static("x-api-key"), credential)?;
            }
            Auth::XGoogApiKey => {
                secret_header(headers, HeaderName::from_static("x-goog-api-key"), credential)?;
            }
            Auth::ApiKey => {
                secret_header(headers, HeaderName::from_static("api-key"), credential)?;
            }
            Auth::None => {}
        }
    }
    extra_headers(headers, target)
}

/// Adds the credential as `Authorization: Bearer`.
pub(crate) fn bearer(headers: &mut HeaderMap, credential: &str) -> Result<(), Unsupported> {
    secret_header(headers, AUTHORIZATION, &format!("Bearer {credential}"))
}

/// Adds the headers the provider wants with every request.
pub(crate) fn extra_headers(
    headers: &mut HeaderMap,
    target: &Target<'_>,
) -> Result<(), Unsupported> {
    for (name, value) in &target.quirks.extra_headers {
        let (Ok(name), Ok(value)) =
            (HeaderName::try_from(name.as_str()), HeaderValue::from_str(value))
        else {
            return Err(Unsupported(format!("`{name}` is not a header")));
        };
        headers.insert(name, value);
    }
    Ok(())
}

/// Members of a chat request that every translated protocol has a place for, or that are settled
/// before one is chosen.
const COMMON_MEMBERS: &[&str] = &[
    "model",
    "messages",
    "prompt",
    "stream",
    "stream_options",
    "tools",
    "tool_choice",
    "response_format",
    "structured_outputs",
    "reasoning",
    "reasoning_effort",
    "include_reasoning",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "stop",
    "n",
    "user",
];

/// Whether a member of a chat request has a place in a protocol that has places for `own` besides
/// the common ones.
pub(crate) fn has_place(member: &str, own: &[&str]) -> bool {
    COMMON_MEMBERS.contains(&member) || own.contains(&member)
}

/// Parameters that translations send to endpoints that take them, and to no others.
const SENT_WHERE_TAKEN: &[&str] = &[
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "repetition_penalty",
    "frequency_penalty",
    "presence_penalty",
    "seed",
    "stop",
    "logprobs",
    "top_logprobs",
    "verbosity",
    "web_search_options",
];

/// Whether a member of a chat request is left out because the endpoint does not take it.
pub(crate) fn lacks(target: &Target<'_>, member: &str) -> bool {
    match member {
        "reasoning" | "reasoning_effort" => {
            !takes(target, "reasoning") && !takes(target, "reasoning_effort")
        }
        "service_tier" => drops(target, member),
        _ => SENT_WHERE_TAKEN.contains(&member) && !takes(target, member),
    }
}

/// Whether an optional parameter may be sent: the endpoint knows it and the provider doesn't
/// refuse it.
pub(crate) fn takes(target: &Target<'_>, parameter: &str) -> bool {
    target.supports(parameter) && !drops(target, parameter)
}

/// Whether the provider is said to refuse a parameter.
pub(crate) fn drops(target: &Target<'_>, parameter: &str) -> bool {
    target.quirks.drop_params.iter().any(|it| it == parameter)
}

/// An image, film or document: its bytes, or where they are.
#[derive(Debug, Clone)]
pub(crate) enum Media<'a> {
    /// Its bytes.
    Inline(Inline<'a>),
    /// An address.
    Remote(&'a str),
}

/// The content of a base64 data URI (RFC 2397).
#[derive(Debug, Clone)]
pub(crate) struct Inline<'a> {
    /// Lower case, without parameters; `image/jpg`, which many clients write, is `image/jpeg`.
    pub(crate) media_type: Cow<'a, str>,
    /// Base64.
    pub(crate) data: &'a str,
}

impl<'a> Media<'a> {
    /// Reads what a message gives as a URL.
    pub(crate) fn read(url: &'a str) -> Result<Self, Unsupported> {
        let Some(rest) = strip_prefix_ignoring_case(url, "data:") else {
            return Ok(Self::Remote(url));
        };
        let Some((head, data)) = rest.split_once(',') else {
            return Err(Unsupported("a data URI has no data".to_owned()));
        };
        let mut words = head.split(';').map(str::trim);
        let media_type = words.next().unwrap_or_default();
        if !words.any(|word| word.eq_ignore_ascii_case("base64")) {
            return Err(Unsupported("a data URI that is not base64".to_owned()));
        }
        Ok(Self::Inline(Inline { media_type: normal_media_type(media_type), data }))
    }
}

impl Inline<'_> {
    /// The bytes as text.
    pub(crate) fn text(&self) -> Result<String, Unsupported> {
        let bytes = decode_base64(self.data)
            .ok_or_else(|| Unsupported("a data URI that is not valid base64".to_owned()))?;
        String::from_utf8(bytes).map_err(|_| Unsupported("a text file that is not UTF-8".into()))
    }
}

/// What a model is told that must answer in JSON where it can't be held to it. Beside tools it is
/// its final answer that must.
pub(crate) fn told_json(schema: Option<&Value>, is_final: bool) -> String {
    let beginning = if is_final { "Your final answer must be" } else { "Respond with" };
    let form = schema
        .map_or_else(String::new, |schema| format!(" It must match this JSON schema:\n{schema}"));
    format!(
        "{beginning} a single valid JSON object and nothing else: no prose, no code fences.{form}"
    )
}

/// Whether a URL is one of the web's.
pub(crate) fn is_http(url: &str) -> bool {
    strip_prefix_ignoring_case(url, "https://").is_some()
        || strip_prefix_ignoring_case(url, "http://").is_some()
}

/// The arguments of an earlier call as the object that foreign protocols insist on.
///
/// Arguments are text in the chat dialect, and models write bad JSON: nothing and what is not JSON
/// become `{}`, another value becomes `{"value": …}`.
pub(crate) fn arguments(text: &str) -> Cow<'_, RawValue> {
    let empty = || Cow::Borrowed(empty_object());
    match serde_json::from_str::<&RawValue>(text) {
        Ok(raw) if is_object(raw) => Cow::Borrowed(raw),
        Ok(raw) if raw.get() != "null" => {
            RawValue::from_string(format!(r#"{{"value":{}}}"#, raw.get()))
                .map_or_else(|_| empty(), Cow::Owned)
        }
        _ => empty(),
    }
}

/// Whether a JSON value is an object.
pub(crate) fn is_object(raw: &RawValue) -> bool {
    raw.get().starts_with('{')
}

/// `{}`.
pub(crate) fn empty_object() -> &'static RawValue {
    serde_json::from_str("{}").unwrap_or(RawValue::NULL)
}

/// `name: text`, which is how a speaker's name goes to providers without a field for it
/// (contract §2.2).
pub(crate) fn prefixed<'a>(name: Option<&str>, text: &'a str) -> Cow<'a, str> {
    match name {
        Some(name) => Cow::Owned(format!("{name}: {text}")),
        None => Cow::Borrowed(text),
    }
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn normal_media_type(given: &str) -> Cow<'_, str> {
    match given {
        "" => Cow::Borrowed("text/plain"),
        "image/jpg" => Cow::Borrowed("image/jpeg"),
        _ if given.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            Cow::Owned(given.to_ascii_lowercase())
        }
        _ => Cow::Borrowed(given),
    }
}

/// Both alphabets of RFC 4648; white space is skipped and padding is optional.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => return None,
        };
        held = (held << 6) | u32::from(six);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_uris_are_read() {
        let inline = |url| match Media::read(url) {
            Ok(Media::Inline(it)) => Ok((it.media_type.to_string(), it.text().unwrap_or_default())),
            Ok(Media::Remote(url)) => Err(url.to_owned()),
            Err(error) => Err(error.to_string()),
        };
        let owned = |kind: &str, text: &str| Ok((kind.to_owned(), text.to_owned()));
        assert_eq!(inline("data:image/jpg;base64,aGk="), owned("image/jpeg", "hi"));
        assert_eq!(
            inline("DATA:Text/Plain;charset=utf-8;base64,aGnDvA"),
            owned("text/plain", "hiü")
        );
        assert_eq!(inline("data:;base64,"), owned("text/plain", ""));
        assert_eq!(inline("https://x.test/a"), Err("https://x.test/a".to_owned()));
        assert_eq!(inline("data:text/plain,hi"), Err("a data URI that is not base64".to_owned()));
        assert_eq!(inline("data:text/plain"), Err("a data URI has no data".to_owned()));
    }

    #[test]
    fn arguments_are_always_an_object() {
        for (given, object) in [
            ("", "{}"),
            (" { \"a\": 1 } ", "{ \"a\": 1 }"),
            ("null", "{}"),
            ("[1]", r#"{"value":[1]}"#),
            ("\"x\"", r#"{"value":"x"}"#),
            ("{\"a\":", "{}"),
            ("{} x", "{}"),
        ] {
            assert_eq!(arguments(given).get(), object, "{given}");
        }
    }
}
