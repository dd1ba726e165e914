//! What a call needs of an endpoint.

use tollgate_catalog::Modality;

use crate::Tier;

/// What a call needs of an endpoint, taken from the request once.
#[derive(Debug, Clone, Default)]
pub struct CallShape {
    /// What the prompt contains besides text.
    pub input: Vec<Modality>,
    /// What the answer must contain: text for a conversation, vectors for embeddings and so on.
    pub output: Vec<Modality>,
    /// Parameters sent, in the contract's vocabulary (§7.1).
    pub parameters: Vec<&'static str>,
    /// About how many tokens the prompt has.
    pub prompt_tokens: u64,
    /// Most tokens to generate, when the caller said.
    pub max_tokens: Option<u64>,
    /// What the call may be paid from.
    pub funds: Funds,
    /// The region that the call must be processed in, if it must be in one (contract §5.10).
    pub region: Option<String>,
    /// The service tier asked for (contract §5.7).
    pub tier: Option<Tier>,
    /// Whether the ordinary service was asked for in so many words, which shuts out the tiers that
    /// a variant of the model's name would let in.
    pub wants_ordinary_tier: bool,
}

/// What a call may be paid from: the installation's account at a provider, or the caller's own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Funds {
    /// Whether an endpoint without a price is out: somebody pays for this call.
    pub must_be_priced: bool,
    /// The same where the call is made with a key of the caller's own: what its provider takes is
    /// counted against the caller's limit (contract §1.3, `include_byok_in_limit`).
    pub own_must_be_priced: bool,
    /// Nothing is left of what the caller may have the installation spend: only their own keys are
    /// left (contract §1.4).
    pub is_spent: bool,
}

/// What an answer is taken to be long when the caller sets no bound: only the order by price
/// depends on it.
const ANSWER_TOKENS_ASSUMED: u64 = 500;

impl CallShape {
    /// How long an answer to expect, for comparing prices.
    pub fn answer_tokens(&self) -> u64 {
        self.max_tokens.map_or(ANSWER_TOKENS_ASSUMED, |most| most.min(ANSWER_TOKENS_ASSUMED))
    }
}
