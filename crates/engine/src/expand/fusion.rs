//! `openrouter/fusion`: several models say what they think, and one answers (contract §2.6, §5.6).
//!
//! Here is which models those are: those that the plugin names, else those that its preset finds
//! in this catalogue for this caller. What they do is in `strategy`.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;
use tollgate_catalog::{Endpoint, Model};
use tollgate_wire::error::BadRequest;

use super::plugin::settings;
use super::routers::{NOTHING, Priced, candidates, nothing};
use super::{Chooser, Composed, NAME_BYTES_MAX, Wanted, is_several};
use crate::CallError;
use crate::asked::Asked;
use crate::own::Reachable;
use crate::resolve::{lookup, without_variants};

/// The model that stands for it.
pub(super) const NAME: &str = "openrouter/fusion";
/// The plugin that asks for it, beside a model or with the name above.
const PLUGIN: &str = "fusion";

/// Which models say what they think, and which of them answers.
#[derive(Debug)]
pub(crate) struct Fusion {
    /// The models that are asked first, beside each other.
    pub(crate) analysts: Vec<String>,
    /// The model that answers, and those that do when it can't.
    pub(crate) writers: Vec<String>,
    /// Most tokens of one analysis.
    pub(crate) tokens_max: u64,
}

/// The settings: a plugin's members. What is not among them is refused.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    #[serde(rename = "id")]
    _id: IgnoredAny,
    #[serde(rename = "enabled")]
    _enabled: IgnoredAny,
    preset: Option<Preset>,
    analysis_models: Option<Vec<String>>,
    model: Option<String>,
    max_tool_calls: Option<u64>,
    tools: Option<Vec<IgnoredAny>>,
}

/// Which models are chosen where none are named.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
enum Preset {
    /// Of the dearest fifth.
    #[default]
    #[serde(rename = "general-high")]
    High,
    /// Above the cheapest fifth.
    #[serde(rename = "general-budget")]
    Budget,
    /// Those that write fastest.
    #[serde(rename = "general-fast")]
    Fast,
}

/// How many models a preset chooses.
const PANEL: usize = 3;
/// Most models that say what they think (contract §2.6).
const ANALYSTS_MAX: usize = 8;
/// Most tokens of one analysis (contract §2.3).
const TOKENS_MAX: u64 = 16_000;

/// Whether the plugin is on.
pub(super) fn is_asked_for(call: &impl Asked) -> Result<bool, CallError> {
    // Most calls have no plugins.
    if call.member("plugins").is_none() {
        return Ok(false);
    }
    Ok(settings::<IgnoredAny>(call, &[PLUGIN])?.is_some())
}

/// The models of a call; `names` are those that it asks for, the first of which may be fusion's own.
pub(super) fn wanted(
    call: &impl Asked,
    reachable: Reachable<'_>,
    chooser: &Chooser<'_>,
    names: &[String],
) -> Result<Wanted, CallError> {
    if call.api_type() != "completions" {
        return Err(BadRequest::new(format!("{NAME} is for conversations")).into());
    }
    let settings: Settings = settings(call, &[PLUGIN])?.unwrap_or_default();
    check(&settings)?;
    let own = names.first().filter(|name| without_variants(name).0 != NAME);
    let chosen = settings.model.as_ref().or(own);
    let (analysts, writer) = match (settings.analysis_models, chosen) {
        (Some(panel), Some(writer)) => (panel, writer.clone()),
        (Some(panel), None) => {
            let first = panel.first().cloned().ok_or(CallError::NoModel)?;
            (panel, first)
        }
        (None, chosen) => {
            let preset = settings.preset.unwrap_or_default();
            let panel = preset.choose(call, reachable, chooser)?;
            let first = panel.first().cloned().ok_or_else(|| nothing(NOTHING))?;
            (panel, chosen.cloned().unwrap_or(first))
        }
    };
    let fallbacks = names.iter().skip(1).filter(|name| **name != writer).cloned();
    let writers: Vec<String> = std::iter::once(writer.clone()).chain(fallbacks).collect();
    for (member, names) in [("analysis_models", &analysts), ("model", &writers)] {
        if let Some(router) = names.iter().find(|name| is_several(name)) {
            let message =
                format!("plugins: fusion: {member}: {router} stands for several models; name one");
            return Err(BadRequest::new(message).into());
        }
    }
    let more = analysts.iter().filter(|name| !writers.contains(name));
    Ok(Wanted {
        names: writers.iter().chain(more).cloned().collect(),
        router: Some(NAME.to_owned()),
        composed: Some(Composed::Fusion(Arc::new(Fusion {
            tokens_max: tokens_max(reachable, &analysts),
            analysts,
            writers,
        }))),
    })
}

/// What can't be done is refused, and never passed over.
fn check(settings: &Settings) -> Result<(), BadRequest> {
    let wrong = |what: &str| Err(BadRequest::new(format!("plugins: fusion: {what}")));
    let analysts = settings.analysis_models.as_deref();
    if analysts.is_some_and(|names| !(1..=ANALYSTS_MAX).contains(&names.len())) {
        return wrong("analysis_models: Array must contain 1 to 8 elements");
    }
    let mut named = analysts.unwrap_or_default().iter().chain(&settings.model);
    if named.any(|name| name.len() > NAME_BYTES_MAX) {
        let most = format!("model: String must contain at most {NAME_BYTES_MAX} characters");
        return wrong(&most);
    }
    if settings.max_tool_calls.is_some_and(|most| !(1..=16).contains(&most)) {
        return wrong("max_tool_calls: Number must be from 1 to 16");
    }
    match settings.tools.as_ref().map_or(0, Vec::len) {
        0 => Ok(()),
        1..=8 => {
            wrong("tools: this installation runs no server tools, so models can't be given any")
        }
        _ => wrong("tools: Array must contain at most 8 elements"),
    }
}

