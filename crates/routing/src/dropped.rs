//! Why endpoints are left out, in words and in the contract's vocabulary (§4.5).

use std::borrow::Cow;
use std::sync::Arc;

use tollgate_catalog::Modality;

use crate::Tier;

/// Why an endpoint was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dropped {
    /// The caller ignores its provider.
    Ignored,
    /// The caller allows other providers only.
    NotAllowed,
    /// It stands behind the first one and the caller wants no fallbacks.
    NoFallbacks,
    /// It is not known to process requests in this region only.
    Region(String),
    /// It has no price, and unpriced is not free.
    Unpriced,
    /// It is paid for by the installation, and the caller's limit is spent.
    Spent,
    /// Its provider trains on prompts or keeps them, or is not known not to.
    DataCollection,
    /// Its provider keeps prompts, or is not known not to.
    Retention,
    /// It costs more than the caller allows, or nobody knows what it costs.
    MaxPrice,
    /// Its weights have another precision than the caller allows.
    Quantization,
    /// It does not read what the prompt contains.
    Input(Modality),
    /// It does not write what the answer must contain.
    Output(Modality),
    /// The prompt is longer than it takes.
    ContextLength,
    /// It can't write as much as asked for.
    MaxOutput,
    /// It does not know a parameter, and the caller requires that it does.
    Parameter(&'static str),
    /// Another endpoint of the model knows a parameter that this one does not.
    Preferred(&'static str),
    /// Another endpoint of the model has room for the prompt and the answer, and this one does not.
    Room,
    /// It is of a service tier that was not asked for.
    Tier(Tier),
    /// Its provider has endpoints of the service tier that was asked for, and this is none.
    NotOfTier(Tier),
    /// Its model's author does not permit to train others on its answers, or is not known to.
    Distillation,
    /// Its model is none of those that are allowed. Requests don't say so, only what restricts
    /// them does.
    ModelNotAllowed,
    /// A limit that depends on the model has not enough left for the call. No filter says so, only
    /// who sends the call.
    AtLimit(Box<str>),
    /// The key that calls may not be used for it, whatever the request says.
    ByKey(Box<Dropped>),
    /// A rule of the operator's leaves it out, whatever the request says.
    ByRule {
        /// The rule's name.
        rule: Arc<str>,
        /// What the rule has against it.
        reason: Box<Dropped>,
    },
}

impl Dropped {
    /// The reason as a phrase that follows "it".
    pub fn reason(&self) -> Cow<'static, str> {
        let known = match self {
            Self::Ignored => "is ignored by the request's provider.ignore",
            Self::NotAllowed => "is not in the request's provider.only",
            Self::NoFallbacks => "would be a fallback, which the request forbids",
            Self::Region(region) => {
                return format!("is not known to process requests in {region} only").into();
            }
            Self::Unpriced => "has no price in the catalog, and unpriced is not free",
            Self::Spent => "is not called with the caller's own key, and the limit is spent",
            Self::DataCollection => "may train on prompts or keep them",
            Self::Retention => "may keep prompts",
            Self::MaxPrice => "costs more than the request's provider.max_price",
            Self::Quantization => "is not in the request's provider.quantizations",
            Self::Input(modality) => return format!("does not read {}", modality.as_str()).into(),
            Self::Output(modality) => {
                return format!("does not write {}", modality.as_str()).into();
            }
            Self::ContextLength => "takes shorter prompts only",
            Self::MaxOutput => "can't write as many tokens as max_tokens asks for",
            Self::Parameter(name) => return format!("does not know the parameter {name}").into(),
            Self::Preferred(name) => {
                return format!("does not know {name}, and another endpoint does").into();
            }
            Self::Room => "has no room for the prompt and max_tokens, and another endpoint has",
            Self::Tier(tier) => {
                return format!(
                    "is of the service tier {}, which was not asked for",
                    tier.as_str()
                )
                .into();
            }
            Self::NotOfTier(tier) => {
                return format!(
                    "is not of the service tier {}, and another endpoint is",
                    tier.as_str()
                )
                .into();
            }
            Self::Distillation => "is not known to permit distillation",
            Self::ModelNotAllowed => "is of a model that is not allowed",
            Self::AtLimit(limit) => return format!("is at a limit: {limit}").into(),
            Self::ByKey(reason) => {
                return format!("{}, by the restrictions of this key", reason.told_of_rule())
                    .into();
            }
            Self::ByRule { rule, reason } => {
                return format!("{}, by the rule `{rule}`", reason.told_of_rule()).into();
            }
        };
        Cow::Borrowed(known)
    }

    /// What the caller reads when this removed the last endpoint of `model` (contract §4.5).
    pub fn message(&self, model: &str) -> String {
        match self {
            Self::Ignored | Self::NotAllowed | Self::NoFallbacks => {
                "No allowed providers are available for the selected model.".to_owned()
            }
            Self::Region(region) => format!(
                "No endpoints found for {model} that process requests in {region} only. This address serves no others."
            ),
            Self::Unpriced => format!(
                "No endpoints found for {model} that have a price. Give its endpoint a price in the configuration."
            ),
            Self::Spent => format!(
                "No endpoints found for {model} that are called with your own key, and the limit of this key is spent"
            ),
            Self::DataCollection => {
                "No endpoints found matching your data policy (provider.data_collection)".to_owned()
            }
            Self::Retention => {
                "No endpoints found matching your data policy (Zero data retention)".to_owned()
            }
            Self::MaxPrice => {
                format!("No endpoints found for {model} within provider.max_price")
            }
            Self::Quantization => {
                format!("No endpoints found for {model} with one of provider.quantizations")
            }
            Self::Input(modality) => {
                format!("No endpoints found that support {} input", modality.as_str())
            }
            Self::Output(modality) => format!(
                "No endpoints found that support the requested output modalities: {}",
                modality.as_str()
            ),
            Self::ContextLength => {
                format!("No endpoints found for {model} with a context long enough for this prompt")
            }
            Self::MaxOutput => {
                format!("No endpoints found for {model} that can handle the requested max_tokens")
            }
            Self::Parameter(name) | Self::Preferred(name) => format!(
                "No endpoints found that can handle the requested parameters: none supports {name}"
            ),
            Self::Room => format!("No endpoints found for {model} with a context long enough"),
            Self::Tier(tier) | Self::NotOfTier(tier) => format!(
                "No endpoints found for {model} of the requested service tier: only {} has any",
                tier.as_str()
            ),
            Self::Distillation => format!(
                "No endpoints found for {model} whose author permits distillation (provider.enforce_distillable_text)"
            ),
            Self::ModelNotAllowed => format!("No endpoints found for {model}: it is not allowed"),
            Self::AtLimit(limit) => {
                format!("No endpoints found for {model} with enough left of its limits: {limit}")
            }
            Self::ByKey(reason) => reason.told_of_key(model),
            Self::ByRule { rule, reason } => format!(
                "No endpoints found for {model} that the rule `{rule}` of this installation allows: the last one {}.",
                reason.told_of_rule()
            ),
        }
    }

    /// What the caller reads when the restrictions of its key removed the last endpoint.
    fn told_of_key(&self, model: &str) -> String {
        if *self == Self::ModelNotAllowed {
            return format!(
                "This key may not call {model}: it is not among the key's allowed_models"
            );
        }
        format!(
            "No allowed providers are available for the selected model: none of {model} is among this key's allowed_providers."
        )
    }

    /// The reason as a phrase that follows "it", where no request but a rule says so.
    fn told_of_rule(&self) -> Cow<'static, str> {
        let known = match self {
            Self::Ignored => "is ignored",
            Self::NotAllowed => "is not allowed",
            Self::MaxPrice => "costs too much",
            Self::Quantization => "has another precision than is allowed",
            known => return known.reason(),
        };
        Cow::Borrowed(known)
    }

    /// The word for programs (`excluded_by`, contract §4.5).
    pub fn excluded_by(&self) -> &'static str {
        match self {
            Self::Ignored
            | Self::NotAllowed
            | Self::NoFallbacks
            | Self::ModelNotAllowed
            | Self::AtLimit(_) => "allowed_providers",
            Self::Region(_) => "data_region",
            Self::DataCollection | Self::Distillation => "data_policy:training",
            Self::Retention => "data_policy:zdr",
            Self::Quantization => "quantization",
            Self::Unpriced | Self::Spent | Self::MaxPrice => "max_price",
            Self::Input(_)
            | Self::Output(_)
            | Self::Parameter(_)
            | Self::Preferred(_)
            | Self::Tier(_)
            | Self::NotOfTier(_) => "require_parameters",
            Self::ContextLength | Self::MaxOutput | Self::Room => "context_length",
            Self::ByRule { reason, .. } | Self::ByKey(reason) => reason.excluded_by(),
        }
    }
}
