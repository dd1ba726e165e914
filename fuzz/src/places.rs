//! Where the calls of a fuzz target go.

use bytes::Bytes;
use http::Request;
use tollgate_catalog::{Auth, MaxTokensField, OperationStyle, Quirks, ReasoningField, ReasoningStyle, Service};
use tollgate_providers::{Adapter, EncodeError, Inbound, Target, encode};
use tollgate_wire::Call;

use crate::NOW;

/// What an endpoint is like.
#[derive(Debug)]
pub struct Place {
    supported: Vec<String>,
    max_output: Option<u64>,
    quirks: Quirks,
}

impl Place {
    /// One of the kinds of endpoint there are: bit by bit, what may differ.
    pub fn from_bits(bits: u8) -> Self {
        let bit = |at: u8| bits & (1 << at) != 0;
        let reasoning_style = match bits & 0b11 {
            0 => ReasoningStyle::OpenRouter,
            1 => ReasoningStyle::Effort,
            2 => ReasoningStyle::ThinkingType,
            _ => ReasoningStyle::EnableThinking,
        };
        let operation_style = match bits & 0b11 {
            0 => OperationStyle::OpenAi,
            1 => OperationStyle::OpenRouter,
            2 => OperationStyle::Together,
            _ => OperationStyle::Xai,
        };
        let quirks = Quirks {
            reasoning_style,
            operation_style,
            reasoning_field: if bit(2) {
                ReasoningField::ReasoningContent
            } else {
                ReasoningField::default()
            },
            max_tokens_field: if bit(3) {
                MaxTokensField::MaxCompletionTokens
            } else {
                MaxTokensField::MaxTokens
            },
            developer_role: bit(4),
            structured_outputs: !bit(4),
            takes_image_urls: !bit(5),
            stream_options: !bit(6),
            ..Quirks::default()
        };
        let supported = ["tools", "tool_choice", "temperature", "reasoning"];
        Self {
            supported: if bit(7) { supported.map(str::to_owned).to_vec() } else { Vec::new() },
            max_output: bit(6).then_some(4_096),
            quirks,
        }
    }

    /// This place as a call of the protocol sees it.
    pub fn target<'a>(&'a self, protocol: &str, upstream_model: &'a str) -> Target<'a> {
        let (base_url, credential, auth) = address(protocol);
        Target {
            base_url,
            upstream_model,
            credential: Some(credential),
            max_output: self.max_output,
            supported_parameters: &self.supported,
            auth,
            quirks: &self.quirks,
            service: Service::default(),
        }
    }

    /// Encodes a call for an adapter.
    ///
    /// # Errors
    ///
    /// As the adapter says.
    pub fn encode(
        &self,
        adapter: &dyn Adapter,
        call: &Call,
    ) -> Result<Request<Bytes>, EncodeError> {
        let target = self.target(adapter.protocol(), "m-1");
        encode(adapter, &Inbound { call, target, end_user: Some("u-1"), now: NOW })
    }
}

/// Base URL, credential and the credential's place.
fn address(protocol: &str) -> (&'static str, &'static str, Auth) {
    match protocol {
        "bedrock-converse" => {
            ("https://bedrock-runtime.us-east-1.amazonaws.com", "ABSKx", Auth::Bearer)
        }
        "azure-openai" => ("https://acme.openai.azure.com", "key", Auth::ApiKey),
        "anthropic-messages" => ("https://anthropic.test/v1", "key", Auth::XApiKey),
        "gemini" => ("https://google.test/v1beta", "key", Auth::XGoogApiKey),
        name if name.starts_with("vertex") => (
            "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1",
            "ya29.x",
            Auth::Bearer,
        ),
        _ => ("https://provider.test/v1", "key", Auth::Bearer),
    }
}
