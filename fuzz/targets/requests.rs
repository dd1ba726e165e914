//! Every client dialect's requests: read, translated, encoded for every adapter.
//!
//! Input: the dialect, the address, the kind of endpoint, then the body.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use bytes::Bytes;
use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target};
use tollgate_fuzz::json::{check, value};
use tollgate_fuzz::mutation::mutate;
use tollgate_fuzz::places::Place;
use tollgate_providers::{ADAPTERS, dropped};
use tollgate_wire::{Address, Call, DIALECTS, GATEWAY_MEMBERS};

/// The most bytes that one byte of a request may become: an element of an array becomes a message
/// with its part.
const GROWTH_MAX: usize = 256;
/// What an empty request may come to.
const FRAME_MAX: usize = 64 * 1_024;

#[derive(Debug, Arbitrary)]
struct Choices {
    dialect: u8,
    /// Bit 0: the path names the model; bit 1 and 2: it says whether to stream; bit 3: an array is
    /// wanted; bit 4: a beta is asked for.
    address: u8,
    place: u8,
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let mut input = Unstructured::new(data);
    let Ok(choices) = input.arbitrary::<Choices>() else { return Corpus::Reject };
    let body = input.take_rest();
    let dialect = DIALECTS[usize::from(choices.dialect) % DIALECTS.len()];
    let bit = |at: u8| choices.address & (1 << at) != 0;
    let address = Address {
        model: bit(0).then(|| "path/model".to_owned()),
        stream: bit(1).then(|| bit(2)),
        as_array: bit(3),
        anthropic_beta: bit(4).then(|| "a-beta-2026-01-01".to_owned()),
        wants_metadata: bit(5),
    };
    let Ok(call) = Call::read(dialect, Bytes::copy_from_slice(body), address) else {
        return Corpus::Keep;
    };
    drop((format!("{:?} {:?}", call.params(), call.survey()), call.parameters()));
    for name in GATEWAY_MEMBERS {
        assert_eq!(call.member(name), call.object().member(name));
    }
    let exact = value(body).is_some();
    let room = FRAME_MAX + GROWTH_MAX * body.len();
    if let Ok(chat) = call.chat() {
        check("the call in chat", chat.object().text().as_bytes(), exact);
        assert!(chat.body_bytes() <= room, "it outgrows what came");
    }
    let place = Place::from_bits(choices.place);
    for adapter in ADAPTERS {
        drop(dropped(*adapter, &call, &place.target(adapter.protocol(), "m-1")));
        if let Ok(request) = place.encode(*adapter, &call) {
            check(adapter.protocol(), request.body(), exact);
            assert!(request.body().len() <= room, "it outgrows what came");
        }
    }
    Corpus::Keep
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(data, size, max_size, seed)
});
