//! What an answer is kept under.

use aws_lc_rs::digest::{Context, SHA256};
use tollgate_wire::json::RawObject;

use crate::asked::Asked;
use crate::run::Run;

/// A hash of all that makes two calls the same: whose they are, what they ask for, of which models,
/// and whether as a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct CacheKey([u8; 32]);

impl CacheKey {
    /// The key of a call that was steered, and whose presets are laid under it; `body` is of the form
    /// `kind`.
    pub(super) fn of<C: Asked>(run: &Run<C>, (kind, body): (&'static str, &RawObject)) -> Self {
        let mut hash = Hash(Context::new(&SHA256));
        hash.part(run.key.record.hash.as_bytes());
        hash.part(kind.as_bytes());
        hash.part(&[u8::from(run.call.params().stream)]);
        let models = run.steering.decision.models.as_deref().unwrap_or_default();
        hash.length(models.len());
        for model in models {
            hash.part(model.as_bytes());
        }
        hash.body(body);
        hash.finish()
    }
}

#[cfg(test)]
impl CacheKey {
    /// A key of a test.
    pub(super) fn numbered(number: u32) -> Self {
        let mut hash = Hash(Context::new(&SHA256));
        hash.part(&number.to_le_bytes());
        hash.finish()
    }
}

struct Hash(Context);

impl Hash {
    fn length(&mut self, length: usize) {
        self.0.update(&u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes());
    }

    fn part(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.0.update(bytes);
    }

    /// Members in their order, without white space between tokens (contract §6.4).
    fn body(&mut self, body: &RawObject) {
        for (name, value) in body.members_received() {
            self.part(name.as_bytes());
            compacted(value.as_bytes(), |run| self.0.update(run));
            // No JSON has such a byte, so no two values end alike.
            self.0.update(&[0]);
        }
    }

    fn finish(self) -> CacheKey {
        let mut key = [0; 32];
        for (to, from) in key.iter_mut().zip(self.0.finish().as_ref()) {
            *to = *from;
        }
        CacheKey(key)
    }
}

/// Gives `take` a JSON text piece by piece, without the white space between its tokens.
fn compacted(json: &[u8], mut take: impl FnMut(&[u8])) {
    let (mut in_string, mut escaped, mut from) = (false, false, 0);
    for (at, byte) in json.iter().enumerate() {
        if in_string {
            in_string = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
        } else if byte.is_ascii_whitespace() {
            take(json.get(from..at).unwrap_or_default());
            from = at.saturating_add(1);
        } else {
            in_string = *byte == b'"';
        }
    }
    take(json.get(from..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn of(body: &str) -> CacheKey {
        let mut hash = Hash(Context::new(&SHA256));
        hash.body(&RawObject::read(Bytes::copy_from_slice(body.as_bytes())).unwrap());
        hash.finish()
    }

    #[test]
    fn section_6_4_white_space_does_not_count_and_order_does() {
        let first = of(r#"{"a":"x \" y","b":[1,{"c":2}]}"#);
        for same in [
            "{ \"a\" : \"x \\\" y\" ,\n\t\"b\":[ 1 , { \"c\" : 2 } ] }",
            r#"{"\u0061":"x \" y","b":[1,{"c":2}]}"#,
        ] {
            assert_eq!(of(same), first, "{same}");
        }
        for other in [
            r#"{"b":[1,{"c":2}],"a":"x \" y"}"#,
            r#"{"a":"x \"  y","b":[1,{"c":2}]}"#,
            r#"{"a":"x \" y","b":[1,{"c":2}],"d":null}"#,
            r#"{"a":"x \" y"}"#,
            "{}",
        ] {
            assert_ne!(of(other), first, "{other}");
        }
        // Half a character is not every half.
        assert_ne!(of(r#"{"a":"\ud83d"}"#), of(r#"{"a":"\ud83e"}"#));
    }
}
