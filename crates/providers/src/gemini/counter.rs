//! How many tokens a conversation has.
//!
//! <https://ai.google.dev/api/tokens>
//!
//! The whole request is asked about, so that instructions and tools count: contents alone would
//! leave them out.

use bytes::Bytes;
use http::Request;
use tollgate_wire::json::{ObjectWriter, ScanError, Scanner};

use super::{Gemini, encode};
use crate::adapter::versioned;
use crate::counting::{count, moved};
use crate::splice::{members, raw, same_name};
use crate::{Counter, EncodeError, Fault, Inbound, Unsupported};

impl Counter for Gemini {
    fn encode(&self, inbound: &Inbound<'_>) -> Result<Request<Bytes>, EncodeError> {
        let target = &inbound.target;
        let request = crate::encode(self, inbound)?;
        let name = encode::name(target);
        let body = question(request.body(), &name)?;
        let url = versioned(target.base_url, "v1beta", &format!("{name}:countTokens"));
        Ok(moved(request, &url, body)?)
    }

    fn count(&self, body: &[u8]) -> Result<u64, Fault> {
        count(body, &["totalTokens"])
    }
}

/// The request within the question. The model is named in it too.
fn question(request: &[u8], name: &str) -> Result<Vec<u8>, Unsupported> {
    let mut inner = Vec::with_capacity(request.len().saturating_add(64));
    let mut object = ObjectWriter::new(&mut inner);
    object.field("model", name);
    let walk = members(&mut Scanner::new(request), |key, scanner| -> Result<(), ScanError> {
        let value = raw(request, scanner)?;
        if std::str::from_utf8(key).is_ok_and(|key| !same_name(key, "model")) {
            object.raw(key, value);
        }
        Ok(())
    });
    walk.map_err(|error| Unsupported(format!("a call that is not an object: {error}")))?;
    object.end();
    let mut body = Vec::with_capacity(inner.len().saturating_add(32));
    let mut object = ObjectWriter::new(&mut body);
    object.raw(b"generateContentRequest", &inner);
    object.end();
    Ok(body)
}
