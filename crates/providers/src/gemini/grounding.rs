//! Where an answer's statements are from.

use serde::Deserialize;
use tollgate_wire::chat::{ChatEvent, UrlCitation};

/// `groundingMetadata`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Grounding {
    grounding_chunks: Option<Vec<Chunk>>,
    grounding_supports: Option<Vec<Support>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Chunk {
    web: Option<Web>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Web {
    uri: Option<String>,
    title: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Support {
    segment: Option<Segment>,
    grounding_chunk_indices: Option<Vec<usize>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Segment {
    start_index: Option<u64>,
    end_index: Option<u64>,
    text: Option<String>,
}

impl Grounding {
    /// The sources in the contract's form (§3.1): one annotation for each statement and source,
    /// or one for each source when the statements are not told. Positions are the provider's,
    /// which counts bytes.
    pub(super) fn annotations(&self) -> Vec<ChatEvent> {
        let chunks = self.grounding_chunks.as_deref().unwrap_or_default();
        let supports = self.grounding_supports.as_deref().unwrap_or_default();
        if supports.is_empty() {
            return chunks.iter().filter_map(|chunk| annotation(chunk, None)).collect();
        }
        let mut annotations = Vec::new();
        for support in supports {
            let sources = support.grounding_chunk_indices.as_deref().unwrap_or_default();
            let cited = sources.iter().filter_map(|at| chunks.get(*at));
            annotations
                .extend(cited.filter_map(|chunk| annotation(chunk, support.segment.as_ref())));
        }
        annotations
    }
}

fn annotation(chunk: &Chunk, segment: Option<&Segment>) -> Option<ChatEvent> {
    let web = chunk.web.as_ref()?;
    let cited = UrlCitation {
        url: web.uri.as_deref()?,
        title: web.title.as_deref().unwrap_or_default(),
        content: segment.and_then(|it| it.text.as_deref()),
        start_index: segment.and_then(|it| it.start_index).unwrap_or(0),
        end_index: segment.and_then(|it| it.end_index).unwrap_or(0),
    };
    cited.event()
}
