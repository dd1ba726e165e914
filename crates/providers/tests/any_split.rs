//! The laws every adapter keeps, over every recording of its protocol.
//!
//! - Any split of the same bytes gives the same answer.
//! - What a response that stops early gives is the beginning of what the whole one gives, and it
//!   is a fault unless it is all of it.
//! - Nothing a provider sends is a panic.
//!
//! The folder of a recording is its protocol; a new recording is under these laws by being there.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test, which should panic where something is not as expected"
)]

mod support;

use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::Index;
use tollgate_providers::{ADAPTERS, Adapter};

use support::{Streamed, recordings, stream, whole_answer};

/// Name and bytes of every recording of an adapter's protocol.
fn recorded(adapter: &dyn Adapter) -> Vec<(String, Vec<u8>)> {
    let Ok(folder) = std::fs::read_dir(recordings(adapter.protocol())) else { return Vec::new() };
    let mut all: Vec<_> = folder
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| {
            let name = format!("{}/{}", adapter.protocol(), entry.file_name().to_string_lossy());
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect();
    all.sort();
    all
}

fn each_recording(mut check: impl FnMut(&dyn Adapter, &str, &[u8])) {
    for adapter in ADAPTERS {
        for (name, bytes) in recorded(*adapter) {
            check(*adapter, &name, &bytes);
        }
    }
}

/// Everything that can be seen of a stream.
fn seen(streamed: &Streamed) -> String {
    let out = String::from_utf8_lossy(&streamed.out);
    format!("{out}\n{:?}\n{:?}", streamed.result, streamed.progress)
}

fn pieces<'a>(bytes: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    at.sort_unstable();
    let mut start = 0;
    let mut pieces = Vec::new();
    for cut in at.into_iter().chain([bytes.len()]) {
        pieces.push(&bytes[start..cut]);
        start = cut;
    }
    pieces
}

#[test]
fn a_split_anywhere_gives_the_same_answer() {
    each_recording(|adapter, name, bytes| {
        let whole = seen(&stream(adapter, [bytes]));
        assert_eq!(seen(&stream(adapter, bytes.chunks(1))), whole, "{name} byte by byte");
        for at in 0..=bytes.len() {
            let (first, second) = bytes.split_at(at);
            assert_eq!(seen(&stream(adapter, [first, second])), whole, "{name} split at {at}");
        }
    });
}

#[test]
fn what_stops_early_is_a_beginning_and_a_fault_unless_it_is_complete() {
    each_recording(|adapter, name, bytes| {
        let whole = stream(adapter, [bytes]);
        for at in 0..bytes.len() {
            let cut = stream(adapter, [&bytes[..at]]);
            assert!(whole.out.starts_with(&cut.out), "{name} cut at {at}");
            if cut.result.is_ok() {
                assert_eq!(cut.out, whole.out, "{name} is not complete at {at}");
            }
        }
    });
}

#[test]
fn a_whole_answer_that_is_cut_is_an_answer_or_a_fault() {
    each_recording(|adapter, name, bytes| {
        for at in 0..bytes.len() {
            let cut = Bytes::copy_from_slice(&bytes[..at]);
            if name.rsplit('.').next() == Some("json") && !bytes[at..].trim_ascii().is_empty() {
                assert!(whole_answer(adapter, cut).is_err(), "{name} cut at {at}");
            } else {
                drop(whole_answer(adapter, cut));
            }
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn any_split_gives_the_same_answer(cuts in prop::collection::vec(any::<Index>(), 0..12)) {
        each_recording(|adapter, name, bytes| {
            let whole = seen(&stream(adapter, [bytes]));
            assert_eq!(seen(&stream(adapter, pieces(bytes, &cuts))), whole, "{name}");
        });
    }

    #[test]
    fn damage_is_no_panic_and_splits_alike(
        at in any::<Index>(),
        byte in any::<u8>(),
        cuts in prop::collection::vec(any::<Index>(), 0..4),
    ) {
        each_recording(|adapter, name, bytes| {
            let mut damaged = bytes.to_vec();
            if let Some(slot) = damaged.get_mut(at.index(bytes.len().max(1))) {
                *slot = byte;
            }
            let whole = seen(&stream(adapter, [damaged.as_slice()]));
            assert_eq!(seen(&stream(adapter, pieces(&damaged, &cuts))), whole, "{name}");
            drop(whole_answer(adapter, Bytes::from(damaged)));
        });
    }

    #[test]
    fn random_bytes_are_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        for adapter in ADAPTERS {
            drop(stream(*adapter, [bytes.as_slice()]));
            drop(whole_answer(*adapter, Bytes::from(bytes.clone())));
        }
    }

    #[test]
    fn random_events_are_no_panic(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "data: ", "{", "}", "[", "]", "\"type\":", "\"message_start\"", "\"delta\":",
                "\"candidates\":", "\"choices\":", "null", "0", "\"", "\\", ",", "\n", "\n\n", "\r",
            ]),
            0..48,
        ),
    ) {
        let text = pieces.concat();
        for adapter in ADAPTERS {
            let whole = seen(&stream(*adapter, [text.as_bytes()]));
            assert_eq!(seen(&stream(*adapter, text.as_bytes().chunks(1))), whole);
            drop(whole_answer(*adapter, Bytes::from(text.clone())));
        }
    }
}
