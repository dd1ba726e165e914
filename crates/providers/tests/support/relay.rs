//! The laws of answers that are passed on to clients of the provider's own dialect.
//!
//! - Any split of the same bytes gives the same bytes, the same result and the same progress.
//! - What a stream gives that stops early is the beginning of what the whole one gives.
//! - The result and the progress are those of the translation, which was written apart from it.
//! - Whatever is damaged, nothing panics.

#![expect(
    clippy::indexing_slicing,
    reason = "this is a part of tests, which should panic where something is not as expected"
)]

use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use tollgate_providers::{Adapter, Fault, FaultKind, Progress, ToolCalled, WholeAnswer};
use tollgate_types::{Usage, UsageSource, Usd};
use tollgate_wire::chat::UsageView;

use crate::support::{Streamed, head, recordings, stream, whole_answer};

/// Name and bytes of every recording of an adapter's protocol.
pub(crate) fn recorded(adapter: &dyn Adapter) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = std::fs::read_dir(recordings(adapter.protocol()))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path))
        .map(|(name, path)| (name, std::fs::read(path).unwrap()))
        .collect();
    all.sort();
    all
}

/// Reads a stream that comes in these packets and is passed on.
pub(crate) fn relayed<'a>(
    adapter: &dyn Adapter,
    packets: impl IntoIterator<Item = &'a [u8]>,
) -> Streamed {
    let mut stream = adapter.native().unwrap().stream(&head());
    let mut out = Vec::new();
    let mut result = Ok(());
    for packet in packets {
        result = result.and_then(|()| stream.push(packet, &mut out));
    }
    let result = result.and_then(|()| stream.finish(&mut out));
    Streamed { out, result, progress: stream.progress().clone() }
}

/// The same to its very end.
pub(crate) fn relayed_to_the_end(adapter: &dyn Adapter, bytes: &[u8], usage: &UsageView) -> String {
    let mut stream = adapter.native().unwrap().stream(&head());
    let mut out = Vec::new();
    stream.push(bytes, &mut out).unwrap();
    stream.finish(&mut out).unwrap();
    stream.end(&mut out, usage);
    String::from_utf8(out).unwrap()
}

/// Reads a whole answer that is passed on.
pub(crate) fn relayed_whole(
    adapter: &dyn Adapter,
    body: &[u8],
) -> Result<Box<dyn WholeAnswer>, Fault> {
    adapter.native().unwrap().whole(&head(), Bytes::copy_from_slice(body))
}

/// What an answer of these tests cost.
pub(crate) fn usage() -> UsageView {
    UsageView {
        usage: Usage {
            source: UsageSource::Reported,
            prompt_tokens: 12,
            completion_tokens: 3,
            cached_tokens: 4,
            cache_write_tokens: 5,
            ..Usage::default()
        },
        cost: Usd::from_nanos(1_200),
        prompt_cost: Usd::from_nanos(900),
        completion_cost: Usd::from_nanos(300),
        upstream_cost: Usd::from_nanos(1_200),
        unpriced: false,
        is_byok: false,
    }
}

/// Holds an adapter to the laws over every recording of its protocol.
pub(crate) fn keeps_the_laws(adapter: &dyn Adapter) {
    for (name, bytes) in recorded(adapter) {
        let whole = relayed(adapter, [bytes.as_slice()]);
        assert_eq!(seen(&relayed(adapter, bytes.chunks(1))), seen(&whole), "{name} byte by byte");
        for at in 0..=bytes.len() {
            let (first, second) = bytes.split_at(at);
            assert_eq!(seen(&relayed(adapter, [first, second])), seen(&whole), "{name} at {at}");
            let cut = relayed(adapter, [first]);
            assert!(whole.out.starts_with(&cut.out), "{name} cut at {at}");
            let translated = stream(adapter, [first]);
            agree(&cut, &translated, &format!("{name} cut at {at}"));
        }
    }
}

