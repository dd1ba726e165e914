//! The strings of a JSON value, however deep.

use smallvec::SmallVec;

use crate::json::{ScanError, Scanner};

/// A string somewhere inside a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf<'a> {
    /// The key it stands under, without quotes; for an element of an array, the array's.
    pub key: &'a [u8],
    /// The key that the container of `key` stands under.
    pub parent: &'a [u8],
    /// The string with its escapes, without quotes.
    pub text: &'a [u8],
    /// Where `text` begins.
    pub offset: usize,
}

/// Deepest containers looked into; [`DEPTH_MAX`](crate::json::DEPTH_MAX) bounds what is accepted
/// at all.
const LOOKED_INTO_MAX: usize = 128;

/// Containers within containers that take no allocation.
const USUAL_DEPTH: usize = 16;

/// Gives `visit` every string of the value that stands at `offset` in `text`, in order.
///
/// # Errors
///
/// When the value is not JSON.
pub fn leaves<'a>(
    text: &'a [u8],
    offset: usize,
    mut visit: impl FnMut(Leaf<'a>),
) -> Result<(), ScanError> {
    let mut scanner = Scanner::at(text, offset);
    // One entry per open container: whether it is an object, whether it has had a member, its key.
    let mut open: SmallVec<[(bool, bool, &'a [u8]); USUAL_DEPTH]> = SmallVec::new();
    let mut key: &'a [u8] = b"";
    loop {
        match scanner.peek() {
            Some(b'{') if open.len() < LOOKED_INTO_MAX => {
                scanner.begin_object()?;
                open.push((true, false, key));
            }
            Some(b'[') if open.len() < LOOKED_INTO_MAX => {
                scanner.begin_array()?;
                open.push((false, false, key));
            }
            kind => {
                let span = scanner.value()?;
                if kind == Some(b'"') {
                    let offset = span.start + 1;
                    let inner = text.get(offset..span.end.saturating_sub(1)).unwrap_or_default();
                    let parent = open.last().map_or(&b""[..], |(_, _, parent)| *parent);
                    visit(Leaf { key, parent, text: inner, offset });
                }
            }
        }
        // Moves to the next value, closing what ends before it.
        loop {
            let Some((is_object, begun, its_key)) = open.last_mut() else { return Ok(()) };
            let first = !*begun;
            *begun = true;
            let more = if *is_object {
                let member = scanner.next_member(first)?;
                key = member.unwrap_or_default();
                member.is_some()
            } else {
                key = its_key;
                scanner.next_element(first)?
            };
            if more {
                break;
            }
            open.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_string_is_given_with_its_key() {
        let text = br#"[{"type":"text","text":"a\"b","n":1,"deep":{"x":["p","q",{"y":"r"}]}},"bare",[],{}]"#;
        let mut seen = Vec::new();
        leaves(text, 0, |leaf| {
            assert!(text[leaf.offset..].starts_with(leaf.text));
            seen.push((
                String::from_utf8([leaf.parent, b"/", leaf.key].concat()).unwrap(),
                String::from_utf8(leaf.text.to_vec()).unwrap(),
            ));
        })
        .unwrap();
        let seen: Vec<(&str, &str)> =
            seen.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
        assert_eq!(
            seen,
            [
                ("/type", "text"),
                ("/text", "a\\\"b"),
                ("x/x", "p"),
                ("x/x", "q"),
                ("x/y", "r"),
                ("/", "bare")
            ]
        );
        assert!(leaves(b"[1,", 0, |_| {}).is_err());
    }
}
