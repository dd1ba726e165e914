//! Citations (contract §3.1).

use serde::Serialize;

use crate::chat::ChatEvent;

/// A source the model cites.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct UrlCitation<'a> {
    /// Where it is.
    pub url: &'a str,
    /// Its title.
    pub title: &'a str,
    /// What of it is cited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<&'a str>,
    /// Where in the answer the statement begins.
    pub start_index: u64,
    /// Where in the answer the statement ends.
    pub end_index: u64,
}

#[derive(Serialize)]
struct Annotation<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    url_citation: &'a UrlCitation<'a>,
}

impl UrlCitation<'_> {
    /// The citation as an event.
    pub fn event(&self) -> Option<ChatEvent> {
        let annotation = Annotation { kind: "url_citation", url_citation: self };
        serde_json::value::to_raw_value(&annotation).ok().map(ChatEvent::Annotation)
    }
}
