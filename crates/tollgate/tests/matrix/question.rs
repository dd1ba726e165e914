//! What is asked and what is heard, in no dialect's words.

use serde_json::{Value, json};

use crate::clients::Extra;

/// Why a cell is not proven.
#[derive(Debug, Clone)]
pub(crate) enum Flaw {
    /// The client's dialect has no words for it.
    Unsayable(&'static str),
    /// Something is not as it should be.
    Wrong(String),
}

impl Flaw {
    /// The flaw as people read it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Unsayable(what) => format!("unsayable: {what}"),
            Self::Wrong(what) => what.clone(),
        }
    }
}

/// What a check comes to.
pub(crate) type Proof<T = ()> = Result<T, Flaw>;

/// Something is not as it should be.
pub(crate) fn wrong<T>(what: impl Into<String>) -> Proof<T> {
    Err(Flaw::Wrong(what.into()))
}

/// Fails unless both are equal.
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, want: &T) -> Proof {
    if got == want {
        return Ok(());
    }
    wrong(format!("{what}: got {got:?}, want {want:?}"))
}

/// Fails unless it holds.
pub(crate) fn must(holds: bool, what: impl FnOnce() -> String) -> Proof {
    if holds { Ok(()) } else { wrong(what()) }
}

/// A request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Question {
    /// What the simulated model does.
    pub(crate) model: &'static str,
    /// The system prompt.
    pub(crate) system: Option<String>,
    /// The conversation.
    pub(crate) turns: Vec<Turn>,
    /// Tools on offer.
    pub(crate) tools: Vec<Tool>,
    /// Whether tools may or must be called.
    pub(crate) choice: Option<Choice>,
    /// At most one tool may be called.
    pub(crate) one_call: bool,
    /// The form of the answer.
    pub(crate) format: Format,
    /// Whether to reason.
    pub(crate) thinking: Thinking,
    /// Most tokens of the answer.
    pub(crate) max_tokens: Option<u64>,
    /// What ends the answer.
    pub(crate) stop: Option<&'static str>,
    /// Sampling.
    pub(crate) temperature: Option<f64>,
    /// Sampling.
    pub(crate) top_p: Option<f64>,
    /// Sampling.
    pub(crate) seed: Option<u64>,
    /// Whether the system prompt is marked for the provider's cache.
    pub(crate) cached: bool,
    /// What few dialects have words for.
    pub(crate) extras: Vec<Extra>,
}

impl Question {
    /// The pieces of everything that the user says.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &Part> {
        self.turns.iter().flat_map(|turn| match turn {
            Turn::User(parts) => parts.as_slice(),
            Turn::Said(_) | Turn::Heard(_) | Turn::Results(_) => &[],
        })
    }
}

/// One message.
#[derive(Debug, Clone)]
pub(crate) enum Turn {
    /// The user's.
    User(Vec<Part>),
    /// The assistant's, written by hand.
    Said(String),
    /// The assistant's, as the dialect's SDK keeps it: what was heard, unchanged.
    Heard(Vec<Value>),
    /// The tools'.
    Results(Vec<ToolResult>),
}

/// A piece of a message.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// Text.
    Text(String),
    /// The test's picture, inside.
    Image,
    /// The test's picture, by address.
    ImageUrl(String),
    /// The test's document, inside.
    Pdf,
    /// The test's sound, inside.
    Sound,
    /// The test's film, inside.
    Film,
}

/// What a tool answered.
#[derive(Debug, Clone)]
pub(crate) struct ToolResult {
    /// The call.
    pub(crate) call: Call,
    /// What it says.
    pub(crate) text: String,
    /// Whether the tool failed.
    pub(crate) failed: bool,
    /// Whether it shows the test's picture.
    pub(crate) image: bool,
}

/// A tool on offer.
#[derive(Debug, Clone)]
pub(crate) struct Tool {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its one parameter, a text; empty when it has none.
    pub(crate) parameter: &'static str,
}

impl Tool {
    /// What it is for.
    pub(crate) fn description(&self) -> String {
        format!("Does {}", self.name)
    }

    /// Its parameters as JSON schema.
    pub(crate) fn schema(&self) -> Value {
        if self.parameter.is_empty() {
            return json!({ "type": "object", "properties": {} });
        }
        json!({
            "type": "object",
            "properties": { self.parameter: { "type": "string", "description": "Which one" } },
            "required": [self.parameter],
        })
    }
}

