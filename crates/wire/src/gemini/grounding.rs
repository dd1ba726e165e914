//! Where an answer's statements are from.
//!
//! Chat tells a statement by characters of the answer (contract §3.1), this API by bytes, with the
//! statement's text beside them (<https://ai.google.dev/api/generate-content#Segment>). So the
//! answer's text is kept, and positions are found in it once all of it has come.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::chat::ChatEvent;

/// `groundingMetadata`.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroundingMetadata {
    grounding_chunks: Vec<Chunk>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    grounding_supports: Vec<Support>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Chunk {
    web: Web,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Web {
    uri: String,
    title: String,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Support {
    segment: Segment,
    grounding_chunk_indices: Vec<usize>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Segment {
    start_index: usize,
    end_index: usize,
    text: String,
}

#[derive(Deserialize)]
struct Annotation {
    url_citation: Citation,
}

#[derive(Deserialize)]
struct Citation {
    url: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    start_index: usize,
    #[serde(default)]
    end_index: usize,
}

/// The sources of an answer, and its text as far as it is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Grounding {
    text: String,
    overflowed: bool,
    sources: Vec<Chunk>,
    statements: Vec<Statement>,
}

/// Characters of the answer, and the sources that say the same.
#[derive(Debug, Clone)]
struct Statement {
    start: usize,
    end: usize,
    sources: Vec<usize>,
}

/// Most bytes kept of an answer; what stands behind them has sources, but no place.
const TEXT_MAX: usize = 4 * 1024 * 1024;

/// Most sources and statements kept.
const SOURCES_MAX: usize = 10_000;

/// Most sources looked through for one that is cited again.
const SOURCES_COMPARED_MAX: usize = 64;

impl Grounding {
    /// Takes an event: text, or a citation in the contract's form; other annotations have no place
    /// here.
    pub(super) fn take(&mut self, event: &ChatEvent) {
        match event {
            ChatEvent::Text(text) => {
                self.overflowed |= self.text.len().saturating_add(text.len()) > TEXT_MAX;
                if !self.overflowed {
                    self.text.push_str(text);
                }
            }
            ChatEvent::Annotation(annotation) => self.cite(annotation),
            _ => {}
        }
    }

    fn cite(&mut self, annotation: &RawValue) {
        let Ok(Annotation { url_citation: cited }) = serde_json::from_str(annotation.get()) else {
            return;
        };
        if self.sources.len().max(self.statements.len()) >= SOURCES_MAX {
            return;
        }
        let web = Web { uri: cited.url, title: cited.title };
        let count = self.sources.len();
        let mut recent = self.sources.iter().rev().take(SOURCES_COMPARED_MAX);
        let before = recent.position(|it| it.web == web);
        let source = before.map_or(count, |back| count.saturating_sub(back.saturating_add(1)));
        if before.is_none() {
            self.sources.push(Chunk { web });
        }
        let (start, end) = (cited.start_index, cited.end_index);
        if start >= end {
            return;
        }
        match self.statements.last_mut() {
            Some(last) if (last.start, last.end) == (start, end) => last.sources.push(source),
            _ => self.statements.push(Statement { start, end, sources: vec![source] }),
        }
    }

    /// What is told of the sources; none where there are none.
    pub(super) fn metadata(&self) -> Option<GroundingMetadata> {
        if self.sources.is_empty() {
            return None;
        }
        let places = self.places();
        let byte = |character: usize| {
            let at = places.binary_search_by_key(&character, |(character, _)| *character).ok()?;
            places.get(at).map(|(_, byte)| *byte)
        };
        let support = |statement: &Statement| {
            let (start_index, end_index) = (byte(statement.start)?, byte(statement.end)?);
            let text = self.text.get(start_index..end_index)?.to_owned();
            let segment = Segment { start_index, end_index, text };
            Some(Support { segment, grounding_chunk_indices: statement.sources.clone() })
        };
        Some(GroundingMetadata {
            grounding_chunks: self.sources.clone(),
            grounding_supports: self.statements.iter().filter_map(support).collect(),
        })
    }

    /// The characters at which statements begin and end, each with the byte it stands at: found in
    /// one walk over the text. What is not in the text is left out.
    fn places(&self) -> Vec<(usize, usize)> {
        let ends = self.statements.iter().flat_map(|it| [it.start, it.end]);
        let mut wanted: Vec<usize> = ends.collect();
        wanted.sort_unstable();
        wanted.dedup();
        let bytes = self.text.char_indices().map(|(byte, _)| byte);
        let mut bytes = bytes.chain(std::iter::once(self.text.len())).enumerate();
        wanted.into_iter().map_while(|at| bytes.find(|(character, _)| *character == at)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::translation::testing::{raw, text};

    fn cited(url: &str, start: usize, end: usize) -> ChatEvent {
        ChatEvent::Annotation(raw(&format!(
            r#"{{"type":"url_citation","url_citation":{{"url":"{url}","title":"T","content":"of the source","start_index":{start},"end_index":{end}}}}}"#
        )))
    }

    fn metadata(events: &[ChatEvent]) -> String {
        let mut grounding = Grounding::default();
        for event in events {
            grounding.take(event);
        }
        serde_json::to_string(&grounding.metadata()).unwrap()
    }

    #[test]
    fn statements_are_told_in_bytes_with_their_text() {
        let web = |url: &str| format!(r#"{{"web":{{"uri":"{url}","title":"T"}}}}"#);
        let events = [
            text("😀é "),
            cited("https://a", 3, 8),
            text("wörld"),
            cited("https://b", 3, 8),
            cited("https://a", 0, 2),
            // Behind the end, backwards, and nowhere: a source without a statement.
            cited("https://a", 3, 9),
            cited("https://a", 5, 4),
            cited("https://c", 0, 0),
        ];
        assert_eq!(
            metadata(&events),
            format!(
                r#"{{"groundingChunks":[{},{},{}],"groundingSupports":[{{"segment":{{"startIndex":7,"endIndex":13,"text":"wörld"}},"groundingChunkIndices":[0,1]}},{{"segment":{{"startIndex":0,"endIndex":6,"text":"😀é"}},"groundingChunkIndices":[0]}}]}}"#,
                web("https://a"),
                web("https://b"),
                web("https://c")
            )
        );
        assert_eq!(
            metadata(&[text("a"), ChatEvent::Annotation(raw(r#"{"type":"file"}"#))]),
            "null"
        );
    }

    #[test]
    fn what_is_kept_of_a_text_has_a_bound() {
        let mut grounding = Grounding::default();
        for _ in 0..=TEXT_MAX / 1024 {
            grounding.take(&text(&"x".repeat(1024)));
        }
        grounding.take(&text("y"));
        assert_eq!(grounding.text.len(), TEXT_MAX);
    }
}
