//! `GET /providers` (contract §1.2).

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::credits::Data;
use crate::router::App;

#[derive(Debug, Serialize)]
pub(crate) struct ProviderView {
    name: String,
    slug: String,
    privacy_policy_url: Option<String>,
    terms_of_service_url: Option<String>,
    status_page_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headquarters: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    datacenters: Vec<String>,
}

/// The providers this installation can call now.
pub(crate) async fn list_providers(State(app): State<App>) -> Json<Data<Vec<ProviderView>>> {
    let installation = app.engine.installation();
    let views = installation.routable().providers().iter().map(|provider| ProviderView {
        name: provider.name.clone(),
        slug: provider.slug.to_string(),
        privacy_policy_url: provider.privacy_policy_url.clone(),
        terms_of_service_url: provider.terms_of_service_url.clone(),
        status_page_url: provider.status_page_url.clone(),
        headquarters: provider.headquarters.clone(),
        datacenters: provider.datacenters.clone(),
    });
    Json(Data { data: views.collect() })
}
