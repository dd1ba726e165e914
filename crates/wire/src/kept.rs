//! An answer that was told once, ready to be told again to who asks the same (contract §6.4).
//!
//! What is kept is what the client was told, in its dialect, but for what is not true of another
//! telling: the ids and times of the generation are left blank, whatever was used is nothing, and
//! how the call was routed is left out. That is found out once, when the answer is kept; telling it
//! again is filling the blanks in.
//!
//! In every dialect these members mean the same, and stand at the top of the answer, or of the
//! `response` or `message` that an event of its stream holds. So nothing here depends on the dialect.

use std::borrow::Cow;

use bytes::Bytes;
use tollgate_types::{GenerationId, Timestamp};

use crate::json::{ObjectWriter, RawObject, Scanner, write_string};
use crate::sse::{EventTooLarge, SseDecoder, SseEvent};

/// An answer without what is true of one telling only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    text: Box<[u8]>,
    /// Where something is to be filled in, in order.
    blanks: Box<[(usize, Blank)]>,
}

/// What is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blank {
    /// The generation's id.
    Id,
    /// When it was made, in seconds.
    Created,
}

/// Text with blanks, as it is written.
#[derive(Debug, Default)]
struct Draft {
    text: Vec<u8>,
    blanks: Vec<(usize, Blank)>,
}

/// Why an answer is not kept: it has not the form of one.
#[derive(Debug)]
struct Formless;

impl From<EventTooLarge> for Formless {
    fn from(_: EventTooLarge) -> Self {
        Self
    }
}

impl KeptAnswer {
    /// Keeps a whole answer, which is a JSON object; `None` for what is none.
    pub fn of_whole(body: &[u8]) -> Option<Self> {
        let mut draft = Draft::default();
        draft.object(body, &[])?;
        Some(draft.finish())
    }

    /// Keeps a streamed answer, which is server-sent events; `None` for what is none. Comments and
    /// events that only keep a connection open are left out.
    pub fn of_stream(body: &[u8]) -> Option<Self> {
        let (mut draft, mut decoder) = (Draft::default(), SseDecoder::default());
        let mut visit = |event: SseEvent<'_>| draft.event(&event).ok_or(Formless);
        decoder.push(body, &mut visit).ok()?;
        decoder.finish(&mut visit).ok()?;
        Some(draft.finish())
    }

    /// The answer as another generation tells it.
    pub fn told(&self, id: &GenerationId, created: Timestamp) -> Vec<u8> {
        let mut quoted = Vec::new();
        write_string(&mut quoted, id.as_str());
        let seconds = created.unix_seconds().to_string();
        let blanks = self.blanks.len().saturating_mul(quoted.len().max(seconds.len()));
        let mut out = Vec::with_capacity(self.text.len().saturating_add(blanks));
        let mut from = 0;
        for (at, blank) in &self.blanks {
            out.extend_from_slice(self.text.get(from..*at).unwrap_or_default());
            out.extend_from_slice(match blank {
                Blank::Id => &quoted,
                Blank::Created => seconds.as_bytes(),
            });
            from = *at;
        }
        out.extend_from_slice(self.text.get(from..).unwrap_or_default());
        out
    }

    /// How many bytes of memory it takes.
    pub fn bytes(&self) -> usize {
        let blanks = self.blanks.len().saturating_mul(size_of::<(usize, Blank)>());
        self.text.len().saturating_add(blanks)
    }
}

/// Events that say nothing.
const PING: &[u8] = b"ping";
/// The end of a chat's stream, which is no JSON.
const DONE: &[u8] = b"[DONE]";
/// What an event may hold an answer as: all of it, or its beginning.
const IN_EVENTS: &[&str] = &["response", "message"];

impl Draft {
    fn finish(self) -> KeptAnswer {
        KeptAnswer { text: self.text.into(), blanks: self.blanks.into() }
    }

    /// Writes an event of a stream.
    fn event(&mut self, event: &SseEvent<'_>) -> Option<()> {
        if event.name == PING {
            return Some(());
        }
        if !event.name.is_empty() {
            for piece in [b"event: ", event.name, b"\n"] {
                self.text.extend_from_slice(piece);
            }
        }
        self.text.extend_from_slice(b"data: ");
        if event.data == DONE {
            self.text.extend_from_slice(DONE);
        } else {
            self.object(&on_one_line(event.data), IN_EVENTS)?;
        }
        self.text.extend_from_slice(b"\n\n");
        Some(())
    }

