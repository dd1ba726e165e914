//! Writing objects from pieces of other objects.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use tollgate_types::Usd;

/// Writes one JSON object member by member: raw spans as they are, values of ours serialised.
#[derive(Debug)]
pub struct ObjectWriter<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> ObjectWriter<'a> {
    /// Opens an object at the end of `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    /// Adds a member whose key and value are JSON already; the key without its quotes.
    pub fn raw(&mut self, key: &[u8], value: &[u8]) {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        self.out.push(b'"');
        self.out.extend_from_slice(key);
        self.out.extend_from_slice(b"\":");
        self.out.extend_from_slice(value);
    }

    /// Adds a member of another object under its name, which may have any characters; the value is
    /// JSON already.
    ///
    /// A name is a caller's text: written as it is, a quote in it would end it and add members of
    /// the caller's choice, such as another model.
    pub fn member(&mut self, name: &str, value: &str) {
        let is_plain = |byte: u8| byte >= 0x20 && !matches!(byte, b'"' | b'\\');
        if name.bytes().all(is_plain) {
            self.raw(name.as_bytes(), value.as_bytes());
            return;
        }
        let mut quoted = Vec::with_capacity(name.len().saturating_add(8));
        write_string(&mut quoted, name);
        let escaped = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
        self.raw(escaped, value.as_bytes());
    }

    /// Adds a member with a value of ours.
    ///
    /// `key` needs no escaping. A value that can't be written (a map with keys that are not
    /// strings) becomes `null`; no type of ours is one.
    pub fn field<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) {
        self.raw(key.as_bytes(), b"");
        let start = self.out.len();
        if serde_json::to_writer(&mut *self.out, value).is_err() {
            self.out.truncate(start);
            self.out.extend_from_slice(b"null");
        }
    }

    /// Adds a member that is a count.
    ///
    /// `key` needs no escaping.
    pub fn count(&mut self, key: &str, count: u64) {
        self.raw(key.as_bytes(), itoa::Buffer::new().format(count).as_bytes());
    }

    /// Adds a member that is an amount of dollars, as [`UsdNumber`] is written.
    ///
    /// `key` needs no escaping.
    pub fn amount(&mut self, key: &str, amount: Usd) {
        if amount == Usd::ZERO {
            return self.raw(key.as_bytes(), b"0");
        }
        self.raw(key.as_bytes(), amount.to_decimal().as_bytes());
    }

    /// Adds a member that is true or false.
    ///
    /// `key` needs no escaping.
    pub fn flag(&mut self, key: &str, is: bool) {
        self.raw(key.as_bytes(), if is { b"true" } else { b"false" });
    }

    /// Adds a member whose value, which is JSON, `write` appends.
    ///
    /// `key` needs no escaping.
    pub fn with(&mut self, key: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.raw(key.as_bytes(), b"");
        write(self.out);
    }

    /// Opens a member that is an object. It has to be closed before another member is added.
    ///
    /// `key` needs no escaping.
    pub fn object(&mut self, key: &str) -> ObjectWriter<'_> {
        self.raw(key.as_bytes(), b"");
        ObjectWriter::new(self.out)
    }

    /// Adds members that are written already, each with a comma before it. There must be a member
    /// before them.
    pub fn splice(&mut self, members: &[u8]) {
        self.out.extend_from_slice(members);
    }

    /// How many bytes are written by now, with those that stood before the object.
    pub fn written(&self) -> usize {
        self.out.len()
    }

    /// Closes the object.
    pub fn end(self) {
        self.out.push(b'}');
    }
}

/// Appends `text` as a JSON string.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, text).is_err() {
        out.truncate(start);
        out.extend_from_slice(b"\"\"");
    }
}

/// An amount as a JSON number of dollars, written exactly and without an exponent.
#[derive(Debug, Clone, Copy)]
pub struct UsdNumber(pub Usd);

impl Serialize for UsdNumber {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_decimal()).map_err(serde::ser::Error::custom)?.serialize(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_separated_and_amounts_are_exact() {
        let mut out = Vec::new();
        let mut object = ObjectWriter::new(&mut out);
        object.raw(b"a", b"[1, 2]");
        object.member("x\":1,\"model\":\"\\\n", "3");
        object.field("b", "x\"y");
        object.field("cost", &UsdNumber(Usd::from_nanos(1_200)));
        object.amount("paid", Usd::from_nanos(-1_500_000_000));
        let mut inner = object.object("c");
        inner.count("d", u64::MAX);
        inner.amount("e", Usd::ZERO);
        inner.end();
        object.flag("f", true);
        object.end();
        let expected = br#"{"a":[1, 2],"x\":1,\"model\":\"\\\n":3,"b":"x\"y","cost":0.0000012,"paid":-1.5,"c":{"d":18446744073709551615,"e":0},"f":true}"#;
        assert_eq!(out, expected);
    }
}
