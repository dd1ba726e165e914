//! Names of models and providers.

use std::fmt;
use std::sync::Arc;

/// Why a text can't name a model or a provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid {what}: {why}")]
pub struct SlugError {
    text: String,
    what: &'static str,
    why: &'static str,
}

/// A model's public name, `author/slug` with optional `:variant` suffixes (contract §0).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelSlug(Arc<str>);

/// A provider's name in configuration and routing preferences, e.g. `openai`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderSlug(Arc<str>);

/// Longest name taken; longer ones are an attack or a mistake.
const LENGTH_MAX: usize = 200;

impl ModelSlug {
    /// Checks a name: two non-empty parts around one or more slashes, printable ASCII, no spaces.
    pub fn parse(text: &str) -> Result<Self, SlugError> {
        let error = |why| SlugError { text: clip(text), what: "model id", why };
        let (author, slug) =
            text.split_once('/').ok_or_else(|| error("it has the form author/model"))?;
        if author.is_empty() || slug.is_empty() {
            return Err(error("it has the form author/model"));
        }
        check(text).map_err(error)?;
        Ok(Self(text.into()))
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first slash.
    pub fn author(&self) -> &str {
        self.0.split_once('/').map_or("", |(author, _)| author)
    }

    /// The part after the first slash.
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(_, name)| name)
    }
}

impl ProviderSlug {
    /// Checks a name: printable ASCII without spaces.
    pub fn parse(text: &str) -> Result<Self, SlugError> {
        check(text).map_err(|why| SlugError { text: clip(text), what: "provider slug", why })?;
        Ok(Self(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.len() > LENGTH_MAX {
        return Err("it is longer than 200 characters");
    }
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("only printable ASCII without spaces is allowed");
    }
    Ok(())
}

fn clip(text: &str) -> String {
    text.chars().take(LENGTH_MAX).collect()
}

macro_rules! text_traits {
    ($name:ident) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&self.0)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

text_traits!(ModelSlug);
text_traits!(ProviderSlug);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_has_an_author_and_a_name() {
        let slug = ModelSlug::parse("meta-llama/llama-3:free").unwrap();
        assert_eq!((slug.author(), slug.name()), ("meta-llama", "llama-3:free"));
        for bad in ["", "gpt-4o", "/x", "x/", "a b/c", "ä/b"] {
            assert!(ModelSlug::parse(bad).is_err(), "{bad}");
        }
        assert!(ModelSlug::parse(&format!("a/{}", "x".repeat(198))).is_ok());
        assert!(ModelSlug::parse(&format!("a/{}", "x".repeat(199))).is_err());
    }
}
