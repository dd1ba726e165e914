//! Reading a batch as it comes.

use std::collections::HashSet;

use bytes::Bytes;

use super::BatchHead;
use crate::error::BadRequest;
use crate::json::{RawObject, wrong_type};

/// A part of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchPart {
    /// What it says of all its requests; comes first.
    Head(BatchHead),
    /// One request.
    Request {
        /// What the caller calls it.
        custom_id: String,
        /// Its body, as JSON.
        body: String,
    },
}

/// Why a batch can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchFault {
    /// The batch is wrong.
    #[error(transparent)]
    Invalid(#[from] BadRequest),
    /// There is more of something than is taken.
    #[error("{0}")]
    TooLarge(String),
}

/// Where in the batch the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before its `{`.
    Before,
    /// Before the first member's name, or the end.
    FirstMember,
    /// Before another member's name.
    Member,
    /// Behind a member's name.
    Colon,
    /// Before the value of that member.
    Value,
    /// Behind a member.
    BehindMember,
    /// Before the first request, or the end of them.
    FirstRequest,
    /// Before another request.
    Request,
    /// Behind a request.
    BehindRequest,
    /// Behind its `}`.
    Behind,
}

/// Reads a batch as it comes: bytes are [pushed](Self::push), and [parts](Self::next_part) taken
/// while there are some. How the bytes are cut changes nothing.
#[derive(Debug)]
pub struct BatchReader {
    /// What was pushed; up to `at` it was taken.
    bytes: Vec<u8>,
    at: usize,
    place: Place,
    looked: Looked,
    /// The name of the member whose value comes.
    name: String,
    head: Vec<(String, String)>,
    has_requests: bool,
    custom_ids: HashSet<String>,
    requests_max: u32,
    request_bytes_max: usize,
}

/// How far a value was looked at whose end is not there yet.
#[derive(Debug, Clone, Copy, Default)]
struct Looked {
    length: usize,
    depth: usize,
    in_string: bool,
    is_escaped: bool,
}

impl Looked {
    /// Looks at more of a value and says how long it is, once its end is there.
    fn on(&mut self, value: &[u8]) -> Option<usize> {
        let is_bare = !matches!(value.first(), Some(b'{' | b'[' | b'"'));
        for byte in value.get(self.length..)? {
            if is_bare && matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r') {
                return Some(self.length);
            }
            self.length = self.length.saturating_add(1);
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' if self.in_string => self.is_escaped = true,
                b'"' => self.in_string = !self.in_string,
                _ if self.in_string => {}
                b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            if !is_bare && self.depth == 0 && !self.in_string {
                return Some(self.length);
            }
        }
        None
    }
}

/// Most members before the requests.
const MEMBERS_MAX: usize = 64;
/// Most bytes of one of them.
const MEMBER_BYTES_MAX: usize = 64 * 1024;
/// Longest `custom_id`.
const CUSTOM_ID_CHARACTERS_MAX: usize = 256;

impl BatchReader {
    /// A reader of a batch of at most so many requests, each of at most so many bytes.
    pub fn new(requests_max: u32, request_bytes_max: usize) -> Self {
        Self {
            bytes: Vec::new(),
            at: 0,
            place: Place::Before,
            looked: Looked::default(),
            name: String::new(),
            head: Vec::new(),
            has_requests: false,
            custom_ids: HashSet::new(),
            requests_max,
            request_bytes_max,
        }
    }

