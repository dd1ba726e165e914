//! What the counters of tokens share: the body of a call without what only an answer needs, and
//! the count in what comes back.

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value};
use tollgate_wire::json::{ObjectWriter, ScanError, Scanner};

use crate::splice::{members, raw};
use crate::{Fault, Unsupported};

/// The members of a JSON object that `keep` names, as they are written.
pub(crate) fn kept(body: &[u8], keep: &[&str]) -> Result<Vec<u8>, Unsupported> {
    let mut out = Vec::with_capacity(body.len());
    let mut object = ObjectWriter::new(&mut out);
    let walk = members(&mut Scanner::new(body), |key, scanner| -> Result<(), ScanError> {
        let value = raw(body, scanner)?;
        if keep.iter().any(|name| name.as_bytes() == key) {
            object.raw(key, value);
        }
        Ok(())
    });
    walk.map_err(|error| Unsupported(format!("a call that is not an object: {error}")))?;
    object.end();
    Ok(out)
}

/// The same request at another address, with another body.
pub(crate) fn moved(
    request: Request<Bytes>,
    url: &str,
    body: Vec<u8>,
) -> Result<Request<Bytes>, Unsupported> {
    let (mut head, _) = request.into_parts();
    head.uri = url.parse().map_err(|_| Unsupported(format!("`{url}` is not a URL")))?;
    Ok(Request::from_parts(head, Bytes::from(body)))
}

/// The count that an answer gives under one of these names; an error in it is the fault.
pub(crate) fn count(body: &[u8], names: &[&str]) -> Result<u64, Fault> {
    let answer: Map<String, Value> =
        serde_json::from_slice(body).map_err(|error| Fault::malformed(&error.to_string()))?;
    if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
        return Err(Fault::in_band(error.to_string().as_bytes()));
    }
    let is_error = |name: &str| answer.get(name).is_some_and(|kind| kind == "error");
    if is_error("type") || is_error("object") {
        return Err(Fault::in_band(body));
    }
    let counted = names.iter().find_map(|name| answer.get(*name)).and_then(Value::as_u64);
    counted.ok_or_else(|| Fault::malformed("it has no count of tokens"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FaultKind;

    #[test]
    fn members_that_are_kept_stay_as_they_are_written() {
        let body = br#"{"model":"m","max_tokens":9,"tools":[ {"a" : 1.0} ],"x":null}"#;
        let kept = kept(body, &["tools", "model"]).unwrap();
        assert_eq!(kept, br#"{"model":"m","tools":[ {"a" : 1.0} ]}"#);
    }

    #[test]
    fn a_count_is_a_whole_number() {
        for (body, expected) in [
            (r#"{"input_tokens":7}"#, Ok(7)),
            (r#"{"inputTokens":0,"error":null}"#, Ok(0)),
            (r#"{"input_tokens":-7}"#, Err(FaultKind::Broken)),
            (r#"{"input_tokens":"7"}"#, Err(FaultKind::Broken)),
            (r#"{"tokens":7}"#, Err(FaultKind::Broken)),
            ("7", Err(FaultKind::Broken)),
            ("", Err(FaultKind::Broken)),
            (
                r#"{"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED"}}"#,
                Err(FaultKind::RateLimited),
            ),
            (r#"{"type":"error","message":"prompt is too long"}"#, Err(FaultKind::ContextLength)),
        ] {
            let read = count(body.as_bytes(), &["input_tokens", "inputTokens"]);
            assert_eq!(read.map_err(|fault| fault.kind), expected, "{body}");
        }
    }
}
