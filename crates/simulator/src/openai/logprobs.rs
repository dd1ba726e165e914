//! Log probabilities: made up, but seeded, and of the right form. One entry per streamed piece.

use serde::Serialize;

use crate::random::Random;
use crate::tokens;

/// The log probabilities of one choice.
#[derive(Debug, Serialize)]
pub(super) struct Logprobs<'a> {
    content: Vec<Entry<'a>>,
    refusal: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Entry<'a> {
    token: &'a str,
    logprob: f64,
    bytes: &'a [u8],
    top_logprobs: Vec<Alternative>,
}

#[derive(Debug, Serialize)]
struct Alternative {
    token: String,
    logprob: f64,
    bytes: Vec<u8>,
}

/// Entries for every piece of `text`, each with `top` alternatives.
pub(super) fn of(text: &str, top: usize, seed: u64) -> Logprobs<'_> {
    let content = tokens::pieces(text).map(|piece| entry(piece, top, seed)).collect();
    Logprobs { content, refusal: None }
}

fn entry(piece: &str, top: usize, seed: u64) -> Entry<'_> {
    let mut random = Random::new(crate::random::hash(seed, piece));
    let logprob = -random.unit() / 4.0;
    let alternatives = (0..top).scan(logprob, |previous, rank| {
        if rank > 0 {
            *previous -= 0.5 + random.unit();
        }
        let token = if rank == 0 { piece.to_owned() } else { format!("{piece}{rank}") };
        let bytes = token.as_bytes().to_vec();
        Some(Alternative { token, logprob: *previous, bytes })
    });
    let top_logprobs = alternatives.collect();
    Entry { token: piece, logprob, bytes: piece.as_bytes(), top_logprobs }
}