/// Whether tools may or must be called.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Choice {
    /// As the model likes.
    Auto,
    /// None.
    None,
    /// At least one.
    Required,
    /// This one.
    Named(&'static str),
}

/// The form of an answer.
#[derive(Debug, Clone, Default)]
pub(crate) enum Format {
    /// Any.
    #[default]
    Free,
    /// Any JSON object.
    Json,
    /// JSON of this schema.
    Schema(Value),
}

/// Whether to reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Thinking {
    /// Nothing is said of it.
    #[default]
    Unsaid,
    /// Reason and show it.
    Shown,
    /// Reason and hide it.
    Hidden,
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    /// The id in the body, where the dialect has one.
    pub(crate) id: Option<String>,
    /// The text.
    pub(crate) text: String,
    /// The reasoning as text.
    pub(crate) reasoning: String,
    /// Tools called.
    pub(crate) calls: Vec<Call>,
    /// Why it ended.
    pub(crate) finish: Option<Finish>,
    /// Whether it says that it refuses.
    pub(crate) refused: bool,
    /// Which stop sequence ended it, where the dialect says so.
    pub(crate) stop_sequence: Option<String>,
    /// Counts.
    pub(crate) usage: Counts,
    /// Pictures, as base64.
    pub(crate) pictures: Vec<String>,
    /// Sound, as base64.
    pub(crate) sound: String,
    /// Addresses of sources.
    pub(crate) sources: Vec<String>,
    /// The tokens whose probabilities are told, put together.
    pub(crate) weighed: String,
    /// What it is made of, where the dialect has blocks or items.
    pub(crate) shape: Vec<String>,
    /// The answer as the dialect's SDK keeps it for the next request.
    pub(crate) turn: Vec<Value>,
}

/// A tool called.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Call {
    /// Its id; empty where the dialect has none.
    pub(crate) id: String,
    /// The tool.
    pub(crate) name: String,
    /// Its arguments.
    pub(crate) arguments: Value,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finish {
    /// It was complete.
    Stop,
    /// It reached its limit.
    Length,
    /// It calls tools.
    Calls,
    /// It was withheld.
    Filter,
}

/// Counts, every part within its whole; `None` where the dialect has no word.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Counts {
    /// The prompt.
    pub(crate) input: u64,
    /// The answer.
    pub(crate) output: u64,
    /// Of the prompt: read from a cache.
    pub(crate) cached: Option<u64>,
    /// Of the answer: reasoning.
    pub(crate) reasoning: Option<u64>,
    /// In dollars.
    pub(crate) cost: Option<f64>,
}

impl Heard {
    /// What must be the same whether it came whole or streamed.
    pub(crate) fn essence(&self) -> Value {
        let calls = self.calls.iter().map(|call| json!([call.name, call.arguments]));
        let usage = &self.usage;
        json!({
            "text": self.text,
            "reasoning": self.reasoning,
            "calls": calls.collect::<Vec<_>>(),
            "finish": format!("{:?}", self.finish),
            "refused": self.refused,
            "stop_sequence": self.stop_sequence,
            "pictures": self.pictures,
            "sound": self.sound,
            "sources": self.sources,
            "weighed": self.weighed,
            "shape": self.shape,
            "usage": [usage.input, usage.output, usage.cached, usage.reasoning, usage.cost],
        })
    }
}

/// The text at a JSON pointer; empty when there is none.
pub(crate) fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The count at a JSON pointer.
pub(crate) fn count(value: &Value, pointer: &str) -> Option<u64> {
    value.pointer(pointer).and_then(Value::as_u64)
}

/// The count at a JSON pointer, which must be there.
pub(crate) fn needed(value: &Value, pointer: &str) -> Proof<u64> {
    count(value, pointer).map_or_else(|| wrong(format!("no {pointer} in {value}")), Ok)
}

/// The elements of the list at a JSON pointer.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// JSON text as a value.
pub(crate) fn parsed(text: &str) -> Proof<Value> {
    serde_json::from_str(text).or_else(|error| wrong(format!("not JSON ({error}): {text}")))
}

/// Puts a member into an object.
pub(crate) fn set(object: &mut Value, name: &str, value: impl Into<Value>) {
    object.as_object_mut().unwrap().insert(name.to_owned(), value.into());
}

/// Appends to the text under a name.
pub(crate) fn append(object: &mut Value, name: &str, more: &str) {
    let before = object[name].as_str().unwrap_or_default();
    object[name] = format!("{before}{more}").into();
}
