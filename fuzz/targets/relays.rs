//! Answers that are passed on to clients of the provider's own dialect: changed only where a
//! member is ours.
//!
//! Input: the adapter, the split, then the response.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use bytes::Bytes;
use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target};
use serde_json::Value;
use tollgate_fuzz::answers::{
    call, decoded, head, stream_is_readable, stream_keeps_the_laws, whole_is_readable,
};
use tollgate_fuzz::json::value;
use tollgate_fuzz::mutation::mutate;
use tollgate_fuzz::split::Split;
use tollgate_providers::{ADAPTERS, Progress};

#[derive(Debug, Arbitrary)]
struct Choices {
    /// The low bits choose the adapter; bit 7 hides reasoning.
    adapter: u8,
    split: Split,
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let mut input = Unstructured::new(data);
    let Ok(choices) = input.arbitrary::<Choices>() else { return Corpus::Reject };
    let response = input.take_rest();
    let natives: Vec<_> = ADAPTERS.iter().filter(|adapter| adapter.native().is_some()).collect();
    let adapter = natives[usize::from(choices.adapter & 0x7f) % natives.len()];
    let native = adapter.native().unwrap();
    let (call, head) = (call(native.dialect(), false), head(choices.adapter & 0x80 != 0));

    let open = || native.stream(&head);
    let streamed = stream_keeps_the_laws(open, response, choices.split);
    stream_is_readable(open(), response, &call);
    let (events, result, _) = decoded(adapter.decoder(), [response]);
    if streamed.result.is_ok() && result.is_ok() {
        let mut progress = Progress::default();
        for event in &events {
            progress.note(event);
        }
        assert_eq!(streamed.progress.usage, progress.usage, "it is billed otherwise");
    }

    if let Ok(answer) = native.whole(&head, Bytes::copy_from_slice(response)) {
        let out = whole_is_readable(answer.as_ref(), &head, response);
        if let (Some(Value::Object(came)), Some(Value::Object(went))) =
            (value(response), value(&out))
        {
            for name in came.keys() {
                assert!(went.contains_key(name), "{name} got lost");
            }
        }
    }
    Corpus::Keep
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(data, size, max_size, seed)
});
