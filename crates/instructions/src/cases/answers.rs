//! Relays, and every decoder over a recording of its protocol.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bytes::Bytes;
use tollgate_providers::{ADAPTERS, Adapter, stream, whole};
use tollgate_types::GenerationId;
use tollgate_wire::Dialect;
use tollgate_wire::chat::AnswerHead;

use super::Case;
use super::calls::{adapter, read};
use super::planning::NOW;

const CHAT: &str = r#"{"model":"a/b","messages":[{"role":"user","content":"hi"}]}"#;
const MESSAGES: &str =
    r#"{"model":"a/b","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;
/// Chunks of the stream that is relayed.
const CHUNKS: usize = 100;
/// The name of the recording of a plain text, and what streams are recorded as.
const RECORDED: &str = "text";
const STREAMS: [&str; 3] = ["sse", "eventstream", "ndjson"];

pub(super) fn cases() -> anyhow::Result<Vec<Case>> {
    let chat = adapter("openai-chat")?;
    let mut cases = vec![
        streamed("relay a stream of 100 chunks", chat, (Dialect::Chat, CHAT), chunks())?,
        streamed(
            "translate a stream of 100 chunks",
            chat,
            (Dialect::Messages, MESSAGES),
            chunks(),
        )?,
        complete("relay a whole answer", chat)?,
    ];
    for adapter in ADAPTERS {
        let protocol = adapter.protocol();
        let recording = fs::read(recording(protocol)?)?;
        cases.push(decoded(&format!("decode {protocol}"), *adapter, recording)?);
    }
    Ok(cases)
}

fn head() -> AnswerHead {
    AnswerHead {
        id: GenerationId::from_text("gen-1-x"),
        created: NOW,
        model: "a/b".to_owned(),
        provider: "Acme".to_owned(),
        hides_reasoning: false,
    }
}

/// The packets of a stream in OpenAI's chat, an event in each.
fn chunks() -> Vec<String> {
    let event = |choice: String| {
        format!(
            "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\
             \"created\":1767225600,\"model\":\"m\",\"choices\":[{choice}],\"usage\":null}}\n\n"
        )
    };
    let words = (0..CHUNKS).map(|word| {
        event(format!(
            "{{\"index\":0,\"delta\":{{\"content\":\"w{word} \"}},\"finish_reason\":null}}"
        ))
    });
    let end = event("{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}".to_owned());
    words.chain([end, "data: [DONE]\n\n".to_owned()]).collect()
}

/// A stream read to its end, for a client of a dialect.
fn streamed(
    name: &str,
    adapter: &'static dyn Adapter,
    (dialect, call): (Dialect, &str),
    packets: Vec<String>,
) -> anyhow::Result<Case> {
    let call = read(dialect, Bytes::copy_from_slice(call.as_bytes()))?;
    let head = head();
    let read_on = move || {
        let mut stream = stream(adapter, &call, &head);
        let mut out = Vec::new();
        for packet in &packets {
            // What goes out leaves at once.
            out.clear();
            stream.push(packet.as_bytes(), &mut out)?;
        }
        stream.finish(&mut out)
    };
    let read_on = move || read_on().map_err(|fault| anyhow::anyhow!("{fault:?}"));
    read_on().with_context(|| name.to_owned())?;
    Ok(Case::new(name, read_on))
}

fn complete(name: &str, adapter: &'static dyn Adapter) -> anyhow::Result<Case> {
    let call = read(Dialect::Chat, Bytes::from_static(CHAT.as_bytes()))?;
    let body = Bytes::from(fs::read(folder(adapter.protocol()).join("text.json"))?);
    let head = head();
    let taken = move || {
        whole(adapter, &call, &head, body.clone()).map_err(|fault| anyhow::anyhow!("{fault:?}"))
    };
    taken().with_context(|| name.to_owned())?;
    Ok(Case::new(name, taken))
}

fn decoded(name: &str, adapter: &'static dyn Adapter, recording: Vec<u8>) -> anyhow::Result<Case> {
    let decode = move || {
        let mut decoder = adapter.decoder();
        let mut events = Vec::new();
        decoder.push(&recording, &mut events)?;
        decoder.finish(&mut events).map(|()| events)
    };
    let decode = move || decode().map_err(|fault| anyhow::anyhow!("{fault:?}"));
    decode().with_context(|| name.to_owned())?;
    Ok(Case::new(name, decode))
}

fn folder(protocol: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../providers/tests/recordings").join(protocol)
}

fn recording(protocol: &str) -> anyhow::Result<PathBuf> {
    let file = folder(protocol).join(RECORDED);
    let found = STREAMS.iter().map(|kind| file.with_extension(kind)).find(|path| path.exists());
    found.with_context(|| format!("no recording of {protocol}"))
}
