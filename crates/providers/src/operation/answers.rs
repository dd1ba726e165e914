//! What reading the answers of operations has in common: an answer is what was asked for, or a
//! fault.

use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::Number;
use serde_json::value::RawValue;
use tollgate_wire::operation::{
    GeneratedImage, OperationContent, Ranked, RerankRequest, SpeechAnswer, Vector,
};

use crate::{Fault, FaultKind};

/// Bytes of a number in a vector.
const NUMBER_BYTES: usize = 4;

/// Reads a body.
pub(crate) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|error| Fault::malformed(&error.to_string()))
}

/// There was an answer, and nothing in it.
pub(crate) fn empty(what: &str) -> Fault {
    Fault::with_message(FaultKind::Empty, &format!("The provider's answer has no {what}"))
}

/// A count that may be written with a point; what is none is 0.
pub(crate) fn count(number: Option<&Number>) -> u64 {
    let text = number.map(ToString::to_string).unwrap_or_default();
    text.strip_suffix(".0").unwrap_or(&text).parse().unwrap_or(0)
}

/// A vector as an array of numbers. Only numbers: nothing else in the array gets to the client.
pub(crate) fn numbers(raw: Box<RawValue>) -> Result<Vector, Fault> {
    let inner = raw.get().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_numeric = |byte: u8| {
        byte.is_ascii_digit()
            || byte.is_ascii_whitespace()
            || matches!(byte, b',' | b'.' | b'-' | b'+' | b'e' | b'E')
    };
    match inner {
        Some(inner) if !inner.trim().is_empty() && inner.bytes().all(is_numeric) => {
            Ok(Vector::Numbers(raw))
        }
        _ => Err(Fault::malformed("a vector is not a list of numbers")),
    }
}

/// A vector as base64 of 32-bit floats.
pub(crate) fn packed(text: String) -> Result<Vector, Fault> {
    match base64_bytes(&text) {
        Some(bytes) if bytes > 0 && bytes % NUMBER_BYTES == 0 => Ok(Vector::Base64(text)),
        _ => Err(Fault::malformed("a vector is not base64 of floats")),
    }
}

/// A vector for each of `wanted` inputs.
pub(crate) fn embeddings(vectors: Vec<Vector>, wanted: usize) -> Result<OperationContent, Fault> {
    match vectors.len() {
        0 => Err(empty("vectors")),
        found if found == wanted => Ok(OperationContent::Embeddings(vectors)),
        found => {
            Err(Fault::malformed(&format!("it has {found} vectors for a request with {wanted}")))
        }
    }
}

/// A place of a document in a ranking, as Cohere has it and all that follow.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Placed {
    index: Option<usize>,
    relevance_score: Option<f64>,
    /// What some say instead.
    score: Option<f64>,
}

/// The best documents, the most relevant first: each at most once, and only those of the request.
pub(crate) fn rerank(
    places: Vec<Placed>,
    request: &RerankRequest,
) -> Result<OperationContent, Fault> {
    let mut seen = vec![false; request.documents.len()];
    let mut ranked = Vec::with_capacity(places.len().min(seen.len()));
    for place in places {
        let score = place.relevance_score.or(place.score);
        let (Some(index), Some(relevance_score)) = (place.index, score) else {
            return Err(Fault::malformed("a result has no index or no score"));
        };
        match seen.get_mut(index) {
            Some(seen) if !*seen => *seen = true,
            Some(_) => return Err(Fault::malformed("a document is ranked twice")),
            None => return Err(Fault::malformed("a result is of no document of the request")),
        }
        ranked.push(Ranked { index, relevance_score });
    }
    ranked.sort_by(|one, other| {
        other.relevance_score.partial_cmp(&one.relevance_score).unwrap_or(Ordering::Equal)
    });
    let top = request.top_n.and_then(|top| usize::try_from(top).ok());
    ranked.truncate(top.unwrap_or(usize::MAX));
    if ranked.is_empty() { Err(empty("results")) } else { Ok(OperationContent::Rerank(ranked)) }
}

/// A picture, if it is one.
pub(crate) fn image(data: String, media_type: Option<String>) -> Result<GeneratedImage, Fault> {
    match base64_bytes(&data) {
        Some(bytes) if bytes > 0 => Ok(GeneratedImage { data, media_type }),
        _ => Err(Fault::malformed("a picture is not base64")),
    }
}

