//! What a path asks for. Prefixes are free: `/anthropic/v1/messages` is `/v1/messages`, so that
//! any base URL of a provider can be pointed here.

use http::HeaderMap;
use http::request::Parts;

use crate::operation::Operation;
use crate::protocol::Protocol;

/// Paths of the simulator itself.
pub(crate) const CONTROL: &str = "/__simulator/";

/// Paths of Azure that name the model.
const DEPLOYMENTS: &str = "/openai/deployments/";

/// A request's purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Control,
    Models(Protocol),
    Model(Protocol, String),
    Ask(Ask),
    /// Anything that is not a conversation; the model, where the path names it.
    Operate(Protocol, Operation, Option<String>),
    /// An access token for Google's cloud.
    Token,
    /// What Ollama tells of one model.
    Show,
    /// Which Ollama this is.
    Version,
    /// Counting the tokens of a request.
    Count(Protocol),
    Unknown(Protocol),
}

/// A request for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) protocol: Protocol,
    /// The model, where the path names it.
    pub(crate) model: Option<String>,
    pub(crate) verb: Verb,
}

/// Whether the answer is to be streamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// The body says.
    Said,
    Whole,
    Stream,
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
            Self::Control => Protocol::OpenAi,
            Self::Show | Self::Version => Protocol::Ollama,
            Self::Token => Protocol::Vertex,
            Self::Ask(ask) => ask.protocol,
            Self::Models(protocol)
            | Self::Model(protocol, _)
            | Self::Count(protocol)
            | Self::Operate(protocol, _, _)
            | Self::Unknown(protocol) => *protocol,
        }
    }
}

fn post(path: &str) -> Option<Target> {
    let alone = match path.rsplit_once('/')? {
        ("", "token") => Some(Target::Token),
        (before, "input_tokens") if before.ends_with("/responses") => {
            let azure = path.contains("/openai/");
            Some(Target::Count(if azure { Protocol::AzureResponses } else { Protocol::Responses }))
        }
        (before, "show") if before.ends_with("/api") => Some(Target::Show),
        (before, "count_tokens") if before.ends_with("/messages") => {
            Some(Target::Count(Protocol::Anthropic))
        }
        _ => None,
    };
    alone.or_else(|| named(path)).or_else(|| said(path)).or_else(|| operated(path))
}

/// The protocols whose paths name the model.
fn named(path: &str) -> Option<Target> {
    if let Some((_, rest)) = path.split_once("/model/") {
        return bedrock(rest);
    }
    if let Some((_, rest)) = path.split_once(DEPLOYMENTS) {
        let (deployment, end) = rest.split_once('/')?;
        if end == "chat/completions" {
            return Some(ask(Protocol::Azure, Some(deployment), Verb::Said));
        }
        return match operated(&format!("/openai/v1/{end}"))? {
            Target::Operate(Protocol::Azure, operation, _) => {
                Some(operate(Protocol::Azure, operation, deployment))
            }
            _ => None,
        };
    }
    let (before, named) = path.rsplit_once("/models/")?;
    let (model, verb) = named.rsplit_once(':')?;
    let protocol = match before.rsplit_once("/publishers/") {
        Some((_, "anthropic")) => Protocol::VertexAnthropic,
        Some(_) => Protocol::Vertex,
        None => Protocol::Gemini,
    };
    match (protocol, verb) {
        (Protocol::VertexAnthropic, "rawPredict") if model == "count-tokens" => {
            Some(Target::Count(protocol))
        }
        // Here the body says whether to stream, whatever the path says.
        (Protocol::VertexAnthropic, "rawPredict" | "streamRawPredict") => {
            Some(ask(protocol, Some(model), Verb::Said))
        }
        (Protocol::VertexAnthropic, _) => None,
        (_, "generateContent") => Some(match medium(model) {
            Some(operation) => operate(protocol, operation, model),
            None => ask(protocol, Some(model), Verb::Whole),
        }),
        (_, "streamGenerateContent") => Some(ask(protocol, Some(model), Verb::Stream)),
        (_, "countTokens") => Some(Target::Count(protocol)),
        (_, "embedContent") => Some(operate(protocol, Operation::Embed, model)),
        (Protocol::Gemini, "batchEmbedContents") => {
            Some(operate(protocol, Operation::EmbedBatch, model))
        }
        (_, "predict") => Some(operate(protocol, Operation::Image, model)),
        _ => None,
    }
}

