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
    part_index: Option<usize>,
    start_index: Option<u64>,
    end_index: Option<u64>,
    text: Option<String>,
}

impl Grounding {
    /// The sources in the contract's form (§3.1): one annotation for each statement and source,
    /// or one for each source when the statements are not told. The provider counts bytes, the
    /// contract characters of the answer, which is `text`.
    pub(super) fn annotations(&self, text: &Text) -> Vec<ChatEvent> {
        let chunks = self.grounding_chunks.as_deref().unwrap_or_default();
        let supports = self.grounding_supports.as_deref().unwrap_or_default();
        if supports.is_empty() {
            return chunks.iter().filter_map(|chunk| annotation(chunk, None, (0, 0))).collect();
        }
        let mut annotations = Vec::new();
        for support in supports.iter().take(SUPPORTS_MAX) {
            let sources = support.grounding_chunk_indices.as_deref().unwrap_or_default();
            let cited = sources.iter().filter_map(|at| chunks.get(*at));
            let segment = support.segment.as_ref();
            let range = segment.map_or((0, 0), |segment| text.characters(segment));
            annotations.extend(cited.filter_map(|chunk| annotation(chunk, segment, range)));
        }
        annotations
    }
}

/// The text of an answer so far, in which positions are looked up.
#[derive(Debug, Default)]
pub(super) struct Text {
    text: String,
    /// The offset at which each part begins. Parts that are no text have no length.
    parts: Vec<usize>,
}

/// Most bytes kept. No model writes as much; what one cites beyond has the place of its end.
const TEXT_BYTES_MAX: usize = 1024 * 1024;
/// Most statements told with their sources.
const SUPPORTS_MAX: usize = 1_024;
/// Most parts kept track of.
const PARTS_MAX: usize = 64 * 1024;

impl Text {
    /// Another part begins.
    pub(super) fn part(&mut self) {
        if self.parts.len() < PARTS_MAX {
            self.parts.push(self.text.len());
        }
    }

    /// The part says this.
    pub(super) fn says(&mut self, text: &str) {
        if self.text.len().saturating_add(text.len()) <= TEXT_BYTES_MAX {
            self.text.push_str(text);
        }
    }

    /// Where a segment stands, in characters. Its offsets are those in its part by the letter of
    /// the protocol, and those in the whole text where a stream cut a part into pieces: what it
    /// says it holds tells which.
    fn characters(&self, segment: &Segment) -> (u64, u64) {
        let offset = |given: Option<u64>| usize::try_from(given.unwrap_or(0)).unwrap_or(usize::MAX);
        let (start, end) = (offset(segment.start_index), offset(segment.end_index));
        let part = self.parts.get(segment.part_index.unwrap_or(0)).copied().unwrap_or(0);
        let range = |base: usize| base.saturating_add(start)..base.saturating_add(end);
        let holds = |base: &usize| self.text.get(range(*base)) == segment.text.as_deref();
        let base = [part, 0].into_iter().find(holds).unwrap_or(part);
        let range = range(base);
        (self.count(range.start), self.count(range.end))
    }

    /// How many characters stand before a byte.
    fn count(&self, byte: usize) -> u64 {
        let before = self.text.get(..self.text.floor_char_boundary(byte)).unwrap_or_default();
        u64::try_from(before.chars().count()).unwrap_or(u64::MAX)
    }
}

fn annotation(
    chunk: &Chunk,
    segment: Option<&Segment>,
    (start_index, end_index): (u64, u64),
) -> Option<ChatEvent> {
    let web = chunk.web.as_ref()?;
    let cited = UrlCitation {
        url: web.uri.as_deref()?,
        title: web.title.as_deref().unwrap_or_default(),
        content: segment.and_then(|it| it.text.as_deref()),
        start_index,
        end_index,
    };
    cited.event()
}