    /// Writes an object that is an answer, or holds one in one of its members `holding`.
    fn object(&mut self, json: &[u8], holding: &[&str]) -> Option<()> {
        let object = RawObject::read(Bytes::copy_from_slice(json)).ok()?;
        let Self { text, blanks } = self;
        let mut writer = ObjectWriter::new(text);
        for (name, raw) in object.members_received() {
            let kind = raw.as_bytes().first().copied().unwrap_or_default();
            match (name, kind) {
                ("openrouter_metadata", _) => {}
                ("id", b'"') => {
                    writer.member(name, "");
                    blanks.push((writer.written(), Blank::Id));
                }
                ("created" | "created_at" | "completed_at", b'0'..=b'9') => {
                    writer.member(name, "");
                    blanks.push((writer.written(), Blank::Created));
                }
                ("usage", b'{') => writer.raw(b"usage", &nothing_of(raw)),
                (name, b'{') if holding.contains(&name) => {
                    let mut held = Self::default();
                    held.object(raw.as_bytes(), &[])?;
                    writer.raw(name.as_bytes(), &held.text);
                    let start = writer.written().saturating_sub(held.text.len());
                    let moved = held.blanks.iter().map(|(at, it)| (start.saturating_add(*at), *it));
                    blanks.extend(moved);
                }
                (name, _) => writer.member(name, raw),
            }
        }
        writer.end();
        Some(())
    }
}

/// The data of an event of several lines. Within JSON a line's end is white space.
fn on_one_line(data: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr2(b'\n', b'\r', data).is_none() {
        return Cow::Borrowed(data);
    }
    let line = data.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte });
    Cow::Owned(line.collect())
}

/// The same counts, all of them zero, and remarks on them that do not apply.
fn nothing_of(usage: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(usage.len());
    let mut rest = usage.as_bytes();
    while let Some(first) = rest.first() {
        let (length, written) = match first {
            b'"' => {
                let length = length_of(rest);
                (length, rest.get(..length).unwrap_or_default())
            }
            b'-' | b'0'..=b'9' => (length_of(rest), &b"0"[..]),
            // What is used of a caller's own key, and estimates, are of the first telling.
            b't' => (b"true".len(), &b"false"[..]),
            _ => (1, std::slice::from_ref(first)),
        };
        out.extend_from_slice(written);
        rest = rest.get(length.max(1)..).unwrap_or_default();
    }
    out
}

