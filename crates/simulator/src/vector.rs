//! Embeddings: vectors of length 1, fixed by what they stand for, in the forms that providers
//! give them.
//!
//! Equal inputs have equal vectors; that is all. Left out: texts that are alike are no nearer to
//! each other than others.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;

use crate::random::{self, Random};
use crate::tokens::{self, IMAGE_TOKENS};

/// Numbers that are summed before the sums are, so that little is lost to rounding.
const SUMMED_AT_ONCE: usize = 64;

/// What a vector stands for, and how many tokens it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject {
    seed: u64,
    pub(crate) tokens: u64,
}

/// A vector before it has a form. Its numbers are never 0, so it always has a direction.
#[derive(Clone, Debug)]
pub(crate) struct Vector {
    numbers: Vec<i16>,
}

/// The form of a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Float,
    Int8,
    Uint8,
    /// One bit a number, eight of them as a signed byte.
    Binary,
    /// One bit a number, eight of them as a byte.
    Ubinary,
}

/// A vector in its form.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Encoded {
    Floats(Vec<f32>),
    Signed(Vec<i8>),
    Unsigned(Vec<u8>),
    Text(String),
}

impl Subject {
    pub(crate) fn text(text: &str) -> Self {
        Self { seed: random::hash(0, text), tokens: tokens::count(text) }
    }

    /// Text that is already tokens; `None` when one of them is no token.
    pub(crate) fn tokens(ids: &[Value]) -> Option<Self> {
        let hash = |seed, id: &Value| Some(random::hash(seed, &id.as_u64()?.to_string()));
        let seed = ids.iter().try_fold(1, hash)?;
        Some(Self { seed, tokens: u64::try_from(ids.len()).unwrap_or(u64::MAX) })
    }

    /// An image, by its URL or its data.
    pub(crate) fn image(image: &str) -> Self {
        Self { seed: random::hash(2, image), tokens: IMAGE_TOKENS }
    }

    /// Both together, as one input.
    pub(crate) const fn and(self, other: Self) -> Self {
        let seed = self.seed.rotate_left(1) ^ other.seed;
        Self { seed, tokens: self.tokens.saturating_add(other.tokens) }
    }
}

impl Vector {
    pub(crate) fn of(subject: Subject, dimensions: usize) -> Self {
        let mut random = Random::new(subject.seed);
        let mut number = || {
            let bits = u16::try_from(random.next() & 0xFFFF).unwrap_or(0);
            bits.cast_signed() | 1
        };
        Self { numbers: (0..dimensions).map(|_| number()).collect() }
    }

    pub(crate) fn encoded(&self, encoding: Encoding) -> Encoded {
        match encoding {
            Encoding::Float => Encoded::Floats(self.floats()),
            Encoding::Int8 => Encoded::Signed(self.bytes().map(u8::cast_signed).collect()),
            Encoding::Uint8 => {
                Encoded::Unsigned(self.bytes().map(|byte| byte.wrapping_add(128)).collect())
            }
            Encoding::Binary => {
                let offset = |byte: u8| byte.wrapping_sub(128).cast_signed();
                Encoded::Signed(self.bits().map(offset).collect())
            }
            Encoding::Ubinary => Encoded::Unsigned(self.bits().collect()),
        }
    }

    fn floats(&self) -> Vec<f32> {
        let squares = |numbers: &[i16]| {
            numbers.iter().map(|number| f32::from(*number) * f32::from(*number)).sum::<f32>()
        };
        let length = self.numbers.chunks(SUMMED_AT_ONCE).map(squares).sum::<f32>().sqrt();
        self.numbers.iter().map(|number| f32::from(*number) / length).collect()
    }

    /// The upper byte of each number.
    fn bytes(&self) -> impl Iterator<Item = u8> {
        self.numbers.iter().map(|number| {
            let [high, _] = number.to_be_bytes();
            high
        })
    }

    /// Whether each number is positive, the first one in the highest bit.
    fn bits(&self) -> impl Iterator<Item = u8> {
        self.numbers.chunks(8).map(|numbers| {
            let bits = numbers.iter().fold(0, |byte, number| byte << 1 | u8::from(*number > 0));
            bits << (8 - numbers.len())
        })
    }
}

impl Encoding {
    /// The form that is called `name`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "float" => Self::Float,
            "int8" => Self::Int8,
            "uint8" => Self::Uint8,
            "binary" => Self::Binary,
            "ubinary" => Self::Ubinary,
            _ => return None,
        })
    }
}

