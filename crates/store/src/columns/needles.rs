//! How SQL backends find records by what lies in JSON columns, without reading the JSON: by texts
//! that are in a column exactly where the record has what is asked for.
//!
//! That holds because the columns are written by one serialiser, without spaces, and because a quote
//! inside of a JSON text is always behind a backslash: a needle that begins with a quote and a name
//! is never a part of a text.

/// Behind this, the column of attribution has the tags and nothing else.
pub const TAGS_BEGIN: &str = "\"tags\":{";

/// A pattern of `LIKE` that the column of attempts fits where it has more than one.
pub const SEVERAL_ATTEMPTS: &str = "%\"started_at\":%\"started_at\":%";

/// What the tags have where one has a value.
pub fn tag_needle(name: &str, value: &str) -> String {
    [quoted(name), quoted(value)].join(":")
}

/// What the column of attempts has where a provider was tried, by its name in configuration.
pub fn provider_needle(slug: &str) -> String {
    let mut needle = ["\"endpoint\":", &quoted(&[slug, "/"].concat())].concat();
    // The endpoint's name goes on.
    needle.pop();
    needle
}

fn quoted(text: &str) -> String {
    // A text can always be written.
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::{AttributionDetail, attempt_rows};
    use super::*;
    use crate::conformance::sample::full_generation;

    #[test]
    fn needles_are_in_what_is_written() {
        let record = full_generation("gen-1");
        let detail = serde_json::to_string(&AttributionDetail::of(&record.attribution)).unwrap();
        let (_, tags) = detail.split_once(TAGS_BEGIN).unwrap();
        for (name, value) in &record.attribution.tags {
            assert!(tags.contains(&tag_needle(name, value)), "{tags}");
        }
        let attempts = serde_json::to_string(&attempt_rows(&record.attempts)).unwrap();
        assert!(attempts.contains(&provider_needle("other")), "{attempts}");
        assert!(!attempts.contains(&provider_needle("acme")), "{attempts}");
        let tries = attempts.matches(SEVERAL_ATTEMPTS.trim_matches('%').split('%').next().unwrap());
        assert_eq!(tries.count(), record.attempts.len());
    }

    #[test]
    fn quotes_in_a_value_end_no_needle() {
        assert_eq!(tag_needle("x", r#"a"b\"#), r#""x":"a\"b\\""#);
        assert_eq!(provider_needle("a\"b"), r#""endpoint":"a\"b/"#);
    }
}
