//! `tollgate chat`

use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use clap::Args;
use http::{Request, header};
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tollgate_engine::{Clock, SystemClock};
use tollgate_store::{KeyRecord, Stores};
use tollgate_types::ApiKey;
use tollgate_upstream::{Upstream, read_bounded};
use tollgate_wire::sse::{EventTooLarge, SseDecoder};

use super::Session;
use super::keys::new_key;
use crate::gateway::open_store;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tollgate chat tollgate/echo \"Hello\"\n  tollgate chat openai/gpt-4o-mini          (asks for one line after the other)"
)]
pub(super) struct ChatArgs {
    /// Model; tollgate/prose when not given
    model: Option<String>,
    /// What to say; asked for when not given
    prompt: Option<String>,
    /// Key to use; else $TOLLGATE_API_KEY, else a passing one made on the local store
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// The gateway's address; the configured one when not given
    #[arg(long, value_name = "URL")]
    url: Option<String>,
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

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorShown,
}

#[derive(Deserialize)]
struct ErrorShown {
    message: String,
}

/// An answer's summary, shown in grey beneath it.
#[derive(Default)]
struct Summary {
    text: String,
    first_token: Option<Duration>,
    provider: String,
    usage: Option<UsageShown>,
}

/// How long to wait for the head of an answer.
const PATIENCE: Duration = Duration::from_mins(5);
/// A passing key's life: it is deleted at the end, and useless soon when it is not.
const PASSING_KEY_MILLIS: i64 = 3_600_000;

struct Chat {
    upstream: Upstream,
    url: String,
    key: ApiKey,
    model: String,
    messages: Vec<Message>,
}

/// Says the prompt, or talks until the input ends.
pub(super) async fn run(args: ChatArgs, session: &Session) -> anyhow::Result<ExitCode> {
    let config = session.config()?;
    let base = args.url.unwrap_or_else(|| format!("http://{}", config.listen));
    let base = base.trim_end_matches('/').trim_end_matches("/api/v1");
    let given = args.key.or_else(|| session.environment.get("TOLLGATE_API_KEY").map(str::to_owned));
    let (key, passing) = if let Some(key) = given {
        (ApiKey::from_text(&key), None)
    } else {
        let stores = open_store(&config).await.context(
            "no key: give one with --key or TOLLGATE_API_KEY, or run where the gateway's data is",
        )?;
        let key = passing_key(&stores).await?;
        (key.clone(), Some((stores, key)))
    };
    let system = args.system.map(|content| Message { role: "system", content });
    let mut chat = Chat {
        upstream: Upstream::new(config.limits.upstream.clone())?,
        url: format!("{base}/api/v1/chat/completions"),
        key,
        model: args.model.unwrap_or_else(|| "tollgate/prose".to_owned()),
        messages: system.into_iter().collect(),
    };
    let result = match args.prompt {
        Some(prompt) => chat.say(prompt).await,
        None => chat.converse().await,
    };
    if let Some((stores, key)) = passing {
        stores.keys.delete(key.hash()).await?;
        stores.health.close().await;
    }
    result.map(|()| ExitCode::SUCCESS)
}

async fn passing_key(stores: &Stores) -> anyhow::Result<ApiKey> {
    let key = new_key()?;
    let now = SystemClock.now();
    let record = KeyRecord {
        expires_at: Some(now.plus_millis(PASSING_KEY_MILLIS)),
        ..KeyRecord::new(key.hash(), "tollgate chat", &key.label(), now)
    };
    stores.keys.insert(record).await?;
    Ok(key)
}

impl Chat {
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
        let request = Request::post(&self.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key.expose()))
            .body(Bytes::from(serde_json::to_vec(&body)?))?;
        let sent = self.upstream.send(request, PATIENCE).await;
        let response = sent.map_err(|error| {
            anyhow!(
                "{error} ({}): is the gateway running? Start it with `tollgate serve`",
                self.url
            )
        })?;
        let status = response.status();
        let mut body = response.into_body();
        if !status.is_success() {
            let text = read_bounded(body, 1 << 20).await.context("the error can't be read")?;
            let message = serde_json::from_slice::<ErrorBody>(&text).map(|it| it.error.message);
            bail!("{}", message.unwrap_or_else(|_| format!("the gateway answered {status}")));
        }
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
