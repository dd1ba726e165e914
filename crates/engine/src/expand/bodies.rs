//! `openrouter/bodybuilder`: words become the bodies of requests (contract §5.6).
//!
//! Here is which models write them, and which they may name. What is made of it is in `strategy`.

use std::sync::Arc;

use tollgate_catalog::{Endpoint, Modality};
use tollgate_wire::error::BadRequest;

use super::routers::{NOTHING, nothing};
use super::{Chooser, Composed, Wanted, cheapest_all};
use crate::CallError;
use crate::asked::Asked;
use crate::own::Reachable;

/// The model that stands for it.
pub(super) const NAME: &str = "openrouter/bodybuilder";

/// Which models write bodies, and which models those are for.
#[derive(Debug)]
pub(crate) struct Bodies {
    /// The model that writes, and those that do when it can't.
    pub(crate) writers: Vec<String>,
    /// The models that bodies may name, as the writer is told.
    pub(crate) names: Vec<String>,
}

/// The writer and its fallbacks.
const WRITERS: usize = 3;
/// Most models that a writer is told of.
const NAMES_MAX: usize = 500;

/// The models of a call; `names` are those that it asks for, this router's own first.
pub(super) fn wanted(
    call: &impl Asked,
    reachable: Reachable<'_>,
    chooser: &Chooser<'_>,
    names: &[String],
) -> Result<Wanted, CallError> {
    if call.api_type() != "completions" {
        return Err(BadRequest::new(format!("{NAME} is for conversations")).into());
    }
    let parameters = call.parameters();
    let has_a_form = |name: &&&str| OF_THE_ANSWER.contains(*name);
    if let Some(name) = parameters.iter().find(has_a_form) {
        let message = format!("{name}: {NAME} writes the bodies of requests, and nothing else");
        return Err(BadRequest::new(message).into());
    }
    let mut writers = cheapest_all(reachable, call, writes);
    writers.retain(|model| (chooser.admits)(&reachable.endpoints(model)));
    writers.truncate(WRITERS);
    if writers.is_empty() {
        return Err(nothing(NOTHING));
    }
    let fallbacks = names.iter().skip(1).cloned();
    let writers: Vec<String> =
        writers.iter().map(|model| model.id.to_string()).chain(fallbacks).collect();
    let mut known: Vec<String> = reachable
        .models()
        .filter(|model| model.alias_target.is_none() && model.id.author() != "openrouter")
        .filter(|model| model.architecture.output_modalities.contains(&Modality::Text))
        .map(|model| model.id.to_string())
        .collect();
    known.sort_unstable();
    known.truncate(NAMES_MAX);
    Ok(Wanted {
        names: writers.clone(),
        router: Some(NAME.to_owned()),
        composed: Some(Composed::Bodies(Arc::new(Bodies { writers, names: known }))),
    })
}

/// Parameters that would give the answer another form.
const OF_THE_ANSWER: &[&str] = &["tools", "response_format", "structured_outputs"];

/// Whether an endpoint can be held to a form.
pub(super) fn writes(endpoint: &Endpoint) -> bool {
    !endpoint.provider.builtin
        && endpoint.model.id.author() != "openrouter"
        && (endpoint.supports("structured_outputs") || endpoint.supports("response_format"))
}
