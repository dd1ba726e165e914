//! A file of a form.

use bytes::Bytes;

/// A file of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its name, as the client gave it.
    pub file_name: Option<String>,
    /// Its media type, as the client gave it.
    pub media_type: Option<String>,
    /// What it holds.
    pub bytes: Bytes,
}

/// Longest extension that is taken for a format.
const EXTENSION_MAX: usize = 8;

impl Upload {
    /// The format of a recording, such as `wav`: by the extension of its name, else by its media
    /// type (contract §1.1).
    pub fn format(&self) -> Option<String> {
        let name = self.file_name.as_deref().unwrap_or_default();
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        let is_plain = |it: &&str| {
            (1..=EXTENSION_MAX).contains(&it.len())
                && it.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        match extension.filter(is_plain) {
            Some(extension) => Some(extension.to_ascii_lowercase()),
            None => self.media_type.as_deref().and_then(format_of).map(str::to_owned),
        }
    }
}

fn format_of(media_type: &str) -> Option<&'static str> {
    let bare = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    Some(match bare.as_str() {
        "audio/mpeg" | "audio/mp3" => "mp3",
        "audio/wav" | "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => "wav",
        "audio/flac" | "audio/x-flac" => "flac",
        "audio/mp4" | "audio/m4a" | "audio/x-m4a" => "m4a",
        "audio/ogg" => "ogg",
        "audio/opus" => "opus",
        "audio/webm" | "video/webm" => "webm",
        "audio/aac" => "aac",
        "audio/aiff" | "audio/x-aiff" => "aiff",
        "video/mp4" => "mp4",
        _ => return None,
    })
}
