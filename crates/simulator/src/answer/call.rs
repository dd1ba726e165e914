//! Which tools are called: those that the last user message mentions, else the first.

use crate::answer::{Call, CallIds, arguments};
use crate::prompt::{Prompt, Tool, ToolChoice};
use crate::random::Random;

/// The calls that answer `prompt`.
pub(super) fn all(prompt: &Prompt, ids: &mut Random, form: CallIds) -> Vec<Call> {
    let asked = prompt.last_user_text();
    let allowed: Vec<&Tool> = prompt.tools.iter().filter(|tool| is_allowed(tool, prompt)).collect();
    let mut chosen: Vec<&Tool> =
        allowed.iter().copied().filter(|tool| mentions(&asked, &tool.name)).collect();
    if chosen.is_empty() {
        chosen.extend(allowed.first());
    }
    if prompt.one_call {
        chosen.truncate(1);
    }
    let calls = chosen.into_iter().enumerate();
    calls
        .map(|(index, tool)| {
            let arguments = arguments::from_schema(&tool.schema, &asked, index);
            let arguments_text = arguments.to_string();
            let id = ids.id(form.prefix, form.letters);
            Call { id, name: tool.name.clone(), arguments, arguments_text }
        })
        .collect()
}

fn is_allowed(tool: &Tool, prompt: &Prompt) -> bool {
    match &prompt.choice {
        ToolChoice::Forced(names) => names.is_empty() || names.contains(&tool.name),
        ToolChoice::Auto | ToolChoice::None => true,
    }
}

/// Whether `name` stands in `text` as a word of its own.
pub(super) fn mentions(text: &str, name: &str) -> bool {
    let of_name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
    !name.is_empty()
        && text.match_indices(name).any(|(at, found)| {
            let before = text.get(..at).and_then(|text| text.chars().next_back());
            let after = text.get(at + found.len()..).and_then(|text| text.chars().next());
            !before.is_some_and(of_name) && !after.is_some_and(of_name)
        })
}
