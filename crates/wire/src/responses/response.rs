//! The response object (contract §3.5), and how an answer ends in its words.

use std::borrow::Cow;
use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use tollgate_types::GenerationId;

use crate::chat::{AnswerHead, FinishReason, ReasoningFormat, UsageView};
use crate::error::{ErrorBody, ErrorType};
use crate::responses::echo::Echo;
use crate::responses::error;
use crate::responses::item::{Item, Kind, Part, Status, Summary};
use crate::responses::output::Output;
use crate::responses::usage::UsageObject;
use crate::translation::custom::CustomArguments;

/// Which response it is.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    id: GenerationId,
    created: i64,
    model: String,
}

/// How far an answer is, or how it ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// It goes on.
    InProgress,
    /// It is whole.
    Completed,
    /// It was cut, and why.
    Incomplete(&'static str),
    /// It failed.
    Failed {
        /// One of the API's codes.
        code: &'static str,
        /// A sentence for the caller.
        message: String,
        /// The contract's word (§4.4).
        error_type: &'static str,
    },
}

/// A response object to be written.
#[derive(Debug)]
pub(super) struct Response<'a> {
    /// Which response it is.
    pub(super) identity: &'a Identity,
    /// How far it is.
    pub(super) ending: &'a Ending,
    /// What there is of it.
    pub(super) output: &'a Output,
    /// What it repeats of the request.
    pub(super) echo: &'a Echo,
    /// What it used and cost.
    pub(super) usage: Option<&'a UsageView>,
}

/// An item to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct ItemView<'a> {
    /// The item.
    pub(super) item: &'a Item,
    /// The response it is of.
    pub(super) identity: &'a Identity,
    /// Its status if it may still grow.
    pub(super) open: &'static str,
}

/// An item's id: the provider's where it matters, else one that follows from the response's, so
/// that it is the same in every event.
#[derive(Debug, Clone, Copy)]
pub(super) struct ItemId<'a> {
    item: &'a Item,
    identity: &'a Identity,
}

/// The word for an item that grows.
pub(super) const IN_PROGRESS: &str = "in_progress";

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ItemObject<'a> {
    Message {
        id: ItemId<'a>,
        status: &'static str,
        role: &'static str,
        content: &'a [Part],
    },
    Reasoning {
        id: ItemId<'a>,
        status: &'static str,
        summary: &'a [Summary],
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        content: &'a [Part],
        #[serde(skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<&'a str>,
        format: ReasoningFormat,
        #[serde(skip_serializing_if = "Option::is_none")]
        signature: Option<&'a str>,
    },
    FunctionCall {
        id: ItemId<'a>,
        status: &'static str,
        call_id: Cow<'a, str>,
        name: &'a str,
        arguments: &'a str,
    },
    CustomToolCall {
        id: ItemId<'a>,
        status: &'static str,
        call_id: Cow<'a, str>,
        name: &'a str,
        input: Cow<'a, str>,
    },
    ImageGenerationCall {
        id: ItemId<'a>,
        status: &'static str,
        result: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        output_format: Option<&'a str>,
    },
}

#[derive(Serialize)]
struct ErrorField<'a> {
    code: &'static str,
    message: &'a str,
}

#[derive(Serialize)]
struct IncompleteDetails {
    reason: &'static str,
}

impl Identity {
    /// The response of a generation, by whose id it can be looked up.
    pub(super) fn of(head: &AnswerHead) -> Self {
        Self {
            id: head.id.clone(),
            created: head.created.unix_seconds(),
            model: head.model.clone(),
        }
    }

    /// The id of an item.
    pub(super) const fn item<'a>(&'a self, item: &'a Item) -> ItemId<'a> {
        ItemId { item, identity: self }
    }
}

impl Ending {
    /// How a complete answer ended.
    pub(super) fn of(finish: (FinishReason, &str), output: &Output) -> Self {
        let (reason, native) = finish;
        if output.overflowed() {
            return Self::failed(ErrorType::ProviderUnavailable, "The answer is too long to hold");
        }
        match reason {
            FinishReason::Stop | FinishReason::ToolCalls => Self::Completed,
            FinishReason::Length => Self::Incomplete("max_output_tokens"),
            FinishReason::ContentFilter => Self::Incomplete("content_filter"),
            FinishReason::Error => Self::broken(&ErrorBody::failed_answer(native), output),
        }
    }

    /// How an answer ended that broke off. One that outgrew the context is an answer that reached
    /// a limit (contract §4.7).
    pub(super) fn broken(body: &ErrorBody, output: &Output) -> Self {
        let error_type = body.error.error_type;
        let outgrown = error_type == ErrorType::ContextLengthExceeded.as_str();
        if outgrown && !output.is_empty() {
            return Self::Incomplete("max_output_tokens");
        }
        let message = body.error.message.clone();
        Self::Failed { code: error::code(error_type), message, error_type }
    }

