//! Answers in words: the same when they have nearly the same ones.

use std::collections::BTreeSet;

/// The words of an answer, in lower case, without punctuation.
pub(super) struct Words(BTreeSet<String>);

/// How many of the words of both must be in both, of 5.
const SHARED_OF_FIVE: usize = 4;

impl Words {
    /// Nothing for an answer without words.
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut words = BTreeSet::new();
        let mut word = String::new();
        for character in text.chars().flat_map(char::to_lowercase) {
            if is_word_itself(character) {
                flush(&mut word, &mut words);
                words.insert(character.to_string());
            } else if character.is_alphanumeric() {
                word.push(character);
            } else {
                flush(&mut word, &mut words);
            }
        }
        flush(&mut word, &mut words);
        (!words.is_empty()).then_some(Self(words))
    }

    /// Whether both say the same: four of five words that either has are in both (Jaccard 0.8).
    pub(super) fn agree(&self, other: &Self) -> bool {
        let shared = self.0.intersection(&other.0).count();
        let all = self.0.union(&other.0).count();
        shared * 5 >= all * SHARED_OF_FIVE
    }
}

fn flush(word: &mut String, words: &mut BTreeSet<String>) {
    if !word.is_empty() {
        words.insert(std::mem::take(word));
    }
}

/// Scripts that are written without spaces: Thai to Lao, kana, Han.
const fn is_word_itself(character: char) -> bool {
    matches!(character, '\u{0e00}'..='\u{0eff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}
