//! The built dashboard: a table of files, embedded by the build script, which finds them in
//! `web/dist`. Without that the table is empty and everything else works.
//!
//! Pure: what is served under which headers is the API's.
//!
//! # What is deliberately absent
//!
//! Node, the network, HTTP, the file system at run time.

use std::borrow::Cow;
use std::io::Read as _;

use flate2::read::GzDecoder;

#[cfg(test)]
mod table;
mod tag;

pub use tag::etag;

/// A file of the dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// Its path, such as `assets/index-4f2a.js`.
    pub path: &'static str,
    /// Its content, as it is kept.
    pub bytes: &'static [u8],
    /// Whether that is compressed (RFC 1952).
    pub is_gzip: bool,
    /// Tells its content from any other: the value of the header `ETag`.
    pub etag: &'static str,
}

impl File {
    /// Its content, for who takes nothing compressed; nothing where what is kept is damaged.
    pub fn plain(&self) -> Cow<'static, [u8]> {
        if !self.is_gzip {
            return Cow::Borrowed(self.bytes);
        }
        let mut content = Vec::new();
        // What the build has compressed can be read.
        GzDecoder::new(self.bytes).read_to_end(&mut content).unwrap_or_default();
        Cow::Owned(content)
    }
}

/// A dashboard, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dashboard {
    /// By path.
    files: &'static [File],
}

/// What this build found in `web/dist`.
const BUILT: &[File] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The page that all paths of the dashboard show.
const INDEX: &str = "index.html";

impl Dashboard {
    /// The one that this build found.
    pub const fn built() -> Self {
        Self { files: BUILT }
    }

    /// One of these files, which are in the order of their paths.
    pub const fn of(files: &'static [File]) -> Self {
        Self { files }
    }

    /// The file with this path.
    pub fn find(&self, path: &str) -> Option<&'static File> {
        let at = self.files.binary_search_by(|file| file.path.cmp(path)).ok()?;
        self.files.get(at)
    }

    /// The page that all paths of the dashboard show, for a gateway that is reached below `prefix`:
    /// all it asks for is relative to that. `None` where the build has no dashboard.
    pub fn index(&self, prefix: &str) -> Option<String> {
        let page = self.find(INDEX)?.plain();
        Some(with_base(std::str::from_utf8(&page).ok()?, prefix))
    }
}

/// What the page has in the place of its base, if it has one.
const MARKER: &str = r#"<base href="./">"#;

/// A page whose addresses are relative to `prefix`, such as `/gateway`; the empty one is the root.
fn with_base(page: &str, prefix: &str) -> String {
    let base = format!(r#"<base href="{prefix}/">"#);
    if page.contains(MARKER) {
        return page.replacen(MARKER, &base, 1);
    }
    // Ahead of whatever it has to hold for.
    match page.split_once("<head>") {
        Some((before, after)) => [before, "<head>", &base, after].concat(),
        None => base + page,
    }
}

/// What a file is, by the end of its name.
pub fn media_type(path: &str) -> &'static str {
    let (_, ending) = path.rsplit_once('.').unwrap_or_default();
    match ending {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests;
