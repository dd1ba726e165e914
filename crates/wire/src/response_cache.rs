//! What callers and presets say of the gateway's cache of answers (contract §6.4).

use crate::json::RawObject;

/// How long an answer is kept where nobody says, in seconds.
pub const CACHE_TTL_SECONDS: u32 = 300;

/// Longest and shortest an answer is kept, in seconds.
const TTL_SECONDS: std::ops::RangeInclusive<u32> = 1..=86_400;

/// What one of those who may say so says of the cache: a request's headers, or a preset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheWish {
    /// Whether answers are kept and told again.
    pub enabled: Option<bool>,
    /// For how many seconds.
    pub ttl_seconds: Option<u32>,
}

impl CacheWish {
    /// What headers say: `enabled` is `true` or `false`, `ttl` is read as far as it has digits.
    /// Anything else says nothing.
    pub fn of_headers(enabled: Option<&str>, ttl: Option<&str>) -> Self {
        let enabled = enabled.map(str::trim).and_then(|it| match it {
            it if it.eq_ignore_ascii_case("true") => Some(true),
            it if it.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        });
        Self { enabled, ttl_seconds: ttl.and_then(ttl_seconds) }
    }

    /// What a preset's configuration says. What is of another type says nothing.
    pub(crate) fn of_preset(config: &RawObject) -> Self {
        let enabled = config.member("cache_enabled").and_then(|raw| raw.parse().ok());
        let ttl = config.member("cache_ttl").map(|raw| raw.trim_matches('"'));
        Self { enabled, ttl_seconds: ttl.and_then(ttl_seconds) }
    }

    /// This, and what `other` says where this says nothing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            enabled: self.enabled.or(other.enabled),
            ttl_seconds: self.ttl_seconds.or(other.ttl_seconds),
        }
    }

    /// For how many seconds the answer to a call is kept whose preset says this; `None` where it is
    /// not kept. A preset that says no is not overruled; in all else the request's headers are heard
    /// first.
    pub fn ttl_with(self, headers: Self) -> Option<u32> {
        let both = headers.or(self);
        let is_on = self.enabled != Some(false) && both.enabled == Some(true);
        is_on.then(|| both.ttl_seconds.unwrap_or(CACHE_TTL_SECONDS))
    }
}

/// The number that a text begins with, within bounds.
fn ttl_seconds(text: &str) -> Option<u32> {
    let text = text.trim();
    let end = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
    let digits = text.get(..end).filter(|it| !it.is_empty())?;
    // So many digits that it is no number are more than the most.
    let seconds = digits.parse().unwrap_or(u32::MAX);
    Some(seconds.clamp(*TTL_SECONDS.start(), *TTL_SECONDS.end()))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn section_6_4_a_ttl_is_read_as_far_as_it_has_digits() {
        for (text, expected) in [
            ("60", Some(60)),
            ("60abc", Some(60)),
            (" 60 ", Some(60)),
            ("60.9", Some(60)),
            ("007", Some(7)),
            ("0", Some(1)),
            ("1", Some(1)),
            ("86400", Some(86_400)),
            ("86401", Some(86_400)),
            ("99999999999999999999", Some(86_400)),
            ("", None),
            ("abc", None),
            ("abc60", None),
            ("-5", None),
            ("+5", None),
            ("٣", None),
        ] {
            assert_eq!(ttl_seconds(text), expected, "{text:?}");
        }
    }

    #[test]
    fn section_6_4_a_preset_that_says_no_is_not_overruled() {
        let said = |enabled| CacheWish { enabled, ttl_seconds: None };
        for (preset, headers, is_on) in [
            (Some(false), Some(true), false),
            (Some(false), None, false),
            (Some(false), Some(false), false),
            (Some(true), Some(false), false),
            (None, Some(false), false),
            (Some(true), Some(true), true),
            (None, Some(true), true),
            (Some(true), None, true),
            (None, None, false),
        ] {
            let ttl = said(preset).ttl_with(said(headers));
            assert_eq!(ttl, is_on.then_some(300), "{preset:?} {headers:?}");
        }
    }

    #[test]
    fn section_6_4_the_headers_ttl_comes_first() {
        for (preset, headers, expected) in [
            (Some(20), Some(10), 10),
            (Some(20), None, 20),
            (None, Some(10), 10),
            (None, None, 300),
        ] {
            let preset = CacheWish { enabled: None, ttl_seconds: preset };
            let headers = CacheWish { enabled: Some(true), ttl_seconds: headers };
            assert_eq!(preset.ttl_with(headers), Some(expected));
        }
    }

    #[test]
    fn what_is_no_wish_says_nothing() {
        for (enabled, expected) in
            [("true", Some(true)), (" TRUE ", Some(true)), ("False", Some(false)), ("1", None)]
        {
            assert_eq!(CacheWish::of_headers(Some(enabled), None).enabled, expected, "{enabled}");
        }
        for (config, enabled, ttl_seconds) in [
            (r#"{"cache_enabled":true,"cache_ttl":60}"#, Some(true), Some(60)),
            (r#"{"cache_enabled":false,"cache_ttl":"60s"}"#, Some(false), Some(60)),
            (r#"{"cache_enabled":"yes","cache_ttl":[1]}"#, None, None),
            (r#"{"cache_enabled":null}"#, None, None),
            ("{}", None, None),
        ] {
            let config = RawObject::read(Bytes::from_static(config.as_bytes())).unwrap();
            assert_eq!(CacheWish::of_preset(&config), CacheWish { enabled, ttl_seconds });
        }
    }
}
