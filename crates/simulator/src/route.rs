//! What a path asks for. Prefixes are free: `/anthropic/v1/messages` is `/v1/messages`, so that
//! any base URL of a provider can be pointed here.

use http::HeaderMap;
use http::request::Parts;

use crate::protocol::Protocol;

/// Paths of the simulator itself.
pub(crate) const CONTROL: &str = "/__simulator/";

/// A request's purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Control,
    Models(Protocol),
    Model(Protocol, String),
    Chat,
    Messages,
    CountMessages,
    Gemini { model: String, verb: Verb },
    Unknown(Protocol),
}

/// What is to be done with a Gemini model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Generate,
    Stream,
    Count,
}

impl Target {
    pub(crate) fn of(head: &Parts) -> Self {
        let path = head.uri.path().trim_end_matches('/');
        if path.starts_with(CONTROL) {
            return Self::Control;
        }
        let known = match head.method.as_str() {
            "POST" => post(path),
            "GET" => get(path, &head.headers),
            _ => None,
        };
        known.unwrap_or_else(|| Self::Unknown(protocol(path, &head.headers)))
    }

    pub(crate) const fn protocol(&self) -> Protocol {
        match self {
            Self::Control | Self::Chat => Protocol::OpenAi,
            Self::Messages | Self::CountMessages => Protocol::Anthropic,
            Self::Gemini { .. } => Protocol::Gemini,
            Self::Models(protocol) | Self::Model(protocol, _) | Self::Unknown(protocol) => {
                *protocol
            }
        }
    }
}

fn post(path: &str) -> Option<Target> {
    if path.ends_with("/chat/completions") {
        return Some(Target::Chat);
    }
    if path.ends_with("/messages/count_tokens") {
        return Some(Target::CountMessages);
    }
    if path.ends_with("/messages") {
        return Some(Target::Messages);
    }
    let (_, named) = path.rsplit_once("/models/")?;
    let (model, verb) = named.rsplit_once(':')?;
    let verb = match verb {
        "generateContent" => Verb::Generate,
        "streamGenerateContent" => Verb::Stream,
        "countTokens" => Verb::Count,
        _ => return None,
    };
    Some(Target::Gemini { model: percent_decoded(model), verb })
}

fn get(path: &str, headers: &HeaderMap) -> Option<Target> {
    let protocol = protocol(path, headers);
    if path.ends_with("/models") {
        return Some(Target::Models(protocol));
    }
    let (_, id) = path.rsplit_once("/models/")?;
    Some(Target::Model(protocol, percent_decoded(id)))
}

/// The protocol of a path that several share, told by what the caller sends along.
fn protocol(path: &str, headers: &HeaderMap) -> Protocol {
    if path.contains("/v1beta") || headers.contains_key("x-goog-api-key") {
        return Protocol::Gemini;
    }
    if headers.contains_key("anthropic-version") || headers.contains_key("x-api-key") {
        return Protocol::Anthropic;
    }
    Protocol::OpenAi
}

/// Undoes percent-encoding; what is not valid stays as it is.
pub(crate) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let coded = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte =
            coded.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Target, Verb, percent_decoded};
    use crate::protocol::Protocol;

    #[test]
    fn paths_are_told_apart_whatever_their_prefix() {
        let gemini = |model: &str, verb| Target::Gemini { model: model.to_owned(), verb };
        let cases = [
            ("POST", "/v1/chat/completions", Target::Chat),
            ("POST", "/any/prefix/chat/completions", Target::Chat),
            ("POST", "/anthropic/v1/messages", Target::Messages),
            ("POST", "/v1/messages/count_tokens", Target::CountMessages),
            ("POST", "/v1beta/models/echo:generateContent", gemini("echo", Verb::Generate)),
            (
                "POST",
                "/v1beta/models/prose%2Bstatus:503:streamGenerateContent",
                gemini("prose+status:503", Verb::Stream),
            ),
            ("GET", "/v1/models", Target::Models(Protocol::OpenAi)),
            ("GET", "/v1beta/models", Target::Models(Protocol::Gemini)),
            ("GET", "/v1/models/echo", Target::Model(Protocol::OpenAi, "echo".to_owned())),
            ("GET", "/v1/chat/completions", Target::Unknown(Protocol::OpenAi)),
            ("POST", "/v1beta/nothing", Target::Unknown(Protocol::Gemini)),
            ("GET", "/__simulator/stats", Target::Control),
        ];
        for (method, path, target) in cases {
            let request = http::Request::builder().method(method).uri(path).body(()).unwrap();
            assert_eq!(Target::of(&request.into_parts().0), target, "{method} {path}");
        }
        assert_eq!(percent_decoded("a%2Bb%zz%"), "a+b%zz%");
    }
}
