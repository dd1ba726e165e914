//! Server-sent events: any bytes in any packets give the events that the standard's own steps give.
//!
//! Input: the split, then the stream.

#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::{Corpus, fuzz_target};
use tollgate_fuzz::split::Split;
use tollgate_wire::sse::{EventTooLarge, SseDecoder, SseEvent};

type Event = (Vec<u8>, Vec<u8>);

fuzz_target!(|data: &[u8]| -> Corpus {
    let mut input = Unstructured::new(data);
    let Ok(split) = input.arbitrary::<Split>() else { return Corpus::Reject };
    let stream = input.take_rest();
    let events = decode([stream]);
    assert_eq!(decode(split.packets(stream)), events, "the split shows");
    assert_eq!(by_the_standard(stream), events, "the standard reads it otherwise");
    let cut = decode([split.cut(stream)]);
    // The last event of what was cut off may be a part of one.
    let complete = cut.len().saturating_sub(1);
    assert!(events.starts_with(&cut[..complete]), "what was cut off is not the beginning");
    Corpus::Keep
});

fn decode<'a>(packets: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
    let mut decoder = SseDecoder::default();
    let mut events = Vec::new();
    let mut visit = |event: SseEvent<'_>| {
        events.push((event.name.to_vec(), event.data.to_vec()));
        Ok::<(), EventTooLarge>(())
    };
    for packet in packets {
        decoder.push(packet, &mut visit).unwrap();
    }
    decoder.finish(&mut visit).unwrap();
    events
}

/// WHATWG HTML, section 9.2.6, line by line, over the whole stream. It differs in one thing: what
/// the stream's end interrupts is an event nevertheless.
fn by_the_standard(stream: &[u8]) -> Vec<Event> {
    let mut rest = stream.strip_prefix("\u{feff}".as_bytes()).unwrap_or(stream);
    let mut events = Vec::new();
    let (mut name, mut data): (Vec<u8>, Option<Vec<u8>>) = (Vec::new(), None);
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
        let (line, behind) = rest.split_at(end);
        rest = match behind {
            [b'\r', b'\n', rest @ ..] | [_, rest @ ..] => rest,
            [] => &[],
        };
        if line.is_empty() {
            let name = std::mem::take(&mut name);
            events.extend(data.take().map(|data| (name, data)));
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (field, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match (field, &mut data) {
            (b"event", _) => name = value.to_vec(),
            (b"data", None) => data = Some(value.to_vec()),
            (b"data", Some(lines)) => {
                lines.push(b'\n');
                lines.extend_from_slice(value);
            }
            _ => {}
        }
    }
    events.extend(data.map(|data| (name, data)));
    events
}
