//! Why a call could not be answered, and what the caller is told.

mod sentences;

use std::sync::Arc;
use std::time::Duration;

use tollgate_catalog::{OwnKey, Unknown};
use tollgate_ledger::ByokFee;
use tollgate_limits::{RateLimit, Scope};
use tollgate_providers::{Fault, FaultKind};
use tollgate_store::PresetStatus;
use tollgate_types::{GenerationId, Timestamp, Usd};
use tollgate_wire::error::{
    Availability, BadRequest, ErrorBody, ErrorMetadata, ErrorType, PreviousError, SpentBudget,
};
use tollgate_wire::json::UsdNumber;
use tollgate_wire::router_metadata::RouterMetadata;

use self::sentences::{sentence, sentence_of_own};
use crate::{Limited, SpentLimit};

/// A call that failed, and the id it was given.
#[derive(Debug, thiserror::Error)]
#[error("call {id} failed")]
pub struct CallFailure {
    /// How it was routed, for callers who ask.
    pub metadata: Option<Box<RouterMetadata>>,
    /// The generation's id.
    pub id: GenerationId,
    /// Why.
    #[source]
    pub error: CallError,
}

/// Why a call could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The request is wrong.
    #[error("the request is invalid")]
    BadRequest(#[from] BadRequest),
    /// No model was named.
    #[error("no model was named")]
    NoModel,
    /// A model's name is not in the catalog, or names several.
    #[error("model `{}` is not known", .0.name)]
    UnknownModel(Unknown),
    /// The model is known, but no provider of it can be called here.
    #[error("no provider of `{model}` has a key here")]
    NotRoutable {
        /// The model.
        model: String,
        /// What would make it routable: the providers and their variables.
        providers: Vec<String>,
    },
    /// No preset has this name.
    #[error("there is no preset `{slug}`")]
    UnknownPreset {
        /// What was asked for.
        slug: String,
    },
    /// The preset was switched off.
    #[error("the preset `{slug}` is {}", .status.as_str())]
    PresetOff {
        /// What was asked for.
        slug: String,
        /// How it was switched off.
        status: PresetStatus,
    },
    /// Every endpoint was filtered out.
    #[error("no endpoint of the requested models is left")]
    NoEndpoints {
        /// What was asked for.
        models: Vec<String>,
        /// The sentence of the filter that removed the last one.
        message: String,
        /// Each endpoint and why it was left out.
        reasons: Vec<String>,
        /// Providers that do serve the model.
        available: Vec<String>,
    },
    /// The key may call none of the models asked for.
    #[error("the key may call none of the requested models")]
    ModelNotPermitted {
        /// What was asked for.
        models: Vec<String>,
    },
    /// The key's own spend limit is reached.
    #[error("the key's limit of {} is spent", .limit.limit)]
    KeyLimit {
        /// The limit.
        limit: SpentLimit,
    },
    /// The account has nothing left.
    #[error("the account has no credit left")]
    NoCredit,
    /// The call may cost more than is left.
    #[error("the call may cost more than is left")]
    TooDear {
        /// Tokens that the caller lets be written; 0 when it does not say.
        requested: u64,
        /// As many as what is left is enough for.
        affordable: u64,
        /// The key's limit, when it is that which is nearly spent.
        limit: Option<SpentLimit>,
    },
    /// What is left is held for calls under way, and may be enough when they have ended.
    #[error("what is left is held for calls under way")]
    InFlight {
        /// The key's limit, when it is that which is held.
        limit: Option<SpentLimit>,
    },
    /// The fee on calls with keys of the caller's own is due, and can't be paid.
    #[error("the fee on calls with own keys can't be paid")]
    FeeDue {
        /// The fee.
        fee: ByokFee,
        /// Why it can't.
        #[source]
        why: Box<Self>,
    },
    /// A rate or a budget is used up.
    #[error("a limit refuses the call")]
    Limited(#[source] Box<Limited>),
    /// A rule of the operator's refuses the call.
    #[error("the rule `{rule}` refuses the call")]
    Denied {
        /// The rule's name.
        rule: Arc<str>,
        /// What the operator has the caller told.
        message: Arc<str>,
    },
    /// Every endpoint in the plan failed.
    #[error("every endpoint in the plan failed")]
    PlanExhausted {
        /// What was asked for.
        models: Vec<String>,
        /// Display name of each provider tried, and its fault, in order.
        faults: Vec<(String, Fault)>,
        /// The keys of the caller's own that some were met with, each with its place among them.
        own_keys: Vec<(usize, Arc<OwnKey>)>,
    },
    /// What was to write the bodies of requests wrote none that are right.
    #[error("no request bodies were written")]
    NoBodies {
        /// What was wrong with the last of them.
        why: String,
    },
    /// The store does not keep up with the calls, and a call that can't be recorded is not made.
    #[error("records can't be written as fast as calls end")]
    StoreBehind,
    /// The system gave no random bytes.
    #[error("no random bytes")]
    NoEntropy,
}

/// What a caller is asked to wait when the store is behind.
const STORE_RETRY: Duration = Duration::from_secs(1);
const DOCS_URL: &str = "https://openrouter.ai/docs/api-reference/errors";

impl SpentLimit {
    /// What programs are told: the same as of a budget.
    fn tell(&self, metadata: &mut ErrorMetadata) {
        metadata.scope = Some(Scope::Key.as_str());
        metadata.budget = Some(SpentBudget {
            limit_usd: UsdNumber(self.limit),
            spend_usd: UsdNumber(self.spent),
            resets_at: self.resets_at.map(Timestamp::to_rfc3339),
        });
    }
}

impl CallError {
    /// The contract's word, and with it the status.
    pub fn error_type(&self) -> ErrorType {
        match self {
            Self::BadRequest(error) => error.error_type(),
            Self::NoModel | Self::UnknownModel(_) => ErrorType::InvalidRequest,
            Self::NotRoutable { .. } | Self::NoEndpoints { .. } | Self::UnknownPreset { .. } => {
                ErrorType::NotFound
            }
            Self::PresetOff { .. } | Self::Denied { .. } | Self::ModelNotPermitted { .. } => {
                ErrorType::PermissionDenied
            }
            Self::KeyLimit { .. }
            | Self::NoCredit
            | Self::TooDear { .. }
            | Self::InFlight { .. } => ErrorType::PaymentRequired,
            Self::PlanExhausted { faults, .. } => told(faults)
                .map_or(ErrorType::ProviderUnavailable, |(_, fault)| fault.kind.error_type()),
            Self::FeeDue { why, .. } => why.error_type(),
            Self::Limited(limited) => limited.error_type(),
            Self::NoBodies { .. } => ErrorType::ProviderUnavailable,
            Self::StoreBehind => ErrorType::ProviderOverloaded,
            Self::NoEntropy => ErrorType::Server,
        }
    }

    /// How long to wait before trying again, in whole seconds: the shortest of what the providers
    /// ask for, and only when each of them asked (contract §4.6). At least one, because coming back
    /// too early helps nobody, and at most an hour: nobody's clock is to be trusted for longer.
    pub fn retry_after(&self) -> Option<Duration> {
        let faults = match self {
            Self::PlanExhausted { faults, .. } => faults,
            Self::Limited(limited) => return limited.retry_after(),
            Self::FeeDue { why, .. } => return why.retry_after(),
            Self::StoreBehind | Self::InFlight { .. } => return Some(STORE_RETRY),
            _ => return None,
        };
        let waits: Option<Vec<Duration>> = faults.iter().map(|(_, it)| it.retry_after).collect();
        waits?.into_iter().min().map(whole_seconds)
    }

    /// What `X-RateLimit-*` say of a rate that is used up (contract §4.6).
    pub fn rate_limit(&self) -> Option<RateLimit> {
        let Self::Limited(limited) = self else { return None };
        limited.rate_limit()
    }

    /// The body the caller gets.
    pub fn body(&self) -> ErrorBody {
        let mut body = ErrorBody::new(self.error_type(), self.message());
        match self {
            Self::FeeDue { why, .. } => body.error.metadata = why.body().error.metadata,
            Self::UnknownModel(unknown) => {
                let near = unknown.nearest.iter().chain(&unknown.ambiguous);
                body.error.availability = Some(Availability {
                    fallback_models: near.map(ToString::to_string).collect(),
                    ..availability("model_not_found", vec![unknown.name.clone()])
                });
            }
            Self::NotRoutable { model, providers } => {
                body.error.metadata.remedy_hint = Some(remedy(providers));
                body.error.availability = Some(availability("no_endpoints", vec![model.clone()]));
            }
            Self::NoEndpoints { models, reasons, available, .. } => {
                body.error.metadata.remedy_hint = Some(reasons.join("; "));
                body.error.metadata.available_providers.clone_from(available);
                body.error.availability = Some(availability("constraint_filtered", models.clone()));
            }
            Self::ModelNotPermitted { models } => {
                body.error.availability = Some(availability("constraint_filtered", models.clone()));
                body.error.metadata.remedy_hint = Some(
                    "Whoever manages the key can change its allowed_models with PATCH /api/v1/keys/{hash}"
                        .to_owned(),
                );
            }
            Self::KeyLimit { limit } | Self::TooDear { limit: Some(limit), .. } => {
                limit.tell(&mut body.error.metadata);
                body.error.metadata.limit_source = Some("openrouter_key_limit");
            }
            Self::NoCredit | Self::TooDear { limit: None, .. } => {
                body.error.metadata.limit_source = Some("openrouter_credits");
            }
            Self::InFlight { limit } => {
                if let Some(limit) = limit {
                    limit.tell(&mut body.error.metadata);
                }
                body.error.metadata.limit_source = Some("openrouter_in_flight_budget");
            }
            Self::PlanExhausted { models, faults, own_keys } => {
                self.tell_faults(&mut body, models, faults);
                if body.error.metadata.is_byok.is_some() {
                    body.error.metadata.is_byok = Some(own_key_of_told(faults, own_keys).is_some());
                }
            }
            Self::Limited(limited) => limited.tell(&mut body.error.metadata),
            Self::Denied { rule, .. } => {
                body.error.metadata.remedy_hint = Some(format!("The rule `{rule}` says so"));
            }
            Self::BadRequest(_)
            | Self::NoModel
            | Self::UnknownPreset { .. }
            | Self::PresetOff { .. }
            | Self::NoBodies { .. }
            | Self::StoreBehind
            | Self::NoEntropy => {}
        }
        body
    }

    fn message(&self) -> String {
        match self {
            Self::BadRequest(error) => error.message().to_owned(),
            Self::NoModel => {
                "No model specified: send `model`, e.g. \"openai/gpt-4o-mini\"".to_owned()
            }
            Self::UnknownModel(unknown) => unknown_model(unknown),
            Self::NotRoutable { model, providers } => {
                format!("No endpoints found for {model}. {}", remedy(providers))
            }
            Self::NoEndpoints { message, .. } => message.clone(),
            Self::ModelNotPermitted { models } => format!(
                "This key may not call {}: not among the key's allowed_models",
                models.join(", ")
            ),
            Self::UnknownPreset { slug } => format!(
                "There is no preset `{slug}` in this workspace. GET /api/v1/presets lists those there are"
            ),
            Self::PresetOff { slug, status } => format!(
                "The preset `{slug}` is {}. Activate it with PATCH /api/v1/presets/{slug}",
                status.as_str()
            ),
            Self::KeyLimit { limit: SpentLimit { limit, .. } } => format!(
                "Key limit exceeded: this key's limit of {limit} is spent. Raise it with PATCH /api/v1/keys/{{hash}} or use another key"
            ),
            Self::NoCredit => {
                "Insufficient credits. The operator can add more with `tollgate credits add`"
                    .to_owned()
            }
            Self::TooDear { requested, affordable, limit } => {
                too_dear(*requested, *affordable, limit.map(|it| it.limit))
            }
            Self::InFlight { limit } => {
                let what =
                    if limit.is_some() { "this key's limit" } else { "the account's credit" };
                format!(
                    "What is left of {what} is held for requests under way. Please retry when they have ended"
                )
            }
            Self::FeeDue { fee, why } => format!(
                "Calls with your own keys cost a fee of {fee}, and this one may go beyond that. {}",
                why.message()
            ),
            Self::Limited(limited) => limited.message(),
            Self::Denied { message, .. } => message.to_string(),
            Self::PlanExhausted { faults, own_keys, .. } => told(faults).map_or_else(
                || "Provider returned error".to_owned(),
                |(name, fault)| {
                    let own_key = own_key_of_told(faults, own_keys);
                    let of_own = own_key.and_then(|key| sentence_of_own(name, fault, key));
                    of_own.unwrap_or_else(|| sentence(name, fault))
                },
            ),
            Self::NoBodies { why } => {
                format!("No valid request bodies were written, nor when asked again: {why}")
            }
            Self::StoreBehind => "The gateway's store is away or slow. Please retry".to_owned(),
            Self::NoEntropy => "Internal Server Error".to_owned(),
        }
    }

    fn tell_faults(&self, body: &mut ErrorBody, models: &[String], faults: &[(String, Fault)]) {
        let Some((name, fault)) = told(faults) else { return };
        if fault.kind == FaultKind::BadRequest {
            // No provider has seen it.
            return;
        }
        let metadata = &mut body.error.metadata;
        metadata.provider_name = Some(name.clone());
        metadata.is_byok = Some(false);
        metadata.provider_code.clone_from(&fault.code);
        // What a provider says about our own key or account is the operator's to read, not the
        // caller's.
        let is_ours = matches!(
            fault.kind,
            FaultKind::Credential | FaultKind::Payment | FaultKind::Unsupported
        );
        if !is_ours {
            metadata.raw = fault.said().map(str::to_owned);
        }
        metadata.previous_errors = faults
            .iter()
            .filter(|(_, other)| !std::ptr::eq(other, fault))
            .map(|(name, other)| PreviousError {
                provider: name.clone(),
                code: other.kind.as_str(),
                status: other.status,
            })
            .collect();
        let code = match fault.kind {
            FaultKind::RateLimited => "capacity_exhausted",
            FaultKind::Overloaded => "temporarily_unavailable",
            _ => return,
        };
        body.error.availability = Some(Availability {
            retryable: true,
            retry_after: self.retry_after().map(|wait| wait.as_secs()),
            ..availability(code, models.to_vec())
        });
    }
}

/// The longest wait that a caller is told.
const WAIT_MAX: Duration = Duration::from_hours(1);

fn whole_seconds(wait: Duration) -> Duration {
    let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
    Duration::from_secs(seconds.max(1)).min(WAIT_MAX)
}

/// Which of several faults the caller is told: one they can mend, else the last.
pub(crate) fn told(faults: &[(String, Fault)]) -> Option<&(String, Fault)> {
    faults.iter().find(|(_, fault)| fault.kind.is_callers()).or_else(|| {
        // "Rate limited" is true only when every provider said so (§4.2).
        let last_other = faults.iter().rev().find(|(_, it)| it.kind != FaultKind::RateLimited);
        last_other.or(faults.last())
    })
}

/// The caller's own key that the fault was met with which the caller is told.
fn own_key_of_told<'a>(
    faults: &[(String, Fault)],
    own_keys: &'a [(usize, Arc<OwnKey>)],
) -> Option<&'a OwnKey> {
    let told = told(faults)?;
    let is_told = |at: usize| faults.get(at).is_some_and(|it| std::ptr::eq(it, told));
    own_keys.iter().find(|(at, _)| is_told(*at)).map(|(_, key)| key.as_ref())
}

