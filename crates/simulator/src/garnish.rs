//! What comes with the words of an answer: a picture, sound, a source, the probabilities of its
//! tokens, the tier that served. It is put into what the protocols write, each in its own form, so
//! that the protocols need not know of it.

mod bedrock;
mod gemini;
mod openai;
mod responses;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::answer::{Answer, CallIds};
use crate::encode::Encode;
use crate::event::{Beat, Event, Events};
use crate::model::Behaviour;
use crate::picture::{ImageFormat, Picture};
use crate::protocol::{Asked, Protocol};
use crate::script::ServedTier;
use crate::tokens;

/// Where the `cite` model has what it says from.
pub(crate) const SOURCE: (&str, &str) = ("https://example.org/sky", "Why the sky is blue");
/// What the `speak` model sounds like: two samples of 16 bits, in base64.
const SOUND: &str = "AAD/fw==";
/// How likely every token is.
const LIKELY: f64 = -0.125;
/// How likely the other one is that might have come.
const UNLIKELY: f64 = -2.5;

/// What is put into an answer.
#[derive(Clone, Debug, Default)]
struct Garnish {
    /// Base64 of a PNG.
    picture: Option<String>,
    sound: bool,
    source: bool,
    /// Whether probabilities are told, where the protocol's own encoder does not.
    logprobs: bool,
    tier: Option<String>,
}

/// Writes what another writes, with something put in.
#[derive(Debug)]
struct Garnished {
    inner: Box<dyn Encode>,
    protocol: Protocol,
    garnish: Garnish,
}

/// Has an answer come with whatever the model and the request ask for.
pub(crate) fn over(
    asked: Asked,
    protocol: Protocol,
    behaviour: Behaviour,
    (body, served): (&Value, Option<ServedTier>),
) -> Asked {
    let places = ["/service_tier", "/serviceTier", "/serviceTier/type"];
    let wanted = places.iter().find_map(|at| body.pointer(at)?.as_str());
    let tier = served.map(ServedTier::as_str).or(wanted);
    let drawn = || Picture::of("the picture of an answer", 0, "1x1");
    let picture = (behaviour == Behaviour::Draw).then(drawn).flatten();
    let garnish = Garnish {
        picture: picture.map(|picture| picture.base64(ImageFormat::Png)),
        sound: behaviour == Behaviour::Speak,
        source: behaviour == Behaviour::Cite,
        logprobs: asks_for_logprobs(protocol, body),
        tier: tier.map(str::to_owned),
    };
    if garnish.is_nothing() {
        return asked;
    }
    let encoder = Box::new(Garnished { inner: asked.encoder, protocol, garnish });
    Asked { encoder, ..asked }
}

fn asks_for_logprobs(protocol: Protocol, body: &Value) -> bool {
    let says = |at: &str| body.pointer(at) == Some(&Value::Bool(true));
    match protocol {
        Protocol::Gemini | Protocol::Vertex => says("/generationConfig/responseLogprobs"),
        Protocol::Cohere | Protocol::Ollama => says("/logprobs"),
        Protocol::Responses | Protocol::AzureResponses => {
            let include = body.get("include").and_then(Value::as_array);
            include.is_some_and(|all| all.iter().any(|it| it == "message.output_text.logprobs"))
        }
        // OpenAI's own are written with the answer; the others tell none.
        Protocol::OpenAi
        | Protocol::Azure
        | Protocol::VertexOpenAi
        | Protocol::Anthropic
        | Protocol::VertexAnthropic
        | Protocol::Bedrock
        | Protocol::Mistral => false,
    }
}

impl Garnish {
    const fn is_nothing(&self) -> bool {
        self.picture.is_none()
            && !self.sound
            && !self.source
            && !self.logprobs
            && self.tier.is_none()
    }

    /// The picture as a data URI.
    fn picture_uri(&self) -> Option<String> {
        self.picture.as_ref().map(|data| format!("data:image/png;base64,{data}"))
    }
}

impl Encode for Garnished {
    fn whole(&self, answer: &Answer) -> Vec<u8> {
        let written = self.inner.whole(answer);
        let Ok(mut body) = serde_json::from_slice::<Value>(&written) else { return written };
        let Self { protocol, garnish, .. } = self;
        match protocol {
            Protocol::OpenAi | Protocol::Azure | Protocol::VertexOpenAi => {
                openai::whole(garnish, &mut body);
            }
            Protocol::Responses | Protocol::AzureResponses => {
                responses::whole(garnish, &mut body, answer);
            }
            Protocol::Anthropic | Protocol::VertexAnthropic => cite_whole(garnish, &mut body),
            Protocol::Gemini | Protocol::Vertex => gemini::whole(garnish, &mut body, answer),
            Protocol::Cohere if garnish.logprobs => {
                put(&mut body, "", "logprobs", json!([cohere_logprob(&answer.text)]));
            }
            Protocol::Ollama if garnish.logprobs => {
                put(&mut body, "", "logprobs", tokens_of(&answer.text));
            }
            Protocol::Bedrock => bedrock::whole(garnish, &mut body, answer),
            Protocol::Mistral => mistral_tier(garnish, &mut body),
            Protocol::Cohere | Protocol::Ollama => {}
        }
        body.to_string().into_bytes()
    }

