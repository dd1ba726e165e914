//! Ollama's API beside its chat: what its clients ask before they talk.
//!
//! As Ollama's own, these need no key; neither does `GET /models`, which says the same.
//!
//! <https://docs.ollama.com/api/tags>, <https://docs.ollama.com/api-reference/show-model-details>

use std::collections::BTreeMap;
use std::fmt::Write as _;

use aws_lc_rs::digest;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tollgate_catalog::{Catalog, Modality, Model};
use tollgate_types::Timestamp;

use super::models::find;
use crate::body::{AnyBytes, parsed};
use crate::error::ApiError;
use crate::listing::lead;
use crate::router::App;

/// The models there are.
#[derive(Debug, Serialize)]
pub(crate) struct Tags {
    models: Vec<Tag>,
}

#[derive(Debug, Serialize)]
struct Tag {
    name: String,
    model: String,
    modified_at: String,
    /// Nothing of it is here.
    size: u64,
    /// Of the permanent name, so that what has changed can be told.
    digest: String,
    details: Details,
}

#[derive(Debug, Serialize)]
struct Details {
    parent_model: &'static str,
    format: &'static str,
    family: String,
    families: Vec<String>,
    parameter_size: &'static str,
    quantization_level: String,
}

/// Which model to show. Older clients call it `name`.
#[derive(Debug, Deserialize)]
pub(crate) struct Which {
    model: Option<String>,
    name: Option<String>,
}

/// One model.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    modelfile: &'static str,
    parameters: String,
    template: &'static str,
    details: Details,
    model_info: BTreeMap<String, Fact>,
    capabilities: Vec<&'static str>,
    modified_at: String,
}

/// A value of `model_info`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Fact {
    Text(String),
    Number(u64),
}

/// The models that are in memory: none ever is.
#[derive(Debug, Serialize)]
pub(crate) struct Loaded {
    models: [Tag; 0],
}

/// Which program answers.
#[derive(Debug, Serialize)]
pub(crate) struct Version {
    version: &'static str,
}

/// The models that can be talked to here.
pub(crate) async fn list_ollama_models(State(app): State<App>) -> Json<Tags> {
    let installation = app.engine.installation();
    let catalog = installation.routable();
    let talks = |model: &&std::sync::Arc<Model>| writes(model, Modality::Text);
    let models = catalog.models().iter().filter(talks);
    Json(Tags { models: models.map(|model| Tag::of(model, catalog)).collect() })
}

/// One model; aliases resolve.
pub(crate) async fn show_ollama_model(
    State(app): State<App>,
    AnyBytes(body): AnyBytes,
) -> Result<Json<Shown>, ApiError> {
    let which: Which = parsed(&body)?;
    let name = which.model.or(which.name).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| ApiError::bad_request("model: Required"))?;
    let installation = app.engine.installation();
    let catalog = installation.routable();
    Ok(Json(Shown::of(find(catalog, &name)?, catalog)))
}

/// The models that are in memory.
pub(crate) async fn list_loaded_models() -> Json<Loaded> {
    Json(Loaded { models: [] })
}

/// The version of Ollama whose API this is: clients ask for it to learn what they may use, and
/// some refuse an older one.
const OLLAMA_VERSION: &str = "0.12.6";

/// Which Ollama this is as good as.
pub(crate) async fn get_version() -> Json<Version> {
    Json(Version { version: OLLAMA_VERSION })
}

impl Tag {
    fn of(model: &Model, catalog: &Catalog) -> Self {
        Self {
            name: model.id.to_string(),
            model: model.id.to_string(),
            modified_at: published(model),
            size: 0,
            digest: digest_of(&model.canonical_slug),
            details: Details::of(model, catalog),
        }
    }
}

impl Details {
    fn of(model: &Model, catalog: &Catalog) -> Self {
        let lead = lead(catalog.endpoints(model.id.as_str()));
        let family = family(model);
        Self {
            parent_model: "",
            format: "",
            families: vec![family.clone()],
            family,
            parameter_size: "",
            quantization_level: lead.and_then(|it| it.quantization.clone()).unwrap_or_default(),
        }
    }
}

impl Shown {
    fn of(model: &Model, catalog: &Catalog) -> Self {
        let endpoints = catalog.endpoints(model.id.as_str());
        let supports = |name: &str| endpoints.iter().any(|it| it.supports(name));
        let reads_images = model.architecture.input_modalities.contains(&Modality::Image);
        let capabilities = [
            ("completion", writes(model, Modality::Text)),
            ("embedding", writes(model, Modality::Embeddings)),
            ("vision", reads_images),
            ("tools", supports("tools")),
            ("thinking", supports("reasoning")),
        ];
        let has = capabilities.into_iter().filter(|(_, has)| *has);
        Self {
            modelfile: "",
            parameters: parameters(model),
            template: "",
            details: Details::of(model, catalog),
            model_info: info(model, lead(endpoints).and_then(|it| it.context_length)),
            capabilities: has.map(|(name, _)| name).collect(),
            modified_at: published(model),
        }
    }
}

/// What is known of it, under the names Ollama gives: those after the first begin with the first's
/// value.
fn info(model: &Model, context_length: Option<u64>) -> BTreeMap<String, Fact> {
    let family = family(model);
    let mut info = BTreeMap::new();
    if let Some(length) = context_length.or(model.context_length) {
        info.insert(format!("{family}.context_length"), Fact::Number(length));
    }
    info.insert("general.basename".to_owned(), Fact::Text(model.name.clone()));
    info.insert("general.architecture".to_owned(), Fact::Text(family));
    info
}

/// Sampling parameters its author recommends, a line each.
fn parameters(model: &Model) -> String {
    let Some(given) = &model.default_parameters else { return String::new() };
    let known = [
        ("temperature", given.temperature.map(|it| it.to_string())),
        ("top_p", given.top_p.map(|it| it.to_string())),
        ("top_k", given.top_k.map(|it| it.to_string())),
        ("repeat_penalty", given.repetition_penalty.map(|it| it.to_string())),
    ];
    let lines = known.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", value?)));
    lines.collect::<Vec<String>>().join("\n")
}

fn writes(model: &Model, modality: Modality) -> bool {
    model.architecture.output_modalities.contains(&modality)
}

/// Its author: the nearest to a family that every model has.
fn family(model: &Model) -> String {
    model.id.author().to_owned()
}

/// 64 hexadecimal digits, of which clients show the first twelve.
fn digest_of(name: &str) -> String {
    let digest = digest::digest(&digest::SHA256, name.as_bytes());
    digest.as_ref().iter().fold(String::new(), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn published(model: &Model) -> String {
    Timestamp::from_unix_millis(model.created.saturating_mul(1_000)).to_rfc3339()
}
