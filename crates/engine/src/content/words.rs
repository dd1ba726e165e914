//! The words of a call as they are kept (contract §1.3, `/generation/content`).

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tollgate_providers::{Fault, FaultKind};
use tollgate_types::{GenerationId, Timestamp};
use tollgate_wire::json::RawObject;
use tollgate_wire::{Call, Dialect};

use super::Input;
use super::cut::cut;
use super::ear::{Ear, Spoken};
use crate::CallError;
use crate::error::told;

/// Most bytes kept of one call, as JSON.
pub(super) const CONTENT_BYTES_MAX: usize = 1024 * 1024;
/// Of these, as many are for the answer, which may grow where it is escaped.
const ANSWER_BYTES_MAX: usize = 640 * 1024;
/// What errors say is bounded where it is read; this is for what surrounds it all.
const FRAME_BYTES: usize = 256;

/// The words of one call, before they are written down.
#[derive(Debug)]
pub(crate) struct Words {
    pub(super) id: GenerationId,
    pub(super) created_at: Timestamp,
    pub(super) input: Option<Input>,
    pub(super) output: Output,
    pub(super) failure: Option<Failure>,
}

/// An answer.
#[derive(Debug)]
pub(super) enum Output {
    /// A stream, heard as it went.
    Heard(Ear),
    /// A whole one, not read yet.
    Whole(Dialect, Bytes),
}

impl Output {
    pub(super) const fn nothing() -> Self {
        Self::Whole(Dialect::Chat, Bytes::new())
    }
}

/// Why a call failed (contract §1.3).
#[derive(Debug, Serialize)]
pub(super) struct Failure {
    message: String,
    status: u16,
    provider_name: Option<String>,
    raw: Option<String>,
    previous_errors: Vec<Previous>,
}

/// An attempt that failed before.
#[derive(Debug, Serialize)]
struct Previous {
    code: &'static str,
    message: String,
    provider_name: String,
    raw: Option<String>,
}

#[derive(Serialize)]
struct Kept<'a> {
    input: &'a RawValue,
    output: &'a RawValue,
    error: Option<&'a RawValue>,
    /// Ours: whether something was cut.
    truncated: bool,
}

impl Failure {
    pub(super) fn of(error: &CallError) -> Self {
        let body = error.body().error;
        let faults = match error {
            CallError::PlanExhausted { faults, .. } => faults.as_slice(),
            _ => &[],
        };
        let last = told(faults);
        let others = faults.iter().filter(|it| !last.is_some_and(|last| std::ptr::eq(last, *it)));
        Self {
            message: body.message,
            status: body.code,
            provider_name: body.metadata.provider_name,
            raw: body.metadata.raw,
            previous_errors: others.map(Previous::of).collect(),
        }
    }
}

impl Previous {
    /// What a provider says of the gateway's own key or account is not the caller's to read.
    fn of((provider, fault): &(String, Fault)) -> Self {
        let code = fault.kind.as_str();
        let status = fault.status.map_or(String::new(), |status| format!(", HTTP {status}"));
        let is_ours = matches!(fault.kind, FaultKind::Credential | FaultKind::Payment);
        let raw = fault.said().filter(|_| !is_ours).map(str::to_owned);
        Self {
            code,
            message: format!("{provider} failed: {}{status}", code.replace('_', " ")),
            provider_name: provider.clone(),
            raw,
        }
    }
}

impl Words {
    /// About how much memory they hold.
    pub(super) fn bytes(&self) -> usize {
        let said = self.input.as_ref().map_or(0, |input| input.text.len());
        let answered = match &self.output {
            Output::Heard(ear) => ear.spoken.bytes(),
            Output::Whole(_, body) => body.len(),
        };
        said.saturating_add(answered)
    }

    /// As JSON of at most [`CONTENT_BYTES_MAX`] bytes. Takes a while for long ones: not for a task
    /// that others wait for.
    pub(super) fn written(self) -> String {
        let spoken = match self.output {
            Output::Heard(ear) => ear.spoken,
            Output::Whole(_, body) if body.is_empty() => Spoken::default(),
            Output::Whole(dialect, body) => Spoken::of(dialect, &body).unwrap_or_default(),
        };
        let mut truncated = spoken.is_cut;
        let mut fit = |json: Option<Box<RawValue>>, room: usize| {
            let json = json?;
            if json.get().len() <= room {
                return Some(json);
            }
            truncated = true;
            cut(json.get(), room).and_then(|text| RawValue::from_string(text).ok())
        };
        let output = fit(to_raw_value(&spoken).ok(), ANSWER_BYTES_MAX);
        let left = CONTENT_BYTES_MAX.saturating_sub(FRAME_BYTES + length(output.as_deref()));
        let error = self.failure.and_then(|failure| to_raw_value(&failure).ok());
        let error = fit(error, left / 2);
        let left = left.saturating_sub(length(error.as_deref()));
        let input = fit(self.input.and_then(Input::read), left);
        let nothing = RawValue::NULL;
        let kept = Kept {
            input: input.as_deref().unwrap_or(nothing),
            output: output.as_deref().unwrap_or(nothing),
            error: error.as_deref(),
            truncated,
        };
        serde_json::to_string(&kept).unwrap_or_default()
    }
}

fn length(json: Option<&RawValue>) -> usize {
    json.map_or(0, |json| json.get().len())
}

impl Input {
    /// `{"messages"}`, in chat's words whatever the dialect, or `{"prompt"}` (contract §1.3).
    fn read(self) -> Option<Box<RawValue>> {
        let body = Bytes::from(self.text);
        let member = |object: &RawObject, name: &str| {
            let raw = object.member(name)?;
            RawValue::from_string(format!("{{\"{name}\":{raw}}}")).ok()
        };
        if matches!(self.dialect, Dialect::Chat | Dialect::Completions) {
            let object = RawObject::read(body).ok()?;
            return member(&object, "messages").or_else(|| member(&object, "prompt"));
        }
        let call = Call::read(self.dialect, body, self.address).ok()?;
        member(call.chat().ok()?.object(), "messages")
    }
}
