//! Keys at providers that were given in the dashboard, for everybody's calls.

use std::fmt;

use serde::{Deserialize, Serialize};
use tollgate_store::{DocumentBody, form};
use tollgate_types::{ProviderSlug, Timestamp};

/// The installation's key at a provider. The document's id is the provider's slug.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderKey {
    /// The key, sealed under the master key, in Base64.
    pub sealed: String,
    /// What people recognise it by.
    pub label: String,
    /// Who gave it; nobody where a management key of the installation did.
    pub added_by: Option<String>,
    /// When.
    #[serde(with = "form")]
    pub added_at: Timestamp,
}

impl DocumentBody for ProviderKey {
    const KIND: &'static str = "provider_key";
}

impl ProviderKey {
    /// What it is sealed for: as another provider's key it does not open.
    pub fn purpose(provider: &ProviderSlug) -> String {
        format!("the key at {provider}")
    }
}

impl fmt::Debug for ProviderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderKey").field("label", &self.label).finish_non_exhaustive()
    }
}
