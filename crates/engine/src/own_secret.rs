//! What the secret of a caller's own key may be, and what people are shown of it.

/// Most keys of callers' own in all: each makes a copy of its provider's endpoints.
pub const OWN_KEYS_MAX: usize = 200;
/// What is shown of a key that is too short to show anything of.
pub(crate) const UNTELLING: &str = "***";
/// A service account's key file has about 2.4 KB.
const SECRET_BYTES_MAX: usize = 16 * 1024;

/// Why a text can be no key. It does not repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSecret {
    /// Nothing, or far too much.
    #[error("String must have 1 to {SECRET_BYTES_MAX} bytes")]
    Length,
    /// A key is one line; only a key file has several.
    #[error("A key has no control characters")]
    Control,
}

/// A key without the white space around it that copying brings along.
///
/// # Errors
///
/// When it can be no key of any provider.
pub fn own_secret(text: &str) -> Result<&str, NoSecret> {
    let key = text.trim();
    if key.is_empty() || key.len() > SECRET_BYTES_MAX {
        return Err(NoSecret::Length);
    }
    if !key.starts_with('{') && key.chars().any(char::is_control) {
        return Err(NoSecret::Control);
    }
    Ok(key)
}

/// What people recognise a key by: so little that it helps nobody else.
pub fn masked(key: &str) -> String {
    let length = key.chars().count();
    if key.starts_with('{') || length < 16 {
        return UNTELLING.to_owned();
    }
    let begin: String = key.chars().take(3).collect();
    let end: String = key.chars().skip(length - 3).collect();
    format!("{begin}...{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_key_tells_next_to_nothing() {
        for (key, label) in [
            ("sk-proj-0123456789abcdef", "sk-...def"),
            ("short", "***"),
            ("0123456789abcde", "***"),
            (r#"{"private_key":"-----BEGIN"}"#, "***"),
        ] {
            assert_eq!(masked(key), label);
        }
    }

    #[test]
    fn a_key_is_one_line_and_a_key_file_several() {
        for (text, expected) in [
            (" sk-1\n", Ok("sk-1")),
            ("{\n}", Ok("{\n}")),
            (" ", Err(NoSecret::Length)),
            ("sk\n1", Err(NoSecret::Control)),
        ] {
            assert_eq!(own_secret(text), expected, "{text:?}");
        }
        assert_eq!(own_secret(&"k".repeat(SECRET_BYTES_MAX + 1)), Err(NoSecret::Length));
    }
}
