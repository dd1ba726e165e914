//! The `bench` model: fixed bytes, made once, so that a benchmark measures the gateway and not
//! this server.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;

/// Length of the whole completion.
pub(crate) const COMPLETION_BYTES: usize = 947;
/// Content chunks of the stream.
const CHUNKS: usize = 100;

const HEAD: &str = r#"{"id":"chatcmpl-bench","object":"chat.completion","created":1767225600,"model":"bench","choices":[{"index":0,"message":{"role":"assistant","content":""#;
const TAIL: &str = r#"","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":100,"total_tokens":109,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}},"service_tier":"default","system_fingerprint":"fp_simulator"}"#;
const CHUNK_HEAD: &str = r#"data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1767225600,"model":"bench","system_fingerprint":"fp_simulator","choices":["#;
const USAGE: &str = r#"{"prompt_tokens":9,"completion_tokens":100,"total_tokens":109}"#;

/// The text of the stream.
pub(crate) fn words() -> String {
    (0..CHUNKS).flat_map(|word| ["w".to_owned(), word.to_string(), " ".to_owned()]).collect()
}

/// Everything that the model can answer.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) completion: Bytes,
    plain: Frames,
    with_usage: Frames,
}

#[derive(Debug)]
struct Frames {
    apart: Arc<[Bytes]>,
    together: Arc<[Bytes]>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let content = " and so on".repeat(COMPLETION_BYTES / 10);
        let room = COMPLETION_BYTES.saturating_sub(HEAD.len() + TAIL.len());
        let content = content.get(..room).unwrap_or_default();
        let completion = Bytes::from([HEAD, content, TAIL].concat());
        Self { completion, plain: Frames::new(None), with_usage: Frames::new(Some(USAGE)) }
    }

    /// The frames of the stream: one per event, or a single one.
    pub(crate) fn frames(&self, usage: bool, coalesced: bool) -> Arc<[Bytes]> {
        let frames = if usage { &self.with_usage } else { &self.plain };
        Arc::clone(if coalesced { &frames.together } else { &frames.apart })
    }
}

impl Frames {
    fn new(usage: Option<&str>) -> Self {
        let end = if usage.is_some() { "],\"usage\":null}\n\n" } else { "]}\n\n" };
        let choice = |delta: &str, finish: &str| {
            format!(
                "{CHUNK_HEAD}{{\"index\":0,\"delta\":{delta},\"logprobs\":null,\
                 \"finish_reason\":{finish}}}{end}"
            )
        };
        let mut frames = vec![choice(r#"{"role":"assistant","content":""}"#, "null")];
        for word in 0..CHUNKS {
            frames.push(choice(&format!("{{\"content\":\"w{word} \"}}"), "null"));
        }
        let mut last = choice("{}", "\"stop\"");
        if let Some(usage) = usage {
            // Writing to a String can't fail.
            let _written = write!(last, "{CHUNK_HEAD}],\"usage\":{usage}}}\n\n");
        }
        last.push_str("data: [DONE]\n\n");
        frames.push(last);
        let together = Arc::from([Bytes::from(frames.concat())]);
        Self { apart: frames.into_iter().map(Bytes::from).collect(), together }
    }
}
