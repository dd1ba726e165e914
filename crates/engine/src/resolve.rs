//! From the names in a request to the endpoints to try.

use std::sync::Arc;

use tollgate_catalog::{Catalog, Endpoint, Modality, Model};
use tollgate_routing::{CallShape, Plan, Preferences, plan};
use tollgate_wire::error::BadRequest;

use crate::asked::Asked;
use crate::installation::adapter_of;
use crate::{CallError, Installation};

/// Suffixes that say how to route, not which model (contract §5.5). Price is the only order so
/// far, so they change nothing yet.
const ROUTING_VARIANTS: &[&str] = &[":nitro", ":floor", ":exacto"];

/// The endpoints to try for a call, in order: those of the first model, then of its fallbacks.
pub(crate) fn steps(
    call: &impl Asked,
    installation: &Installation,
    must_be_priced: bool,
) -> Result<Vec<Arc<Endpoint>>, CallError> {
    refuse_what_is_not_here(call)?;
    let names = requested_models(call)?;
    let wants = call.member("provider").map_or_else(|| Ok(Preferences::default()), preferences)?;
    let shape = shape(call, must_be_priced);
    let mut steps = Vec::new();
    let mut left_out = Plan::default();
    let mut unroutable = None;
    for name in &names {
        match find(name, installation) {
            Ok(model) => {
                let candidates = installation.routable().endpoints(model.id.as_str());
                let mut planned = plan(candidates, &shape, &wants);
                steps.append(&mut planned.steps);
                left_out.dropped.append(&mut planned.dropped);
            }
            Err(error @ CallError::NotRoutable { .. }) => unroutable = unroutable.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    match (steps.is_empty(), left_out.dropped.is_empty(), unroutable) {
        (false, _, _) => Ok(steps),
        (true, true, Some(error)) => Err(error),
        (true, _, _) => Err(no_endpoints(names, &left_out)),
    }
}

/// A plugin that would bring something into the prompt, and a preset, change the answer: a caller
/// who asked for one must not get an answer without it. Plugins that only mend or shorten are
/// passed over.
fn refuse_what_is_not_here(call: &impl Asked) -> Result<(), CallError> {
    #[derive(serde::Deserialize)]
    struct Plugin {
        id: String,
        enabled: Option<bool>,
    }
    let plugins = call.member("plugins").map_or_else(
        || Ok(Vec::new()),
        |json| {
            serde_json::from_str::<Vec<Plugin>>(json)
                .map_err(|_| BadRequest::new("plugins: Expected array of objects with an id"))
        },
    )?;
    let missing = plugins.iter().find(|plugin| {
        plugin.enabled.unwrap_or(true)
            && ["web", "web-fetch", "fusion"].contains(&plugin.id.as_str())
    });
    if let Some(plugin) = missing {
        let message = format!("plugins: this installation has no `{}` plugin", plugin.id);
        return Err(BadRequest::new(message).into());
    }
    if call.member("preset").is_some() {
        return Err(BadRequest::new("preset: this installation has no presets").into());
    }
    Ok(())
}

/// Longest model name looked up, and repeated in an answer.
const NAME_BYTES_MAX: usize = 256;

/// The models asked for, the primary first, each once.
fn requested_models(call: &impl Asked) -> Result<Vec<String>, CallError> {
    let params = call.params();
    let mut names: Vec<String> = Vec::new();
    for name in params.model.iter().chain(&params.models) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    if names.iter().any(|name| name.len() > NAME_BYTES_MAX) {
        let message = format!("model: String must contain at most {NAME_BYTES_MAX} characters");
        return Err(BadRequest::new(message).into());
    }
    if names.is_empty() { Err(CallError::NoModel) } else { Ok(names) }
}

fn preferences(json: &str) -> Result<Preferences, CallError> {
    Preferences::parse(json).map_err(|error| BadRequest::new(error.to_string()).into())
}

fn find(name: &str, installation: &Installation) -> Result<Arc<Model>, CallError> {
    let unknown = match lookup(name, installation.routable()) {
        Ok(model) => return Ok(model),
        Err(unknown) => unknown,
    };
    if name.ends_with(":online") {
        let message =
            format!("{name}: this installation runs no web search, so :online is not available");
        return Err(BadRequest::new(message).into());
    }
    match lookup(name, installation.known()) {
        Ok(model) => Err(CallError::NotRoutable {
            providers: missing_keys(installation.known().endpoints(model.id.as_str())),
            model: model.id.to_string(),
        }),
        // The nearest name that works here is worth more than the nearest of all.
        Err(everywhere) if unknown.nearest.is_none() && unknown.ambiguous.is_empty() => {
            Err(CallError::UnknownModel(everywhere))
        }
        Err(_) => Err(CallError::UnknownModel(unknown)),
    }
}

fn lookup(name: &str, catalog: &Catalog) -> Result<Arc<Model>, tollgate_catalog::Unknown> {
    let found = catalog.resolve(name);
    let bare = ROUTING_VARIANTS.iter().find_map(|variant| name.strip_suffix(variant));
    match (found, bare) {
        (Err(_), Some(bare)) => lookup(bare, catalog),
        (found, _) => found.cloned(),
    }
}

/// What to set so that one of these endpoints can be called.
fn missing_keys(endpoints: &[Arc<Endpoint>]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for endpoint in endpoints.iter().filter(|endpoint| adapter_of(endpoint).is_some()) {
        if let Some(variable) = endpoint.provider.env.first()
            && !keys.contains(variable)
        {
            keys.push(variable.clone());
        }
    }
    keys.truncate(6);
    keys
}

fn shape(call: &impl Asked, must_be_priced: bool) -> CallShape {
    let survey = call.survey();
    let params = call.params();
    let contained = [
        (survey.images > 0, Modality::Image),
        (survey.audio, Modality::Audio),
        (survey.files, Modality::File),
        (survey.video, Modality::Video),
    ];
    CallShape {
        input: contained.into_iter().filter_map(|(is_in, it)| is_in.then_some(it)).collect(),
        output: call.output(),
        parameters: call.parameters(),
        prompt_tokens: survey.text_bytes / 4,
        max_tokens: params.max_tokens,
        must_be_priced,
    }
}

fn no_endpoints(models: Vec<String>, left_out: &Plan) -> CallError {
    let reasons = left_out
        .dropped
        .iter()
        .map(|(endpoint, reason)| format!("{} {}", endpoint.provider.name, reason.reason()));
    let model = models.first().map_or("", String::as_str);
    let message = left_out.dropped.last().map_or_else(
        || format!("No endpoints found for {model}."),
        |(_, reason)| reason.message(model),
    );
    let available = left_out.dropped.iter().map(|(it, _)| it.provider.slug.to_string());
    CallError::NoEndpoints {
        message,
        reasons: reasons.collect(),
        available: available.collect(),
        models,
    }
}
