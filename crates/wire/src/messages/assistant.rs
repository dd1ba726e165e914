//! The model's earlier turns as chat messages (contract §2.2, §2.4, §3.6).
//!
//! Chat keeps text, thoughts and calls apart, so their order among each other is lost; within each
//! it is kept.

use crate::chat::{ReasoningDetail, ReasoningFormat, ReasoningKind};
use crate::error::BadRequest;
use crate::messages::content::{self, Part, Url};
use crate::messages::fields::{Escaped, Fields, List, Path, elements, push};
use crate::messages::{seal, tools, turns};
use crate::translation::Translation;

/// A turn being collected.
#[derive(Default)]
struct Turn<'a> {
    parts: Vec<Part<'a>>,
    /// Thoughts as plain text, escaped: some providers want them back like this.
    thoughts: String,
    details: List,
    details_count: u32,
    calls: List,
    images: List,
    annotations: List,
    /// Characters of text so far, for the place of a citation.
    characters: u64,
    /// A prompt-cache marker behind a call.
    marker: Option<&'a str>,
}

/// Writes a turn of the model's.
pub(super) fn write(
    raw: &str,
    path: Path<'_>,
    messages: &mut List,
    chat: &mut Translation<'_, '_>,
) -> Result<(), BadRequest> {
    let mut turn = Turn::default();
    for block in turns::blocks(raw, &path)?.fields() {
        turn.block(&block?, chat)?;
    }
    turn.parts.extend(Escaped::of(raw).map(Part::plain));
    turn.write(messages.next());
    Ok(())
}

impl<'a> Turn<'a> {
    fn write(mut self, out: &mut Vec<u8>) {
        // A marker behind a call has its place behind the text before it, where there is some.
        if !self.parts.is_empty() {
            content::mark(&mut self.parts, self.marker.take());
        }
        push(out, &[r#"{"role":"assistant","content":"#]);
        if self.parts.is_empty() && !self.calls.is_empty() {
            push(out, &["null"]);
        } else {
            content::write(&self.parts, out);
        }
        if !self.thoughts.is_empty() {
            push(out, &[r#","reasoning":""#, &self.thoughts, "\""]);
        }
        if let Some(marker) = self.marker {
            push(out, &[r#","cache_control":"#, marker]);
        }
        for (name, list) in [
            ("reasoning_details", self.details),
            ("tool_calls", self.calls),
            ("images", self.images),
            ("annotations", self.annotations),
        ] {
            if let Some(json) = list.into_json() {
                push(out, &[",\"", name, "\":"]);
                out.extend_from_slice(&json);
            }
        }
        out.push(b'}');
    }

    fn block(
        &mut self,
        block: &Fields<'a, '_>,
        chat: &mut Translation<'_, '_>,
    ) -> Result<(), BadRequest> {
        match block.required_text("type")?.as_str() {
            "text" => {
                let text = block.required_text("text")?;
                content::push_block(block, &mut self.parts, chat)?;
                self.cite(block, text, chat)?;
            }
            "thinking" => self.think(block)?,
            "redacted_thinking" => self.sealed(block.required_text("data")?),
            "tool_use" => {
                tools::write_call(block, &mut self.calls)?;
                self.marker = block.marker()?.or(self.marker);
            }
            "image" => match content::image_url(block)? {
                Some(url) => image(url, self.images.next()),
                None => chat.lose("messages.image"),
            },
            // The summary that stands for what was said before.
            "compaction" => {
                self.parts.extend(block.text("content")?.map(Part::plain));
                self.marker = block.marker()?.or(self.marker);
            }
            kind => {
                let expected = "one of text, thinking, redacted_thinking, tool_use";
                turns::leave_out(kind, block, expected, chat)?;
            }
        }
        Ok(())
    }

    /// A block of thought: Anthropic's own, or another provider's that was sealed into it.
    fn think(&mut self, block: &Fields<'_, '_>) -> Result<(), BadRequest> {
        let text = block.required_text("thinking")?;
        let signature = block.text("signature")?.filter(|it| !it.as_str().is_empty());
        self.thoughts.push_str(text.as_str());
        if let Some(mut detail) = signature.and_then(seal::unseal) {
            let text = Some(text.unescaped().into_owned()).filter(|text| !text.is_empty());
            match detail.kind {
                ReasoningKind::Summary => detail.summary = text,
                ReasoningKind::Text | ReasoningKind::Encrypted | ReasoningKind::ServerToolCall => {
                    detail.text = text;
                }
            }
            self.detail(&detail);
            return Ok(());
        }
        let index = self.details_count;
        self.details_count = index.saturating_add(1);
        let out = self.details.next();
        push(out, &[r#"{"type":"reasoning.text","text":""#, text.as_str(), "\""]);
        // Half of a seal of ours is worth nothing to anybody.
        if let Some(signature) = signature.filter(|it| !it.as_str().starts_with(seal::PREFIX)) {
            push(out, &[r#","signature":""#, signature.as_str(), "\""]);
        }
        push(out, &[r#","format":"anthropic-claude-v1","index":"#, &index.to_string(), "}"]);
        Ok(())
    }

    fn sealed(&mut self, data: Escaped<'_>) {
        if let Some(detail) = seal::unseal(data) {
            self.detail(&detail);
            return;
        }
        let data = data.unescaped().into_owned();
        let index = self.details_count;
        self.detail(&ReasoningDetail::sealed(data, ReasoningFormat::Anthropic, index));
    }

    fn detail(&mut self, detail: &ReasoningDetail) {
        self.details_count = self.details_count.saturating_add(1);
        let out = self.details.next();
        let start = out.len();
        if serde_json::to_writer(&mut *out, detail).is_err() {
            out.truncate(start);
            push(out, &["null"]);
        }
    }

    /// Citations of the web keep their form in chat (§3.1): the range of the text they stand
    /// behind, in characters of the answer.
    fn cite(
        &mut self,
        block: &Fields<'_, '_>,
        text: Escaped<'_>,
        chat: &mut Translation<'_, '_>,
    ) -> Result<(), BadRequest> {
        let start = self.characters;
        self.characters = start.saturating_add(text.characters());
        let Some(raw) = block.get("citations").filter(|raw| raw.starts_with('[')) else {
            return Ok(());
        };
        let path = block.path().member("citations");
        for (index, raw) in elements(raw, &path)?.into_iter().enumerate() {
            let citation = Fields::read(raw, path.element(index))?;
            let Some(url) = citation.text("url")? else {
                chat.lose("citations");
                continue;
            };
            let title = citation.text("title")?.map_or("", Escaped::as_str);
            let out = self.annotations.next();
            push(out, &[r#"{"type":"url_citation","url_citation":{"url":""#, url.as_str()]);
            push(out, &[r#"","title":""#, title, "\""]);
            if let Some(cited) = citation.text("cited_text")?.filter(|it| !it.as_str().is_empty()) {
                push(out, &[r#","content":""#, cited.as_str(), "\""]);
            }
            let (start, end) = (start.to_string(), self.characters.to_string());
            push(out, &[r#","start_index":"#, &start, r#","end_index":"#, &end, "}}"]);
        }
        Ok(())
    }
}

fn image(url: Url<'_>, out: &mut Vec<u8>) {
    push(out, &[r#"{"type":"image_url","image_url":{"url":""#]);
    url.write(out);
    push(out, &["\"}}"]);
}
