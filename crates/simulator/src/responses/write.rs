//! Writes response objects and their events.
//!
//! A provider that fails in the middle of a stream sends `error` and then `response.failed`. The
//! documentation shows the fields of `error` at its top; what is really sent has them within a
//! field called `error`, as <https://github.com/vercel/ai/issues/6534> shows, and so it is here.

use serde_json::{Map, Value};

use super::ENCRYPTED;
use super::wire::{
    Arguments, Body, Content, Fault, Frame, Incomplete, Item, Response, StreamError, Summary,
    SummaryText, Text, Usage,
};
use crate::answer::{Answer, Call, Finish};
use crate::encode::Encode;
use crate::event::{Beat, Event, Events, Nullable, json, sse_named};
use crate::protocol::Label;
use crate::tokens;

const FAILED: &str = "The server had an error while processing your request. Sorry about that!";
const ID_LETTERS: usize = 48;
const ENCRYPTED_LETTERS: usize = 120;

/// What a request asked of the form of its answer.
#[derive(Debug)]
pub(super) struct Options {
    /// Whether reasoning comes along encrypted.
    pub(super) encrypted: bool,
    pub(super) echoed: Map<String, Value>,
}

/// Writes one answer.
#[derive(Debug)]
pub(crate) struct Encoder {
    id: String,
    reasoning_id: String,
    message_id: String,
    /// Ids of call items begin with this, and end with the call's own id.
    call_id_prefix: String,
    encrypted: Option<String>,
    options: Options,
    label: Label,
    sequence: u64,
    open: Option<Open>,
    output_index: usize,
}

/// The item that is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Reasoning,
    Message,
    Call(usize),
}

impl Encoder {
    pub(super) fn new(mut label: Label, options: Options) -> Self {
        let encrypted = options.encrypted.then(|| label.ids.id(ENCRYPTED, ENCRYPTED_LETTERS));
        Self {
            id: label.ids.id("resp_", ID_LETTERS),
            reasoning_id: label.ids.id("rs_", ID_LETTERS),
            message_id: label.ids.id("msg_", ID_LETTERS),
            call_id_prefix: label.ids.id("fc_", 16),
            encrypted,
            options,
            label,
            sequence: 0,
            open: None,
            output_index: 0,
        }
    }
}

impl Encode for Encoder {
    fn whole(&self, answer: &Answer) -> Vec<u8> {
        let ids: Vec<String> = answer.calls.iter().map(|call| self.call_id(call)).collect();
        json(&self.finished(answer, &ids))
    }

    fn encode(&mut self, beat: Beat<'_>, answer: &Answer, events: &mut Events) {
        match beat {
            Beat::Open => {
                self.begin(events);
                if answer.usage.reasoning > 0 && answer.reasoning.is_empty() {
                    self.open(Open::Reasoning, answer, events);
                    self.close(answer, events);
                }
            }
            Beat::Reasoning(piece) => {
                self.open(Open::Reasoning, answer, events);
                let (item_id, output_index) = (self.reasoning_id.clone(), self.output_index);
                let delta = Some(piece);
                let text =
                    SummaryText { item_id: &item_id, output_index, delta, ..Default::default() };
                let name = "response.reasoning_summary_text.delta";
                events.push_back(self.content(name, Body::SummaryText(text), piece));
            }
            Beat::Text(piece) => {
                self.open(Open::Message, answer, events);
                let item_id = self.message_id.clone();
                let refused = answer.finish == Finish::Refused;
                let text = Text {
                    item_id: &item_id,
                    output_index: self.output_index,
                    delta: Some(piece),
                    logprobs: (!refused).then_some([]),
                    ..Text::default()
                };
                let name =
                    if refused { "response.refusal.delta" } else { "response.output_text.delta" };
                events.push_back(self.content(name, Body::Text(text), piece));
            }
            Beat::CallOpen(index, _) => self.open(Open::Call(index), answer, events),
            Beat::CallArguments(index, piece) => {
                let item_id = answer.calls.get(index).map(|call| self.call_id(call));
                let arguments = Arguments {
                    item_id: item_id.as_deref().unwrap_or_default(),
                    output_index: self.output_index,
                    delta: Some(piece),
                    ..Arguments::default()
                };
                let name = "response.function_call_arguments.delta";
                events.push_back(self.content(name, Body::Arguments(arguments), piece));
            }
            Beat::Close => self.end(answer, events),
        }
    }