/// Contract §4.6, in its own words where it has some.
fn too_dear(requested: u64, affordable: u64, limit: Option<Usd>) -> String {
    let what = limit.map_or_else(
        || "more credits".to_owned(),
        |limit| format!("more than is left of this key's limit of {limit}"),
    );
    // No smaller max_tokens would do.
    if affordable == 0 {
        return format!("This request requires {what}: its prompt alone costs more than is left");
    }
    format!(
        "This request requires {what}, or fewer max_tokens. You requested up to {requested} tokens, but can only afford {affordable}"
    )
}

fn unknown_model(unknown: &Unknown) -> String {
    let name = &unknown.name;
    if !unknown.ambiguous.is_empty() {
        let several: Vec<String> = unknown.ambiguous.iter().map(ToString::to_string).collect();
        return format!("{name} is not a valid model ID: it could be {}", several.join(" or "));
    }
    match &unknown.nearest {
        Some(nearest) => format!("{name} is not a valid model ID. Did you mean {nearest}?"),
        None => format!(
            "{name} is not a valid model ID. GET /api/v1/models lists what can be called here"
        ),
    }
}

fn remedy(providers: &[String]) -> String {
    if providers.is_empty() {
        return "Its providers speak protocols this version has no adapter for".to_owned();
    }
    format!("No provider of it has a key here: set {}", providers.join(" or "))
}

const fn availability(code: &'static str, requested_models: Vec<String>) -> Availability {
    Availability {
        code,
        retryable: false,
        retry_after: None,
        requested_models,
        fallback_models: Vec::new(),
        docs_url: DOCS_URL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_told_in_whole_seconds_and_the_same_everywhere() {
        for (asked, told) in [(0, 1), (1, 1), (1_000, 1), (22_500, 23), (90_000_000_000, 3_600)] {
            let wait = Some(Duration::from_millis(asked));
            let fault = Fault { retry_after: wait, ..Fault::new(FaultKind::RateLimited) };
            let error = CallError::PlanExhausted {
                models: vec!["a/b".to_owned()],
                faults: vec![("Acme".to_owned(), fault)],
                own_keys: Vec::new(),
            };
            assert_eq!(error.retry_after(), Some(Duration::from_secs(told)), "{asked} ms");
            let availability = error.body().error.availability;
            assert_eq!(availability.and_then(|it| it.retry_after), Some(told), "{asked} ms");
        }
    }
}