    /// Takes more of the body.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.at.min(self.bytes.len()));
        self.at = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next part that is all there; `None` while more has to be pushed.
    ///
    /// # Errors
    ///
    /// What is wrong with the batch, or that it is too large. Nothing can be read behind it.
    pub fn next_part(&mut self) -> Result<Option<BatchPart>, BatchFault> {
        use Place::{
            Before, Behind, BehindMember, BehindRequest, Colon, FirstMember, FirstRequest, Member,
            Request, Value,
        };
        loop {
            let Some(next) = self.next_byte() else { return Ok(None) };
            match (self.place, next) {
                (Before, b'{') => self.go(FirstMember),
                (FirstMember | BehindMember, b'}') => self.go(Behind),
                (BehindMember, b',') => self.go(Member),
                (Colon, b':') => self.go(Value),
                (FirstMember | Member, b'"') => {
                    let Some(name) = self.value()? else { return Ok(None) };
                    self.name = serde_json::from_str(&name).map_err(|_| self.not_json())?;
                    self.place = Colon;
                }
                (Value, b'[') if self.name == "requests" => {
                    if self.has_requests {
                        return Err(BadRequest::new("requests: Given more than once").into());
                    }
                    self.has_requests = true;
                    self.go(FirstRequest);
                    return Ok(Some(BatchPart::Head(BatchHead::of(&self.head)?)));
                }
                (Value, _) => {
                    let Some(value) = self.value()? else { return Ok(None) };
                    self.keep_member(value)?;
                    self.place = BehindMember;
                }
                (FirstRequest | BehindRequest, b']') => self.go(BehindMember),
                (BehindRequest, b',') => self.go(Request),
                (FirstRequest | Request, _) => {
                    let Some(value) = self.value()? else { return Ok(None) };
                    self.place = BehindRequest;
                    return self.request(value).map(Some);
                }
                _ => return Err(self.not_json()),
            }
        }
    }

    /// Looks whether the batch was there to its end.
    ///
    /// # Errors
    ///
    /// When it was not, or had no requests.
    pub fn finish(&self) -> Result<(), BatchFault> {
        if self.place != Place::Behind {
            return Err(BadRequest::new("The batch breaks off before its end").into());
        }
        if self.custom_ids.is_empty() {
            let missing = "requests: Required, an array of at least one request";
            return Err(BadRequest::new(missing).into());
        }
        Ok(())
    }

