//! What a model answers, before any protocol: reasoning, text, calls, why it stopped and what it
//! cost. The same for a whole answer and a streamed one.

mod arguments;
mod call;
mod prose;

use serde_json::{Value, json};

use crate::bench;
use crate::model::Behaviour;
use crate::prompt::{Format, Prompt, Thinking, ToolChoice};
use crate::random::Random;
use crate::tokens;

pub(crate) use prose::spoken;

/// A finished answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// Empty when there is none to show.
    pub(crate) reasoning: String,
    pub(crate) text: String,
    pub(crate) calls: Vec<Call>,
    pub(crate) finish: Finish,
    pub(crate) usage: Usage,
}

/// A tool call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) arguments: Value,
    /// `arguments` as JSON text, for the protocols that stream it.
    pub(crate) arguments_text: String,
}

/// What the ids of calls look like, which differs from provider to provider.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallIds {
    pub(crate) prefix: &'static str,
    /// Letters after the prefix; none means that calls have no ids.
    pub(crate) letters: usize,
}

/// Why the answer ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Finish {
    #[default]
    Stop,
    /// One of the caller's stop sequences came up.
    Sequence(String),
    Length,
    Calls,
    /// The text is a refusal.
    Refused,
}

/// Token counts, with every part included in its whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) prompt: u64,
    /// The part of `prompt` that was read from a cache.
    pub(crate) cache_read: u64,
    /// The part of `prompt` that was written to a cache.
    pub(crate) cache_written: u64,
    pub(crate) completion: u64,
    /// The part of `completion` that was reasoning.
    pub(crate) reasoning: u64,
}

/// The part of a prompt that the `cached` model finds in its cache goes by blocks of this size.
const CACHE_BLOCK_TOKENS: u64 = 128;
/// What a model says that refuses.
const REFUSAL: &str = "I'm sorry, but I can't help with that.";
/// Prompts from this size are cached as a whole, smaller ones by half.
const CACHE_WHOLE_TOKENS: u64 = 1_024;

impl Answer {
    /// Answers `prompt`. `ids` makes the ids of calls, in the form of `call_ids`.
    pub(crate) fn compose(
        behaviour: Behaviour,
        prompt: &Prompt,
        ids: &mut Random,
        call_ids: CallIds,
    ) -> Self {
        let mut answer = Self::default();
        if calls_tools(behaviour, prompt) {
            answer.calls = call::all(prompt, ids, call_ids);
        }
        if answer.calls.is_empty() {
            answer.text = rest_after_prefill(text_of(behaviour, prompt), prompt);
            if behaviour == Behaviour::Refuse {
                answer.finish = Finish::Refused;
            }
        } else {
            answer.finish = Finish::Calls;
        }
        if matches!(behaviour, Behaviour::Think(_)) && prompt.thinking != Thinking::Off {
            answer.reasoning = prose::reasoning(prompt);
        }
        answer.stop_at(&prompt.stops);
        answer.account(behaviour, prompt);
        if prompt.thinking == Thinking::Hidden {
            answer.reasoning.clear();
        }
        answer
    }

    /// The well-formed answer that says nothing.
    pub(crate) fn empty(prompt: &Prompt) -> Self {
        let usage = Usage { prompt: prompt.tokens(), ..Usage::default() };
        Self { usage, ..Self::default() }
    }

    fn stop_at(&mut self, stops: &[String]) {
        let first = stops
            .iter()
            .filter(|stop| !stop.is_empty())
            .filter_map(|stop| self.text.find(stop.as_str()).map(|at| (at, stop)))
            .min_by_key(|(at, _)| *at);
        if let Some((at, stop)) = first {
            self.text.truncate(at);
            self.finish = Finish::Sequence(stop.clone());
        }
    }

