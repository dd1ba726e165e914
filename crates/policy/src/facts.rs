//! What rules may ask of one call.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use tollgate_types::Timestamp;

/// What a call is, for rules to look at. Borrowed: nothing is copied for a rule that does not
/// match.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The name of the caller's key; empty when it has none.
    pub key_name: &'a str,
    /// The key's hash in lower-case hexadecimal digits.
    pub key_hash: &'a str,
    /// The workspace that the key belongs to; empty when it has none.
    pub workspace: &'a str,
    /// The attribution headers that are recorded with calls, by their lower-case names.
    pub tags: &'a BTreeMap<String, String>,
    /// A header of the request by its lower-case name. Asked only for the names in
    /// [`Policy::headers`](crate::Policy::headers), which never contain those of credentials.
    pub header: &'a dyn Fn(&str) -> Option<&'a str>,
    /// The names of models that were asked for, the primary first, as the caller wrote them.
    pub models: &'a [String],
    /// The dialect of the request: `chat`, `messages` and so on.
    pub dialect: &'a str,
    /// What is asked for, as the record's `api_type`: `completions`, `embeddings` and so on.
    pub operation: &'a str,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// About how many tokens the prompt has.
    pub prompt_tokens: u64,
    /// Most tokens to generate, when the caller said.
    pub max_tokens: Option<u64>,
    /// How many messages the conversation has.
    pub messages: u64,
    /// What the prompt contains besides text: `image`, `audio`, `file`, `video`.
    pub input: &'a [&'static str],
    /// What the answer must contain: `text`, `embeddings` and so on.
    pub output: &'a [&'static str],
    /// The parameters sent, in the contract's vocabulary (contract §7.1).
    pub parameters: &'a [&'static str],
    /// The end user that the request names.
    pub user: Option<&'a str>,
    /// The session that the request names.
    pub session: Option<&'a str>,
    /// Which share of the key's limit has been spent in its period, from 0; nothing when the key
    /// has no limit.
    pub spent: Option<f64>,
    /// The text of the prompt. Called at most once for a decision, and only when a rule asks for
    /// the text. What counts should come first, because only the first
    /// [`TEXT_BYTES_MAX`](crate::TEXT_BYTES_MAX) bytes are looked at: the user's latest message,
    /// then what came before it.
    pub text: &'a dyn Fn() -> Cow<'a, str>,
    /// The time of the call.
    pub now: Timestamp,
    /// What the draw of a single call depends on.
    pub seed: u64,
}

impl fmt::Debug for Facts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts")
            .field("key_name", &self.key_name)
            .field("workspace", &self.workspace)
            .field("models", &self.models)
            .field("operation", &self.operation)
            .field("now", &self.now)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}
