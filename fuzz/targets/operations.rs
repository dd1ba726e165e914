//! Everything that is no conversation: calls of every client, encoded for every adapter that
//! performs the operation; an answer, read and written for the client; and counts of tokens.
//!
//! Input: whom it is put to and how, the question, 0x1e, for a form the file and 0x1e, the answer.

#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target};
use tollgate_fuzz::mutation::mutate;
use tollgate_fuzz::operations::{Choices, keeps_the_laws};

fuzz_target!(|data: &[u8]| -> Corpus {
    let mut input = Unstructured::new(data);
    let Ok(choices) = input.arbitrary::<Choices>() else { return Corpus::Reject };
    keeps_the_laws(choices, input.take_rest());
    Corpus::Keep
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(data, size, max_size, seed)
});
