//! What is asked of the planner, for one model and for all.

use std::sync::Arc;

use tollgate_catalog::{Endpoint, EndpointId, Model};
use tollgate_health::Standing;
use tollgate_types::{ModelSlug, Timestamp};

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

/// What is allowed, whatever the request says: its filters rule endpoints out as the request's do.
#[derive(Debug, Clone, PartialEq)]
pub struct Restriction {
    /// Who says so.
    pub by: Authority,
    /// The ids of the only models that may be called; all when absent.
    pub models: Option<Arc<[String]>>,
    /// What else is allowed. What it says of order is not looked at.
    pub wants: Arc<Preferences>,
}

/// Who restricts calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authority {
    /// A rule of the operator's, by its name.
    Rule(Arc<str>),
    /// The key that calls.
    Key,
}

impl Restriction {
    /// What a rule of the operator's allows.
    pub const fn of_rule(rule: Arc<str>, wants: Arc<Preferences>) -> Self {
        Self { by: Authority::Rule(rule), models: None, wants }
    }

    /// What a key may be used for: the ids of models, and names of providers. `None` where it may
    /// be used for everything.
    pub fn of_key(models: Option<&[String]>, providers: Option<&[String]>) -> Option<Self> {
        if models.is_none() && providers.is_none() {
            return None;
        }
        let only = providers.unwrap_or_default().to_vec();
        let wants = Arc::new(Preferences { only, ..Preferences::default() });
        Some(Self { by: Authority::Key, models: models.map(Into::into), wants })
    }

    /// Whether an endpoint's model and provider are among those allowed.
    pub fn permits(&self, endpoint: &Endpoint) -> bool {
        let only = &self.wants.only;
        let is_its = |name: &String| names(name, endpoint) || names_provider(name, endpoint);
        self.permits_model(&endpoint.model) && (only.is_empty() || only.iter().any(is_its))
    }

    /// Whether a model is among those allowed, or the one that a moving name stands for is. Other
    /// variants, such as the free one, are models of their own.
    pub fn permits_model(&self, model: &Model) -> bool {
        self.models.as_ref().is_none_or(|models| {
            let target = model.alias_target.as_ref().map(ModelSlug::as_str);
            models.iter().any(|name| name == model.id.as_str() || target == Some(name))
        })
    }
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
    /// What the operator and the key allow.
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
