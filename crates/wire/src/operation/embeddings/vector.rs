//! A vector, as numbers or as base64.

use serde_json::value::RawValue;

use super::VectorEncoding;
use crate::translation::base64;

/// A vector as a provider gave it.
#[derive(Debug, Clone)]
pub enum Vector {
    /// An array of numbers, its text kept: no digit is lost on the way through.
    Numbers(Box<RawValue>),
    /// Base64 of little-endian 32-bit floats.
    Base64(String),
}

impl Vector {
    /// A vector of floats.
    pub fn of_floats(floats: &[f32]) -> Self {
        let bytes: Vec<u8> = floats.iter().flat_map(|float| float.to_le_bytes()).collect();
        Self::Base64(base64::encode(&bytes))
    }

    /// Its numbers; `None` when it is anything but finite numbers, as a broken answer may be.
    pub fn floats(&self) -> Option<Vec<f32>> {
        let floats: Vec<f32> = match self {
            Self::Numbers(numbers) => {
                let numbers: Vec<&RawValue> = serde_json::from_str(numbers.get()).ok()?;
                let parsed: Result<_, _> =
                    numbers.into_iter().map(|number| number.get().parse::<f32>()).collect();
                parsed.ok()?
            }
            Self::Base64(text) => {
                let bytes = base64::decode(text.as_bytes())?;
                let (floats, rest) = bytes.as_chunks::<4>();
                if !rest.is_empty() {
                    return None;
                }
                floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
            }
        };
        floats.iter().all(|float| float.is_finite()).then_some(floats)
    }

    /// Writes it as JSON in the form that the client wants. One that has that form already is
    /// written as it is, and so is one that is not made of numbers.
    pub(in crate::operation) fn write(&self, out: &mut Vec<u8>, encoding: VectorEncoding) {
        match (self, encoding) {
            (Self::Numbers(numbers), VectorEncoding::Float) => {
                out.extend_from_slice(numbers.get().as_bytes());
            }
            (Self::Base64(text), VectorEncoding::Base64) => write(out, text),
            (Self::Numbers(numbers), VectorEncoding::Base64) => match self.floats() {
                Some(floats) => Self::of_floats(&floats).write(out, encoding),
                None => out.extend_from_slice(numbers.get().as_bytes()),
            },
            (Self::Base64(text), VectorEncoding::Float) => match self.floats() {
                Some(floats) => write(out, &floats),
                None => write(out, text),
            },
        }
    }
}

fn write<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
}
