//! What all tests of adapters share: finding recordings and reading them as streams.

#![expect(
    clippy::unwrap_used,
    reason = "this is a part of tests, which should panic where something is not as expected"
)]

use std::path::{Path, PathBuf};

use bytes::Bytes;
use tollgate_providers::{Adapter, AnswerStream, Fault, Progress, WholeAnswer};
use tollgate_types::{GenerationId, Timestamp};
use tollgate_wire::chat::AnswerHead;
use tollgate_wire::{Address, Call, Dialect};

/// Where an adapter's recordings are.
pub(crate) fn recordings(protocol: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(protocol)
}

/// What every answer of these tests begins with.
pub(crate) fn head() -> AnswerHead {
    AnswerHead {
        id: GenerationId::from_text("gen-1-x"),
        created: Timestamp::from_unix_millis(1_000),
        model: "a/b".to_owned(),
        provider: "Acme".to_owned(),
        hides_reasoning: false,
    }
}

const CALL: &str = r#"{"messages":[{"role":"user","content":"hi"}]}"#;

/// A call of a chat client.
pub(crate) fn chat(body: &str) -> Call {
    let body = Bytes::copy_from_slice(body.as_bytes());
    Call::read(Dialect::Chat, body, Address::default()).unwrap()
}

/// Reads a whole answer for a chat client.
pub(crate) fn whole_answer(
    adapter: &dyn Adapter,
    body: Bytes,
) -> Result<Box<dyn WholeAnswer>, Fault> {
    tollgate_providers::whole(adapter, &chat(CALL), &head(), body)
}

/// A stream read to its end.
pub(crate) struct Streamed {
    pub(crate) out: Vec<u8>,
    pub(crate) result: Result<(), Fault>,
    pub(crate) progress: Progress,
}

/// Reads a stream that comes in these packets.
pub(crate) fn stream<'a>(
    adapter: &dyn Adapter,
    packets: impl IntoIterator<Item = &'a [u8]>,
) -> Streamed {
    let mut stream = tollgate_providers::stream(adapter, &chat(CALL), &head());
    let mut out = Vec::new();
    let result = read(stream.as_mut(), packets, &mut out);
    Streamed { out, result, progress: stream.progress().clone() }
}

fn read<'a>(
    stream: &mut dyn AnswerStream,
    packets: impl IntoIterator<Item = &'a [u8]>,
    out: &mut Vec<u8>,
) -> Result<(), Fault> {
    for packet in packets {
        stream.push(packet, out)?;
    }
    stream.finish(out)
}
