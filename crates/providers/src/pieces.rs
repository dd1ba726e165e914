//! What is said, for protocols that have it as one text or as a list of typed pieces: Cohere's and
//! Mistral's, which differ in the pieces they know.

use std::borrow::Cow;

use serde::Serialize;
use tollgate_wire::chat::{self, Message};

use crate::Unsupported;
use crate::encoding::{Media, is_http, prefixed};
use crate::replay::failed;

/// One text, or pieces.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Content<'a, P> {
    /// Text and nothing else.
    Text(Cow<'a, str>),
    /// Pieces.
    Pieces(Vec<P>),
}

/// A piece, of which one kind is text.
pub(crate) trait Piece<'a>: Sized {
    /// A piece of text.
    fn of_text(text: Cow<'a, str>) -> Self;

    /// The text of one that is text.
    fn text(&mut self) -> Option<&mut Cow<'a, str>>;
}

/// Where an image is, and how closely to look.
#[derive(Debug, Serialize)]
pub(crate) struct ImageUrl<'a> {
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

impl<'a> ImageUrl<'a> {
    /// An image at an http(s) address or in a data URI.
    pub(crate) fn read(url: &'a str, detail: Option<&'a str>) -> Result<Self, Unsupported> {
        known_address(url)?;
        let detail = detail.filter(|it| matches!(*it, "auto" | "low" | "high"));
        Ok(Self { url, detail })
    }
}

/// Refuses addresses that no provider reads from.
pub(crate) fn known_address(url: &str) -> Result<(), Unsupported> {
    match Media::read(url)? {
        Media::Remote(url) if !is_http(url) => {
            Err(Unsupported("an address that is neither http(s) nor a data URI".to_owned()))
        }
        Media::Remote(_) | Media::Inline(_) => Ok(()),
    }
}

/// Plain where it is one text; nothing is an empty text.
pub(crate) fn content<'a, P: Piece<'a>>(mut pieces: Vec<P>) -> Content<'a, P> {
    match pieces.as_mut_slice() {
        [] => Content::Text(Cow::Borrowed("")),
        [only] => match only.text().map(std::mem::take) {
            Some(text) => Content::Text(text),
            None => Content::Pieces(pieces),
        },
        _ => Content::Pieces(pieces),
    }
}

/// A piece of text, unless it is empty.
pub(crate) fn text<'a, P: Piece<'a>>(text: Cow<'a, str>) -> Option<P> {
    (!text.is_empty()).then(|| P::of_text(text))
}

/// The texts of a message; other parts are passed over.
pub(crate) fn texts<'a, P: Piece<'a>>(message: &'a Message<'a>) -> Vec<P> {
    let texts = message.content.iter().filter_map(|part| match part {
        chat::Part::Text { text: said, .. } => text(Cow::Borrowed(said)),
        _ => None,
    });
    texts.collect()
}

/// Puts a speaker's name before the first text: there is no field for it.
pub(crate) fn name_speaker<'a, P: Piece<'a>>(pieces: &mut [P], name: Option<&str>) {
    if let (Some(text), Some(_)) = (pieces.iter_mut().find_map(P::text), name) {
        *text = Cow::Owned(prefixed(name, text).into_owned());
    }
}

/// Says before the first text that a tool failed: there is no field for it either.
pub(crate) fn mark_failed<'a, P: Piece<'a>>(pieces: &mut Vec<P>) {
    match pieces.iter_mut().find_map(P::text) {
        Some(text) => *text = failed(std::mem::take(text)),
        None => pieces.insert(0, P::of_text(failed(Cow::Borrowed("")))),
    }
}

/// Arguments are JSON; a call without any is told as one with an empty object.
pub(crate) fn arguments(text: &str) -> &str {
    if text.trim().is_empty() { "{}" } else { text }
}
