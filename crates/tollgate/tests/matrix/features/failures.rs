//! Answers that are none, and what is kept of them.

use tollgate_testkit::Protocol;

use super::endings::failed;
use crate::clients::Client;
use crate::question::{Finish, Proof, Question, must, same, text};
use crate::world::Ask;

fn asking(ask: &Ask<'_>, model: &'static str) -> Question {
    Question { model, turns: vec![ask.user("Hello")], ..Question::default() }
}

/// The provider's error with status 200 is an error all the same.
pub(super) async fn error_in_200(ask: &mut Ask<'_>) -> Proof {
    let reply = ask.send(&asking(ask, "masked")).await?;
    failed(ask, &reply, &[500, 502, 503, 529]).map(drop)
}

/// The provider has no use for the request: the caller is told so, and what is wrong with it.
pub(super) async fn bad_request(ask: &mut Ask<'_>) -> Proof {
    let reply = ask.send(&asking(ask, "refusing")).await?;
    failed(ask, &reply, &[400]).map(drop)
}

/// A prompt too long is named as that.
pub(super) async fn too_long(ask: &mut Ask<'_>) -> Proof {
    let reply = ask.send(&asking(ask, "full")).await?;
    let message = failed(ask, &reply, &[400])?;
    let named = match ask.client {
        Client::Gemini => reply.text().contains("CONTEXT_LENGTH_EXCEEDED"),
        Client::Ollama => message.contains("exceeds the context length"),
        _ => reply.text().contains("context_length_exceeded"),
    };
    must(named, || format!("not named as too long: {}", reply.text()))
}

/// A well-formed answer that says nothing is an answer, and what was written of it costs nothing.
pub(super) async fn nothing(ask: &mut Ask<'_>) -> Proof {
    let heard = ask.hear(&asking(ask, "silent")).await?;
    same("text", &heard.text.as_str(), &"")?;
    same("finish", &heard.finish, &Some(Finish::Stop))?;
    same("output tokens", &heard.usage.output, &0)
}

/// Both the provider's word for why the answer ended and the contract's are on record.
pub(super) async fn native_finish(ask: &mut Ask<'_>) -> Proof {
    let question = Question { max_tokens: Some(16), ..asking(ask, "prose") };
    let heard = ask.hear(&question).await?;
    same("finish", &heard.finish, &Some(Finish::Length))?;
    let record = ask.record().await;
    same("finish_reason", &text(&record, "/finish_reason").as_str(), &"length")?;
    let native = match ask.protocol {
        Protocol::OpenAi
        | Protocol::Azure
        | Protocol::VertexOpenAi
        | Protocol::Mistral
        | Protocol::Ollama => "length",
        Protocol::Responses => "max_output_tokens",
        Protocol::Anthropic | Protocol::VertexAnthropic | Protocol::Bedrock => "max_tokens",
        Protocol::Gemini | Protocol::Vertex | Protocol::Cohere => "MAX_TOKENS",
    };
    same("native_finish_reason", &text(&record, "/native_finish_reason").as_str(), &native)
}
