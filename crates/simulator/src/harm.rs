//! What is wrong with a text, by the words in it: enough for moderation to have something to say.

use crate::random::{self, Random};
use crate::relevance::words;

/// Something that moderation looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    Violence,
    SelfHarm,
    Sexual,
    Hate,
    Harassment,
    Illicit,
    Health,
    Financial,
    Law,
    PersonalData,
    /// Never found by a word.
    Unseen,
}

const WORDS: [(&str, Topic); 17] = [
    ("kill", Topic::Violence),
    ("murder", Topic::Violence),
    ("shoot", Topic::Violence),
    ("stab", Topic::Violence),
    ("suicide", Topic::SelfHarm),
    ("starve", Topic::SelfHarm),
    ("nude", Topic::Sexual),
    ("porn", Topic::Sexual),
    ("vermin", Topic::Hate),
    ("idiot", Topic::Harassment),
    ("loser", Topic::Harassment),
    ("bomb", Topic::Illicit),
    ("smuggle", Topic::Illicit),
    ("diagnosis", Topic::Health),
    ("stocks", Topic::Financial),
    ("lawsuit", Topic::Law),
    ("passport", Topic::PersonalData),
];

/// What a text was found to be.
#[derive(Debug)]
pub(crate) struct Verdict {
    found: Vec<Topic>,
    seed: u64,
}

impl Verdict {
    pub(crate) fn of(text: &str) -> Self {
        let said = words(text);
        let found = WORDS.iter().filter(|(word, _)| said.contains(*word)).map(|(_, topic)| *topic);
        Self { found: found.collect(), seed: random::hash(0, text) }
    }

    pub(crate) fn is(&self, topic: Topic) -> bool {
        self.found.contains(&topic)
    }

    /// How sure it is of `topic` in the category called `name`, from 0 to 1.
    pub(crate) fn score(&self, topic: Topic, name: &str) -> f64 {
        let chance = Random::new(random::hash(self.seed, name)).unit();
        if self.is(topic) { chance.mul_add(0.09, 0.9) } else { chance * 0.001 }
    }
}

#[cfg(test)]
mod tests {
    use super::{Topic, Verdict};

    #[test]
    fn whole_words_are_found_whatever_their_case() {
        for (text, found) in [("I will KILL it.", true), ("skillful", false), ("", false)] {
            let verdict = Verdict::of(text);
            assert_eq!(verdict.is(Topic::Violence), found, "{text}");
            assert_eq!(verdict.score(Topic::Violence, "violence") >= 0.9, found, "{text}");
            assert!(!verdict.is(Topic::Unseen));
        }
    }
}
