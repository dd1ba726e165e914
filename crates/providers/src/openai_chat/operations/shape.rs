//! What all answers have in common.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::Fault;
use crate::operation::answers;

/// An answer's frame: whether it is one, and whose.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Frame<'a> {
    id: Option<Value>,
    object: Option<Value>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

impl<'a> Frame<'a> {
    /// Reads a frame; an error in it is the fault.
    pub(super) fn read(body: &'a [u8]) -> Result<Self, Fault> {
        let frame: Self = answers::parse(body)?;
        match frame.error {
            Some(error) => Err(Fault::in_band(error.get().as_bytes())),
            None if frame.object.as_ref().is_some_and(|it| it == "error") => {
                Err(Fault::in_band(body))
            }
            None => Ok(frame),
        }
    }

    /// The provider's own id of the answer.
    pub(super) fn id(self) -> Option<String> {
        match self.id {
            Some(Value::String(id)) if !id.is_empty() => Some(id),
            _ => None,
        }
    }
}
