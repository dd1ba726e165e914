//! Whether and how to think, and how many tokens to allow (contract §2.4).

use serde::Serialize;
use tollgate_wire::chat::{ChatParams, Effort};

use super::model::{Model, ThinkingStyle};
use crate::Target;
use crate::encoding::takes;

/// `thinking`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum Thinking {
    /// With a number of tokens.
    Enabled {
        /// The number.
        budget_tokens: u64,
    },
    /// As the model sees fit.
    Adaptive {
        /// Newer models show nothing unless asked.
        display: &'static str,
    },
    /// Not at all, for models that would.
    Disabled,
}

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Whether and how to think; `None` leaves it to the model.
    pub(crate) thinking: Option<Thinking>,
    /// `output_config.effort`.
    pub(crate) effort: Option<&'static str>,
    /// Most tokens to write, thoughts included.
    pub(crate) max_tokens: u64,
}

impl Plan {
    /// Whether the model was told to think.
    pub(crate) const fn thinks(&self) -> bool {
        matches!(self.thinking, Some(Thinking::Enabled { .. } | Thinking::Adaptive { .. }))
    }
}

/// What the rest of the request says about thinking.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances {
    /// A tool must be called, or the answer is begun already: neither goes with thinking. What the
    /// caller asked for outright wins over a wish to think.
    pub(crate) precluded: bool,
    /// Tools are in use without the thoughts that led to it: that precludes a budget.
    pub(crate) without_thoughts: bool,
}

/// `max_tokens` is required; what every model since Claude 3.5 can write, for an endpoint whose
/// limit is unknown.
const MAX_TOKENS_DEFAULT: u64 = 8_192;
const BUDGET_MIN: u64 = 1_024;
const BUDGET_MAX: u64 = 128_000;

/// Decides.
pub(crate) fn plan(
    params: &ChatParams,
    target: &Target<'_>,
    model: Model,
    circumstances: Circumstances,
) -> Plan {
    let wanted = params.reasoning.wanted();
    let unthinking = Plan { thinking: None, effort: None, max_tokens: max_tokens(params, target) };
    let thinks = wanted == Some(true) && !circumstances.precluded && takes(target, "reasoning");
    let plan = if thinks {
        match style(params, model, circumstances) {
            ThinkingStyle::Unavailable => unthinking,
            ThinkingStyle::Budget => with_budget(params, target, unthinking),
            ThinkingStyle::Either | ThinkingStyle::Adaptive => adaptive(params, model, unthinking),
        }
    } else if (wanted == Some(false) || circumstances.precluded) && model.can_be_told_not_to_think()
    {
        Plan { thinking: Some(Thinking::Disabled), ..unthinking }
    } else {
        unthinking
    };
    with_verbosity(params, target, model, plan)
}

/// The style in force: where either will do, a budget only for a caller who names one.
fn style(params: &ChatParams, model: Model, circumstances: Circumstances) -> ThinkingStyle {
    match model.thinking() {
        ThinkingStyle::Budget if circumstances.without_thoughts => ThinkingStyle::Unavailable,
        ThinkingStyle::Either
            if params.reasoning.max_tokens.is_some() && !circumstances.without_thoughts =>
        {
            ThinkingStyle::Budget
        }
        style => style,
    }
}

/// The bound on the answer: what is asked for, as far as the endpoint goes.
pub(super) fn max_tokens(params: &ChatParams, target: &Target<'_>) -> u64 {
    let most = target.max_output.unwrap_or(u64::MAX);
    let asked = params.max_tokens.or(target.max_output).unwrap_or(MAX_TOKENS_DEFAULT);
    asked.min(most)
}

/// The budget must leave room for an answer: where it would not, `max_tokens` grows by it as far
/// as the endpoint goes.
fn with_budget(params: &ChatParams, target: &Target<'_>, unthinking: Plan) -> Plan {
    let by_effort = || {
        let percent = params.reasoning.effort_or_default().percent_of_max_tokens();
        unthinking.max_tokens.saturating_mul(percent) / 100
    };
    let wanted = params.reasoning.max_tokens.unwrap_or_else(by_effort);
    let wanted = wanted.clamp(BUDGET_MIN, BUDGET_MAX);
    let max_tokens = if wanted < unthinking.max_tokens {
        unthinking.max_tokens
    } else {
        wanted.saturating_add(unthinking.max_tokens).min(target.max_output.unwrap_or(u64::MAX))
    };
    let budget_tokens = wanted.min(max_tokens.saturating_sub(1));
    if budget_tokens < BUDGET_MIN {
        return unthinking;
    }
    Plan { thinking: Some(Thinking::Enabled { budget_tokens }), max_tokens, ..unthinking }
}

fn adaptive(params: &ChatParams, model: Model, unthinking: Plan) -> Plan {
    let display = if params.reasoning.exclude { "omitted" } else { "summarized" };
    let reasoning = &params.reasoning;
    let says = reasoning.effort.is_some() || reasoning.max_tokens.is_some();
    let effort = says.then(|| reasoning.effort_within(Some(unthinking.max_tokens)));
    Plan {
        thinking: Some(Thinking::Adaptive { display }),
        effort: effort.and_then(|effort| model.effort(effort)),
        ..unthinking
    }
}

/// `verbosity` is the contract's name for the provider's effort (§2.1), so it wins over the effort
/// of reasoning.
fn with_verbosity(params: &ChatParams, target: &Target<'_>, model: Model, plan: Plan) -> Plan {
    let asked = match params.verbosity.as_deref().filter(|_| takes(target, "verbosity")) {
        Some("low") => Some(Effort::Low),
        Some("medium") => Some(Effort::Medium),
        Some("high") => Some(Effort::High),
        Some("xhigh") => Some(Effort::Xhigh),
        Some("max") => Some(Effort::Max),
        _ => None,
    };
    let effort = asked.and_then(|effort| model.effort(effort)).or(plan.effort);
    // Without thinking, more than that is refused.
    let effort = match (plan.thinking, effort) {
        (Some(Thinking::Disabled), Some("xhigh" | "max")) => Some("high"),
        _ => effort,
    };
    Plan { effort, ..plan }
}
