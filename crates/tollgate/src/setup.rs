//! How an installation gets its first owner.

use std::fmt;

use anyhow::Context;
use tollgate_engine::{Engine, awaits_setup};

/// How the first owner of an installation comes.
#[derive(Clone)]
pub(crate) struct Setup {
    /// The path of the page for it.
    pub(crate) path: String,
    /// What is asked for there of whoever is not on this machine. Not to be logged.
    pub(crate) code: String,
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Setup {
    /// As long as nobody has come; the gateway is reached below `prefix`.
    ///
    /// # Errors
    ///
    /// When the store can't be read.
    pub(crate) async fn of(prefix: &str, engine: &Engine) -> anyhow::Result<Option<Self>> {
        let awaits = awaits_setup(engine.stores()).await.context("people can't be read")?;
        let path = format!("{prefix}/setup");
        Ok(awaits.then(|| Self { path, code: engine.setup_code() }))
    }
}
