//! AWS's binary framing, through the Bedrock decoder: any split gives the same answer, and one
//! wrong bit is never taken for an answer.
//!
//! Input: whether the rest is bytes or a script of frames, the split, one byte's damage, the rest.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target};
use tollgate_fuzz::answers::{
    call, decoded, head, read, stream_is_readable, stream_keeps_the_laws,
};
use tollgate_fuzz::frames;
use tollgate_fuzz::mutation::mutate;
use tollgate_fuzz::split::Split;
use tollgate_providers::{Adapter as _, BedrockConverse, stream};
use tollgate_wire::Dialect;

#[derive(Debug, Arbitrary)]
struct Choices {
    /// Bit 0: the rest is bytes; bit 1: reasoning is hidden.
    bits: u8,
    split: Split,
    damaged_at: u16,
    damage: u8,
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let mut input = Unstructured::new(data);
    let Ok(choices) = input.arbitrary::<Choices>() else { return Corpus::Reject };
    let rest = input.take_rest();
    let bytes = if choices.bits & 1 == 0 { frames::stream(rest) } else { rest.to_vec() };
    let (call, head) = (call(Dialect::Chat, false), head(choices.bits & 2 != 0));
    let open = || stream(&BedrockConverse, &call, &head);
    let whole = stream_keeps_the_laws(open, &bytes, choices.split);
    stream_is_readable(open(), &bytes, &call);

    let events = |packets: Vec<&[u8]>| decoded(BedrockConverse.decoder(), packets);
    let at_once = format!("{:?}", events(vec![&bytes]));
    assert_eq!(format!("{:?}", events(choices.split.packets(&bytes))), at_once);

    let mut damaged = bytes;
    let at = usize::from(choices.damaged_at) % damaged.len().max(1);
    if let Some(byte) = damaged.get_mut(at) {
        *byte ^= choices.damage;
        let damaged = read(open(), [damaged.as_slice()]);
        assert!(whole.out.starts_with(&damaged.out), "damage was taken for an answer");
        // Behind the reason why it ended nothing is waited for.
        if damaged.result.is_ok() && damaged.progress.finish.is_none() {
            assert_eq!(damaged.out, whole.out, "damage went unnoticed");
        }
    }
    Corpus::Keep
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(data, size, max_size, seed)
});
