//! The two spellings of every member's name.
//!
//! The API is protocol buffers as JSON: each name may be camelCase, as it is documented, or
//! snake_case, as it is defined.

use std::borrow::Cow;

/// A name in camelCase.
pub(super) fn camel(name: &str) -> Cow<'_, str> {
    let inner = name.trim_start_matches('_');
    if !inner.contains('_') {
        return Cow::Borrowed(name);
    }
    let mut words = inner.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut characters = word.chars();
        camel.extend(characters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(characters.as_str());
    }
    Cow::Owned(camel)
}

/// A name in snake_case.
pub(super) fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_two_spellings() {
        for (given, expected) in [
            ("contents", "contents"),
            ("generation_config", "generationConfig"),
            ("generationConfig", "generationConfig"),
            ("_responseJsonSchema", "_responseJsonSchema"),
            ("response_json_schema", "responseJsonSchema"),
        ] {
            assert_eq!(camel(given), expected);
        }
        assert_eq!(snake("aspectRatio"), "aspect_ratio");
        assert_eq!(snake("image_size"), "image_size");
    }
}
