//! Every adapter's reading of every client's answer: any split gives the same events and the same
//! end, and the client can read what it gets.
//!
//! Input: the adapter, the client's dialect, the split, then the response.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use bytes::Bytes;
use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target};
use tollgate_fuzz::answers::{
    call, decoded, head, stream_is_readable, stream_keeps_the_laws, whole_is_readable,
};
use tollgate_fuzz::mutation::mutate;
use tollgate_fuzz::split::Split;
use tollgate_providers::{ADAPTERS, stream, whole};
use tollgate_wire::DIALECTS;

#[derive(Debug, Arbitrary)]
struct Choices {
    adapter: u8,
    /// The low bits choose the dialect; bit 6 hides reasoning; bit 7 asks for an array.
    client: u8,
    split: Split,
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let mut input = Unstructured::new(data);
    let Ok(choices) = input.arbitrary::<Choices>() else { return Corpus::Reject };
    let response = input.take_rest();
    let adapter = ADAPTERS[usize::from(choices.adapter) % ADAPTERS.len()];
    let dialect = DIALECTS[usize::from(choices.client & 0x3f) % DIALECTS.len()];
    let call = call(dialect, choices.client & 0x80 != 0);
    let head = head(choices.client & 0x40 != 0);

    let events = |packets: Vec<&[u8]>| format!("{:?}", decoded(adapter.decoder(), packets));
    assert_eq!(events(choices.split.packets(response)), events(vec![response]));

    let open = || stream(adapter, &call, &head);
    stream_keeps_the_laws(open, response, choices.split);
    stream_is_readable(open(), response, &call);

    drop(adapter.events(response));
    if let Ok(answer) = whole(adapter, &call, &head, Bytes::copy_from_slice(response)) {
        whole_is_readable(answer.as_ref(), &head, response);
    }
    Corpus::Keep
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(data, size, max_size, seed)
});
