//! The lists of models that are not for conversations (contract §1.2).

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;
use tollgate_catalog::{Catalog, Endpoint, Modality, Model, Rate};
use tollgate_types::UnitPrice;

use super::filter::{Asked, ModelList, ModelQuery};
use super::find;
use crate::error::ApiError;
use crate::handlers::credits::Data;
use crate::listing::words;
use crate::path::PathOf;
use crate::query::Params;
use crate::router::App;

/// The page of a list.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Page {
    offset: Option<usize>,
    limit: Option<usize>,
}

/// The models that embed.
pub(crate) async fn list_embedding_models(
    State(app): State<App>,
    asked: Asked,
    Params(page): Params<Page>,
) -> Result<Json<ModelList>, ApiError> {
    let installation = app.engine.installation();
    let query = ModelQuery::writing(Modality::Embeddings, page.offset, page.limit);
    Ok(Json(query.list(installation.routable(), app.engine.now(), &asked)?))
}

/// The models that make pictures.
pub(crate) async fn list_image_models(
    State(app): State<App>,
) -> Result<Json<Data<Vec<ImageModelView>>>, ApiError> {
    let installation = app.engine.installation();
    let catalog = installation.routable();
    let query = ModelQuery::writing(Modality::Image, None, None);
    let models = query.select(catalog, app.engine.now())?.models;
    Ok(Json(Data { data: models.iter().map(|it| ImageModelView::of(it, catalog)).collect() }))
}

/// Who serves one of them. Not wrapped in `data`, unlike every other list.
pub(crate) async fn list_image_endpoints(
    State(app): State<App>,
    PathOf((author, slug)): PathOf<(String, String)>,
) -> Result<Json<ImageEndpointsView>, ApiError> {
    let installation = app.engine.installation();
    let catalog = installation.routable();
    let model = find(catalog, &format!("{author}/{slug}"))?;
    if !model.architecture.output_modalities.contains(&Modality::Image) {
        let message = format!("Model {} makes no pictures.", model.id);
        return Err(ApiError::not_found(message));
    }
    let endpoints = catalog.endpoints(model.id.as_str());
    Ok(Json(ImageEndpointsView {
        id: model.id.to_string(),
        endpoints: endpoints.iter().map(|it| ImageEndpointView::of(it)).collect(),
    }))
}

/// A model that makes pictures.
#[derive(Debug, Serialize)]
pub(crate) struct ImageModelView {
    id: String,
    name: String,
    description: String,
    created: i64,
    architecture: Modalities,
    supported_parameters: Capabilities,
    supports_streaming: bool,
    endpoints: String,
}

#[derive(Debug, Serialize)]
struct Modalities {
    input_modalities: Vec<&'static str>,
    output_modalities: Vec<&'static str>,
}

/// The endpoints of a model that makes pictures.
#[derive(Debug, Serialize)]
pub(crate) struct ImageEndpointsView {
    id: String,
    endpoints: Vec<ImageEndpointView>,
}

#[derive(Debug, Serialize)]
struct ImageEndpointView {
    provider_name: String,
    provider_slug: String,
    provider_tag: Option<String>,
    supported_parameters: Capabilities,
    supports_streaming: bool,
    allowed_passthrough_parameters: Vec<String>,
    pricing: Vec<ImagePrice>,
}

#[derive(Debug, Serialize)]
struct ImagePrice {
    billable: &'static str,
    unit: &'static str,
    cost_usd: Box<RawValue>,
}

/// Parameters by their names, each with what it takes.
#[derive(Debug, Default)]
struct Capabilities(Vec<&'static (&'static str, Capability)>);

/// What a parameter takes.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Capability {
    Enum { values: &'static [&'static str] },
    Range { min: u32, max: u32 },
    Boolean,
}

/// The parameters of `POST /images` (contract §1.1).
static PARAMETERS: [(&str, Capability); 9] = [
    ("n", Capability::Range { min: 1, max: 10 }),
    ("resolution", Capability::Enum { values: &["512", "1K", "2K", "4K"] }),
    (
        "aspect_ratio",
        Capability::Enum {
            values: &["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"],
        },
    ),
    ("quality", Capability::Enum { values: &["auto", "low", "medium", "high"] }),
    ("background", Capability::Enum { values: &["auto", "transparent", "opaque"] }),
    ("output_format", Capability::Enum { values: &["png", "jpeg", "webp", "svg"] }),
    ("output_compression", Capability::Range { min: 0, max: 100 }),
    ("seed", Capability::Boolean),
    ("input_references", Capability::Range { min: 0, max: 16 }),
];

impl Capabilities {
    /// Those that one of the endpoints is said to know.
    fn of<'a>(endpoints: &(impl Iterator<Item = &'a Endpoint> + Clone)) -> Self {
        let is_known = |name: &str| {
            endpoints.clone().any(|it| it.supported_parameters.iter().any(|known| known == name))
        };
        Self(PARAMETERS.iter().filter(|(name, _)| is_known(name)).collect())
    }
}

impl Serialize for Capabilities {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (name, capability) in &self.0 {
            map.serialize_entry(name, capability)?;
        }
        map.end()
    }
}

impl ImageModelView {
    fn of(model: &Model, catalog: &Catalog) -> Self {
        let endpoints = catalog.endpoints(model.id.as_str());
        Self {
            id: model.id.to_string(),
            name: model.name.clone(),
            description: model.description.clone(),
            created: model.created,
            architecture: Modalities {
                input_modalities: words(&model.architecture.input_modalities),
                output_modalities: words(&model.architecture.output_modalities),
            },
            supported_parameters: Capabilities::of(&endpoints.iter().map(AsRef::as_ref)),
            supports_streaming: false,
            endpoints: format!("/api/v1/images/models/{}/endpoints", model.id),
        }
    }
}

impl ImageEndpointView {
    fn of(endpoint: &Endpoint) -> Self {
        Self {
            provider_name: endpoint.provider.name.clone(),
            provider_slug: endpoint.provider.slug.to_string(),
            provider_tag: Some(endpoint.tag()),
            supported_parameters: Capabilities::of(&std::iter::once(endpoint)),
            supports_streaming: false,
            allowed_passthrough_parameters: Vec::new(),
            pricing: pricing(endpoint),
        }
    }
}

/// What is billed, by the piece or by the token.
fn pricing(endpoint: &Endpoint) -> Vec<ImagePrice> {
    const BILLED: [(Rate, &str, &str); 5] = [
        (Rate::OutputImage, "output_image", "image"),
        (Rate::ImageOutput, "output_image", "token"),
        (Rate::Image, "input_image", "image"),
        (Rate::ImageToken, "input_image", "token"),
        (Rate::Input, "input_text", "token"),
    ];
    let Some(price) = &endpoint.price else { return Vec::new() };
    let one = |(rate, billable, unit): (Rate, &'static str, &'static str)| {
        let price = price.rates.get(rate).filter(|price| *price > UnitPrice::ZERO)?;
        // A number, digit by digit: no float comes between.
        let cost_usd = RawValue::from_string(price.to_per_unit()).ok()?;
        Some(ImagePrice { billable, unit, cost_usd })
    };
    BILLED.into_iter().filter_map(one).collect()
}