fn bedrock(rest: &str) -> Option<Target> {
    let (model, verb) = rest.rsplit_once('/')?;
    match verb {
        "converse" => Some(ask(Protocol::Bedrock, Some(model), Verb::Whole)),
        "converse-stream" => Some(ask(Protocol::Bedrock, Some(model), Verb::Stream)),
        "count-tokens" => Some(Target::Count(Protocol::Bedrock)),
        "invoke" => Some(operate(Protocol::Bedrock, invoked(model)?, model)),
        _ => None,
    }
}

/// What a model of Gemini's generates, where it is not text.
fn medium(model: &str) -> Option<Operation> {
    let name = base(model);
    if name == "speech" || name.contains("-tts") {
        return Some(Operation::Speech);
    }
    (name == "image" || name.contains("-image")).then_some(Operation::Draw)
}

/// What a model of Bedrock's does, where it does not talk.
fn invoked(model: &str) -> Option<Operation> {
    const WORDS: [(&str, Operation); 4] = [
        ("rerank", Operation::Rerank),
        ("embed", Operation::Embed),
        ("canvas", Operation::Image),
        ("image", Operation::Image),
    ];
    let name = base(model);
    WORDS.iter().find(|(word, _)| name.contains(word)).map(|(_, operation)| *operation)
}

/// A model's name without the suffixes that are its script.
fn base(model: &str) -> String {
    percent_decoded(model).split('+').next().unwrap_or_default().to_owned()
}

/// The protocols whose bodies say everything.
fn said(path: &str) -> Option<Target> {
    const ENDS: [(&str, &str, Protocol); 9] = [
        ("/endpoints/openapi/", "/chat/completions", Protocol::VertexOpenAi),
        ("/mistral/", "/chat/completions", Protocol::Mistral),
        ("/openai/v1/", "/chat/completions", Protocol::Azure),
        ("/openai/", "/responses", Protocol::AzureResponses),
        ("", "/chat/completions", Protocol::OpenAi),
        ("", "/responses", Protocol::Responses),
        ("", "/messages", Protocol::Anthropic),
        ("", "/api/chat", Protocol::Ollama),
        ("", "/v2/chat", Protocol::Cohere),
    ];
    let is_it = |(within, end, _): &&(&str, &str, _)| path.contains(within) && path.ends_with(end);
    ENDS.iter().find(is_it).map(|(_, _, protocol)| ask(*protocol, None, Verb::Said))
}

/// Paths of what is not a conversation, where the body names the model.
fn operated(path: &str) -> Option<Target> {
    const ENDS: [(&str, &str, Protocol, Operation); 18] = [
        ("/mistral/", "/audio/transcriptions", Protocol::Mistral, Operation::Transcribe),
        ("/mistral/", "/embeddings", Protocol::Mistral, Operation::Embed),
        ("/mistral/", "/moderations", Protocol::Mistral, Operation::Moderate),
        ("/openai/v1/", "/embeddings", Protocol::Azure, Operation::Embed),
        ("/openai/v1/", "/images/generations", Protocol::Azure, Operation::Image),
        ("/openai/v1/", "/images/edits", Protocol::Azure, Operation::Image),
        ("/openai/v1/", "/audio/speech", Protocol::Azure, Operation::Speech),
        ("/openai/v1/", "/audio/transcriptions", Protocol::Azure, Operation::Transcribe),
        ("", "/v2/embed", Protocol::Cohere, Operation::Embed),
        ("", "/v2/rerank", Protocol::Cohere, Operation::Rerank),
        ("", "/api/embed", Protocol::Ollama, Operation::Embed),
        ("", "/embeddings", Protocol::OpenAi, Operation::Embed),
        ("", "/rerank", Protocol::OpenAi, Operation::Rerank),
        ("", "/images/generations", Protocol::OpenAi, Operation::Image),
        ("", "/images/edits", Protocol::OpenAi, Operation::Image),
        ("", "/audio/speech", Protocol::OpenAi, Operation::Speech),
        ("", "/audio/transcriptions", Protocol::OpenAi, Operation::Transcribe),
        ("", "/moderations", Protocol::OpenAi, Operation::Moderate),
    ];
    // A deployment's path names the model, so it has been looked at already.
    if path.contains(DEPLOYMENTS) {
        return None;
    }
    let is_it = |(within, end, _, _): &&(&str, &str, Protocol, Operation)| {
        path.contains(within) && path.ends_with(end)
    };
    let (_, _, protocol, operation) = ENDS.iter().find(is_it)?;
    Some(Target::Operate(*protocol, *operation, None))
}

fn operate(protocol: Protocol, operation: Operation, model: &str) -> Target {
    Target::Operate(protocol, operation, Some(percent_decoded(model)))
}