    /// Cuts the answer to its limit and counts its tokens; reasoning comes first.
    fn account(&mut self, behaviour: Behaviour, prompt: &Prompt) {
        let limit = prompt.tokens_max.unwrap_or(u64::MAX);
        let (reasoning, reasoning_cut) = tokens::truncate(&self.reasoning, limit);
        self.reasoning = reasoning.to_owned();
        let reasoning = tokens::count(&self.reasoning);
        let (text, text_cut) = tokens::truncate(&self.text, limit.saturating_sub(reasoning));
        self.text = text.to_owned();
        if reasoning_cut || text_cut {
            self.finish = Finish::Length;
            self.calls.clear();
        }
        let calls = self.calls.iter().map(Call::tokens).sum::<u64>();
        let asked = prompt.tokens();
        let cache_read = if behaviour == Behaviour::Cached { cached_part(asked) } else { 0 };
        self.usage = Usage {
            prompt: asked,
            cache_read,
            cache_written: if behaviour == Behaviour::Cached {
                (asked - cache_read) / 2
            } else {
                0
            },
            completion: reasoning + tokens::count(&self.text) + calls,
            reasoning,
        };
    }
}

impl Call {
    fn tokens(&self) -> u64 {
        tokens::count(&self.name) + tokens::count(&self.arguments_text)
    }
}

fn calls_tools(behaviour: Behaviour, prompt: &Prompt) -> bool {
    if prompt.tools.is_empty() || !prompt.results().is_empty() {
        return false;
    }
    match prompt.choice {
        ToolChoice::None => false,
        ToolChoice::Auto => behaviour == Behaviour::Tools,
        // A provider calls a tool when it is made to, whatever the model.
        ToolChoice::Forced(_) => behaviour != Behaviour::Bench,
    }
}

fn text_of(behaviour: Behaviour, prompt: &Prompt) -> String {
    match behaviour {
        Behaviour::Echo
        | Behaviour::Cached
        | Behaviour::Draw
        | Behaviour::Speak
        | Behaviour::Cite => echo(prompt),
        Behaviour::Prose | Behaviour::Missing => prose::text(prompt),
        Behaviour::Tools => tool_results(prompt).unwrap_or_else(|| prose::text(prompt)),
        Behaviour::Json => json_text(prompt),
        Behaviour::Think(_) => prose::conclusion(prompt),
        Behaviour::Vision => vision(prompt),
        Behaviour::Bench => bench::words(),
        Behaviour::Refuse => REFUSAL.to_owned(),
    }
}

fn echo(prompt: &Prompt) -> String {
    let mut text = prompt.last_user_text();
    for image in prompt.images() {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&image.line());
    }
    text
}

fn tool_results(prompt: &Prompt) -> Option<String> {
    let results = prompt.results();
    (!results.is_empty()).then(|| format!("Tool results: {}", results.join("; ")))
}

fn json_text(prompt: &Prompt) -> String {
    let asked = prompt.last_user_text();
    match &prompt.format {
        Format::Schema(schema) => arguments::from_schema(schema, &asked, 0).to_string(),
        Format::Text | Format::Object => json!({ "answer": asked }).to_string(),
    }
}

fn vision(prompt: &Prompt) -> String {
    let lines: Vec<_> = prompt.images().map(crate::prompt::Image::line).collect();
    match lines.len() {
        0 => "I see no image.".to_owned(),
        1 => format!("I see one image.\n{}", lines.join("\n")),
        count => format!("I see {count} images.\n{}", lines.join("\n")),
    }
}

/// What is left to say after what was already said. An answer that does not begin with the
/// prefill is given in full.
fn rest_after_prefill(text: String, prompt: &Prompt) -> String {
    let rest =
        prompt.prefill().and_then(|said| text.strip_prefix(said.as_str()).map(str::to_owned));
    rest.unwrap_or(text)
}

const fn cached_part(prompt_tokens: u64) -> u64 {
    if prompt_tokens < CACHE_WHOLE_TOKENS {
        return prompt_tokens / 2;
    }
    // Something is always new: the last block is never read from the cache.
    prompt_tokens.saturating_sub(1) / CACHE_BLOCK_TOKENS * CACHE_BLOCK_TOKENS
}