impl Encoded {
    /// The same as base64, floats of four bytes with the lowest first.
    pub(crate) fn base64(self) -> Self {
        let bytes = match self {
            Self::Floats(floats) => floats.into_iter().flat_map(f32::to_le_bytes).collect(),
            Self::Signed(bytes) => bytes.into_iter().map(i8::cast_unsigned).collect(),
            Self::Unsigned(bytes) => bytes,
            Self::Text(text) => return Self::Text(text),
        };
        Self::Text(STANDARD.encode(bytes))
    }
}

/// Reads a text, texts, tokens or lists of tokens; `None` when it is none of these, or empty.
pub(crate) fn subjects(input: Option<&Value>) -> Option<Vec<Subject>> {
    match input? {
        Value::String(text) => Some(vec![text_subject(text)?]),
        Value::Array(list) => match list.first()? {
            Value::Number(_) => Some(vec![Subject::tokens(list)?]),
            Value::String(_) => list.iter().map(|text| text_subject(text.as_str()?)).collect(),
            _ => {
                let tokens =
                    |ids: &Value| Subject::tokens(ids.as_array().filter(|ids| !ids.is_empty())?);
                list.iter().map(tokens).collect()
            }
        },
        _ => None,
    }
}

/// A text or texts and nothing else.
pub(crate) fn texts(input: Option<&Value>) -> Option<Vec<&str>> {
    match input? {
        Value::String(text) => Some(vec![text]),
        Value::Array(list) => list.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

fn text_subject(text: &str) -> Option<Subject> {
    (!text.is_empty()).then(|| Subject::text(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Encoded, Encoding, Subject, Vector, subjects};

    #[test]
    fn vectors_have_length_one_and_belong_to_their_subject() {
        for dimensions in [1, 8, 1536, 3072] {
            let Encoded::Floats(floats) =
                Vector::of(Subject::text("hi"), dimensions).encoded(Encoding::Float)
            else {
                panic!("floats")
            };
            let length: f64 = floats.iter().map(|it| f64::from(*it).powi(2)).sum();
            assert_eq!(floats.len(), dimensions);
            assert!((length - 1.0).abs() < 1e-5, "{length}");
        }
        let bytes =
            |subject| serde_json::to_string(&Vector::of(subject, 8).encoded(Encoding::Int8));
        assert_eq!(bytes(Subject::text("a")).unwrap(), bytes(Subject::text("a")).unwrap());
        assert_ne!(bytes(Subject::text("a")).unwrap(), bytes(Subject::text("b")).unwrap());
        assert_ne!(bytes(Subject::text("a")).unwrap(), bytes(Subject::image("a")).unwrap());
    }

    #[test]
    fn every_form_is_of_the_same_vector() {
        let vector = Vector { numbers: vec![0x0100, -0x0100, 0x7FFF, -0x8000, 1, 1, 1, 1, 1] };
        let json = |encoding| serde_json::to_value(vector.encoded(encoding)).unwrap();
        assert_eq!(json(Encoding::Int8), json!([1, -1, 127, -128, 0, 0, 0, 0, 0]));
        assert_eq!(json(Encoding::Uint8), json!([129, 127, 255, 0, 128, 128, 128, 128, 128]));
        assert_eq!(json(Encoding::Ubinary), json!([0b1010_1111, 0b1000_0000]));
        assert_eq!(json(Encoding::Binary), json!([0b1010_1111 - 128, 0]));
        let text = serde_json::to_value(vector.encoded(Encoding::Ubinary).base64()).unwrap();
        assert_eq!(text, json!("r4A="));
    }

    #[test]
    fn inputs_are_texts_or_tokens() {
        let tokens = |input| {
            let subjects = subjects(Some(&input))?;
            Some(subjects.iter().map(|it| it.tokens).collect::<Vec<_>>())
        };
        assert_eq!(tokens(json!("one two")), Some(vec![2]));
        assert_eq!(tokens(json!(["one", "one two"])), Some(vec![1, 2]));
        assert_eq!(tokens(json!([1, 2, 3])), Some(vec![3]));
        assert_eq!(tokens(json!([[1], [2, 3]])), Some(vec![1, 2]));
        for wrong in [
            json!(""),
            json!([]),
            json!([""]),
            json!(["a", 1]),
            json!([[]]),
            json!({}),
            json!([-1]),
        ] {
            assert_eq!(tokens(wrong.clone()), None, "{wrong}");
        }
    }
}
