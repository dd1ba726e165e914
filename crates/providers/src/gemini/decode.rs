//! Bytes become events.

use tollgate_wire::json::mend_surrogates;
use tollgate_wire::chat::ChatEvent;

use super::answer::Answer;
use super::framing::{Framing, Objects};
use super::shape::Response;
use crate::{Decoder, Fault};

/// Reads a stream.
#[derive(Debug, Default)]
pub(super) struct GeminiDecoder {
    framing: Framing,
    answer: Answer,
}

impl Decoder for GeminiDecoder {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let Self { framing, answer } = self;
        framing.push(bytes, |data| {
            if is_filler(data) {
                return Ok(());
            }
            answer.take(parse(data)?, data, out)
        })
    }

    fn finish(&mut self, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let Self { framing, answer } = self;
        framing.finish(|data| match parse(data) {
            Ok(response) => answer.take(response, data, out),
            // A part that was cut is no part: unless it came after the end, the answer is
            // truncated.
            Err(_) => Ok(()),
        })?;
        if !answer.is_finished() {
            return Err(Fault::truncated());
        }
        answer.end(out);
        Ok(())
    }
}

/// Reads a whole response; one that comes in parts is accepted.
pub(super) fn whole(body: &[u8]) -> Result<Vec<ChatEvent>, Fault> {
    let (mut objects, mut answer, mut out) = (Objects::default(), Answer::default(), Vec::new());
    objects.push(body, |data| answer.take(parse(data)?, data, &mut out))?;
    if objects.is_open() || !answer.has_begun() {
        return Err(Fault::malformed("it is not a response"));
    }
    answer.end(&mut out);
    Ok(out)
}

/// What is in a stream without being a response: some imitations end like OpenAI's.
fn is_filler(data: &[u8]) -> bool {
    data.is_empty() || data == b"[DONE]"
}

fn parse(data: &[u8]) -> Result<Response, Fault> {
    serde_json::from_slice(&mend_surrogates(data))
        .map_err(|_| Fault::malformed("a part of it is not a response"))
}
