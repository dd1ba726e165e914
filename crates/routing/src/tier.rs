//! Service tiers: faster for more, or slower for less (contract §5.7).

use tollgate_catalog::Endpoint;

/// What sets an endpoint apart from the ordinary one of its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tier {
    /// Served before others, for more.
    Priority,
    /// Served when there is room, for less.
    Flex,
}

impl Tier {
    /// Reads a request's `service_tier` (contract §2.1); `None` asks for the ordinary service.
    pub fn asked(word: &str) -> Option<Self> {
        match word {
            "priority" | "fast" => Some(Self::Priority),
            "flex" => Some(Self::Flex),
            _ => None,
        }
    }

    /// The tier of an endpoint: the suffix of its tag says so.
    pub fn of(endpoint: &Endpoint) -> Option<Self> {
        match endpoint.suffix.as_deref()? {
            "priority" => Some(Self::Priority),
            "flex" => Some(Self::Flex),
            _ => None,
        }
    }

    /// The contract's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Priority => "priority",
            Self::Flex => "flex",
        }
    }
}
