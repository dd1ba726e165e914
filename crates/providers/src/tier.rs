//! Tiers of service: what callers ask for, in the words of every family of providers.

use tollgate_catalog::{Service, ServiceTier};
use tollgate_wire::chat::ChatParams;

use crate::Target;
use crate::encoding::drops;

/// The member of a chat request.
const MEMBER: &str = "service_tier";
/// What asks for a tier in one dialect or another.
const MEMBERS: [&str; 3] = [MEMBER, "serviceTier", "speed"];

/// A tier that can be asked for (contract §2.1). Each provider has some of them, under names of its
/// own; the others are left to its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    /// Whatever the account has: where capacity is reserved, that.
    Auto,
    /// The ordinary one; Anthropic's and Mistral's word is `standard_only`.
    Default,
    /// Cheaper and later.
    Flex,
    /// Dearer and sooner; OpenAI's newer word is `fast`.
    Priority,
    /// Capacity bought ahead.
    Scale,
}

impl Tier {
    /// The tier to ask an endpoint for: its own, whatever the call says; of an ordinary one beside
    /// those of tiers none of these, which the call may have asked for and was not routed to; else
    /// the one that the call asks for. None where the provider is not to be asked for any.
    pub(crate) fn asked(params: &ChatParams, target: &Target<'_>) -> Option<Self> {
        if drops(target, MEMBER) {
            return None;
        }
        match target.service {
            Service::Tier(ServiceTier::Priority) => Some(Self::Priority),
            Service::Tier(ServiceTier::Flex) => Some(Self::Flex),
            service => {
                let asked = params.service_tier.as_deref().and_then(Self::read);
                asked.filter(|tier| !tier.is_withheld(service))
            }
        }
    }

    /// The tier of the endpoint itself, where the call has no member that says one.
    pub(crate) fn unasked(params: &ChatParams, target: &Target<'_>) -> Option<Self> {
        Self::asked(params, target).filter(|_| params.service_tier.is_none())
    }

    /// Whether a member of a call asks for a tier that the endpoint is not of, so that another one
    /// would be.
    pub(crate) fn withholds(target: &Target<'_>, member: &str, params: &ChatParams) -> bool {
        let asked = params.service_tier.as_deref().and_then(Self::read);
        MEMBERS.contains(&member) && asked.is_some_and(|tier| tier.is_withheld(target.service))
    }

    fn is_withheld(self, service: Service) -> bool {
        service == Service::Ordinary && matches!(self, Self::Flex | Self::Priority)
    }

    /// Whether a call asks for a tier that a provider has no word for: one that is left out.
    /// `json` is the member of the call, if that is `member`.
    pub(crate) fn is_lost<T>(member: &str, json: &str, word: impl Fn(Self) -> Option<T>) -> bool {
        member == MEMBER && Self::read_json(json).is_some_and(|tier| word(tier).is_none())
    }

    /// Reads a word in JSON.
    pub(crate) fn read_json(json: &str) -> Option<Self> {
        Self::read(serde_json::from_str(json).ok()?)
    }

    /// Reads a word.
    pub(crate) fn read(word: &str) -> Option<Self> {
        Some(match word {
            "auto" => Self::Auto,
            "default" | "standard" | "standard_only" => Self::Default,
            "flex" => Self::Flex,
            "priority" | "fast" => Self::Priority,
            "scale" => Self::Scale,
            _ => return None,
        })
    }

    /// OpenAI's word, which every model and every imitation knows.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Default => "default",
            Self::Flex => "flex",
            Self::Priority => "priority",
            Self::Scale => "scale",
        }
    }

    /// The word of providers where `auto` uses reserved capacity if there is some, which is what
    /// priority comes to there: Anthropic and Mistral.
    pub(crate) const fn reserved(self) -> Option<&'static str> {
        match self {
            Self::Auto | Self::Priority => Some("auto"),
            Self::Default => Some("standard_only"),
            Self::Flex | Self::Scale => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_any_family() {
        for (given, word, reserved) in [
            ("auto", "auto", Some("auto")),
            ("default", "default", Some("standard_only")),
            ("standard_only", "default", Some("standard_only")),
            ("flex", "flex", None),
            ("priority", "priority", Some("auto")),
            ("fast", "priority", Some("auto")),
            ("scale", "scale", None),
        ] {
            let tier = Tier::read(given).unwrap();
            assert_eq!((tier.as_str(), tier.reserved()), (word, reserved), "{given}");
        }
        assert_eq!(Tier::read("ultrafast"), None);
    }
}
