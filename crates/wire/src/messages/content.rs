//! Blocks that people and tools send, as parts of chat messages (contract §2.2, §3.6).

use std::borrow::Cow;

use crate::error::BadRequest;
use crate::messages::fields::{Escaped, Fields, push};
use crate::messages::turns;
use crate::translation::Translation;

/// A part of a chat message.
#[derive(Debug)]
pub(super) struct Part<'a> {
    body: Body<'a>,
    /// A prompt-cache marker behind it.
    marker: Option<&'a str>,
}

#[derive(Debug)]
enum Body<'a> {
    /// Text, escaped.
    Text(Cow<'a, str>),
    Image(Url<'a>),
    File {
        name: Option<Escaped<'a>>,
        content: Url<'a>,
    },
    /// An uploaded file.
    Upload(Escaped<'a>),
}

/// Where an image or a file is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Url<'a> {
    /// Elsewhere.
    Address(Escaped<'a>),
    /// Here.
    Inline {
        /// Its media type.
        media_type: Escaped<'a>,
        /// Base64.
        data: Escaped<'a>,
    },
}

impl<'a> Part<'a> {
    /// Text without a marker.
    pub(super) const fn plain(text: Escaped<'a>) -> Self {
        Self { body: Body::Text(Cow::Borrowed(text.as_str())), marker: None }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match &self.body {
            Body::Text(text) => push(out, &[r#"{"type":"text","text":""#, text, "\""]),
            Body::Image(url) => {
                push(out, &[r#"{"type":"image_url","image_url":{"url":""#]);
                url.write(out);
                push(out, &["\"}"]);
            }
            Body::File { name, content } => {
                push(out, &[r#"{"type":"file","file":{"#]);
                // OpenAI refuses data without a name.
                let name = name.as_ref().map_or("document.pdf", |name| name.as_str());
                push(out, &[r#""filename":""#, name, "\","]);
                push(out, &[r#""file_data":""#]);
                content.write(out);
                push(out, &["\"}"]);
            }
            Body::Upload(id) => {
                push(out, &[r#"{"type":"file","file":{"file_id":""#, id.as_str(), "\"}"]);
            }
        }
        if let Some(marker) = self.marker {
            push(out, &[r#","cache_control":"#, marker]);
        }
        out.push(b'}');
    }
}

impl Url<'_> {
    /// Writes it as the inside of a JSON string.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Address(url) => push(out, &[url.as_str()]),
            Self::Inline { media_type, data } => {
                push(out, &["data:", media_type.as_str(), ";base64,", data.as_str()]);
            }
        }
    }
}

/// Writes a message's content: one plain text as a string, which every provider can read.
pub(super) fn write(parts: &[Part<'_>], out: &mut Vec<u8>) {
    match parts {
        [] => push(out, &["\"\""]),
        [Part { body: Body::Text(text), marker: None }] => push(out, &["\"", text, "\""]),
        parts => {
            for (index, part) in parts.iter().enumerate() {
                push(out, &[if index == 0 { "[" } else { "," }]);
                part.write(out);
            }
            out.push(b']');
        }
    }
}

/// Puts a marker behind the last part, unless there is one.
pub(super) fn mark<'a>(parts: &mut Vec<Part<'a>>, marker: Option<&'a str>) {
    if marker.is_none() {
        return;
    }
    if parts.is_empty() {
        parts.push(Part { body: Body::Text(Cow::Borrowed("")), marker });
    }
    if let Some(last) = parts.last_mut() {
        last.marker = last.marker.or(marker);
    }
}

/// Adds the parts of a block; says whether it is one of the blocks that have any.
pub(super) fn push_block<'a>(
    block: &Fields<'a, '_>,
    parts: &mut Vec<Part<'a>>,
    chat: &mut Translation<'_, '_>,
) -> Result<bool, BadRequest> {
    let before = parts.len();
    match block.required_text("type")?.as_str() {
        "text" => parts.push(Part::plain(block.required_text("text")?)),
        "image" => parts.push(image(block)?),
        "document" => document(block, parts, chat)?,
        "search_result" => parts.push(search_result(block)?),
        _ => return Ok(false),
    }
    if parts.len() > before {
        mark(parts, block.marker()?);
    }
    if asks_for_citations(block)? {
        chat.lose("citations");
    }
    Ok(true)
}

/// Where an image is; `None` for an uploaded file.
pub(super) fn image_url<'a>(block: &Fields<'a, '_>) -> Result<Option<Url<'a>>, BadRequest> {
    let path = block.path().member("source");
    let source = Fields::read(block.required("source")?, path)?;
    match source.required_text("type")?.as_str() {
        "base64" => inline(&source).map(Some),
        "url" => Ok(Some(Url::Address(source.required_text("url")?))),
        "file" => Ok(None),
        _ => {
            let path = source.path().member("type");
            Err(path.wrong("one of base64, url, file", source.get("type")))
        }
    }
}

fn image<'a>(block: &Fields<'a, '_>) -> Result<Part<'a>, BadRequest> {
    let body = match image_url(block)? {
        Some(url) => Body::Image(url),
        None => uploaded(block)?,
    };
    Ok(Part { body, marker: None })
}

fn inline<'a>(source: &Fields<'a, '_>) -> Result<Url<'a>, BadRequest> {
    let media_type = source.required_text("media_type")?;
    Ok(Url::Inline { media_type, data: source.required_text("data")? })
}

fn uploaded<'a>(block: &Fields<'a, '_>) -> Result<Body<'a>, BadRequest> {
    let path = block.path().member("source");
    let source = Fields::read(block.required("source")?, path)?;
    source.required_text("file_id").map(Body::Upload)
}

/// A document that is text becomes text, which every model reads; any other becomes a file.
fn document<'a>(
    block: &Fields<'a, '_>,
    parts: &mut Vec<Part<'a>>,
    chat: &mut Translation<'_, '_>,
) -> Result<(), BadRequest> {
    let path = block.path().member("source");
    let source = Fields::read(block.required("source")?, path)?;
    let (title, context) = (block.text("title")?, block.text("context")?);
    let part = |body| Part { body, marker: None };
    match source.required_text("type")?.as_str() {
        "text" => {
            let text = paragraphs([title, context, Some(source.required_text("data")?)]);
            parts.push(part(Body::Text(text)));
            return Ok(());
        }
        "content" => return document_content(&source, [title, context], parts, chat),
        "base64" | "url" | "file" => {}
        _ => {
            let path = source.path().member("type");
            return Err(path.wrong("one of base64, text, url, file, content", source.get("type")));
        }
    }
    // A file has a name, and no place for more.
    parts.extend(context.map(Part::plain));
    let file = |content| part(Body::File { name: title, content });
    parts.push(match source.required_text("type")?.as_str() {
        "base64" => file(inline(&source)?),
        "url" => file(Url::Address(source.required_text("url")?)),
        _ => part(uploaded(block)?),
    });
    Ok(())
}

fn document_content<'a>(
    source: &Fields<'a, '_>,
    head: [Option<Escaped<'a>>; 2],
    parts: &mut Vec<Part<'a>>,
    chat: &mut Translation<'_, '_>,
) -> Result<(), BadRequest> {
    let raw = source.required("content")?;
    let [title, context] = head;
    if let Some(text) = Escaped::of(raw) {
        let text = paragraphs([title, context, Some(text)]);
        parts.push(Part { body: Body::Text(text), marker: None });
        return Ok(());
    }
    if title.is_some() || context.is_some() {
        let text = paragraphs([title, context, None]);
        parts.push(Part { body: Body::Text(text), marker: None });
    }
    let path = source.path().member("content");
    for block in turns::blocks(raw, &path)?.fields() {
        let block = block?;
        match block.required_text("type")?.as_str() {
            "text" | "image" => {
                push_block(&block, parts, chat)?;
            }
            _ => {
                let path = block.path().member("type");
                return Err(path.wrong("one of text, image", block.get("type")));
            }
        }
    }
    Ok(())
}

/// A source the client searched for itself: its title, where it is, what it says.
fn search_result<'a>(block: &Fields<'a, '_>) -> Result<Part<'a>, BadRequest> {
    let (title, source) = (block.text("title")?, block.text("source")?);
    let mut text = paragraphs([title, source, None]).into_owned();
    let path = block.path().member("content");
    for block in turns::blocks(block.required("content")?, &path)?.fields() {
        if !text.is_empty() {
            text.push_str(BREAK);
        }
        text.push_str(block?.required_text("text")?.as_str());
    }
    Ok(Part { body: Body::Text(Cow::Owned(text)), marker: None })
}

/// An empty line, escaped.
const BREAK: &str = r"\n\n";

fn paragraphs(texts: [Option<Escaped<'_>>; 3]) -> Cow<'_, str> {
    let texts = texts.into_iter().flatten().map(Escaped::as_str).filter(|text| !text.is_empty());
    let mut all = Cow::Borrowed("");
    for text in texts {
        if all.is_empty() {
            all = Cow::Borrowed(text);
        } else {
            let all = all.to_mut();
            all.push_str(BREAK);
            all.push_str(text);
        }
    }
    all
}

/// Chat has citations in answers and no way to ask for them.
fn asks_for_citations(block: &Fields<'_, '_>) -> Result<bool, BadRequest> {
    match block.get("citations") {
        Some(raw) if raw.starts_with('{') => {
            let citations = Fields::read(raw, block.path().member("citations"))?;
            Ok(citations.flag("enabled")?.unwrap_or(false))
        }
        _ => Ok(false),
    }
}
