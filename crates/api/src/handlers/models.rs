//! The model catalogue: `GET /models` with its filters, and one model (contract §1.2).

mod filter;
mod rss;
mod special;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tollgate_catalog::{Catalog, EndpointId, Model};
use tollgate_engine::{Installation, RouterModel};
use tollgate_types::{ModelSlug, Timestamp};

use super::credits::Data;
use crate::auth::AnyKey;
use crate::error::ApiError;
use crate::listing::{ModelEndpointsView, ModelView};
use crate::path::{PathOf, joined};
use crate::query::Params;
use crate::router::App;
use filter::{Asked, ModelQuery};

pub(crate) use special::{list_embedding_models, list_image_endpoints, list_image_models};

#[derive(Debug, Serialize)]
pub(crate) struct Count {
    count: usize,
}

/// What this installation can route now, filtered and sorted.
pub(crate) async fn list_models(
    State(app): State<App>,
    asked: Asked,
    Params(query): Params<ModelQuery>,
) -> Result<Response, ApiError> {
    listed(app.engine.installation().routable(), &query, (app.engine.now(), &asked))
}

/// The same for a caller who shows a key: with the models that only keys of their own reach.
pub(crate) async fn list_user_models(
    State(app): State<App>,
    AnyKey(key): AnyKey,
    asked: Asked,
    Params(query): Params<ModelQuery>,
) -> Result<Response, ApiError> {
    let catalog = app.engine.installation().catalog_for(&key.record);
    listed(&catalog, &query, (app.engine.now(), &asked))
}

fn listed(
    catalog: &Catalog,
    query: &ModelQuery,
    (now, asked): (Timestamp, &Asked),
) -> Result<Response, ApiError> {
    if query.wants_rss() {
        return Ok(rss::feed(&query.select(catalog, now)?.models).into_response());
    }
    Ok(Json(query.list(catalog, now, asked)?).into_response())
}

/// How many models there are.
pub(crate) async fn count_models(
    State(app): State<App>,
    Params(query): Params<ModelQuery>,
) -> Result<Json<Data<Count>>, ApiError> {
    let installation = app.engine.installation();
    let count = query.select(installation.routable(), app.engine.now())?.total;
    Ok(Json(Data { data: Count { count } }))
}

/// The segments of a path that are a model's name: two, or one where its slash is percent-encoded.
type NameParts = PathOf<Vec<(String, String)>>;

/// One model; aliases resolve.
pub(crate) async fn get_model(
    State(app): State<App>,
    PathOf(segments): NameParts,
) -> Result<Json<Data<ModelView>>, ApiError> {
    let installation = app.engine.installation();
    let (name, catalog) = (joined(segments), installation.routable());
    let data = match router(&installation, &name) {
        Some(router) => ModelView::of_router(&router, catalog),
        None => ModelView::of(find_served(&installation, &name)?, catalog),
    };
    Ok(Json(Data { data }))
}

/// One model with its endpoints; a router has none.
pub(crate) async fn list_endpoints(
    State(app): State<App>,
    PathOf(segments): NameParts,
) -> Result<Json<Data<ModelEndpointsView>>, ApiError> {
    let installation = app.engine.installation();
    let (name, catalog) = (joined(segments), installation.routable());
    let (vitals, now) = (app.engine.vitals(), app.engine.now());
    let report = |endpoint: &EndpointId| vitals.report(endpoint, now);
    let router = router(&installation, &name);
    let model = match &router {
        Some(router) => &router.model,
        None => find_served(&installation, &name)?,
    };
    Ok(Json(Data { data: ModelEndpointsView::of(model, catalog, report) }))
}

/// The router of this name, where it would find a model here.
fn router(installation: &Installation, name: &str) -> Option<RouterModel> {
    let is_it = |router: &RouterModel| router.model.id.as_str().eq_ignore_ascii_case(name);
    RouterModel::all(installation.routable()).into_iter().find(is_it)
}

/// The model that a call by this name would go to: variants that say how to route are no models of
/// their own (contract §5.5).
fn find_served<'a>(installation: &'a Installation, name: &str) -> Result<&'a Model, ApiError> {
    let catalog = installation.routable();
    let bare = Installation::without_variants(name);
    find(catalog, name).or_else(|unknown| find(catalog, &bare).map_err(|_| unknown))
}

/// The model of this name; an alias resolves.
pub(super) fn find<'a>(catalog: &'a Catalog, name: &str) -> Result<&'a Model, ApiError> {
    catalog.resolve(name).map(AsRef::as_ref).map_err(|unknown| {
        if !unknown.ambiguous.is_empty() {
            let all: Vec<&str> = unknown.ambiguous.iter().map(ModelSlug::as_str).collect();
            return ApiError::not_found(format!(
                "Model {name} may be one of several: {}",
                all.join(", ")
            ));
        }
        let nearest = unknown.nearest.map(|it| format!(" Did you mean {it}?"));
        ApiError::not_found(format!("Model {name} not found.{}", nearest.unwrap_or_default()))
    })
}
