//! What a key may be used for, and from where, as requests say it.

use serde::{Deserialize, Serialize};
use tollgate_engine::{AllowedError, Installation};
use tollgate_engine::{allowed_addresses, allowed_models, allowed_providers};
use tollgate_store::{KeyPatch, KeyRecord};
use tollgate_types::{AddressRange, Timestamp};

use super::present;
use crate::error::ApiError;

/// The members of a request; `null` lifts a restriction.
#[derive(Debug, Deserialize)]
#[expect(clippy::option_option, reason = "absent, null and a value are three things here")]
pub(super) struct WantedRestrictions {
    #[serde(default, deserialize_with = "present")]
    allowed_models: Option<Option<Vec<String>>>,
    #[serde(default, deserialize_with = "present")]
    allowed_providers: Option<Option<Vec<String>>>,
    #[serde(default, deserialize_with = "present")]
    allowed_addresses: Option<Option<Vec<String>>>,
}

/// The same as answers have it.
#[derive(Debug, Serialize)]
pub(in crate::handlers) struct RestrictionsView {
    allowed_models: Option<Vec<String>>,
    allowed_providers: Option<Vec<String>>,
    allowed_addresses: Option<Vec<AddressRange>>,
}

/// A secret that was rotated away and still works.
#[derive(Debug, Serialize)]
pub(super) struct FormerSecretView {
    hash: String,
    works_until: String,
}

impl WantedRestrictions {
    /// Changes what is given, in a patch.
    pub(super) fn apply_to(
        &self,
        patch: &mut KeyPatch,
        installation: &Installation,
    ) -> Result<(), ApiError> {
        let (models, providers) = (&self.allowed_models, &self.allowed_providers);
        let of_models = |names: &[String]| allowed_models(installation, names);
        let of_providers = |names: &[String]| allowed_providers(installation, names);
        patch.allowed_models = read("allowed_models", models.as_ref(), of_models)?.into();
        patch.allowed_providers =
            read("allowed_providers", providers.as_ref(), of_providers)?.into();
        let addresses = self.allowed_addresses.as_ref();
        patch.allowed_addresses = read("allowed_addresses", addresses, allowed_addresses)?.into();
        Ok(())
    }

    /// Sets what is given, in a new key.
    pub(super) fn set(
        &self,
        record: &mut KeyRecord,
        installation: &Installation,
    ) -> Result<(), ApiError> {
        let mut patch = KeyPatch::default();
        self.apply_to(&mut patch, installation)?;
        patch.allowed_models.apply_to(&mut record.allowed_models);
        patch.allowed_providers.apply_to(&mut record.allowed_providers);
        patch.allowed_addresses.apply_to(&mut record.allowed_addresses);
        Ok(())
    }
}

impl RestrictionsView {
    pub(in crate::handlers) fn of(record: &KeyRecord) -> Self {
        Self {
            allowed_models: record.allowed_models.clone(),
            allowed_providers: record.allowed_providers.clone(),
            allowed_addresses: record.allowed_addresses.clone(),
        }
    }
}

impl FormerSecretView {
    /// Those that work at `now`.
    pub(super) fn of(record: &KeyRecord, now: Timestamp) -> Vec<Self> {
        let working = record.former.iter().filter(|it| it.until > now);
        working
            .map(|it| Self { hash: it.hash.to_hex(), works_until: it.until.to_rfc3339() })
            .collect()
    }
}

#[expect(clippy::option_option, reason = "absent, null and a value are three things here")]
fn read<T>(
    member: &str,
    wanted: Option<&Option<Vec<String>>>,
    read: impl FnOnce(&[String]) -> Result<Vec<T>, AllowedError>,
) -> Result<Option<Option<Vec<T>>>, ApiError> {
    let Some(wanted) = wanted else { return Ok(None) };
    let wanted = wanted.as_deref().map(read).transpose();
    let told = |error: AllowedError| ApiError::bad_request(format!("{member}: {error}"));
    wanted.map(Some).map_err(told)
}