/// Most tokens of an analysis: as many as every one of the models can write somewhere.
fn tokens_max(reachable: Reachable<'_>, analysts: &[String]) -> u64 {
    let most = |name: &String| {
        let (model, _) = lookup(name, reachable.installation.known()).ok()?;
        let endpoints = reachable.endpoints(&model);
        let most = endpoints.iter().map(|it| it.max_output.unwrap_or(TOKENS_MAX));
        most.max()
    };
    analysts.iter().filter_map(most).fold(TOKENS_MAX, u64::min)
}

impl Preset {
    /// The models that are asked, the one that answers first.
    fn choose(
        self,
        call: &impl Asked,
        reachable: Reachable<'_>,
        chooser: &Chooser<'_>,
    ) -> Result<Vec<String>, CallError> {
        let mut models = candidates(call, reachable, chooser, |_| true);
        match self {
            Self::High => from_fifth(&mut models, 4),
            Self::Budget => from_fifth(&mut models, 1),
            Self::Fast => {
                // What was never measured stands behind, the cheapest first.
                let speed = |model: &Model| speed(&reachable.endpoints(model), chooser);
                models.sort_by_cached_key(|(_, model)| std::cmp::Reverse(speed(model)));
            }
        }
        let mut panel = of_many_authors(models);
        if !matches!(self, Self::Fast) {
            panel.sort_by_key(|(price, _)| std::cmp::Reverse(*price));
        }
        if panel.is_empty() {
            return Err(nothing(NOTHING));
        }
        Ok(panel.into_iter().map(|(_, model)| model.id.to_string()).collect())
    }
}

/// Turns models that are sorted by price, so that they begin with the first of a fifth; what is
/// cheaper stands behind, the dearest first.
fn from_fifth(models: &mut [Priced], fifth: usize) {
    let start = models.len().saturating_mul(fifth).checked_div(5).unwrap_or(0);
    if let Some(cheaper) = models.get_mut(..start) {
        cheaper.reverse();
    }
    models.rotate_left(start);
}

/// The first few, no two by one author as long as there are others: who was trained alike errs
/// alike.
fn of_many_authors(models: Vec<Priced>) -> Vec<Priced> {
    let mut panel: Vec<Priced> = Vec::with_capacity(PANEL);
    let mut others = Vec::new();
    for (price, model) in models {
        let is_new = panel.iter().all(|(_, it)| it.id.author() != model.id.author());
        if is_new && panel.len() < PANEL {
            panel.push((price, model));
        } else {
            others.push((price, model));
        }
    }
    let missing = PANEL.saturating_sub(panel.len());
    panel.extend(others.into_iter().take(missing));
    panel
}

/// The tokens that the fastest endpoint of a model writes in a thousand seconds; 0 where none was
/// measured.
fn speed(endpoints: &[Arc<Endpoint>], chooser: &Chooser<'_>) -> u32 {
    let measured = endpoints.iter().filter_map(|it| (chooser.standing)(it).tokens_per_second);
    measured.map(|it| crate::decision::whole(it.p50 * 1e3)).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use tollgate_catalog::Catalog;

    use super::*;

    #[test]
    fn a_fifth_comes_first_and_what_is_cheaper_behind_it() {
        let model = Catalog::builtin().models().first().unwrap();
        let turned = |count: u128, fifth| -> Vec<u128> {
            let mut models: Vec<Priced> = (0..count).map(|it| (it, Arc::clone(model))).collect();
            from_fifth(&mut models, fifth);
            models.into_iter().map(|(price, _)| price).collect()
        };
        assert_eq!(turned(10, 4), [8, 9, 7, 6, 5, 4, 3, 2, 1, 0]);
        assert_eq!(turned(10, 1), [2, 3, 4, 5, 6, 7, 8, 9, 1, 0]);
        assert_eq!(turned(3, 4), [2, 1, 0]);
        assert_eq!(turned(3, 1), [0, 1, 2]);
        assert_eq!(turned(1, 4), [0]);
        assert!(turned(0, 4).is_empty());
    }

    #[test]
    fn a_panel_is_of_many_authors_as_far_as_there_are() {
        let models = |authors: &[&str]| -> Vec<Priced> {
            let of = |author: &&str| {
                let is_theirs = |it: &&Arc<Model>| it.id.author() == *author;
                let model = Catalog::builtin().models().iter().find(is_theirs).unwrap();
                (0, Arc::clone(model))
            };
            authors.iter().map(of).collect()
        };
        for (authors, expected) in [
            (vec!["openai", "openai", "google", "openai", "anthropic"], 3),
            (vec!["openai", "openai", "google", "openai"], 2),
            (vec!["openai", "openai"], 1),
        ] {
            let panel = of_many_authors(models(&authors));
            assert_eq!(panel.len(), authors.len().min(PANEL), "{authors:?}");
            let mut told: Vec<&str> = panel.iter().map(|(_, it)| it.id.author()).collect();
            told.sort_unstable();
            told.dedup();
            assert_eq!(told.len(), expected, "{authors:?}");
        }
    }
}