/// How long the value is that `json` begins with.
fn length_of(json: &[u8]) -> usize {
    Scanner::new(json).value().map_or(1, |value| value.len())
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;
    use proptest::sample::select;
    use serde_json::Value;

    use super::*;

    fn again(kept: &KeptAnswer) -> String {
        let id = GenerationId::from_text("gen-new");
        let told = kept.told(&id, Timestamp::from_unix_millis(1_790_000_000_900));
        String::from_utf8(told).unwrap()
    }

    #[test]
    fn section_6_4_a_whole_answer_is_told_again() {
        for (first, expected) in [
            (
                r#"{ "id":"gen-old","created":1,"model":"a/b","choices":[{"message":{"id":"x","usage":1}}],
                  "usage":{"prompt_tokens":12,"cost":1.5e-7,"is_byok":true,"cost_details":{"a":-1.0,"b":null},"tier":"x 1\" true"},
                  "openrouter_metadata":{"a":1} }"#,
                r#"{"id":"gen-new","created":1790000000,"model":"a/b","choices":[{"message":{"id":"x","usage":1}}],"usage":{"prompt_tokens":0,"cost":0,"is_byok":false,"cost_details":{"a":0,"b":null},"tier":"x 1\" true"}}"#,
            ),
            (
                r#"{"id":"r","object":"response","created_at":1,"completed_at":null,"message":{"id":"kept"},"usage":null}"#,
                r#"{"id":"gen-new","object":"response","created_at":1790000000,"completed_at":null,"message":{"id":"kept"},"usage":null}"#,
            ),
            (
                r#"{"id":7,"created":"then","half":"\ud83d","a\"b":1,"usage":[1]}"#,
                r#"{"id":7,"created":"then","half":"\ud83d","a\"b":1,"usage":[1]}"#,
            ),
        ] {
            let kept = KeptAnswer::of_whole(first.as_bytes()).unwrap();
            assert_eq!(again(&kept), expected);
            assert_eq!(KeptAnswer::of_whole(expected.as_bytes()), Some(kept));
        }
        for none in ["", "[]", "x", "{\"a\":1", "{\"a\":1,\"a\":2}"] {
            assert_eq!(KeptAnswer::of_whole(none.as_bytes()), None, "{none}");
        }
    }

    #[test]
    fn section_6_4_a_stream_is_told_again() {
        for (first, expected) in [
            (
                ": OPENROUTER PROCESSING\n\ndata: {\"id\":\"o\",\"created\":1,\"choices\":[]}\n\n\
                 data: {\"id\":\"o\",\"usage\":{\"cost\":2},\"openrouter_metadata\":{}}\n\ndata: [DONE]\n\n",
                "data: {\"id\":\"gen-new\",\"created\":1790000000,\"choices\":[]}\n\n\
                 data: {\"id\":\"gen-new\",\"usage\":{\"cost\":0}}\n\ndata: [DONE]\n\n",
            ),
            (
                "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"o\",\"created_at\":1}}\n\n\
                 event: response.output_item.added\ndata: {\"item\":{\"id\":\"i\"},\"item_id\":\"i\"}\n\n\
                 event: response.completed\ndata: {\"response\":{\"id\":\"o\",\"completed_at\":2,\"usage\":{\"input_tokens\":1}}}\n\n",
                "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"gen-new\",\"created_at\":1790000000}}\n\n\
                 event: response.output_item.added\ndata: {\"item\":{\"id\":\"i\"},\"item_id\":\"i\"}\n\n\
                 event: response.completed\ndata: {\"response\":{\"id\":\"gen-new\",\"completed_at\":1790000000,\"usage\":{\"input_tokens\":0}}}\n\n",
            ),
            (
                "event: message_start\ndata: {\"message\":{\"id\":\"o\",\"usage\":{\"input_tokens\":3}}}\n\n\
                 event: ping\ndata: {\"type\": \"ping\"}\n\n\
                 event: message_delta\ndata: {\"delta\":{},\ndata: \"usage\":{\"output_tokens\":3}}",
                "event: message_start\ndata: {\"message\":{\"id\":\"gen-new\",\"usage\":{\"input_tokens\":0}}}\n\n\
                 event: message_delta\ndata: {\"delta\":{},\"usage\":{\"output_tokens\":0}}\n\n",
            ),
        ] {
            let kept = KeptAnswer::of_stream(first.as_bytes()).unwrap();
            assert_eq!(again(&kept), expected);
            assert_eq!(KeptAnswer::of_stream(expected.as_bytes()), Some(kept));
        }
        assert_eq!(KeptAnswer::of_stream(b"data: {\"id\":\n\n"), None);
        assert_eq!(KeptAnswer::of_stream(b"data: text\n\n"), None);
    }

    /// Any JSON, with the names that mean something among the others.
    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![vec(inner.clone(), 0..4).prop_map(Value::from), object(inner)]
        })
    }

    fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
        let name = prop_oneof![
            select(vec!["id", "created", "created_at", "completed_at", "usage", "response"])
                .prop_map(str::to_owned),
            select(vec!["message", "openrouter_metadata", "a\"b"]).prop_map(str::to_owned),
            ".{0,4}",
        ];
        btree_map(name, inner, 0..6).prop_map(|it| it.into_iter().collect())
    }

    /// What is to be told, by way of values.
    fn expected(answer: &Value, holding: &[&str]) -> Value {
        let members = answer.as_object().unwrap().iter();
        let members = members.filter(|(name, _)| *name != "openrouter_metadata");
        let told = members.map(|(name, value)| {
            let is_time = value.to_string().starts_with(|it: char| it.is_ascii_digit());
            let value = match name.as_str() {
                "id" if value.is_string() => Value::from("gen-new"),
                "created" | "created_at" | "completed_at" if is_time => 1_790_000_000.into(),
                "usage" if value.is_object() => nothing(value),
                name if holding.contains(&name) && value.is_object() => expected(value, &[]),
                _ => value.clone(),
            };
            (name.clone(), value)
        });
        told.collect()
    }

    fn nothing(value: &Value) -> Value {
        match value {
            Value::Number(_) => 0.into(),
            Value::Bool(_) => false.into(),
            Value::Array(all) => all.iter().map(nothing).collect(),
            Value::Object(all) => {
                all.iter().map(|(name, it)| (name.clone(), nothing(it))).collect()
            }
            other => other.clone(),
        }
    }

    proptest! {
        #[test]
        fn any_object_is_told_again(answer in object(json()), pretty in any::<bool>()) {
            let text = if pretty { format!("{answer:#}") } else { answer.to_string() };
            let whole = KeptAnswer::of_whole(text.as_bytes()).unwrap();
            let told: Value = serde_json::from_str(&again(&whole)).unwrap();
            prop_assert_eq!(told, expected(&answer, &[]));
            let lines: Vec<String> = text.lines().map(|line| format!("data: {line}\n")).collect();
            let stream = format!("{}\n", lines.concat());
            let told = again(&KeptAnswer::of_stream(stream.as_bytes()).unwrap());
            let data = told.strip_prefix("data: ").and_then(|it| it.strip_suffix("\n\n")).unwrap();
            let told: Value = serde_json::from_str(data).unwrap();
            prop_assert_eq!(told, expected(&answer, IN_EVENTS));
        }

        #[test]
        fn no_bytes_are_too_odd(bytes in vec(any::<u8>(), 0..200)) {
            KeptAnswer::of_whole(&bytes);
            KeptAnswer::of_stream(&bytes);
        }
    }
}
