//! The models as Gemini's clients list them.
//!
//! <https://ai.google.dev/api/models>

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tollgate_catalog::{Catalog, Modality, Model};

use super::joined;
use crate::auth::AnyKey;
use crate::error::ApiError;
use crate::handlers::models::find;
use crate::listing::lead;
use crate::path::PathOf;
use crate::query::Params;
use crate::router::App;

/// A page of the list. Google's own has 50 unless more are asked for, 1,000 at most; here all come
/// that one page may have, for clients that don't look for a next one.
const PAGE_MAX: usize = 1_000;

/// The query of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Page {
    #[serde(alias = "page_size")]
    page_size: Option<usize>,
    #[serde(alias = "page_token")]
    page_token: Option<String>,
}

/// A list of models.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GeminiModels {
    models: Vec<GeminiModel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// A model.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GeminiModel {
    /// The resource's name, with which it is asked for again.
    name: String,
    /// The permanent name.
    version: String,
    display_name: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_token_limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_token_limit: Option<u64>,
    supported_generation_methods: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<u64>,
    thinking: bool,
}

/// The models that one of Gemini's methods can be called with here.
pub(crate) async fn list_gemini_models(
    State(app): State<App>,
    _: AnyKey,
    Params(page): Params<Page>,
) -> Result<Json<GeminiModels>, ApiError> {
    let installation = app.engine.installation();
    let catalog = installation.routable();
    let models = catalog.models().iter().filter(|model| !methods(model).is_empty());
    let all: Vec<&Model> = models.map(AsRef::as_ref).collect();
    let (from, size) = page.bounds()?;
    let until = from.saturating_add(size);
    let shown = all.iter().skip(from).take(size);
    Ok(Json(GeminiModels {
        models: shown.map(|model| GeminiModel::of(model, catalog)).collect(),
        next_page_token: (until < all.len()).then(|| until.to_string()),
    }))
}

/// One model; aliases resolve.
pub(crate) async fn get_gemini_model(
    State(app): State<App>,
    _: AnyKey,
    PathOf(segments): PathOf<Vec<(String, String)>>,
) -> Result<Json<GeminiModel>, ApiError> {
    let installation = app.engine.installation();
    let catalog = installation.routable();
    let model = find(catalog, &joined(segments))?;
    Ok(Json(GeminiModel::of(model, catalog)))
}

impl Page {
    /// Where the page begins, and how many it has.
    fn bounds(&self) -> Result<(usize, usize), ApiError> {
        let token = self.page_token.as_deref().filter(|token| !token.is_empty());
        let from = token.map(str::parse).transpose().map_err(|_| {
            ApiError::bad_request("pageToken: Expected the nextPageToken of an earlier answer")
        })?;
        // Zero is what clients send that mean nothing by it.
        let size = self.page_size.filter(|size| *size > 0).unwrap_or(PAGE_MAX);
        Ok((from.unwrap_or(0), size.min(PAGE_MAX)))
    }
}

impl GeminiModel {
    fn of(model: &Model, catalog: &Catalog) -> Self {
        let endpoints = catalog.endpoints(model.id.as_str());
        let lead = lead(endpoints);
        let defaults = model.default_parameters.as_ref();
        Self {
            name: format!("models/{}", model.id),
            version: model.canonical_slug.clone(),
            display_name: model.name.clone(),
            description: model.description.clone(),
            input_token_limit: lead.and_then(|it| it.context_length).or(model.context_length),
            output_token_limit: lead.and_then(|it| it.max_output).or(model.max_output),
            supported_generation_methods: methods(model),
            temperature: defaults.and_then(|it| it.temperature),
            top_p: defaults.and_then(|it| it.top_p),
            top_k: defaults.and_then(|it| it.top_k),
            thinking: endpoints.iter().any(|it| it.supports("reasoning")),
        }
    }
}

/// What can be called with a model, by what it writes.
fn methods(model: &Model) -> Vec<&'static str> {
    let writes = |modality| model.architecture.output_modalities.contains(&modality);
    let mut methods = Vec::new();
    if writes(Modality::Text) {
        methods.extend(["generateContent", "streamGenerateContent", "countTokens"]);
    }
    if writes(Modality::Embeddings) {
        methods.extend(["embedContent", "batchEmbedContents"]);
    }
    methods
}
