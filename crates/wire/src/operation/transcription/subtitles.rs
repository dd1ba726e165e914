//! A transcript as subtitles: `SubRip` and WebVTT (<https://www.w3.org/TR/webvtt1/>).

use std::borrow::Cow;

use super::{Transcript, Word};

/// Longest subtitle made of words, in characters: two lines.
const CUE_CHARACTERS_MAX: usize = 84;
/// Longest subtitle made of words, in seconds.
const CUE_SECONDS_MAX: f64 = 7.0;

/// One subtitle. Times are in seconds from the beginning.
#[derive(Debug, Clone, PartialEq)]
struct Cue<'a> {
    start: f64,
    end: f64,
    text: Cow<'a, str>,
}

/// As `SubRip`. `seconds` is how long the recording is, for a transcript without times.
pub(in crate::operation) fn srt(transcript: &Transcript, seconds: f64) -> String {
    let mut out = String::new();
    for (index, cue) in cues(transcript, seconds).iter().enumerate() {
        let number = index.saturating_add(1);
        write_cue(&mut out, &format!("{number}\n"), cue, ',');
    }
    out
}

/// As WebVTT. `seconds` is how long the recording is, for a transcript without times.
pub(in crate::operation) fn vtt(transcript: &Transcript, seconds: f64) -> String {
    let mut out = String::from("WEBVTT\n\n");
    for mut cue in cues(transcript, seconds) {
        // They would begin a tag or a character reference.
        if cue.text.contains(['&', '<', '>']) {
            let escaped = cue.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            cue.text = Cow::Owned(escaped);
        }
        write_cue(&mut out, "", &cue, '.');
    }
    out
}

fn write_cue(out: &mut String, head: &str, cue: &Cue<'_>, point: char) {
    let (start, end) = (clock(cue.start, point), clock(cue.end.max(cue.start), point));
    // An empty line would end the subtitle, and a carriage return alone ends a line too.
    let lines = cue.text.split(['\n', '\r']).map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    out.extend([head, start.as_str(), " --> ", end.as_str(), "\n", &lines.join("\n"), "\n\n"]);
}

/// The segments; without them the words in groups; without both the whole text.
fn cues(transcript: &Transcript, seconds: f64) -> Vec<Cue<'_>> {
    if !transcript.segments.is_empty() {
        let segments = transcript.segments.iter();
        return segments
            .map(|it| Cue { start: it.start, end: it.end, text: Cow::Borrowed(it.text.trim()) })
            .collect();
    }
    if !transcript.words.is_empty() {
        return grouped(&transcript.words);
    }
    if transcript.text.trim().is_empty() {
        return Vec::new();
    }
    let end = transcript.duration.unwrap_or(seconds);
    vec![Cue { start: 0.0, end, text: Cow::Borrowed(transcript.text.trim()) }]
}

fn grouped(words: &[Word]) -> Vec<Cue<'_>> {
    let mut cues: Vec<Cue<'_>> = Vec::new();
    for word in words {
        let text = word.word.trim();
        match cues.last_mut() {
            Some(cue) if has_room(cue, text, word.end) => {
                let joined = cue.text.to_mut();
                joined.push(' ');
                joined.push_str(text);
                cue.end = word.end;
            }
            _ => {
                cues.push(Cue { start: word.start, end: word.end, text: Cow::Borrowed(text) });
            }
        }
    }
    cues
}

fn has_room(cue: &Cue<'_>, text: &str, end: f64) -> bool {
    let characters = cue.text.chars().count().saturating_add(text.chars().count());
    characters < CUE_CHARACTERS_MAX && end - cue.start <= CUE_SECONDS_MAX
}

/// `00:01:02,345`; the point differs.
fn clock(seconds: f64, point: char) -> String {
    let milliseconds = std::time::Duration::try_from_secs_f64(seconds.max(0.0))
        .map_or(0, |length| length.as_millis());
    let (rest, milliseconds) = (milliseconds / 1_000, milliseconds % 1_000);
    let (hours, minutes, seconds) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}{point}{milliseconds:03}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_own_subtitle() {
        for text in ["a\n\nb", "a\r\n\r\nb", "a\r\rb", " a \r\n \n b "] {
            let mut out = String::new();
            let cue = Cue { start: 0.0, end: 1.0, text: text.into() };
            write_cue(&mut out, "1\n", &cue, ',');
            assert_eq!(out, "1\n00:00:00,000 --> 00:00:01,000\na\nb\n\n", "{text:?}");
        }
    }
}
