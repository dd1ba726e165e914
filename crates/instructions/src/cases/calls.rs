//! Reading calls and writing them for providers: spliced where both speak the same, translated
//! where not.

use anyhow::Context as _;
use bytes::Bytes;
use serde_json::{Value, json};
use tollgate_catalog::{Auth, Quirks, Service};
use tollgate_providers::{ADAPTERS, Adapter, Inbound, Target, encode};
use tollgate_wire::{Address, Call, Dialect};

use super::Case;
use super::planning::NOW;

/// About as long as a short question is, and as a long document.
const SHORT: usize = 10;
const LONG: usize = 3_000;

pub(super) fn cases() -> anyhow::Result<Vec<Case>> {
    Ok(vec![
        passed_on("pass a chat call on", Dialect::Chat, "openai-chat", SHORT)?,
        passed_on("pass a chat call of 150 KB on", Dialect::Chat, "openai-chat", LONG)?,
        passed_on("pass a call in Messages on", Dialect::Messages, "anthropic-messages", SHORT)?,
        passed_on("translate Messages to chat", Dialect::Messages, "openai-chat", SHORT)?,
        passed_on("translate chat to Messages", Dialect::Chat, "anthropic-messages", SHORT)?,
        passed_on("translate chat to Gemini", Dialect::Chat, "gemini", SHORT)?,
    ])
}

pub(super) fn adapter(protocol: &str) -> anyhow::Result<&'static dyn Adapter> {
    let found = ADAPTERS.iter().find(|adapter| adapter.protocol() == protocol);
    found.copied().with_context(|| format!("no adapter speaks {protocol}"))
}

/// A call as it comes.
pub(super) fn read(dialect: Dialect, body: Bytes) -> anyhow::Result<Call> {
    Call::read(dialect, body, Address::default()).map_err(|error| anyhow::anyhow!("{error:?}"))
}

/// A question behind so many lines, with quotes and line ends to be escaped.
fn question(dialect: Dialect, lines: usize) -> Value {
    let text = "03:00 worker said \"took 977 ms\" and went on\n".repeat(lines);
    let turn = json!({ "role": "user", "content": text });
    match dialect {
        Dialect::Messages => json!({ "model": "a/b", "max_tokens": 400, "temperature": 0.2,
            "system": "Keep to the log.", "messages": [turn] }),
        Dialect::Chat
        | Dialect::Completions
        | Dialect::Responses
        | Dialect::Gemini
        | Dialect::Ollama => json!({ "model": "a/b", "max_tokens": 400, "temperature": 0.2,
            "messages": [{ "role": "system", "content": "Keep to the log." }, turn] }),
    }
}

/// Reads a request and writes the provider's.
fn passed_on(name: &str, from: Dialect, to: &str, lines: usize) -> anyhow::Result<Case> {
    let adapter = adapter(to)?;
    let body = Bytes::from(question(from, lines).to_string());
    let quirks = Quirks::default();
    let written = move || {
        let call = &read(from, body.clone())?;
        let target = Target {
            base_url: "https://api.example",
            upstream_model: "m",
            credential: Some("key"),
            max_output: None,
            supported_parameters: &[],
            auth: Auth::Bearer,
            quirks: &quirks,
            service: Service::default(),
        };
        encode(adapter, &Inbound { call, target, end_user: None, now: NOW })
            .map_err(|error| anyhow::anyhow!("{error:?}"))
    };
    written().with_context(|| name.to_owned())?;
    Ok(Case::new(name, written))
}