    /// The next byte that is not blank.
    fn next_byte(&mut self) -> Option<u8> {
        let rest = self.bytes.get(self.at..)?;
        let blank = rest.iter().take_while(|it| matches!(it, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.at = self.at.saturating_add(blank);
        self.bytes.get(self.at).copied()
    }

    /// Takes one byte and goes on behind it.
    fn go(&mut self, place: Place) {
        self.at = self.at.saturating_add(1);
        self.place = place;
    }

    /// Takes the value that begins here, once its end is there.
    fn value(&mut self) -> Result<Option<String>, BatchFault> {
        let value = self.bytes.get(self.at..).unwrap_or_default();
        let length = self.looked.on(value);
        if length.unwrap_or(value.len()) > self.request_bytes_max {
            let what = self.what_comes();
            let most = self.request_bytes_max;
            return Err(BatchFault::TooLarge(format!("{what}: More than {most} bytes")));
        }
        let Some(length) = length else { return Ok(None) };
        let text = value.get(..length).unwrap_or_default().to_vec();
        let text = String::from_utf8(text).map_err(|_| self.not_json())?;
        self.at = self.at.saturating_add(length);
        self.looked = Looked::default();
        Ok(Some(text))
    }

    /// The request, or the member, that is read now.
    fn what_comes(&self) -> String {
        match self.place {
            Place::FirstRequest | Place::Request | Place::BehindRequest => {
                format!("requests[{}]", self.custom_ids.len())
            }
            Place::Value if !self.name.is_empty() => self.name.clone(),
            _ => "The batch".to_owned(),
        }
    }

    fn not_json(&self) -> BatchFault {
        let what = self.what_comes();
        BadRequest::new(format!("{what}: The body is not a valid JSON object")).into()
    }

    fn keep_member(&mut self, value: String) -> Result<(), BatchFault> {
        let name = std::mem::take(&mut self.name);
        if serde_json::from_str::<serde::de::IgnoredAny>(&value).is_err() {
            return Err(BadRequest::new(format!("{name}: Not valid JSON")).into());
        }
        if name == "requests" {
            return Err(wrong_type("requests", "array of requests", &value).into());
        }
        if self.has_requests {
            let late = "Must stand before `requests`, which are read as they come";
            return Err(BadRequest::new(format!("{name}: {late}")).into());
        }
        if self.head.iter().any(|(known, _)| *known == name) {
            return Err(BadRequest::new(format!("{name}: Given more than once")).into());
        }
        if self.head.len() >= MEMBERS_MAX || value.len() > MEMBER_BYTES_MAX {
            let most = format!(
                "{name}: At most {MEMBERS_MAX} members of {MEMBER_BYTES_MAX} bytes each may stand before `requests`"
            );
            return Err(BatchFault::TooLarge(most));
        }
        self.head.push((name, value));
        Ok(())
    }

    fn request(&mut self, text: String) -> Result<BatchPart, BatchFault> {
        let number = self.custom_ids.len();
        let wrong = |what: String| BadRequest::new(format!("requests[{number}]{what}"));
        if u32::try_from(number).is_ok_and(|number| number >= self.requests_max) {
            let most = self.requests_max;
            return Err(BatchFault::TooLarge(format!("requests: More than {most} requests")));
        }
        let object = RawObject::read(Bytes::from(text));
        let object = object.map_err(|error| wrong(format!(": {}", error.message())))?;
        let custom_id = object.get::<String>("custom_id", "string");
        let custom_id = custom_id.map_err(|error| wrong(format!(".{}", error.message())))?;
        let custom_id = custom_id.filter(|id| !id.is_empty());
        let custom_id = custom_id.ok_or_else(|| wrong(".custom_id: Required".to_owned()))?;
        if custom_id.chars().count() > CUSTOM_ID_CHARACTERS_MAX {
            let most = format!(".custom_id: More than {CUSTOM_ID_CHARACTERS_MAX} characters");
            return Err(wrong(most).into());
        }
        let body = object.member("body").filter(|body| body.starts_with('{'));
        let body = body.ok_or_else(|| wrong(".body: Required, an object".to_owned()))?.to_owned();
        if !self.custom_ids.insert(custom_id.clone()) {
            let taken = format!(".custom_id: \"{custom_id}\" is taken by an earlier request");
            return Err(wrong(taken).into());
        }
        Ok(BatchPart::Request { custom_id, body })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::BatchEndpoint;
    use super::*;

    /// All parts of a batch that comes in pieces of so many bytes.
    fn read(body: &[u8], piece: usize) -> Result<Vec<BatchPart>, BatchFault> {
        let mut reader = BatchReader::new(3, 100);
        let mut parts = Vec::new();
        for bytes in body.chunks(piece) {
            reader.push(bytes);
            while let Some(part) = reader.next_part()? {
                parts.push(part);
            }
        }
        reader.finish()?;
        Ok(parts)
    }

    fn told(body: &str) -> String {
        read(body.as_bytes(), 7).unwrap_err().to_string()
    }

    const HEAD: &str = r#""endpoint":"/v1/chat/completions","model":"acme/small:batch""#;

    #[test]
    fn a_batch_is_its_head_and_its_requests() {
        let body = format!(
            r#" {{ {HEAD} , "completion_window" : "24h", "provider":{{"only":["acme"]}}, "note": -1.5e3,
            "requests" : [ {{"custom_id":"a","body":{{"messages":[{{"content":"]}}\"{{é"}}]}}}} ,
            {{"body":{{}},"custom_id":"b","more":null}}] }} "#
        );
        let expected = [
            BatchPart::Head(BatchHead {
                endpoint: BatchEndpoint::Chat,
                model: "acme/small:batch".to_owned(),
                only: vec!["acme".to_owned()],
            }),
            BatchPart::Request {
                custom_id: "a".to_owned(),
                body: r#"{"messages":[{"content":"]}\"{é"}]}"#.to_owned(),
            },
            BatchPart::Request { custom_id: "b".to_owned(), body: "{}".to_owned() },
        ];
        for piece in 1..=body.len() {
            assert_eq!(read(body.as_bytes(), piece).unwrap(), expected, "{piece}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let requests = |list: &str| format!(r#"{{{HEAD},"requests":{list}}}"#);
        let long = json!([{ "custom_id": "a", "body": { "text": "x".repeat(90) } }]).to_string();
        let four: Vec<_> =
            (0..4).map(|id| json!({"custom_id": format!("{id}"), "body": {}})).collect();
        for (body, expected) in [
            ("[1]".to_owned(), "The batch: The body is not a valid JSON object"),
            (format!("{{{HEAD}}}"), "requests: Required, an array of at least one request"),
            (requests("[]"), "requests: Required, an array of at least one request"),
            (requests("{}"), "requests: Expected array of requests, received object"),
            (requests("[1]"), "requests[0]: "),
            (requests(r#"[{"body":{}}]"#), "requests[0].custom_id: Required"),
            (requests(r#"[{"custom_id":1,"body":{}}]"#), "requests[0].custom_id: Expected string"),
            (requests(r#"[{"custom_id":"a","body":[]}]"#), "requests[0].body: Required, an object"),
            (
                requests(r#"[{"custom_id":"a","body":{}},{"custom_id":"a","body":{}}]"#),
                "requests[1].custom_id: \"a\" is taken by an earlier request",
            ),
            (requests(r#"[{"custom_id":"a","body":{}},]"#), "requests[1]: "),
            (requests(r#"[{"custom_id":"a","body":{}}{"#), "requests[1]: "),
            (requests(r#"[{"custom_id":"a","body":{"a":}}]"#), "requests[0]: "),
            (requests(&long), "requests[0]: More than 100 bytes"),
            (requests(&json!(four).to_string()), "requests: More than 3 requests"),
            (
                r#"{"requests":[]}"#.to_owned(),
                "endpoint: Required, and must stand before `requests`",
            ),
            (
                r#"{"endpoint":"/v1/chat/completions","requests":[],"model":"m"}"#.to_owned(),
                "model: Required, and must stand before `requests`",
            ),
            (
                format!(
                    r#"{{{HEAD},"requests":[{{"custom_id":"a","body":{{}}}}],"provider":{{}}}}"#
                ),
                "provider: Must stand before `requests`",
            ),
            (
                r#"{"endpoint":"/v1/images","model":"m","requests":[]}"#.to_owned(),
                "endpoint: Expected one of /v1/chat/completions, /v1/responses",
            ),
            (
                format!(r#"{{{HEAD},"completion_window":"48h","requests":[]}}"#),
                "completion_window: Expected \"24h\"",
            ),
            (format!(r#"{{{HEAD},"model":"n","requests":[]}}"#), "model: Given more than once"),
            (format!(r#"{{{HEAD},"provider":["a"],"requests":[]}}"#), "provider: Expected object"),
            (
                format!(r#"{{{HEAD},"requests":[{{"custom_id":"a","body":{{}}}}"#),
                "The batch breaks off before its end",
            ),
            (requests(r#"[{"custom_id":"a","body":{}}]"#) + "{", "The batch: The body is not"),
        ] {
            let told = told(&body);
            assert!(told.starts_with(expected), "{body}\n{told}\n{expected}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_are_read_alike(
            body in r#"[\{\}\[\]",:\\ a1]{0,40}"#,
            piece in 1_usize..9,
        ) {
            let whole = format!(r#"{{{HEAD},"requests":[{body}]}}"#);
            for text in [&body, &whole] {
                let at_once = read(text.as_bytes(), text.len().max(1));
                let in_pieces = read(text.as_bytes(), piece);
                prop_assert_eq!(at_once.ok(), in_pieces.ok());
            }
        }

        #[test]
        fn what_is_accepted_is_json(body in r#"[\{\}\[\]",:\\ a1]{0,40}"#) {
            let whole = format!(r#"{{{HEAD},"requests":[{{"custom_id":"a","body":{{{body}}}}}]}}"#);
            if read(whole.as_bytes(), 11).is_ok() {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&whole).is_ok());
            }
        }
    }
}
