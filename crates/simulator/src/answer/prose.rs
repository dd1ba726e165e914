//! Seeded prose: small sentences about a harbour town, so that a screen full of them looks like
//! an answer, and two answers can be told apart.

use crate::prompt::Prompt;
use crate::random::Random;
use crate::tokens;

const SUBJECTS: [&str; 14] = [
    "the harbour master",
    "a quiet ferry",
    "the old lighthouse",
    "our northern neighbour",
    "the night train",
    "a careful gardener",
    "the baker's daughter",
    "every second boat",
    "the village clock",
    "a travelling cook",
    "the market square",
    "a patient heron",
    "the stone bridge",
    "the youngest sailor",
];
const VERBS: [&str; 14] = [
    "keeps",
    "carries",
    "remembers",
    "watches over",
    "repairs",
    "follows",
    "paints",
    "counts",
    "guards",
    "finds",
    "measures",
    "borrows",
    "lights",
    "knows",
];
const OBJECTS: [&str; 14] = [
    "the morning tide",
    "a basket of lemons",
    "the narrow road home",
    "seven brass lanterns",
    "the longest letter",
    "a map of the islands",
    "the first snow",
    "an unfinished song",
    "the weight of the nets",
    "a row of blue doors",
    "the price of salt",
    "an empty chair",
    "the names of the winds",
    "a small bright window",
];
const TAILS: [&str; 12] = [
    "before the bells begin",
    "without a word",
    "as the fog lifts",
    "for nobody in particular",
    "until the lamps go out",
    "with great patience",
    "on the far side of the bay",
    "while the kettle sings",
    "in the last week of autumn",
    "and nobody minds",
    "because someone has to",
    "as if it were easy",
];
const WORDS_MIN: usize = 60;
const WORDS_SPREAD: usize = 86;
/// Sentences in a recording.
const SPOKEN_MAX: usize = 3;
const SENTENCES_PER_PARAGRAPH: usize = 4;

/// About 60 to 160 words, fixed by what was asked.
pub(super) fn text(prompt: &Prompt) -> String {
    let mut random = Random::new(prompt.fingerprint());
    let words_wanted = WORDS_MIN + random.below(WORDS_SPREAD);
    let mut text = String::new();
    let mut words = 0;
    let mut sentences = 0;
    while words < words_wanted {
        let sentence = sentence(&mut random);
        words += sentence.split(' ').count();
        text.push_str(match sentences {
            0 => "",
            count if count % SENTENCES_PER_PARAGRAPH == 0 => "\n\n",
            _ => " ",
        });
        text.push_str(&sentence);
        sentences += 1;
    }
    text
}

/// What the reasoning models think.
pub(super) fn reasoning(prompt: &Prompt) -> String {
    let mut random = Random::new(prompt.fingerprint() ^ 1);
    let topic = topic(prompt);
    let first = sentence(&mut random);
    let second = sentence(&mut random);
    format!(
        "The user asks about {topic}. First, what do I know? {first} \
         Then again: {second} That settles it, so the answer can be short."
    )
}

/// What the reasoning models answer.
pub(super) fn conclusion(prompt: &Prompt) -> String {
    let mut random = Random::new(prompt.fingerprint());
    let topic = topic(prompt);
    let sentence = sentence(&mut random);
    format!("About {topic}: {sentence}")
}

/// What is heard in a recording: one to three sentences.
pub(crate) fn spoken(seed: u64) -> String {
    let mut random = Random::new(seed);
    let sentences: Vec<String> =
        (0..=random.below(SPOKEN_MAX)).map(|_| sentence(&mut random)).collect();
    sentences.join(" ")
}

fn topic(prompt: &Prompt) -> String {
    let asked = prompt.last_user_text();
    let (topic, _) = tokens::truncate(asked.trim(), 12);
    if topic.is_empty() { "nothing".to_owned() } else { topic.to_owned() }
}

fn sentence(random: &mut Random) -> String {
    let subject = random.pick(&SUBJECTS);
    let verb = random.pick(&VERBS);
    let object = random.pick(&OBJECTS);
    let mut sentence = String::new();
    let mut letters = subject.chars();
    sentence.extend(letters.next().map(|first| first.to_ascii_uppercase()));
    sentence.push_str(letters.as_str());
    for part in [verb, object] {
        sentence.push(' ');
        sentence.push_str(part);
    }
    if random.below(3) > 0 {
        sentence.push(' ');
        sentence.push_str(random.pick(&TAILS));
    }
    sentence.push('.');
    sentence
}
