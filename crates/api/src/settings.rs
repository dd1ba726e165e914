//! What the gateway is set to, as people are shown it.

use std::sync::Arc;

use parking_lot::RwLock;
use serde::Serialize;

/// A setting that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingInForce {
    /// Its name in the configuration file, such as `retention.content_days`.
    pub name: String,
    /// Its value; secrets are hidden.
    pub value: String,
    /// Where it comes from: a flag, a variable, a file, or the default.
    pub origin: String,
    /// What the file says by now, which takes a restart to be in force; nothing where that is the same.
    pub after_restart: Option<String>,
}

/// All settings, by name. They change when the configuration is read again.
#[derive(Debug, Default)]
pub struct SettingsInForce {
    rows: RwLock<Arc<Vec<SettingInForce>>>,
}

impl SettingsInForce {
    /// These settings.
    pub fn new(rows: Vec<SettingInForce>) -> Self {
        Self { rows: RwLock::new(Arc::new(rows)) }
    }

    /// Tells others from now on.
    pub fn replace(&self, rows: Vec<SettingInForce>) {
        *self.rows.write() = Arc::new(rows);
    }

    /// Those of now.
    pub(crate) fn rows(&self) -> Arc<Vec<SettingInForce>> {
        Arc::clone(&self.rows.read())
    }
}
