//! What a caller is told whom a limit refuses (contract §4.3, §4.6, §6.5).

use std::time::Duration;

use tollgate_limits::{
    CREDITS_FOR_MORE_FREE_CALLS, Limit, Measure, RateLimit, Refusal, Relief, Scope, Window,
};
use tollgate_providers::Fault;
use tollgate_types::{Timestamp, Usd};
use tollgate_wire::error::{
    ErrorMetadata, ErrorType, PreviousError, RateLimitHeaders, SpentBudget,
};
use tollgate_wire::json::UsdNumber;

/// A call that a limit refused.
#[derive(Debug, thiserror::Error)]
#[error("{refusal}")]
pub struct Limited {
    refusal: Refusal,
    at: Timestamp,
    /// Who was asked before and failed.
    previous: Vec<PreviousError>,
}

/// From so many free calls a day on, an account is one that has bought (contract §6.3).
fn is_of_buyers(limit: &Limit) -> bool {
    let [_, of_buyers] = tollgate_limits::free_models(CREDITS_FOR_MORE_FREE_CALLS);
    *limit == of_buyers
}

impl Limited {
    pub(super) const fn new(refusal: Refusal, at: Timestamp) -> Self {
        Self { refusal, at, previous: Vec::new() }
    }

    /// The same where others had been asked and failed.
    pub(super) fn after(self, faults: &[(usize, String, Fault)]) -> Self {
        let previous = faults.iter().map(|(_, provider, fault)| PreviousError {
            provider: provider.clone(),
            code: fault.kind.as_str(),
            status: fault.status,
        });
        Self { previous: previous.collect(), ..self }
    }

    /// Whether a key of the caller's own gets round it.
    pub(crate) const fn leaves_own(&self) -> bool {
        matches!(self.refusal.limit.measure, Measure::Spend)
    }

    pub(crate) const fn is_budget(&self) -> bool {
        self.refusal.limit.measure.is_money()
    }

    pub(crate) fn error_type(&self) -> ErrorType {
        match (self.is_budget(), self.refusal.limit.scope, self.refusal.relief) {
            (false, ..) => ErrorType::RateLimitExceeded,
            (true, Scope::Key, _) | (true, _, Relief::WhenCallsEnd) => ErrorType::PaymentRequired,
            (true, ..) => ErrorType::PermissionDenied,
        }
    }

