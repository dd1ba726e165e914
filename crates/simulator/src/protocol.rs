//! The protocols behind one face: letting a caller in, reading a request, writing an error.
//! Writing an answer is up to the [`Encode`] that reading a request gives.

use std::fmt;

use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use serde_json::Value;

use crate::encode::Encode;
use crate::failure::{Failure, Reply};
use crate::model::Behaviour;
use crate::prompt::Prompt;
use crate::random::Random;
use crate::route::Verb;
use crate::{
    anthropic, azure, bedrock, cohere, gemini, mistral, ollama, openai, responses, vertex,
};

/// A provider's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// OpenAI's chat completions.
    OpenAi,
    /// OpenAI's Responses.
    Responses,
    /// Anthropic's Messages.
    Anthropic,
    /// Gemini's `generateContent` and `streamGenerateContent`.
    Gemini,
    /// AWS Bedrock's Converse.
    Bedrock,
    /// Ollama's own `/api/chat`.
    Ollama,
    /// Cohere's chat, version 2.
    Cohere,
    /// Mistral's chat completions.
    Mistral,
    /// Chat completions at Azure.
    Azure,
    /// Responses at Azure.
    AzureResponses,
    /// Gemini at Vertex AI, and the endpoint for access tokens.
    Vertex,
    /// Anthropic's Messages at Vertex AI.
    VertexAnthropic,
    /// Chat completions at Vertex AI, for models of other makers.
    VertexOpenAi,
}

/// What every answer to one request carries.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    /// The model as it was asked for.
    pub(crate) model: String,
    /// Unix time in seconds.
    pub(crate) created: i64,
    /// Makes the ids of this answer.
    pub(crate) ids: Random,
    pub(crate) usage_reported: bool,
    pub(crate) done_sent: bool,
}

/// A request that is to be read.
#[derive(Debug)]
pub(crate) struct Asking<'a> {
    pub(crate) head: &'a Parts,
    pub(crate) body: &'a Value,
    pub(crate) label: Label,
    pub(crate) behaviour: Behaviour,
    pub(crate) verb: Verb,
}

/// A request, read.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) prompt: Prompt,
    pub(crate) encoder: Box<dyn Encode>,
    pub(crate) streamed: bool,
}

impl Protocol {
    /// Whether the caller may ask at all.
    pub(crate) fn authorize(self, head: &Parts, body: &Bytes) -> Result<(), Failure> {
        let query = head.uri.query().unwrap_or_default();
        match self {
            Self::OpenAi | Self::Responses | Self::Azure | Self::AzureResponses => {
                check_key(openai::key(&head.headers))
            }
            Self::Cohere | Self::Mistral => check_key(bearer(&head.headers)),
            Self::Anthropic => check_key(anthropic::key(&head.headers)),
            Self::Gemini | Self::Vertex | Self::VertexAnthropic | Self::VertexOpenAi => {
                check_key(gemini::key(&head.headers, query))
            }
            Self::Bedrock => bedrock::authorize(head, body),
            Self::Ollama => ollama::authorize(&head.headers),
        }
    }

    /// Reads a request for an answer.
    pub(crate) fn read(self, asking: Asking<'_>) -> Result<Asked, Failure> {
        match self {
            Self::OpenAi | Self::VertexOpenAi => openai::read(asking, false),
            Self::Responses => responses::read(asking),
            Self::Anthropic => anthropic::read(asking),
            Self::Gemini => gemini::read(asking, false),
            Self::Bedrock => bedrock::read(asking),
            Self::Ollama => ollama::read(asking),
            Self::Cohere => cohere::read(asking),
            Self::Mistral => mistral::read(asking),
            Self::Azure => azure::read(asking),
            Self::AzureResponses => azure::read_response(asking),
            Self::Vertex => vertex::read(asking),
            Self::VertexAnthropic => vertex::read_anthropic(asking),
        }
    }

    /// Gives `failure` this protocol's form.
    pub(crate) fn failure(self, failure: &Failure, ids: &mut Random) -> Reply {
        match self {
            Self::OpenAi | Self::Responses => openai::failure(failure, ids),
            Self::Anthropic => anthropic::failure(failure, ids),
            Self::Gemini => gemini::failure(failure),
            Self::Bedrock => bedrock::failure(failure, ids),
            Self::Ollama => ollama::failure(failure),
            Self::Cohere => cohere::failure(failure, ids),
            Self::Mistral => mistral::failure(failure, ids),
            Self::Azure | Self::AzureResponses => azure::failure(failure, ids),
            Self::Vertex => vertex::failure(failure),
            Self::VertexOpenAi => vertex::failure_of_partners(failure),
            Self::VertexAnthropic => vertex::failure_of_anthropic(failure, ids),
        }
    }

    /// The list of models.
    pub(crate) fn models(self, created: i64) -> Value {
        match self {
            Self::OpenAi | Self::Responses | Self::Azure | Self::AzureResponses => {
                openai::models(created)
            }
            Self::Anthropic => anthropic::models(),
            Self::Gemini => gemini::models(),
            Self::Bedrock => bedrock::models(),
            Self::Ollama => ollama::models(created),
            Self::Cohere => cohere::models(),
            Self::Mistral => mistral::models(created),
            Self::Vertex | Self::VertexAnthropic | Self::VertexOpenAi => vertex::models(),
        }
    }

