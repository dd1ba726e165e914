//! Requests as forms (`multipart/form-data`), which is how files are sent.

use bytes::Bytes;
use http::request::Parts;
use http_body_util::{BodyDataStream, Full};
use multer::Multipart;

use crate::protocol::header;

/// More fields than any request has.
const FIELDS_MAX: usize = 64;

/// A form, read.
#[derive(Debug, Default)]
pub(crate) struct Form {
    texts: Vec<(String, String)>,
    pub(crate) file: Option<File>,
    /// It was no form, or not to its end.
    pub(crate) broken: bool,
}

/// A file in a form.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) bytes: Bytes,
}

impl Form {
    /// Reads a form; what is wrong with it is told by [`Form::broken`]. Cancel safe: changes
    /// nothing.
    pub(crate) async fn read(head: &Parts, body: Bytes) -> Self {
        let mut form = Self::default();
        if form.fill(head, body).await.is_err() {
            form.broken = true;
        }
        form
    }

    /// The first field called `name`.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.texts(name).next()
    }

    /// All fields called `name`.
    pub(crate) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.texts.iter().filter(move |(one, _)| one == name).map(|(_, text)| text.as_str())
    }

    /// The names of all fields but the file's.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|(name, _)| name.as_str())
    }

    async fn fill(&mut self, head: &Parts, body: Bytes) -> Result<(), multer::Error> {
        let content_type = header(&head.headers, "content-type").unwrap_or_default();
        let boundary = multer::parse_boundary(content_type)?;
        let mut parts = Multipart::new(BodyDataStream::new(Full::new(body)), boundary);
        for _ in 0..FIELDS_MAX {
            let Some(field) = parts.next_field().await? else { return Ok(()) };
            let name = field.name().unwrap_or_default().to_owned();
            let file = field.file_name().map(str::to_owned);
            let bytes = field.bytes().await?;
            match file {
                Some(file) => self.file = Some(File { name: file, bytes }),
                None => self.texts.push((name, String::from_utf8_lossy(&bytes).into_owned())),
            }
        }
        Ok(())
    }
}