    fn failed(kind: ErrorType, message: impl Into<String>) -> Self {
        let error_type = kind.as_str();
        Self::Failed { code: error::code(error_type), message: message.into(), error_type }
    }

    /// The word on the wire.
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::InProgress => IN_PROGRESS,
            Self::Completed => "completed",
            Self::Incomplete(_) => "incomplete",
            Self::Failed { .. } => "failed",
        }
    }

    /// How an item ends that was still open.
    pub(super) const fn of_open_items(&self) -> Status {
        match self {
            Self::InProgress | Self::Completed => Status::Completed,
            Self::Incomplete(_) | Self::Failed { .. } => Status::Incomplete,
        }
    }
}

impl Response<'_> {
    /// Writes the object.
    pub(super) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    fn items(&self) -> Vec<ItemView<'_>> {
        let at_end = self.ending.of_open_items();
        let view = |item| {
            let open = Item::status_at_end(item, at_end).as_str();
            ItemView { item, identity: self.identity, open }
        };
        self.output.items().iter().map(view).collect()
    }
}

impl Serialize for Response<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        let Self { identity, ending, output, echo, usage } = self;
        map.serialize_entry("id", identity.id.as_str())?;
        map.serialize_entry("object", "response")?;
        map.serialize_entry("created_at", &identity.created)?;
        // There is no clock here.
        map.serialize_entry("completed_at", &None::<i64>)?;
        map.serialize_entry("status", ending.as_str())?;
        map.serialize_entry("model", &identity.model)?;
        map.serialize_entry("output", &self.items())?;
        let ended = !matches!(ending, Ending::InProgress);
        if ended {
            map.serialize_entry("output_text", &output.text())?;
        }
        match ending {
            Ending::Failed { code, message, error_type } => {
                map.serialize_entry("error", &Some(ErrorField { code, message }))?;
                map.serialize_entry("error_type", error_type)?;
            }
            _ => map.serialize_entry("error", &None::<ErrorField<'_>>)?,
        }
        let details = match ending {
            Ending::Incomplete(reason) => Some(IncompleteDetails { reason }),
            Ending::InProgress | Ending::Completed | Ending::Failed { .. } => None,
        };
        map.serialize_entry("incomplete_details", &details)?;
        for (name, json) in &echo.members {
            map.serialize_entry(name, json)?;
        }
        if ended {
            map.serialize_entry("service_tier", &output.service_tier)?;
        } else {
            map.serialize_entry("service_tier", &echo.service_tier)?;
        }
        map.serialize_entry("usage", &usage.map(UsageObject))?;
        map.end()
    }
}

impl Serialize for ItemView<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self { item, identity, open } = self;
        let id = identity.item(item);
        let status = item.status.map_or(*open, Status::as_str);
        let object = match &item.kind {
            Kind::Message => {
                ItemObject::Message { id, status, role: "assistant", content: &item.parts }
            }
            Kind::Reasoning(reasoning) => ItemObject::Reasoning {
                id,
                status,
                summary: &item.summaries,
                content: &item.parts,
                encrypted_content: reasoning.sealed.as_deref(),
                format: reasoning.format,
                signature: reasoning.signature.as_deref(),
            },
            Kind::Call(call) => {
                let call_id = match call.id.as_str() {
                    "" => Cow::Owned(format!("call_{}_{}", identity.id, item.index)),
                    id => Cow::Borrowed(id),
                };
                let (name, arguments) = (call.name.as_str(), call.arguments.as_str());
                if call.custom {
                    let input = CustomArguments::input_of(arguments);
                    ItemObject::CustomToolCall { id, status, call_id, name, input }
                } else {
                    ItemObject::FunctionCall { id, status, call_id, name, arguments }
                }
            }
            Kind::Image(url) => {
                let (result, output_format) = image(url);
                let result = (status != IN_PROGRESS).then_some(result);
                ItemObject::ImageGenerationCall { id, status, result, output_format }
            }
        };
        object.serialize(to)
    }
}

/// The base64 of a data URI and the kind of image; any other URL as it is.
fn image(url: &str) -> (&str, Option<&str>) {
    let parts = url.strip_prefix("data:image/").and_then(|rest| rest.split_once(";base64,"));
    match parts {
        Some((format, data)) => (data, format.split(';').next()),
        None => (url, None),
    }
}

impl fmt::Display for ItemId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { item, identity } = self;
        let prefix = match &item.kind {
            Kind::Message => "msg",
            Kind::Reasoning(reasoning) => match &reasoning.id {
                Some(id) => return f.write_str(id),
                None => "rs",
            },
            Kind::Call(call) if call.custom => "ctc",
            Kind::Call(_) => "fc",
            Kind::Image(_) => "ig",
        };
        write!(f, "{prefix}_{}_{}", identity.id, item.index)
    }
}

impl Serialize for ItemId<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}