    /// How long to wait, in whole seconds and at least one. Budgets begin anew too late to wait for.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        if self.is_budget() && self.refusal.relief != Relief::WhenCallsEnd {
            return None;
        }
        let wait = self.refusal.retry_after(self.at)?;
        let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
        Some(Duration::from_secs(seconds.max(1)))
    }

    pub(crate) fn rate_limit(&self) -> Option<RateLimit> {
        self.refusal.rate_limit()
    }

    /// What programs are told.
    pub(crate) fn tell(&self, metadata: &mut ErrorMetadata) {
        let Refusal { limit, used, relief, resets_at, .. } = &self.refusal;
        metadata.scope = Some(limit.scope.as_str());
        metadata.previous_errors.clone_from(&self.previous);
        metadata.headers = self.rate_limit().map(|rate| RateLimitHeaders {
            limit: rate.limit.to_string(),
            remaining: rate.remaining.to_string(),
            reset: rate.reset.map(|reset| reset.to_string()),
        });
        if self.is_budget() {
            metadata.budget = Some(SpentBudget {
                limit_usd: UsdNumber(usd(limit.amount)),
                spend_usd: UsdNumber(usd(*used)),
                resets_at: resets_at.map(Timestamp::to_rfc3339),
            });
        }
        metadata.limit_source = match (limit.scope, limit.measure.is_money(), relief) {
            (_, true, Relief::WhenCallsEnd) => Some("openrouter_in_flight_budget"),
            (Scope::Key, true, _) => Some("openrouter_key_limit"),
            (Scope::Workspace | Scope::Organisation, true, _) => {
                Some("openrouter_workspace_budget")
            }
            (_, true, _) => Some("openrouter_guardrail_budget"),
            (Scope::FreeModels, ..) if limit.window == Window::Day => {
                Some("openrouter_free_tier_daily")
            }
            _ => None,
        };
    }

    /// The sentence, in the contract's words where it has some.
    pub(crate) fn message(&self) -> String {
        match (self.refusal.limit.scope, self.is_budget()) {
            (Scope::FreeModels, _) => self.of_free_models(),
            (_, true) => self.of_budget(),
            (_, false) => self.of_rate(),
        }
    }

    fn of_free_models(&self) -> String {
        let limit = &self.refusal.limit;
        let which = match limit.window {
            Window::Day if is_of_buyers(limit) => "free-models-per-day-high-balance. ",
            Window::Day => {
                "free-models-per-day. Add 10 credits to unlock 1000 free model requests per day"
            }
            _ => "free-models-per-min. ",
        };
        format!("Rate limit exceeded: {which}")
    }

    fn of_rate(&self) -> String {
        let Refusal { limit, need, relief, .. } = &self.refusal;
        let what = match limit.measure {
            Measure::InputTokens => "input tokens",
            Measure::OutputTokens => "output tokens",
            Measure::Tokens => "tokens",
            Measure::Requests | Measure::Spend | Measure::SpendWithOwn => "requests",
        };
        let over = match limit.window {
            Window::InFlight => "at once".to_owned(),
            window => format!("per {}", window.as_str()),
        };
        let rate = format!("{} {what} {over} for {}", limit.amount, self.whom());
        match (relief, self.retry_after()) {
            (Relief::At(_), Some(wait)) => {
                format!("Rate limit exceeded: {rate}. Please retry in {} s", wait.as_secs())
            }
            (Relief::Never, _) => format!(
                "Rate limit exceeded: {rate}. This request may need {need} and can't pass; send less, or a smaller max_tokens"
            ),
            _ => format!("Rate limit exceeded: {rate}. Please retry when one has ended"),
        }
    }

    fn of_budget(&self) -> String {
        let Refusal { limit, used, need, relief, .. } = &self.refusal;
        let interval = match limit.window {
            Window::Day => "daily",
            Window::Week => "weekly",
            Window::Month => "monthly",
            Window::Lifetime | Window::Minute | Window::InFlight => "lifetime",
        };
        let budget = format!("{interval} budget of {}", dollars(limit.amount));
        let left = limit.amount.saturating_sub(*used);
        match (limit.scope, relief) {
            (_, Relief::WhenCallsEnd) => format!(
                "What is left of the {budget} for {} is held for requests under way. Please retry when they have ended",
                self.whom()
            ),
            (Scope::Key, _) if left > 0 => format!(
                "Key limit exceeded: this request may cost {}, and {} is left of this key's {budget}. Send a smaller max_tokens, or raise the budget with PATCH /api/v1/keys/{{hash}}",
                dollars(*need),
                dollars(left)
            ),
            (Scope::Key, _) => format!(
                "Key limit exceeded: this key's {budget} is spent. Raise it with PATCH /api/v1/keys/{{hash}} or use another key"
            ),
            (scope, _) => {
                let scope = match scope {
                    Scope::Organisation => "Organisation",
                    Scope::Workspace => "Workspace",
                    Scope::EndUser => "End user",
                    Scope::Model => "Model",
                    Scope::Tag | Scope::Key | Scope::FreeModels => "Tag",
                };
                if left == 0 {
                    return format!("{scope} {budget} exceeded. Contact your org admin.");
                }
                format!(
                    "{scope} {budget}: this request may cost {}, and {} is left of it. Send a smaller max_tokens, or contact your org admin.",
                    dollars(*need),
                    dollars(left)
                )
            }
        }
    }

    fn whom(&self) -> String {
        match self.refusal.limit.scope {
            Scope::Organisation => "this organisation".to_owned(),
            Scope::Workspace => "this workspace".to_owned(),
            Scope::Key => "this key".to_owned(),
            Scope::EndUser => "this end user".to_owned(),
            Scope::Model => format!("the model {}", self.refusal.id),
            Scope::Tag => format!("the tag {}", self.refusal.id),
            Scope::FreeModels => "free models".to_owned(),
        }
    }
}

fn usd(nanos: u64) -> Usd {
    Usd::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
}

/// An amount as people write it, with two places at least: $500.00.
fn dollars(nanos: u64) -> String {
    let text = usd(nanos).to_string();
    let places = text.rsplit_once('.').map_or(0, |(_, places)| places.len());
    match places {
        0 => format!("{text}.00"),
        1 => format!("{text}0"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_two_places_at_least() {
        for (nanos, told) in [
            (0, "$0.00"),
            (500_000_000_000, "$500.00"),
            (1_500_000_000, "$1.50"),
            (1_234_000_000, "$1.234"),
        ] {
            assert_eq!(dollars(nanos), told);
        }
    }
}
