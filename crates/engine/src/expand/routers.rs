//! `openrouter/auto` and `openrouter/pareto-code`: routers that look at what is asked (contract
//! §5.6).
//!
//! What the contract's routers know of all their users, this installation learns of its own calls:
//! the more it spends on a model for a kind of task, the sooner that model is chosen. Until it has
//! spent anything, the dearest of the band is. How good models are at code only the operator can
//! say (`coding_score`): no public scores are carried.

use std::sync::Arc;

use serde::Deserialize;
use tollgate_catalog::{Endpoint, Model};
use tollgate_types::UnitPrice;
use tollgate_wire::error::BadRequest;

use super::plugin::settings;
use super::{Chooser, answers, is_open};
use crate::CallError;
use crate::asked::Asked;
use crate::own::Reachable;

/// The primary and its fallbacks.
const CHOSEN: usize = 3;
/// What callers are told when no model is left (contract §5.6).
pub(super) const NOTHING: &str = "No models match your request and model restrictions";
/// Most patterns in a list.
const PATTERNS_MAX: usize = 1_024;

/// The settings of `openrouter/auto`: a plugin's members.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AutoSettings {
    allowed_models: Vec<String>,
    excluded_models: Vec<String>,
    cost_tier: Option<CostTier>,
}

/// Which fifth of the models, by price.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum CostTier {
    Low,
    Medium,
    High,
    Xhigh,
    Max,
}

/// The settings of `openrouter/pareto-code`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ParetoSettings {
    min_coding_score: Option<f64>,
    max_price: Option<f64>,
    price_source: PriceSource,
}

/// What `max_price` bounds.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PriceSource {
    /// The price of a million prompt tokens.
    #[default]
    Prompt,
    /// The same with a quarter for what is written.
    WeightedAvg,
}

/// A model that can be chosen, and about what a usual call costs there, in pico-dollars.
pub(super) type Priced = (u128, Arc<Model>);

/// The models of `openrouter/auto`, the primary first.
pub(super) fn auto(
    call: &impl Asked,
    reachable: Reachable<'_>,
    chooser: &Chooser<'_>,
) -> Result<Vec<Arc<Model>>, CallError> {
    if call.opening().is_none() {
        return Err(BadRequest::new("openrouter/auto needs messages").into());
    }
    let settings: AutoSettings =
        settings(call, &["auto-router", "auto-beta-router"])?.unwrap_or_default();
    for (name, patterns) in [
        ("allowed_models", &settings.allowed_models),
        ("excluded_models", &settings.excluded_models),
    ] {
        if patterns.len() > PATTERNS_MAX {
            let message = format!(
                "plugins: {name}: Array must contain at most {PATTERNS_MAX} elements, received {}",
                patterns.len()
            );
            return Err(BadRequest::new(message).into());
        }
    }
    let is_in = |patterns: &[String], model: &Model| {
        patterns.iter().any(|pattern| matches(pattern, model.id.as_str()))
    };
    let allowed = |model: &Model| {
        (settings.allowed_models.is_empty() || is_in(&settings.allowed_models, model))
            && !is_in(&settings.excluded_models, model)
    };
    let candidates = candidates(call, reachable, chooser, allowed);
    let mut band = band(candidates, settings.cost_tier.unwrap_or(CostTier::Low));
    // The band is sorted by price already, and the sort keeps equals where they are.
    band.reverse();
    band.sort_by_key(|(_, model)| std::cmp::Reverse((chooser.spent)(model)));
    chosen(band, chooser)
}

/// The models of `openrouter/pareto-code`, the primary first.
pub(super) fn pareto(
    call: &impl Asked,
    reachable: Reachable<'_>,
    chooser: &Chooser<'_>,
) -> Result<Vec<Arc<Model>>, CallError> {
    let settings: ParetoSettings = settings(call, &["pareto-router"])?.unwrap_or_default();
    let wanted = settings.min_coding_score.unwrap_or(1.0);
    if !(0.0..=1.0).contains(&wanted) || settings.max_price.is_some_and(|most| most < 0.0) {
        let message =
            "plugins: pareto-router: min_coding_score is from 0 to 1, and max_price at least 0";
        return Err(BadRequest::new(message).into());
    }
    if reachable.models().all(|model| model.coding_score.is_none()) {
        let message = "No models match your request and model restrictions: openrouter/pareto-code \
                       chooses among models whose row says coding_score, and none does";
        return Err(nothing(message));
    }
    let is_of_class =
        |model: &Model| model.coding_score.is_some_and(|score| class(score) == class(wanted));
    let mut models = candidates(call, reachable, chooser, is_of_class);
    if let Some(most) = settings.max_price {
        let price = |endpoint: &Arc<Endpoint>| {
            let rates = endpoint.price.as_ref()?.rates;
            Some(dollars(rates.input, rates.output, settings.price_source))
        };
        models.retain(|(_, model)| {
            let endpoints = reachable.endpoints(model);
            endpoints.iter().filter(|it| is_open(it)).filter_map(price).any(|price| price <= most)
        });
    }
    chosen(models, chooser)
}

/// High from 0.66, medium from 0.33.
fn class(score: f64) -> u8 {
    u8::from(score >= 0.66) + u8::from(score >= 0.33)
}