    fn encode(&mut self, beat: Beat<'_>, answer: &Answer, events: &mut Events) {
        let mut made = Events::new();
        self.inner.encode(beat, answer, &mut made);
        let Self { protocol, garnish, .. } = self;
        match protocol {
            Protocol::OpenAi | Protocol::Azure | Protocol::VertexOpenAi => {
                openai::step(garnish, beat, &mut made);
            }
            Protocol::Responses | Protocol::AzureResponses => {
                responses::step(garnish, beat, answer, &mut made);
            }
            Protocol::Anthropic | Protocol::VertexAnthropic => cite_step(garnish, beat, &mut made),
            Protocol::Gemini | Protocol::Vertex => gemini::step(garnish, beat, answer, &mut made),
            Protocol::Cohere if garnish.logprobs => {
                if let Beat::Text(piece) = beat {
                    edit_last(&mut made, |event| {
                        put(event, "", "logprobs", cohere_logprob(piece));
                    });
                }
            }
            Protocol::Ollama if garnish.logprobs => {
                if let Beat::Text(piece) = beat {
                    edit_last(&mut made, |event| put(event, "", "logprobs", tokens_of(piece)));
                }
            }
            Protocol::Mistral => {
                for event in &mut made {
                    *event = with(event, |chunk| mistral_tier(garnish, chunk));
                }
            }
            Protocol::Bedrock => bedrock::step(garnish, beat, answer, &mut made),
            Protocol::Cohere | Protocol::Ollama => {}
        }
        events.append(&mut made);
    }

    fn error(&self) -> Event {
        self.inner.error()
    }

    fn stream_content_type(&self) -> &'static str {
        self.inner.stream_content_type()
    }

    fn call_ids(&self) -> CallIds {
        self.inner.call_ids()
    }

    fn truncated(&self, event: &Bytes) -> Bytes {
        self.inner.truncated(event)
    }
}

/// A source as Anthropic has it.
fn anthropic_citation() -> Value {
    let (url, title) = SOURCE;
    json!({
        "type": "web_search_result_location",
        "url": url,
        "title": title,
        "encrypted_index": "Eo8BCioIAhgBIiQy",
        "cited_text": "The sky is blue",
    })
}

fn cite_whole(garnish: &Garnish, body: &mut Value) {
    let blocks = body.get_mut("content").and_then(Value::as_array_mut);
    let text = blocks.into_iter().flatten().find(|it| it.get("text").is_some());
    if let (true, Some(text)) = (garnish.source, text) {
        put(text, "", "citations", json!([anthropic_citation()]));
    }
}

/// The source is told before the block of text ends.
fn cite_step(garnish: &Garnish, beat: Beat<'_>, made: &mut Events) {
    if !garnish.source || !matches!(beat, Beat::Close) {
        return;
    }
    let index = made.front().and_then(|event| parts_of(event)?.1.get("index").cloned());
    let Some(index) = index else { return };
    let delta = json!({ "type": "citations_delta", "citation": anthropic_citation() });
    let event = json!({ "type": "content_block_delta", "index": index, "delta": delta });
    made.push_front(Event::framing(crate::event::sse_named("content_block_delta", &event)));
}

/// Mistral tells the tier with the counts. Whoever may be served first is.
fn mistral_tier(garnish: &Garnish, body: &mut Value) {
    if let Some(tier) = garnish.tier.as_deref() {
        let served = if tier == "auto" { "priority" } else { "standard" };
        put(body, "/usage", "service_tier", json!(served));
    }
}

fn cohere_logprob(text: &str) -> Value {
    json!({ "text": text, "token_ids": [1], "logprobs": [LIKELY] })
}

/// The tokens of a text as OpenAI and Ollama tell of them.
fn tokens_of(text: &str) -> Value {
    let token = |piece: &str, likely: f64| json!({ "token": piece, "logprob": likely, "bytes": piece.as_bytes() });
    let entry = |piece: &str| {
        let mut entry = token(piece, LIKELY);
        put(&mut entry, "", "top_logprobs", json!([token(piece, LIKELY)]));
        entry
    };
    tokens::pieces(text).map(entry).collect()
}

/// Puts a member into the object at a JSON pointer, if there is one.
fn put(value: &mut Value, pointer: &str, name: &str, member: Value) {
    if let Some(object) = value.pointer_mut(pointer).and_then(Value::as_object_mut) {
        object.insert(name.to_owned(), member);
    }
}

/// What stands before the JSON of an event, the JSON, and what stands behind it.
fn parts_of(event: &Event) -> Option<(Bytes, Value, Bytes)> {
    let start = event.bytes.iter().position(|byte| *byte == b'{')?;
    let end = event.bytes.iter().rposition(|byte| *byte == b'}')? + 1;
    let json = serde_json::from_slice(event.bytes.get(start..end)?).ok()?;
    Some((event.bytes.slice(..start), json, event.bytes.slice(end..)))
}

/// The event with other JSON.
fn with(event: &Event, change: impl FnOnce(&mut Value)) -> Event {
    let Some((before, mut json, after)) = parts_of(event) else { return event.clone() };
    change(&mut json);
    let bytes = [before, json.to_string().into(), after].concat().into();
    Event { bytes, content_tokens: event.content_tokens }
}

fn edit_last(made: &mut Events, change: impl FnOnce(&mut Value)) {
    if let Some(last) = made.back_mut() {
        *last = with(last, change);
    }
}
