//! What asking for operations has in common.

use tollgate_wire::operation::{
    Document, EmbeddingInput, ImageRequest, InputPart, MediaSource, Operation, RerankRequest,
};

use crate::Unsupported;

/// An operation the protocol does not have.
pub(crate) fn unperformed(operation: Operation) -> Unsupported {
    Unsupported(format!("{} by this protocol", operation.api_type()))
}

/// The text, where an input is one text and nothing else.
pub(crate) fn text(input: &EmbeddingInput) -> Option<&str> {
    match input {
        EmbeddingInput::Text(text) => Some(text),
        EmbeddingInput::Parts(parts) => match parts.as_slice() {
            [InputPart::Text(text)] => Some(text),
            _ => None,
        },
        EmbeddingInput::Tokens(_) => None,
    }
}

/// The texts, for a provider that embeds nothing else.
pub(crate) fn texts(inputs: &[EmbeddingInput]) -> Result<Vec<&str>, Unsupported> {
    inputs
        .iter()
        .map(|input| match input {
            EmbeddingInput::Tokens(_) => Err(tokens()),
            _ => text(input).ok_or_else(|| Unsupported("embeddings of several parts".to_owned())),
        })
        .collect()
}

/// Tokens, which only the model's maker could read.
pub(crate) fn tokens() -> Unsupported {
    Unsupported("embeddings of tokens".to_owned())
}

/// Media type and base64 of what must be sent inline.
pub(crate) fn inline<'a>(
    source: &'a MediaSource,
    what: &str,
) -> Result<(&'a str, &'a str), Unsupported> {
    match source {
        MediaSource::Inline { media_type, data } => Ok((media_type, data)),
        MediaSource::Address(_) => Err(Unsupported(format!("{what} by an address"))),
    }
}

/// The texts of documents, for a provider that ranks nothing else.
pub(crate) fn documents<'a>(request: &'a RerankRequest) -> Result<Vec<&'a str>, Unsupported> {
    let text = |document: &'a Document| match (&document.text, &document.image) {
        (Some(text), None) => Ok(text.as_str()),
        _ => Err(Unsupported("documents with images".to_owned())),
    };
    request.documents.iter().map(text).collect()
}

/// The shape that is asked for, of those a model has: that of the pixels where they are given, or
/// the one that is named. Nothing where the model may choose.
pub(crate) fn aspect_ratio(
    request: &ImageRequest,
    known: &[&'static str],
) -> Result<Option<&'static str>, Unsupported> {
    if let Some(pixels) = request.pixels {
        let found = known.iter().find(|shape| pixels.has_ratio(shape));
        return found.copied().map(Some).ok_or_else(|| {
            let size = pixels.to_text();
            Unsupported(format!("a picture of {size}, which is no shape of this model"))
        });
    }
    match request.aspect_ratio.as_deref() {
        None | Some("auto") => Ok(None),
        Some(asked) => {
            let found = known.iter().find(|shape| **shape == asked).copied();
            found.map(Some).ok_or_else(|| Unsupported(format!("a picture of the shape {asked}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use tollgate_wire::operation::Pixels;

    use super::*;

    fn request(pixels: Option<(u32, u32)>, aspect_ratio: Option<&str>) -> ImageRequest {
        ImageRequest {
            prompt: "a boat".to_owned(),
            count: None,
            pixels: pixels.map(|(width, height)| Pixels { width, height }),
            resolution: Some("4K".to_owned()),
            aspect_ratio: aspect_ratio.map(str::to_owned),
            quality: None,
            background: None,
            format: None,
            compression: None,
            seed: None,
            references: Vec::new(),
        }
    }

    #[test]
    fn pixels_win_over_shape_and_resolution() {
        const KNOWN: &[&str] = &["1:1", "16:9", "2:3"];
        for (pixels, shape, expected, size) in [
            (None, None, Ok(None), "4K"),
            (None, Some("auto"), Ok(None), "4K"),
            (None, Some("2:3"), Ok(Some("2:3")), "4K"),
            (None, Some("3:2"), Err("a picture of the shape 3:2"), "4K"),
            (Some((512, 512)), Some("2:3"), Ok(Some("1:1")), "512"),
            (Some((1365, 768)), None, Ok(Some("16:9")), "1K"),
            (Some((1024, 1536)), None, Ok(Some("2:3")), "1K"),
            (Some((2048, 2048)), None, Ok(Some("1:1")), "2K"),
            (Some((4096, 4096)), None, Ok(Some("1:1")), "4K"),
            (
                Some((1000, 900)),
                None,
                Err("a picture of 1000x900, which is no shape of this model"),
                "1K",
            ),
        ] {
            let request = request(pixels, shape);
            let found = aspect_ratio(&request, KNOWN).map_err(|error| error.0);
            assert_eq!(found, expected.map_err(str::to_owned), "{pixels:?} {shape:?}");
            assert_eq!(request.tier(), Some(size), "{pixels:?}");
        }
    }
}
