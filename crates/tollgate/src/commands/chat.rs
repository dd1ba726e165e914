//! `tollgate chat`

use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use clap::Args;
use http::{Request, header};
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tollgate_wire::sse::{EventTooLarge, SseDecoder};

use super::Session;
use super::running::{ErrorShown, Running, RunningArgs};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tollgate chat tollgate/echo \"Hello\"\n  tollgate chat openai/gpt-4o-mini          (asks for one line after the other)"
)]
pub(super) struct ChatArgs {
    /// Model; tollgate/prose when not given
    model: Option<String>,
    /// What to say; asked for when not given
    prompt: Option<String>,
    #[command(flatten)]
    at: RunningArgs,
    /// Instructions for the model
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct Message {
    role: &'static str,
    content: String,
}

#[derive(Serialize)]
struct ChatBody<'a> {
    model: &'a str,
    messages: &'a [Message],
    stream: bool,
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<UsageShown>,
    error: Option<ErrorShown>,
    #[serde(default)]
    provider: String,
}

#[derive(Deserialize)]
struct Choice {
    delta: Option<Delta>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
    reasoning: Option<String>,
}

#[derive(Deserialize)]
struct UsageShown {
    prompt_tokens: u64,
    completion_tokens: u64,
    cost: f64,
}

/// An answer's summary, shown in grey beneath it.
#[derive(Default)]
struct Summary {
    text: String,
    first_token: Option<Duration>,
    provider: String,
    usage: Option<UsageShown>,
}

struct Chat<'a> {
    gateway: &'a Running,
    model: String,
    messages: Vec<Message>,
}

/// Says the prompt, or talks until the input ends.
pub(super) async fn run(args: ChatArgs, session: &Session) -> anyhow::Result<ExitCode> {
    let gateway = Running::reach(args.at, session).await?;
    let system = args.system.map(|content| Message { role: "system", content });
    let mut chat = Chat {
        gateway: &gateway,
        model: args.model.unwrap_or_else(|| "tollgate/prose".to_owned()),
        messages: system.into_iter().collect(),
    };
    let result = match args.prompt {
        Some(prompt) => chat.say(prompt).await,
        None => chat.converse().await,
    };
    gateway.leave().await?;
    result.map(|()| ExitCode::SUCCESS)
}

impl Chat<'_> {
    async fn converse(&mut self) -> anyhow::Result<()> {
        let is_terminal = std::io::stdin().is_terminal();
        loop {
            if is_terminal {
                anstream::print!("> ");
                std::io::stdout().flush()?;
            }
            let line = tokio::task::spawn_blocking(|| {
                let mut line = String::new();
                std::io::stdin()
                    .lock()
                    .read_line(&mut line)
                    .map(|bytes| (bytes > 0).then_some(line))
            });
            let Some(line) = line.await?? else { return Ok(()) };
            if line.trim().is_empty() {
                continue;
            }
            self.say(line.trim().to_owned()).await?;
        }
    }

    async fn say(&mut self, prompt: String) -> anyhow::Result<()> {
        self.messages.push(Message { role: "user", content: prompt });
        let started = Instant::now();
        let summary = self.stream(started).await?;
        anstream::println!();
        anstream::eprintln!("{}", summary.line(started.elapsed()));
        self.messages.push(Message { role: "assistant", content: summary.text });
        Ok(())
    }

    async fn stream(&self, started: Instant) -> anyhow::Result<Summary> {
        let body = ChatBody { model: &self.model, messages: &self.messages, stream: true };
        let request = Request::post(self.gateway.url("/chat/completions"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(serde_json::to_vec(&body)?))?;
        let mut body = self.gateway.ask(request).await?;
        let mut events = SseDecoder::default();
        let mut summary = Summary::default();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.context("the answer broke off")?.into_data() else { continue };
            events.push::<StreamError>(&data, |event| summary.take(event.data, started))?;
        }
        Ok(summary)
    }
}

#[derive(Debug, thiserror::Error)]
enum StreamError {
    #[error("{0}")]
    Told(String),
    #[error(transparent)]
    TooLarge(#[from] EventTooLarge),
    #[error("the answer can't be understood")]
    Malformed(#[from] serde_json::Error),
    #[error("it can't be printed")]
    Print(#[from] std::io::Error),
}

impl Summary {
    fn take(&mut self, data: &[u8], started: Instant) -> Result<(), StreamError> {
        if data == b"[DONE]" {
            return Ok(());
        }
        let chunk: Chunk = serde_json::from_slice(data)?;
        if let Some(error) = chunk.error {
            return Err(StreamError::Told(error.message));
        }
        for delta in chunk.choices.into_iter().filter_map(|choice| choice.delta) {
            if let Some(thought) = delta.reasoning.filter(|text| !text.is_empty()) {
                anstream::print!("{GREY}{thought}{GREY:#}");
            }
            if let Some(text) = delta.content.filter(|text| !text.is_empty()) {
                self.first_token.get_or_insert_with(|| started.elapsed());
                anstream::print!("{text}");
                self.text.push_str(&text);
            }
        }
        std::io::stdout().flush()?;
        self.provider = chunk.provider;
        self.usage = chunk.usage.or(self.usage.take());
        Ok(())
    }

    fn line(&self, elapsed: Duration) -> String {
        let first = self.first_token.unwrap_or(elapsed);
        let cost = self.usage.as_ref().map_or_else(String::new, |usage| {
            format!(
                " · {} → {} tokens · ${:.9}",
                usage.prompt_tokens, usage.completion_tokens, usage.cost
            )
        });
        let cost = cost.trim_end_matches('0').trim_end_matches('.');
        format!(
            "{GREY}{} · first token {} ms · {} ms{cost}{GREY:#}",
            self.provider,
            first.as_millis(),
            elapsed.as_millis()
        )
    }
}

const GREY: anstyle::Style = anstyle::AnsiColor::BrightBlack.on_default();
