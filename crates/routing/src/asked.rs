//! What is asked of the planner, for one model and for all.

use std::sync::Arc;

use tollgate_catalog::{Endpoint, EndpointId};
use tollgate_health::Standing;
use tollgate_types::Timestamp;

use crate::names::{names, names_provider};
use crate::{CallShape, Preferences, Sort};

/// A model that was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Candidates<'a> {
    /// Its endpoints.
    pub endpoints: &'a [Arc<Endpoint>],
    /// What a variant of its name asks to sort by: `:nitro`, `:floor`, `:exacto` (contract §5.5).
    pub variant: Option<Sort>,
}

/// What the operator allows, whatever the request says: its filters rule endpoints out as the
/// request's do.
#[derive(Debug, Clone, PartialEq)]
pub struct Restriction {
    /// Whose it is, for people: the name of a rule.
    pub rule: Arc<str>,
    /// What is allowed. What it says of order is not looked at.
    pub wants: Arc<Preferences>,
}

/// What is asked of the planner.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "it holds a function")]
pub struct Question<'a> {
    /// The primary model, then its fallbacks.
    pub models: &'a [Candidates<'a>],
    /// What the call needs.
    pub shape: &'a CallShape,
    /// What the caller wants.
    pub wants: &'a Preferences,
    /// What the operator allows.
    pub restrictions: &'a [Restriction],
    /// What to sort by where neither the request nor the model's name says.
    pub sort: Option<Sort>,
    /// How an endpoint has been doing.
    pub standing: &'a dyn Fn(&Endpoint) -> Standing,
    /// The endpoint that has the conversation in its cache.
    pub sticky: Option<&'a EndpointId>,
    /// What the draw depends on: the same seed, the same plan.
    pub seed: u64,
    /// The time of the call.
    pub now: Timestamp,
}

/// A call at one model, as filters and order see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) shape: &'a CallShape,
    pub(crate) wants: &'a Preferences,
    pub(crate) variant: Option<Sort>,
    pub(crate) default: Option<Sort>,
    pub(crate) now: Timestamp,
    /// Whether the wishes are the operator's.
    pub(crate) is_rule: bool,
}

impl<'a> Question<'a> {
    pub(crate) const fn at(&self, variant: Option<Sort>) -> Asked<'a> {
        Asked {
            shape: self.shape,
            wants: self.wants,
            variant,
            default: self.sort,
            now: self.now,
            is_rule: false,
        }
    }
}

impl Asked<'_> {
    /// What to sort by: the request's own word before that of the model's name, before the
    /// installation's.
    pub(crate) fn sort(&self) -> Option<Sort> {
        self.wants.sort.or(self.variant).or(self.default)
    }

    /// Whether a name means this endpoint. An operator who names a provider means all of it, tiers
    /// too.
    pub(crate) fn means(&self, name: &str, endpoint: &Endpoint) -> bool {
        names(name, endpoint) || (self.is_rule && names_provider(name, endpoint))
    }
}
