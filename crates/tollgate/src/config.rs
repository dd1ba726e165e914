//! Configuration: what the operator wrote, checked whole, becomes what the program runs on.
//!
//! Precedence: flag, environment, file, default. Every problem of a file is reported at once, and
//! an unknown key names the nearest known one.

mod alerts;
mod batch;
mod cache;
mod fee;
mod file;
mod limit;
mod payments;
mod plan;
mod problems;
mod read;
mod retention;
mod routing;
mod sections;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tollgate_catalog::Overlay;
use tollgate_engine::{AlertingConfig, LimitRule};
use tollgate_ledger::{ByokFee, PlatformFee};
use tollgate_policy::RuleForm;
use tollgate_store_postgres::{is_postgres, without_password};
use tollgate_types::{AddressRange, ProviderSlug};

use crate::environment::Environment;
pub use payments::Payments;
pub use problems::Problems;
pub use retention::Retention;
pub use sections::{Credential, Limits};

/// What the program runs on.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where data is kept.
    pub data_dir: PathBuf,
    /// The database's URL.
    pub database_url: DatabaseUrl,
    /// How often journaled records are made to outlive a loss of power.
    pub journal_sync: Duration,
    /// A management key accepted from the start.
    pub management_key: Option<tollgate_types::ApiKey>,
    /// Times and bounds.
    pub limits: Limits,
    /// Headers to record with each generation.
    pub tag_headers: Vec<http::HeaderName>,
    /// Hosts whose calls must be processed in a region, and that region.
    pub region_hosts: Vec<(String, String)>,
    /// Proxies whose `X-Forwarded-For` says where a call comes from.
    pub trusted_proxies: Vec<AddressRange>,
    /// Where a proxy in front has the gateway, such as `/gateway`; empty at the root.
    pub path_prefix: String,
    /// What is taken on top of purchases of credit.
    pub platform_fee: PlatformFee,
    /// What is taken of calls that are met with keys of the caller's own; absent where calls need no
    /// credit, whatever plans say.
    pub byok_fee: Option<ByokFee>,
    /// How long a gateway may not be heard of until others take back what it has set aside.
    pub gone_after: Duration,
    /// How credit is sold; not at all when absent.
    pub payments: Option<Payments>,
    /// What the operator wants to hear of, and how.
    pub alerts: AlertingConfig,
    /// What calls cost who has agreed to it.
    pub plans: Vec<tollgate_engine::PlanRow>,
    /// What statements say who they are of.
    pub installation_name: String,
    /// How long things are kept.
    pub retention: Retention,
    /// Whether the built-in simulator runs.
    pub simulator: bool,
    /// Models, endpoints and providers beside the built-in ones.
    pub overlay: Overlay,
    /// What is decided for calls before they are routed.
    pub rules: Vec<RuleForm>,
    /// Limits on calls.
    pub limit_rules: Vec<LimitRule>,
    /// Credentials given for providers, by slug.
    pub credentials: BTreeMap<ProviderSlug, Credential>,
    /// Providers the file names without a credential: they are called without one.
    pub configured: Vec<ProviderSlug>,
    /// The file read, if any.
    pub file: Option<PathBuf>,
    /// The flags it was read with, to read it again.
    pub flags: Flags,
    /// What is set and has no effect in this version, in words.
    pub warnings: Vec<String>,
    /// Where each setting comes from, by its path.
    pub origins: BTreeMap<String, Setting>,
}

/// Where the database is, perhaps with a password, which is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The whole of it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it leads to a Postgres server, rather than to a SQLite file.
    pub fn is_postgres(&self) -> bool {
        is_postgres(&self.0)
    }
}

impl From<String> for DatabaseUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_password(&self.0))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A setting as shown to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its value; secrets are hidden.
    pub value: String,
    /// Where it comes from: a flag, a variable, a file, or the default.
    pub origin: String,
}

/// Settings given as flags.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--config`
    pub config: Option<PathBuf>,
    /// `--listen`
    pub listen: Option<String>,
    /// `--data-dir`
    pub data_dir: Option<PathBuf>,
}

/// The file that is read when none is named.
const DEFAULT_FILE: &str = "tollgate.toml";

impl Config {
    /// Reads flags, environment and file.
    ///
    /// # Errors
    ///
    /// Every problem found, each with what to do about it.
    pub fn load(flags: &Flags, environment: &Environment) -> Result<Self, Problems> {
        let path = file_path(flags, environment);
        let text = match &path {
            Some(path) => Some(std::fs::read_to_string(path).map_err(|error| {
                Problems::one(format!("{} can't be read: {error}", path.display()))
            })?),
            None => None,
        };
        read::config(flags, environment, path, text.as_deref())
    }

    /// The same from a text instead of a file, for tests and for checking.
    ///
    /// # Errors
    ///
    /// As [`Config::load`].
    pub fn parse(text: &str, flags: &Flags, environment: &Environment) -> Result<Self, Problems> {
        read::config(flags, environment, None, Some(text))
    }
}

fn file_path(flags: &Flags, environment: &Environment) -> Option<PathBuf> {
    let named = flags.config.clone().or_else(|| environment.get("TOLLGATE_CONFIG").map(Into::into));
    named.or_else(|| {
        let default = Path::new(DEFAULT_FILE);
        default.is_file().then(|| default.to_owned())
    })
}
