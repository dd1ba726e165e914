//! Chat's words in requests of other dialects.
//!
//! A client may say in chat's words what its dialect has none for, or another one (contract §3.5,
//! §3.6). Translated, they mean what they mean in chat. A relay can't pass them on: its provider
//! knows its own words only. So what has a counterpart there makes it translate the call, and the
//! rest is left out and named.

/// Members of a chat request that at least one other dialect does not have.
const CHAT: &[&str] = &[
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "top_a",
    "frequency_penalty",
    "presence_penalty",
    "repetition_penalty",
    "max_tokens",
    "max_completion_tokens",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "prediction",
    "seed",
    "n",
    "stop",
    "response_format",
    "structured_outputs",
    "tool_choice",
    "parallel_tool_calls",
    "max_tool_calls",
    "reasoning",
    "reasoning_effort",
    "verbosity",
    "web_search_options",
    "modalities",
    "audio",
    "image_config",
    "cache_control",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "metadata",
    "stream_options",
];

/// What a relay knows of chat's words.
#[derive(Debug)]
pub(crate) struct ChatWords {
    /// Those that its protocol has too, in the same sense.
    pub(crate) own: &'static [&'static str],
    /// Those that it has another one for, which goes before where both are said.
    pub(crate) synonyms: &'static [(&'static str, &'static [&'static str])],
}

impl ChatWords {
    /// Whether a member is chat's own, so that the provider refuses or ignores it.
    pub(crate) fn are_foreign(&self, member: &str) -> bool {
        CHAT.contains(&member) && !self.own.contains(&member)
    }

    /// Whether something is asked for in chat's words alone. `chat` tells which of its words the
    /// call says, `own` which of the protocol's.
    pub(crate) fn ask(&self, chat: impl Fn(&str) -> bool, own: impl Fn(&str) -> bool) -> bool {
        let mut synonyms = self.synonyms.iter();
        synonyms.any(|(word, theirs)| chat(word) && !theirs.iter().any(|name| own(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_protocol_go_before_those_of_chat() {
        let words = ChatWords { own: &["seed"], synonyms: &[("stop", &["ends", "end"])] };
        for (said, asks) in [
            (&["stop"][..], true),
            (&["stop", "end"], false),
            (&["ends"], false),
            (&["reasoning"], false),
        ] {
            let says = |name: &str| said.contains(&name);
            assert_eq!(words.ask(says, says), asks, "{said:?}");
        }
        let foreign = ["seed", "stop", "contents"].map(|name| words.are_foreign(name));
        assert_eq!(foreign, [false, true, false]);
    }
}