/// Holds whole answers to the same result and progress as the translation's.
pub(crate) fn whole_answers_agree(adapter: &dyn Adapter, except: &[&str]) {
    let bodies = recorded(adapter).into_iter().filter(|(name, _)| {
        name.rsplit('.').next() == Some("json") && !except.contains(&name.as_str())
    });
    for (name, bytes) in bodies {
        let native = relayed_whole(adapter, &bytes);
        let translated = whole_answer(adapter, Bytes::copy_from_slice(&bytes));
        match (native, translated) {
            (Ok(native), Ok(translated)) => {
                same_progress(native.progress(), translated.progress(), &name);
                assert_eq!(called(native.progress()), called(translated.progress()), "{name}");
            }
            (native, translated) => assert_eq!(
                native.map(drop).map_err(|fault| told(&fault)),
                translated.map(drop).map_err(|fault| told(&fault)),
                "{name}"
            ),
        }
        for at in 0..bytes.len() {
            if !bytes[at..].trim_ascii().is_empty() {
                assert!(relayed_whole(adapter, &bytes[..at]).is_err(), "{name} cut at {at}");
            }
        }
    }
}

/// Holds an adapter to the laws over damaged recordings.
pub(crate) fn damage_is_no_panic_and_splits_alike(adapter: &dyn Adapter) {
    let all = recorded(adapter);
    let mut runner = TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(48)
    });
    let damage = (any::<Index>(), any::<u8>(), any::<Index>());
    let law = |(at, byte, cut): (Index, u8, Index)| {
        for (name, bytes) in &all {
            let mut damaged = bytes.clone();
            let at = at.index(damaged.len());
            damaged[at] = byte;
            let whole = seen(&relayed(adapter, [damaged.as_slice()]));
            let (first, second) = damaged.split_at(cut.index(damaged.len()));
            prop_assert_eq!(seen(&relayed(adapter, [first, second])), whole, "{}", name);
            if let Ok(answer) = relayed_whole(adapter, &damaged) {
                drop(answer.render(&head(), &usage()));
            }
        }
        Ok(())
    };
    runner.run(&damage, law).unwrap();
}

fn seen(streamed: &Streamed) -> String {
    let out = std::str::from_utf8(&streamed.out).unwrap();
    format!("{out}\n{:?}\n{:?}", streamed.result, streamed.progress)
}

fn agree(native: &Streamed, translated: &Streamed, what: &str) {
    let result = |it: &Streamed| it.result.as_ref().map_err(told).copied();
    assert_eq!(result(native), result(translated), "{what}");
    same_progress(&native.progress, &translated.progress, what);
}

/// Each says in its own words what is malformed.
fn told(fault: &Fault) -> (FaultKind, Option<u16>, Option<String>, Option<String>) {
    let message = fault.message.clone().filter(|_| fault.code.is_some());
    (fault.kind, fault.status, fault.code.clone(), message)
}

fn same_progress(native: &Progress, translated: &Progress, what: &str) {
    assert_eq!(native.usage, translated.usage, "{what}");
    assert_eq!(native.finish, translated.finish, "{what}");
    assert_eq!(native.upstream_id, translated.upstream_id, "{what}");
    assert_eq!(native.service_tier, translated.service_tier, "{what}");
    assert_eq!(native.tool_calls, translated.tool_calls, "{what}");
    assert_eq!(native.output_bytes, translated.output_bytes, "{what}");
    // What the translation has no word for is content to a client of the dialect.
    assert!(native.content || !translated.content, "{what}");
}

/// Tools with what they were called with: JSON where it is any.
fn called(progress: &Progress) -> Vec<(String, Value)> {
    let told = |call: &ToolCalled| {
        let arguments = call.arguments().unwrap_or_default();
        let json = serde_json::from_str(&arguments);
        (call.name().to_owned(), json.unwrap_or_else(|_| Value::from(&*arguments)))
    };
    progress.called.calls().iter().map(told).collect()
}
