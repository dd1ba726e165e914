//! Patterns of names: `*` stands for any text, and the case of ASCII letters does not count.

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(Box<[u8]>);

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_ascii_lowercase().into_bytes().into())
    }

    /// Whether all of `text` fits. At most `text` times pattern steps, without recursion.
    pub(crate) fn fits(&self, text: &str) -> bool {
        let (pattern, text) = (&*self.0, text.as_bytes());
        let (mut at, mut place) = (0_usize, 0_usize);
        // Where the last star stands, and where what follows it was tried.
        let mut star: Option<(usize, usize)> = None;
        while let Some(byte) = text.get(place) {
            match (pattern.get(at), star) {
                (Some(b'*'), _) => {
                    star = Some((at, place));
                    at += 1;
                }
                (Some(expected), _) if *expected == byte.to_ascii_lowercase() => {
                    at += 1;
                    place += 1;
                }
                (_, Some((star_at, tried))) => {
                    star = Some((star_at, tried + 1));
                    at = star_at + 1;
                    place = tried + 1;
                }
                (_, None) => return false,
            }
        }
        pattern.get(at..).unwrap_or_default().iter().all(|it| *it == b'*')
    }
}

/// Several patterns, one of which must fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Patterns(pub(crate) Vec<Pattern>);

impl Patterns {
    pub(crate) fn fit(&self, text: &str) -> bool {
        self.0.iter().any(|it| it.fits(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, fits) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "anything", true),
            ("ci-*", "ci-", true),
            ("ci-*", "CI-Build", true),
            ("ci-*", "my-ci-build", false),
            ("*-free", "a-free", true),
            ("*-free", "a-free-b", false),
            ("*/gpt-*-mini", "openai/gpt-4o-mini", true),
            ("*/gpt-*-mini", "openai/gpt-4o-mini-mini", true),
            ("*/gpt-*-mini", "openai/gpt-4o", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("**", "x", true),
            ("grün", "grün", true),
        ] {
            assert_eq!(Pattern::new(pattern).fits(text), fits, "{pattern} {text}");
        }
    }
}