    /// One entry of the list of models.
    pub(crate) fn model(self, id: &str, created: i64) -> Option<Value> {
        const LISTS: [&str; 4] = ["data", "models", "modelSummaries", "publisherModels"];
        let list = self.models(created);
        let entries = LISTS.iter().find_map(|key| list.get(*key))?.as_array()?;
        let is_it = |entry: &&Value| {
            let names =
                ["id", "modelId", "name"].iter().filter_map(|key| entry.get(*key)?.as_str());
            // Google's names are paths that end with the model.
            names.into_iter().any(|name| name.rsplit('/').next() == Some(id))
        };
        entries.iter().find(is_it).cloned()
    }

    /// The body is no JSON.
    pub(crate) fn bad_json(self, error: &serde_json::Error) -> Failure {
        Failure::invalid(match self {
            Self::OpenAi | Self::Responses | Self::Azure | Self::AzureResponses => {
                "We could not parse the JSON body of your request. (HINT: This likely means you \
                 aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, \
                 but what was sent was not valid JSON.)"
                    .to_owned()
            }
            Self::Anthropic | Self::VertexAnthropic => {
                format!("The request body is not valid JSON: {error}")
            }
            Self::Gemini | Self::Vertex | Self::VertexOpenAi => {
                format!("Invalid JSON payload received. {error}")
            }
            Self::Bedrock => format!("The request body is not valid JSON: {error}"),
            Self::Ollama => format!("invalid JSON: {error}"),
            Self::Cohere => return cohere::bad_json(error),
            Self::Mistral => return mistral::bad_json(error),
        })
    }

    /// The request names no model.
    pub(crate) fn no_model(self) -> Failure {
        match self {
            Self::OpenAi | Self::Azure => Failure::invalid("you must provide a model parameter"),
            Self::Responses | Self::AzureResponses => responses::missing("model"),
            Self::Anthropic => Failure::invalid("model: Field required"),
            Self::Gemini | Self::Vertex | Self::VertexAnthropic | Self::VertexOpenAi => {
                Failure::invalid("model is not specified")
            }
            Self::Bedrock => Failure::invalid("The provided model identifier is invalid."),
            Self::Ollama => Failure::invalid("model is required"),
            Self::Cohere => Failure::invalid("invalid request: model is required"),
            Self::Mistral => mistral::no_model(),
        }
    }

    /// The prompt is longer than the model reads, in the words that each provider is known by.
    pub(crate) fn too_long(self) -> Failure {
        match self {
            Self::OpenAi | Self::Azure | Self::VertexOpenAi => Failure::invalid_param(
                "This model's maximum context length is 8192 tokens. However, your messages \
                 resulted in 10004 tokens. Please reduce the length of the messages.",
                "messages",
                Some("context_length_exceeded"),
            ),
            Self::Responses | Self::AzureResponses => Failure::invalid_param(
                "Your input exceeds the context window of this model. Please adjust your input \
                 and try again.",
                "input",
                Some("context_length_exceeded"),
            ),
            Self::Anthropic | Self::VertexAnthropic => {
                Failure::invalid("prompt is too long: 210004 tokens > 200000 maximum")
            }
            Self::Gemini | Self::Vertex => Failure::invalid(
                "The input token count (1200004) exceeds the maximum number of tokens allowed \
                 (1048576).",
            ),
            Self::Bedrock => Failure::invalid("Input is too long for requested model."),
            Self::Ollama => Failure::invalid("the input length exceeds the context length"),
            Self::Cohere => Failure::invalid(
                "too many tokens: total number of tokens in the prompt cannot exceed 4081 - \
                 received 5124. Try using a shorter prompt, or enable prompt truncating.",
            ),
            Self::Mistral => Failure::invalid_param(
                "Prompt contains 40004 tokens and 0 draft tokens, too large for model with 32768 \
                 maximum context length",
                "invalid_request_prompt",
                Some("3051"),
            ),
        }
    }

    /// The headers of a good answer.
    pub(crate) fn headers(self, ids: &mut Random) -> Vec<(&'static str, String)> {
        match self {
            Self::OpenAi | Self::Responses => vec![("x-request-id", ids.id("req_", 32))],
            Self::Anthropic | Self::VertexAnthropic => vec![("request-id", ids.id("req_01", 22))],
            Self::Gemini | Self::Ollama | Self::Vertex | Self::VertexOpenAi => Vec::new(),
            Self::Bedrock => vec![("x-amzn-requestid", ids.uuid())],
            Self::Cohere => vec![("x-debug-trace-id", ids.uuid())],
            Self::Mistral => vec![("mistral-correlation-id", ids.uuid())],
            Self::Azure | Self::AzureResponses => {
                vec![("apim-request-id", ids.uuid()), ("x-ms-region", "East US".to_owned())]
            }
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::OpenAi => "openai",
            Self::Responses => "responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Bedrock => "bedrock",
            Self::Ollama => "ollama",
            Self::Cohere => "cohere",
            Self::Mistral => "mistral",
            Self::Azure => "azure",
            Self::AzureResponses => "azure-responses",
            Self::Vertex => "vertex",
            Self::VertexAnthropic => "vertex-anthropic",
            Self::VertexOpenAi => "vertex-openai",
        })
    }
}

/// Any key will do, unless it says itself that it is none.
pub(crate) fn check_key(key: Option<&str>) -> Result<(), Failure> {
    match key {
        None | Some("") => Err(Failure::key_missing()),
        Some(key) if key.contains("wrong") || key.contains("invalid") => {
            Err(Failure::key_wrong(key))
        }
        Some(_) => Ok(()),
    }
}

/// The text of header `name`, when there is one.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The key of `Authorization: Bearer …`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = header(headers, "authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
