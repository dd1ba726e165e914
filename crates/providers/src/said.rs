//! What a client has been told of an answer: what another endpoint needs to go on with it.
//!
//! Kept only where a call may be continued at all. One text that grows: no chunk costs more than
//! its own bytes.

/// Most bytes kept. A longer answer is not continued: its second half would be asked for with more
/// text than most prompts have.
pub const SAID_BYTES_MAX: usize = 1024 * 1024;

/// The first unit of UTF-16 that is the second half of a character.
const LOW_HALVES: u16 = 0xdc00;

/// The answer so far, as far as it can be said to somebody else.
#[derive(Debug, Clone, Default)]
pub struct Said {
    listens: bool,
    /// Whether an endpoint is left that goes on with text; otherwise none is kept.
    keeps_text: bool,
    /// Something was told that can't be said again, or too much.
    lost: bool,
    text: String,
    /// Half a character outside the first plane, which a provider wrote by itself.
    half: Option<u16>,
    /// The last that was told were thoughts.
    thinking: bool,
}

/// How much there was before something that turned out not to be told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    length: usize,
    half: Option<u16>,
    thinking: bool,
    lost: bool,
}

impl Said {
    /// Listens from now on. Without `keeps_text` an answer can be continued only until it has any.
    pub fn listen(&mut self, keeps_text: bool) {
        self.listens = true;
        self.keeps_text = keeps_text;
    }

    /// The text so far, when it is all that was told besides thoughts.
    pub fn text(&self) -> Option<&str> {
        (self.listens && !self.lost && self.half.is_none()).then_some(self.text.as_str())
    }

    /// Whether the last that was told were thoughts, which are perhaps not whole.
    pub const fn ends_in_thoughts(&self) -> bool {
        self.thinking
    }

    /// Text was told.
    pub(crate) fn tell(&mut self, text: &str) {
        if text.is_empty() || !self.makes_room(text) {
            return;
        }
        if self.half.is_some() {
            return self.lose();
        }
        self.text.push_str(text);
    }

    /// Text was told that is written as the inside of a JSON string.
    pub(crate) fn tell_escaped(&mut self, mut inner: &[u8]) {
        if !self.listens || self.lost {
            return;
        }
        while let Some(at) = memchr::memchr(b'\\', inner) {
            self.tell_bytes(inner.get(..at).unwrap_or_default());
            let escape = inner.get(at + 1..).unwrap_or_default();
            inner = escape.get(self.escape(escape)..).unwrap_or_default();
        }
        self.tell_bytes(inner);
    }

    /// Thoughts were told.
    pub(crate) const fn think(&mut self) {
        self.thinking = true;
    }

    /// Something was told that is neither text nor thoughts.
    pub(crate) fn lose(&mut self) {
        self.lost = true;
        self.text = String::new();
    }

    /// Where it stands.
    pub(crate) const fn mark(&self) -> Mark {
        Mark { length: self.text.len(), half: self.half, thinking: self.thinking, lost: self.lost }
    }

    /// What came since was not told after all.
    pub(crate) fn back_to(&mut self, mark: Mark) {
        if self.lost && !mark.lost {
            // The text is gone.
            return;
        }
        self.text.truncate(mark.length);
        (self.half, self.thinking) = (mark.half, mark.thinking);
    }

    fn tell_bytes(&mut self, bytes: &[u8]) {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.tell(text),
            Err(_) => self.lose(),
        }
    }

    /// Whether more is kept.
    fn makes_room(&mut self, text: &str) -> bool {
        if !self.listens || self.lost {
            return false;
        }
        self.thinking = false;
        let is_kept = self.keeps_text || is_blank(text);
        let fits = self.text.len().saturating_add(text.len()) <= SAID_BYTES_MAX;
        if !is_kept || !fits {
            self.lose();
        }
        is_kept && fits
    }

    /// Takes what follows a backslash; says how many bytes of it belong to the escape.
    fn escape(&mut self, rest: &[u8]) -> usize {
        let plain = match rest.first() {
            Some(b'n') => "\n",
            Some(b't') => "\t",
            Some(b'r') => "\r",
            Some(b'b') => "\u{8}",
            Some(b'f') => "\u{c}",
            Some(b'"') => "\"",
            Some(b'\\') => "\\",
            Some(b'/') => "/",
            Some(b'u') => {
                self.unit(rest.get(1..5).unwrap_or_default());
                return 5;
            }
            _ => {
                self.lose();
                return 1;
            }
        };
        self.tell(plain);
        1
    }

    /// Takes four hexadecimal digits.
    fn unit(&mut self, digits: &[u8]) {
        let digits = std::str::from_utf8(digits).unwrap_or_default();
        let Ok(unit) = u16::from_str_radix(digits, 16) else { return self.lose() };
        let half = self.half.take();
        let mut characters = char::decode_utf16(half.into_iter().chain([unit]));
        match (characters.next(), characters.next()) {
            (Some(Ok(character)), None) => self.tell(character.encode_utf8(&mut [0; 4])),
            (Some(Err(_)), None) if half.is_none() && unit < LOW_HALVES => self.half = Some(unit),
            _ => self.lose(),
        }
    }
}

/// Whether a text has nothing but white space: nobody needs to be told it to go on.
fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening() -> Said {
        let mut said = Said::default();
        said.listen(true);
        said
    }

    #[test]
    fn text_is_what_its_escapes_mean() {
        let json = r#"a\"\\\/\n\t\r\b\f \u0041\u00e9\u20ac \ud83e\udd80!"#;
        let whole: String = serde_json::from_str(&format!("\"{json}\"")).unwrap();
        let mut said = listening();
        said.tell_escaped(json.as_bytes());
        assert_eq!(said.text(), Some(whole.as_str()));
    }

    #[test]
    fn halves_of_a_character_are_joined_and_a_lone_one_is_no_text() {
        let mut said = listening();
        said.tell_escaped(br"x\ud83e");
        assert_eq!(said.text(), None);
        said.tell_escaped(br"\udd80y");
        assert_eq!(said.text(), Some("x🦀y"));
        for halves in [r"\udd80", r"\ud83ex", r"\ud83e\ud83e", r"\ud83e\n", r"\u00", r"\x"] {
            let mut said = listening();
            said.tell_escaped(halves.as_bytes());
            said.tell("z");
            assert_eq!(said.text(), None, "{halves}");
        }
    }

    #[test]
    fn nothing_is_kept_unasked_nor_beyond_the_bound() {
        let mut said = Said::default();
        said.tell("x");
        assert_eq!((said.text(), said.text.len()), (None, 0));
        let mut said = listening();
        said.tell(&"x".repeat(SAID_BYTES_MAX));
        assert!(said.text().is_some());
        said.tell("x");
        assert_eq!((said.text(), said.text.capacity()), (None, 0));
    }

    #[test]
    fn without_a_successor_for_text_white_space_is_all_that_is_kept() {
        let mut said = Said::default();
        said.listen(false);
        said.think();
        said.tell("\n\n");
        assert_eq!(said.text(), Some("\n\n"));
        said.tell("x");
        assert_eq!(said.text(), None);
    }

    #[test]
    fn what_was_not_told_is_taken_back() {
        let mut said = listening();
        said.tell("one");
        let mark = said.mark();
        said.tell(" two");
        said.think();
        said.back_to(mark);
        assert_eq!((said.text(), said.ends_in_thoughts()), (Some("one"), false));
    }
}