fn ask(protocol: Protocol, model: Option<&str>, verb: Verb) -> Target {
    Target::Ask(Ask { protocol, model: model.map(percent_decoded), verb })
}

fn get(path: &str, headers: &HeaderMap) -> Option<Target> {
    if path.ends_with("/api/version") {
        return Some(Target::Version);
    }
    let protocol = protocol(path, headers);
    if ["/models", "/api/tags", "/foundation-models"].iter().any(|end| path.ends_with(end)) {
        return Some(Target::Models(protocol));
    }
    let (_, id) = path.rsplit_once("/models/")?;
    Some(Target::Model(protocol, percent_decoded(id)))
}

/// The protocol of a path that no request for an answer has, told by its parts, and where several
/// protocols share it, by what the caller sends along.
fn protocol(path: &str, headers: &HeaderMap) -> Protocol {
    const PARTS: [(&str, Protocol); 16] = [
        ("/endpoints/openapi/", Protocol::VertexOpenAi),
        ("/publishers/anthropic/", Protocol::VertexAnthropic),
        ("/publishers/", Protocol::Vertex),
        ("/model/", Protocol::Bedrock),
        ("/foundation-models", Protocol::Bedrock),
        ("/mistral/", Protocol::Mistral),
        ("/cohere/", Protocol::Cohere),
        ("/v2/chat", Protocol::Cohere),
        ("/v2/embed", Protocol::Cohere),
        ("/v2/rerank", Protocol::Cohere),
        ("/openai/", Protocol::Azure),
        ("/api/tags", Protocol::Ollama),
        ("/api/chat", Protocol::Ollama),
        ("/api/embed", Protocol::Ollama),
        ("/api/show", Protocol::Ollama),
        ("/v1beta", Protocol::Gemini),
    ];
    const HEADERS: [(&str, Protocol); 3] = [
        ("x-goog-api-key", Protocol::Gemini),
        ("anthropic-version", Protocol::Anthropic),
        ("x-api-key", Protocol::Anthropic),
    ];
    let by_path = PARTS.iter().find(|(part, _)| path.contains(part));
    let by_header = || HEADERS.iter().find(|(name, _)| headers.contains_key(*name));
    by_path.or_else(by_header).map_or(Protocol::OpenAi, |(_, protocol)| *protocol)
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
    use super::{Ask, Target, Verb, percent_decoded};
    use crate::operation::Operation;
    use crate::protocol::Protocol;

    fn named(protocol: Protocol, model: &str, verb: Verb) -> Target {
        Target::Ask(Ask { protocol, model: Some(model.to_owned()), verb })
    }

    fn said(protocol: Protocol) -> Target {
        Target::Ask(Ask { protocol, model: None, verb: Verb::Said })
    }

    fn check(cases: &[(&str, &str, Target)]) {
        for (method, path, target) in cases {
            let request = http::Request::builder().method(*method).uri(*path).body(()).unwrap();
            assert_eq!(Target::of(&request.into_parts().0), *target, "{method} {path}");
        }
    }

    #[test]
    fn paths_are_told_apart_whatever_their_prefix() {
        let gemini = |model, verb| named(Protocol::Gemini, model, verb);
        let cases = [
            ("POST", "/v1/chat/completions", said(Protocol::OpenAi)),
            ("POST", "/any/prefix/chat/completions", said(Protocol::OpenAi)),
            ("POST", "/anthropic/v1/messages", said(Protocol::Anthropic)),
            ("POST", "/v1/messages/count_tokens", Target::Count(Protocol::Anthropic)),
            ("POST", "/v1beta/models/echo:generateContent", gemini("echo", Verb::Whole)),
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
        check(&cases);
        assert_eq!(percent_decoded("a%2Bb%zz%"), "a+b%zz%");
    }

    #[test]
    fn paths_of_clouds_name_the_model() {
        check(&[
            ("POST", "/v1/responses", said(Protocol::Responses)),
            ("POST", "/v1/responses/input_tokens", Target::Count(Protocol::Responses)),
            ("POST", "/openai/v1/responses/input_tokens", Target::Count(Protocol::AzureResponses)),
            ("POST", "/model/a.echo%3A0/count-tokens", Target::Count(Protocol::Bedrock)),
            (
                "POST",
                "/v1/publishers/anthropic/models/count-tokens:rawPredict",
                Target::Count(Protocol::VertexAnthropic),
            ),
            (
                "POST",
                "/model/us.echo-v1%3A0%2Bdrip:1/converse",
                named(Protocol::Bedrock, "us.echo-v1:0+drip:1", Verb::Whole),
            ),
            (
                "POST",
                "/model/echo:0/converse-stream",
                named(Protocol::Bedrock, "echo:0", Verb::Stream),
            ),
            (
                "POST",
                "/openai/deployments/echo/chat/completions",
                named(Protocol::Azure, "echo", Verb::Said),
            ),
            ("POST", "/openai/v1/chat/completions", said(Protocol::Azure)),
            ("POST", "/openai/v1/responses", said(Protocol::AzureResponses)),
            (
                "POST",
                "/v1/projects/p/locations/l/publishers/google/models/echo:generateContent",
                named(Protocol::Vertex, "echo", Verb::Whole),
            ),
            (
                "POST",
                "/v1/publishers/anthropic/models/echo@1:streamRawPredict",
                named(Protocol::VertexAnthropic, "echo@1", Verb::Said),
            ),
            (
                "POST",
                "/v1/projects/p/locations/l/endpoints/openapi/chat/completions",
                said(Protocol::VertexOpenAi),
            ),
            ("POST", "/token", Target::Token),
            ("POST", "/v2/chat", said(Protocol::Cohere)),
            ("GET", "/cohere/v1/models", Target::Models(Protocol::Cohere)),
            ("POST", "/mistral/v1/chat/completions", said(Protocol::Mistral)),
            ("POST", "/api/chat", said(Protocol::Ollama)),
            ("GET", "/api/v1/models", Target::Models(Protocol::OpenAi)),
        ]);
    }

    #[test]
    fn operations_have_paths_of_their_own() {
        let operate = |protocol, operation, model: Option<&str>| {
            Target::Operate(protocol, operation, model.map(str::to_owned))
        };
        let google = "/v1/projects/p/locations/l/publishers/google/models/m:predict";
        check(&[
            ("POST", "/v1/embeddings", operate(Protocol::OpenAi, Operation::Embed, None)),
            ("POST", "/any/v1/rerank", operate(Protocol::OpenAi, Operation::Rerank, None)),
            ("POST", "/v1/images/generations", operate(Protocol::OpenAi, Operation::Image, None)),
            ("POST", "/v1/images/edits", operate(Protocol::OpenAi, Operation::Image, None)),
            ("POST", "/v1/audio/speech", operate(Protocol::OpenAi, Operation::Speech, None)),
            ("POST", "/v1/moderations", operate(Protocol::OpenAi, Operation::Moderate, None)),
            ("POST", "/mistral/v1/embeddings", operate(Protocol::Mistral, Operation::Embed, None)),
            (
                "POST",
                "/openai/deployments/embed%2Bdrip:1/embeddings",
                operate(Protocol::Azure, Operation::Embed, Some("embed+drip:1")),
            ),
            (
                "POST",
                "/v1beta/models/gemini-2.5-flash-preview-tts:generateContent",
                operate(Protocol::Gemini, Operation::Speech, Some("gemini-2.5-flash-preview-tts")),
            ),
            (
                "POST",
                "/v1/publishers/google/models/image%2Bempty:generateContent",
                operate(Protocol::Vertex, Operation::Draw, Some("image+empty")),
            ),
            (
                "POST",
                "/model/amazon.titan-embed-image-v1/invoke",
                operate(Protocol::Bedrock, Operation::Embed, Some("amazon.titan-embed-image-v1")),
            ),
            (
                "POST",
                "/model/cohere.rerank-v3-5%3A0/invoke",
                operate(Protocol::Bedrock, Operation::Rerank, Some("cohere.rerank-v3-5:0")),
            ),
            ("POST", "/model/echo/invoke", Target::Unknown(Protocol::Bedrock)),
            ("POST", "/openai/deployments/embed/rerank", Target::Unknown(Protocol::Azure)),
            ("POST", "/openai/v1/audio/speech", operate(Protocol::Azure, Operation::Speech, None)),
            ("POST", "/cohere/v2/embed", operate(Protocol::Cohere, Operation::Embed, None)),
            ("POST", "/v2/rerank", operate(Protocol::Cohere, Operation::Rerank, None)),
            ("POST", "/api/embed", operate(Protocol::Ollama, Operation::Embed, None)),
            (
                "POST",
                "/v1beta/models/embed:batchEmbedContents",
                operate(Protocol::Gemini, Operation::EmbedBatch, Some("embed")),
            ),
            ("POST", google, operate(Protocol::Vertex, Operation::Image, Some("m"))),
            ("GET", "/v1/embeddings", Target::Unknown(Protocol::OpenAi)),
            ("GET", "/v2/rerank", Target::Unknown(Protocol::Cohere)),
        ]);
    }
}
