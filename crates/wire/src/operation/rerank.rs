//! Documents in the order of their relevance to a query (contract §1.1, `POST /rerank`).

use super::MediaSource;
use super::fields::{Fields, text};
use super::media;
use crate::error::BadRequest;
use crate::json::wrong_type;

/// What to rank.
#[derive(Debug, Clone, PartialEq)]
pub struct RerankRequest {
    /// What the documents shall be relevant to.
    pub query: String,
    /// The documents, at least one.
    pub documents: Vec<Document>,
    /// How many of the best are wanted; all when absent.
    pub top_n: Option<u64>,
}

/// A document to be ranked.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its text.
    pub text: Option<String>,
    /// Its picture.
    pub image: Option<MediaSource>,
    /// Its picture as the client gave it, an address or a data URI: it is echoed.
    pub image_text: Option<String>,
}

/// A document's rank.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// Which document of the request, from 0.
    pub index: usize,
    /// How relevant it is; more is better.
    pub relevance_score: f64,
}

/// Members of a request that are read here.
pub(super) const MEMBERS: &[&str] = &["query", "documents", "top_n"];

/// Most documents of one request.
const DOCUMENTS_MAX: usize = 10_000;

impl RerankRequest {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, BadRequest> {
        let query = text("query", fields.required("query")?)?;
        fields.required("documents")?;
        let documents = fields.list("documents", 1..=DOCUMENTS_MAX)?.unwrap_or_default();
        let documents = documents.into_iter().enumerate();
        let documents: Result<Vec<_>, _> =
            documents.map(|(index, raw)| document(&format!("documents.{index}"), raw)).collect();
        Ok(Self { query, documents: documents?, top_n: fields.integer("top_n", 1..=u64::MAX)? })
    }

    /// The pictures in it.
    pub(super) fn media(&self) -> impl Iterator<Item = &MediaSource> {
        self.documents.iter().filter_map(|document| document.image.as_ref())
    }

    /// Puts what addresses hold in their place.
    pub(super) fn fill(&mut self, media: &[(String, String)]) {
        for image in self.documents.iter_mut().filter_map(|document| document.image.as_mut()) {
            image.fill(media);
        }
    }
}

fn document(path: &str, raw: &str) -> Result<Document, BadRequest> {
    match raw.bytes().next() {
        Some(b'"') => Ok(Document { text: Some(text(path, raw)?), image: None, image_text: None }),
        Some(b'{') => {
            let object = Fields::of_value(path, raw)?;
            let image = object.raw("image");
            let image = image.map(|raw| media::source(&object.path("image"), raw)).transpose()?;
            let document =
                Document { text: object.text("text")?, image, image_text: object.text("image")? };
            if document.text.is_none() && document.image.is_none() {
                return Err(BadRequest::new(format!("{path}: Needs a text or an image")));
            }
            Ok(document)
        }
        _ => Err(wrong_type(path, "string or object with text or image", raw)),
    }
}