/// The pictures, at least one.
pub(crate) fn images(images: Vec<GeneratedImage>) -> Result<OperationContent, Fault> {
    if images.is_empty() { Err(empty("pictures")) } else { Ok(OperationContent::Image(images)) }
}

/// A sound that is not empty.
pub(crate) fn speech(audio: Vec<u8>, media_type: String) -> Result<OperationContent, Fault> {
    if audio.is_empty() {
        return Err(empty("sound"));
    }
    Ok(OperationContent::Speech(SpeechAnswer { media_type, audio: audio.into() }))
}

/// How many bytes base64 with padding stands for (RFC 4648 §4); nothing where it is none.
fn base64_bytes(text: &str) -> Option<usize> {
    let digits = text.trim_end_matches('=');
    let padding = text.len().saturating_sub(digits.len());
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let whole = text.len().is_multiple_of(4) && padding <= 2 && digits.bytes().all(is_digit);
    whole.then(|| (text.len() / 4 * 3).saturating_sub(padding))
}

#[cfg(test)]
mod tests {
    use tollgate_wire::operation::Document;

    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[test]
    fn a_vector_has_numbers_and_nothing_else() {
        for json in ["[1]", "[ -0.5, 1e-3,\n2.5E+2 ]", "[0.1000]"] {
            let Ok(Vector::Numbers(kept)) = numbers(raw(json)) else { panic!("{json}") };
            assert_eq!(kept.get(), json);
        }
        for json in ["[]", "[ ]", "{}", "null", "1", "[null]", "[\"1\"]", "[[1]]", "[true]", "\"\""]
        {
            assert!(numbers(raw(json)).is_err(), "{json}");
        }
        assert!(packed("AACAPw==".to_owned()).is_ok());
        for text in ["", "AACA", "AACAPw", "AACAPw=", "====", "AACAP*==", "AAC\u{e9}"] {
            assert!(packed(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn there_is_a_vector_for_each_input() {
        let vectors = |count| vec![Vector::Base64("AACAPw==".to_owned()); count];
        assert!(embeddings(vectors(2), 2).is_ok());
        for (count, kind) in [(0, FaultKind::Empty), (1, FaultKind::Broken), (3, FaultKind::Broken)]
        {
            assert_eq!(embeddings(vectors(count), 2).unwrap_err().kind, kind, "{count}");
        }
    }

    #[test]
    fn a_ranking_is_of_the_requests_documents() {
        let document = Document { text: Some("x".to_owned()), image: None, image_text: None };
        let request =
            RerankRequest { query: "q".to_owned(), documents: vec![document; 3], top_n: Some(2) };
        let read = |json: &str| match rerank(serde_json::from_str(json).unwrap(), &request) {
            Ok(OperationContent::Rerank(list)) => Ok(list.iter().map(|it| it.index).collect()),
            Ok(_) => panic!("not a ranking"),
            Err(fault) => Err(fault.kind),
        };
        let order: Vec<usize> = vec![2, 0];
        assert_eq!(
            read(
                r#"[{"index":0,"relevance_score":0.5},{"index":2,"relevance_score":0.9},{"index":1,"relevance_score":0.1}]"#
            ),
            Ok(order)
        );
        for (json, kind) in [
            ("[]", FaultKind::Empty),
            (r#"[{"index":3,"relevance_score":1}]"#, FaultKind::Broken),
            (r#"[{"index":0}]"#, FaultKind::Broken),
            (r#"[{"relevance_score":1}]"#, FaultKind::Broken),
            (
                r#"[{"index":1,"relevance_score":1},{"index":1,"relevance_score":0}]"#,
                FaultKind::Broken,
            ),
        ] {
            assert_eq!(read(json), Err(kind), "{json}");
        }
    }

    #[test]
    fn pictures_and_sounds_are_not_empty() {
        assert!(image("iVBORw==".to_owned(), None).is_ok());
        assert_eq!(image(String::new(), None).unwrap_err().kind, FaultKind::Broken);
        assert_eq!(image("no base64".to_owned(), None).unwrap_err().kind, FaultKind::Broken);
        assert_eq!(images(Vec::new()).unwrap_err().kind, FaultKind::Empty);
        assert_eq!(speech(Vec::new(), String::new()).unwrap_err().kind, FaultKind::Empty);
    }
}