    fn error(&self) -> Event {
        let error = StreamError {
            r#type: "server_error",
            code: "server_error",
            message: FAILED,
            param: None,
        };
        let error = frame("error", self.sequence, Body::Error { error });
        let mut response = self.response("failed");
        response.error = Some(Fault { code: "server_error", message: FAILED });
        let body = Body::Response { response: Box::new(response) };
        let failed = frame("response.failed", self.sequence + 1, body);
        Event::framing([error, failed].concat().into())
    }
}

impl Encoder {
    fn begin(&mut self, events: &mut Events) {
        for name in ["response.created", "response.in_progress"] {
            let sequence = self.number();
            let body = Body::Response { response: Box::new(self.response("in_progress")) };
            events.push_back(Event::framing(frame(name, sequence, body).into()));
        }
    }

    fn end(&mut self, answer: &Answer, events: &mut Events) {
        self.close(answer, events);
        let ids: Vec<String> = answer.calls.iter().map(|call| self.call_id(call)).collect();
        let sequence = self.number();
        let response = self.finished(answer, &ids);
        let name = match response.status {
            "incomplete" => "response.incomplete",
            _ => "response.completed",
        };
        let body = Body::Response { response: Box::new(response) };
        events.push_back(Event::framing(frame(name, sequence, body).into()));
    }

    /// Opens an item, unless it is open already.
    fn open(&mut self, open: Open, answer: &Answer, events: &mut Events) {
        if self.open == Some(open) {
            return;
        }
        self.close(answer, events);
        self.open = Some(open);
        let output_index = self.output_index;
        let call = self.call_of(open, answer);
        let item = self.item(open, answer, call.as_ref(), false);
        let added = Body::Item { output_index, item };
        let added = frame("response.output_item.added", self.sequence, added);
        events.push_back(Event::framing(added.into()));
        self.sequence += 1;
        let part = match open {
            Open::Reasoning if !answer.reasoning.is_empty() => {
                let item_id = &self.reasoning_id;
                let part = Summary { text: "" };
                let part = Body::SummaryPart { item_id, output_index, summary_index: 0, part };
                frame("response.reasoning_summary_part.added", self.sequence, part)
            }
            Open::Message => {
                let item_id = &self.message_id;
                let part = content(answer, "");
                let part = Body::Part { item_id, output_index, content_index: 0, part };
                frame("response.content_part.added", self.sequence, part)
            }
            Open::Reasoning | Open::Call(_) => return,
        };
        events.push_back(Event::framing(part.into()));
        self.sequence += 1;
    }

    /// Closes the open item, if any: first what is in it, from the inside out.
    fn close(&mut self, answer: &Answer, events: &mut Events) {
        let Some(open) = self.open.take() else { return };
        let call = self.call_of(open, answer);
        let mut bodies = match open {
            Open::Reasoning if answer.reasoning.is_empty() => Vec::new(),
            Open::Reasoning => self.reasoning_done(answer),
            Open::Message => self.message_done(answer),
            Open::Call(_) => self.call_done(call.as_ref()),
        };
        let item = self.item(open, answer, call.as_ref(), true);
        let item = Body::Item { output_index: self.output_index, item };
        bodies.push(("response.output_item.done", item));
        let mut sequence = self.sequence;
        for (name, body) in bodies {
            events.push_back(Event::framing(frame(name, sequence, body).into()));
            sequence += 1;
        }
        self.sequence = sequence;
        self.output_index += 1;
    }

