//! What the caller wants of routing: the `provider` object (contract §5.2).

mod read;

use tollgate_catalog::Endpoint;
use tollgate_types::UnitPrice;

use crate::cutoffs::Cutoffs;
use crate::names::names;

pub use read::InvalidPreferences;

/// The caller's wishes.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "independent wishes the contract names")]
pub struct Preferences {
    /// Providers to try first, in this order.
    pub order: Vec<String>,
    /// The only providers allowed, unless empty.
    pub only: Vec<String>,
    /// Providers not allowed.
    pub ignore: Vec<String>,
    /// Whether others may be tried when the first fails.
    pub allow_fallbacks: bool,
    /// Whether an endpoint must know every parameter sent.
    pub require_parameters: bool,
    /// Whether providers that train on prompts or keep them are out (`data_collection: deny`).
    pub deny_data_collection: bool,
    /// Whether providers that keep prompts are out.
    pub zero_retention: bool,
    /// Whether only models are allowed whose author permits to train others on their answers.
    pub distillable_only: bool,
    /// Most that units of a call may cost.
    pub max_price: MaxPrice,
    /// The only precisions allowed, unless empty.
    pub quantizations: Vec<String>,
    /// Whether a second endpoint is started when the first is slower than it usually is: this
    /// gateway's own wish.
    pub hedge: bool,
    /// What to sort by instead of balancing.
    pub sort: Option<Sort>,
    /// Whether the models asked for are sorted together, rather than one after the other.
    pub across_models: bool,
    /// Tokens per second that an endpoint should reach.
    pub preferred_min_throughput: Option<Cutoffs>,
    /// Seconds to the first token that an endpoint should stay below.
    pub preferred_max_latency: Option<Cutoffs>,
}

/// What to sort endpoints by (contract §5.2, §5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sort {
    /// The cheapest first.
    Price,
    /// The fastest writer first.
    Throughput,
    /// The first to speak first.
    Latency,
    /// The best at tools first.
    Exacto,
}

impl Sort {
    /// The contract's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Throughput => "throughput",
            Self::Latency => "latency",
            Self::Exacto => "exacto",
        }
    }
}

/// Most that a unit may cost. An endpoint whose price for it is not known is above any bound, but
/// for what it does not charge by at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MaxPrice {
    /// A prompt token.
    pub prompt: Option<UnitPrice>,
    /// A completion token.
    pub completion: Option<UnitPrice>,
    /// A request.
    pub request: Option<UnitPrice>,
    /// An image.
    pub image: Option<UnitPrice>,
    /// A prompt token of audio.
    pub audio: Option<UnitPrice>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            order: Vec::new(),
            only: Vec::new(),
            ignore: Vec::new(),
            allow_fallbacks: true,
            require_parameters: false,
            deny_data_collection: false,
            zero_retention: false,
            distillable_only: false,
            max_price: MaxPrice::default(),
            quantizations: Vec::new(),
            hedge: false,
            sort: None,
            across_models: false,
            preferred_min_throughput: None,
            preferred_max_latency: None,
        }
    }
}

impl Preferences {
    /// Where the endpoint stands in the caller's order, if it does.
    pub(crate) fn rank(&self, endpoint: &Endpoint) -> Option<usize> {
        self.order.iter().position(|name| names(name, endpoint))
    }

    /// Whether the caller named the endpoint itself, which lets in what no provider's name covers.
    pub(crate) fn names_itself(&self, endpoint: &Endpoint) -> bool {
        self.order.iter().chain(&self.only).any(|name| names(name, endpoint))
    }
}
