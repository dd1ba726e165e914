//! The chat completions dialect (contract §2 and §3).
//!
//! A request is read in two steps. [`ChatCall::read`] walks the body once: it checks the shape of
//! everything, takes the parameters, and surveys the messages without building them. That is all a
//! call needs that goes to a provider of the same dialect. [`ChatCall::typed`] builds the messages
//! as values, for translation.
//!
//! An answer is a sequence of [`ChatEvent`]s. [`ChunkWriter`] writes them as stream chunks,
//! [`CompletionBuilder`] collects them into a completion.

mod annotation;
mod call;
mod chunk;
mod completion;
mod event;
mod form;
mod media;
mod message;
mod params;
mod shapes;
mod survey;
mod tool;
mod usage;

pub use annotation::UrlCitation;
pub(crate) use call::PARAMETERS;
pub use call::{ChatCall, known_parameter};
pub use chunk::{ChunkWriter, DONE, KEEP_ALIVE};
pub use completion::CompletionBuilder;
pub use event::{
    AnswerHead, AudioDelta, ChatEvent, FinishReason, ReasoningDetail, ReasoningFormat,
    ReasoningKind,
};
pub(crate) use form::Chat;
pub use media::RemoteMedia;
pub use message::{CacheControl, ChatRequest, Message, Part, Role, ToolCall};
pub(crate) use params::STOPS_MAX;
pub use params::{ChatParams, Effort, Reasoning, ResponseFormat};
pub use survey::{AnswerMedia, Survey};
pub use tool::{Tool, ToolChoice};
pub use usage::UsageView;