    fn reasoning_done<'a>(&'a self, answer: &'a Answer) -> Vec<(&'static str, Body<'a>)> {
        let (item_id, output_index) = (self.reasoning_id.as_str(), self.output_index);
        let text = Some(answer.reasoning.as_str());
        let whole = SummaryText { item_id, output_index, text, ..SummaryText::default() };
        let part = Summary { text: &answer.reasoning };
        let part = Body::SummaryPart { item_id, output_index, summary_index: 0, part };
        vec![
            ("response.reasoning_summary_text.done", Body::SummaryText(whole)),
            ("response.reasoning_summary_part.done", part),
        ]
    }

    fn message_done<'a>(&'a self, answer: &'a Answer) -> Vec<(&'static str, Body<'a>)> {
        let (item_id, output_index) = (self.message_id.as_str(), self.output_index);
        let said = Some(answer.text.as_str());
        let (name, text) = if answer.finish == Finish::Refused {
            ("response.refusal.done", Text { refusal: said, ..Text::default() })
        } else {
            let logprobs = Some([]);
            ("response.output_text.done", Text { text: said, logprobs, ..Text::default() })
        };
        let part = content(answer, &answer.text);
        let part = Body::Part { item_id, output_index, content_index: 0, part };
        vec![
            (name, Body::Text(Text { item_id, output_index, ..text })),
            ("response.content_part.done", part),
        ]
    }

    fn call_done<'a>(&self, call: Option<&'a (String, &'a Call)>) -> Vec<(&'static str, Body<'a>)> {
        let whole = |(id, call): &'a (String, &'a Call)| Arguments {
            item_id: id,
            output_index: self.output_index,
            arguments: Some(&call.arguments_text),
            name: Some(&call.name),
            delta: None,
        };
        let whole = call.map(whole).map(Body::Arguments);
        whole.map(|whole| ("response.function_call_arguments.done", whole)).into_iter().collect()
    }

    /// An item as it begins, or as it ends.
    fn item<'a>(
        &'a self,
        open: Open,
        answer: &'a Answer,
        call: Option<&'a (String, &'a Call)>,
        done: bool,
    ) -> Item<'a> {
        match (open, call) {
            (Open::Call(_), Some((id, call))) => function_call(id, call, done),
            (Open::Reasoning, _) => self.reasoning(answer, done),
            (Open::Message | Open::Call(_), _) => self.message(answer, done),
        }
    }

    fn reasoning<'a>(&'a self, answer: &'a Answer, done: bool) -> Item<'a> {
        let shown = done && !answer.reasoning.is_empty();
        let text = answer.reasoning.as_str();
        Item::Reasoning {
            id: &self.reasoning_id,
            summary: shown.then_some(Summary { text }).into_iter().collect(),
            encrypted_content: self.encrypted.as_deref(),
        }
    }

    fn message<'a>(&'a self, answer: &'a Answer, done: bool) -> Item<'a> {
        let status = match (done, answer.finish == Finish::Length) {
            (false, _) => "in_progress",
            (true, true) => "incomplete",
            (true, false) => "completed",
        };
        let content = if done { vec![content(answer, &answer.text)] } else { Vec::new() };
        Item::Message { id: &self.message_id, status, role: "assistant", content }
    }

    fn call_of<'a>(&self, open: Open, answer: &'a Answer) -> Option<(String, &'a Call)> {
        let Open::Call(index) = open else { return None };
        answer.calls.get(index).map(|call| (self.call_id(call), call))
    }

    fn call_id(&self, call: &Call) -> String {
        format!("{}{}", self.call_id_prefix, call.id.trim_start_matches("call_"))
    }

    fn response(&self, status: &'static str) -> Response<'_> {
        Response {
            id: &self.id,
            object: "response",
            created_at: self.label.created,
            status,
            background: false,
            error: None,
            incomplete_details: None,
            model: &self.label.model,
            output: Vec::new(),
            echoed: &self.options.echoed,
            usage: self.label.usage_reported.then_some(Nullable::Null),
        }
    }

    fn finished<'a>(&'a self, answer: &'a Answer, call_ids: &'a [String]) -> Response<'a> {
        let mut output = Vec::new();
        if answer.usage.reasoning > 0 {
            output.push(self.reasoning(answer, true));
        }
        if !answer.text.is_empty() {
            output.push(self.message(answer, true));
        }
        let calls = call_ids.iter().zip(&answer.calls);
        output.extend(calls.map(|(id, call)| function_call(id, call, true)));
        let incomplete = answer.finish == Finish::Length;
        let usage = || Nullable::Is(Usage::of(answer.usage));
        Response {
            output,
            incomplete_details: incomplete.then_some(Incomplete { reason: "max_output_tokens" }),
            usage: self.label.usage_reported.then(usage),
            ..self.response(if incomplete { "incomplete" } else { "completed" })
        }
    }

    fn content(&mut self, name: &'static str, body: Body<'_>, piece: &str) -> Event {
        let bytes = frame(name, self.number(), body);
        Event::content(bytes.into(), tokens::count(piece))
    }

    const fn number(&mut self) -> u64 {
        let number = self.sequence;
        self.sequence += 1;
        number
    }
}

fn function_call<'a>(id: &'a str, call: &'a Call, done: bool) -> Item<'a> {
    Item::FunctionCall {
        id,
        status: if done { "completed" } else { "in_progress" },
        arguments: if done { &call.arguments_text } else { "" },
        call_id: &call.id,
        name: &call.name,
    }
}

fn content<'a>(answer: &Answer, text: &'a str) -> Content<'a> {
    if answer.finish == Finish::Refused {
        return Content::Refusal { refusal: text };
    }
    Content::OutputText { annotations: [], logprobs: [], text }
}

fn frame(name: &'static str, sequence_number: u64, body: Body<'_>) -> Vec<u8> {
    sse_named(name, &Frame { r#type: name, sequence_number, body }).to_vec()
}