/// For a bound: nobody is billed by it.
fn dollars(input: UnitPrice, output: UnitPrice, source: PriceSource) -> f64 {
    let per_million = |price: UnitPrice| {
        let thousandths = price.picos() / 1_000;
        u32::try_from(thousandths).map_or(f64::MAX, |it| f64::from(it) / 1_000.0)
    };
    match source {
        PriceSource::Prompt => per_million(input),
        PriceSource::WeightedAvg => per_million(input) * 0.75 + per_million(output) * 0.25,
    }
}

/// The models that would be served here and now, the cheapest first. Variants, moving names, the
/// program's own simulator and routers of other hosts are none.
pub(super) fn candidates(
    call: &impl Asked,
    reachable: Reachable<'_>,
    chooser: &Chooser<'_>,
    suits: impl Fn(&Model) -> bool,
) -> Vec<Priced> {
    let mut priced: Vec<Priced> = Vec::new();
    for model in reachable.models() {
        let is_plain = model.alias_target.is_none() && !model.is_variant();
        if !is_plain || model.id.author() == "openrouter" || !suits(model) {
            continue;
        }
        let endpoints = reachable.endpoints(model);
        let estimates = endpoints.iter().filter_map(|it| {
            let rates = it.price.as_ref()?.rates;
            let serves = is_open(it) && !it.provider.builtin && answers(it, call);
            serves.then(|| rates.estimate(1_000, 500))
        });
        if let Some(price) = estimates.min()
            && (chooser.admits)(&endpoints)
        {
            priced.push((price, Arc::clone(model)));
        }
    }
    priced.sort_by(|(one, first), (other, second)| one.cmp(other).then(first.id.cmp(&second.id)));
    priced
}

/// The fifth that a cost tier names; of few models at least one.
fn band(models: Vec<Priced>, tier: CostTier) -> Vec<Priced> {
    let fifth = match tier {
        CostTier::Low => 0_usize,
        CostTier::Medium => 1,
        CostTier::High => 2,
        CostTier::Xhigh => 3,
        CostTier::Max => 4,
    };
    let count = models.len();
    let start = count.saturating_mul(fifth).checked_div(5).unwrap_or(0);
    let end = count.saturating_mul(fifth.saturating_add(1)).div_ceil(5);
    let length = end.saturating_sub(start).max(1);
    models.into_iter().skip(start.min(count.saturating_sub(1))).take(length).collect()
}

/// The first few, that before them which the conversation was given before while it is among them.
fn chosen(models: Vec<Priced>, chooser: &Chooser<'_>) -> Result<Vec<Arc<Model>>, CallError> {
    let mut models: Vec<Arc<Model>> =
        models.into_iter().take(CHOSEN).map(|(_, model)| model).collect();
    let given = chooser.given.as_ref();
    if let Some(at) = models.iter().position(|model| Some(&model.id) == given)
        && let Some(before) = models.get_mut(..=at)
    {
        before.rotate_right(1);
    }
    if models.is_empty() {
        return Err(nothing(NOTHING));
    }
    Ok(models)
}

pub(super) fn nothing(message: &str) -> CallError {
    CallError::NoEndpoints {
        message: message.to_owned(),
        reasons: Vec::new(),
        available: Vec::new(),
        models: Vec::new(),
    }
}

/// Whether a name fits a pattern, in which `*` stands for anything. Each part is looked for where
/// the one before it ended, so that the work is bounded by pattern times name.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_ascii_lowercase(), name.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use tollgate_catalog::Catalog;

    use super::*;

    #[test]
    fn patterns_have_stars() {
        for (pattern, name, fits) in [
            ("a/b", "a/b", true),
            ("A/B", "a/b", true),
            ("a/b", "a/bc", false),
            ("a/*", "a/bc", true),
            ("*", "a/b", true),
            ("*/b", "a/b", true),
            ("a/*c*e", "a/bcde", true),
            ("a/*c*e", "a/bcd", false),
            ("a/b*b", "a/b", false),
            ("a**b", "ab", true),
            ("", "a/b", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn bands_are_fifths_and_never_empty() {
        let models = |count: usize| -> Vec<Priced> {
            let model = Catalog::builtin().models().first().unwrap();
            (0..count).map(|price| (u128::try_from(price).unwrap(), Arc::clone(model))).collect()
        };
        let prices = |count, tier| -> Vec<u128> {
            band(models(count), tier).into_iter().map(|(price, _)| price).collect()
        };
        assert_eq!(prices(10, CostTier::Low), [0, 1]);
        assert_eq!(prices(10, CostTier::Medium), [2, 3]);
        assert_eq!(prices(10, CostTier::Max), [8, 9]);
        assert_eq!(prices(1, CostTier::Max), [0]);
        assert_eq!(prices(2, CostTier::Low), [0]);
        assert_eq!(prices(3, CostTier::Max), [2]);
        assert!(prices(0, CostTier::High).is_empty());
    }

    #[test]
    fn classes_are_those_of_the_contract() {
        for (score, expected) in [(1.0, 2), (0.66, 2), (0.65, 1), (0.33, 1), (0.32, 0), (0.0, 0)] {
            assert_eq!(class(score), expected, "{score}");
        }
    }
}
