//! Flags, environment and file together.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tollgate_catalog::{Catalog, Overlay, Protocol};
use tollgate_engine::{AlertingConfig, EngineConfig, Secret};
use tollgate_ledger::{ByokFee, PlatformFee};
use tollgate_payments::Fees;
use tollgate_policy::{Policy, RuleForm};
use tollgate_providers::ADAPTERS;
use tollgate_types::{ApiKey, Chain, ProviderSlug};
use tollgate_upstream::roots_from_pem;

use super::alerts::AlertsSection;
use super::fee::FeeEntry;
use super::file::{self, File};
use super::limit;
use super::payments::{PaymentsSection, UNNAMED};
use super::plan;
use super::{Config, Credential, DatabaseUrl, Flags, Limits, Payments, Problems, Setting};
use crate::environment::Environment;

/// Reads a configuration.
pub(super) fn config(
    flags: &Flags,
    environment: &Environment,
    path: Option<PathBuf>,
    text: Option<&str>,
) -> Result<Config, Problems> {
    let mut problems = Problems::default();
    let file = text.map(|text| file::read(text, &mut problems)).unwrap_or_default();
    let mut reader = Reader {
        environment,
        file_name: path.as_deref().map_or_else(|| "file".to_owned(), |it| it.display().to_string()),
        origins: BTreeMap::new(),
        warnings: Vec::new(),
        problems,
    };
    let config = reader.config(flags, file, path);
    if reader.problems.is_empty() { Ok(config) } else { Err(reader.problems) }
}

/// Headers that are never recorded.
const SECRET_HEADERS: &[&str] =
    &["authorization", "cookie", "proxy-authorization", "x-api-key", "x-goog-api-key", "api-key"];

/// What is shown of a setting that holds or may hold a secret.
const SET: &str = "(set)";
/// What is shown of a setting that is empty unless it is given.
const UNSET: &str = "(not set)";
/// Where a setting comes from that nobody gave.
const DEFAULT: &str = "default";

struct Reader<'a> {
    environment: &'a Environment,
    file_name: String,
    origins: BTreeMap<String, Setting>,
    warnings: Vec<String>,
    problems: Problems,
}

impl Reader<'_> {
    fn config(&mut self, flags: &Flags, file: File, path: Option<PathBuf>) -> Config {
        let listen = self.listen(flags, &file);
        let data_flag = flags.data_dir.as_ref().map(|path| path.display().to_string());
        let given = [data_flag, self.variable("TOLLGATE_DATA_DIR"), file.data_dir.clone()];
        let data_dir: PathBuf = self.pick("data_dir", "TOLLGATE_DATA_DIR", given, "./data").into();
        let database_url = self.database_url(&file, &data_dir);
        self.check_what_is_not_there_yet(&file);
        if file.database.journal_sync_ms == 0 {
            self.problems.add("database.journal_sync_ms: must be more than 0 milliseconds");
        }
        self.note_the_rest(&file);
        let mut limits = file.limits.check(&mut self.problems);
        self.pipeline(&file, &mut limits.engine);
        let fees = file.billing.fees(&mut self.problems);
        let gone_after = file.billing.gone_after(&mut self.problems);
        let installation_name = file.payments.name(&mut self.problems);
        if let Some(path) = &file.upstream.ca_file {
            self.trust(path, &mut limits);
        }
        limits.media.allow_private = file.upstream.fetch_private_addresses;
        let tag_headers = self.tag_headers(&file.attribution.headers);
        let limit_rules = limit::check(&file.limit_rules, &tag_headers, &mut self.problems);
        let trusted_proxies = file.server.check(&mut self.problems);
        let path_prefix = file.server.prefix(&mut self.problems);
        let region_hosts = file.regions.check(&mut self.problems);
        let management_key = self.environment.get("TOLLGATE_MANAGEMENT_KEY").map(ApiKey::from_text);
        let (configured, credentials) = self.providers(&file);
        let overlay =
            Overlay { providers: file.providers, models: file.models, endpoints: file.endpoints };
        self.check_overlay(&overlay);
        self.check_rules(&file.rules);
        Config {
            listen,
            data_dir,
            database_url,
            journal_sync: Duration::from_millis(file.database.journal_sync_ms.max(1)),
            management_key,
            limits,
            tag_headers,
            region_hosts,
            trusted_proxies,
            path_prefix,
            platform_fee: fees.standard,
            byok_fee: file.billing.byok_fee(&mut self.problems),
            gone_after,
            payments: self.payments(&file.payments, (installation_name.clone(), fees), listen),
            alerts: self.alerts(&file.alerts),
            plans: plan::check(&file.plans, &mut self.problems),
            installation_name,
            retention: file.retention.check(&mut self.problems),
            simulator: file.simulator.enabled,
            overlay,
            rules: file.rules,
            limit_rules,
            credentials,
            configured,
            file: path,
            flags: flags.clone(),
            warnings: std::mem::take(&mut self.warnings),
            origins: std::mem::take(&mut self.origins),
        }
    }

    /// What sections of their own say of the pipeline.
    fn pipeline(&mut self, file: &File, engine: &mut EngineConfig) {
        file.routing.apply(engine, &mut self.problems);
        engine.batches = file.batch.check(&mut self.problems);
        engine.cache = file.cache.check(&mut self.problems);
        engine.billing = file.billing.enabled;
    }

    fn listen(&mut self, flags: &Flags, file: &File) -> SocketAddr {
        let given = [flags.listen.clone(), self.variable("TOLLGATE_LISTEN"), file.listen.clone()];
        let listen = self.pick("listen", "TOLLGATE_LISTEN", given, "127.0.0.1:8080");
        listen.parse().unwrap_or_else(|_| {
            self.problems.add(format!(
                "listen: `{listen}` is not an address such as 127.0.0.1:8080 or 0.0.0.0:8080"
            ));
            ([127, 0, 0, 1], 8080).into()
        })
    }

    fn check_rules(&mut self, rules: &[RuleForm]) {
        if let Err(problems) = Policy::from_rules(rules.to_vec()) {
            for problem in problems {
                self.problems.add(problem.to_string());
            }
        }
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.environment.get(name).map(str::to_owned)
    }

    /// The first that is given: flag, environment, file; else the default.
    fn pick(
        &mut self,
        name: &str,
        variable: &str,
        given: [Option<String>; 3],
        default: &str,
    ) -> String {
        let (value, origin) = match given {
            [Some(value), _, _] => (value, format!("--{}", name.replace('_', "-"))),
            [None, Some(value), _] => (value, variable.to_owned()),
            [None, None, Some(value)] => (value, self.file_name.clone()),
            [None, None, None] => (default.to_owned(), DEFAULT.to_owned()),
        };
        self.note(name, &value, &origin);
        value
    }

    /// Notes the settings that no flag gives: those of the file's sections, and secrets, of which
    /// only is shown that they are set.
    fn note_the_rest(&mut self, file: &File) {
        let text = |given: &Option<String>| given.clone().unwrap_or_else(|| UNSET.to_owned());
        let headers = file.attribution.headers.join(", ");
        let hosts = file.regions.hosts.iter().map(|(host, region)| format!("{host} = {region}"));
        let regions = hosts.collect::<Vec<_>>().join(", ");
        let regions = if regions.is_empty() { UNSET.to_owned() } else { regions };
        let proxies = file.server.trusted_proxies.join(", ");
        let proxies = if proxies.is_empty() { UNSET.to_owned() } else { proxies };
        let prefix = file.server.path_prefix.clone();
        let prefix = if prefix.is_empty() { UNSET.to_owned() } else { prefix };
        let fee = |given: &Option<FeeEntry>, usual| {
            given.as_ref().map_or_else(|| UNSET.to_owned(), |it| it.told(&usual))
        };
        let byok_fee = file.billing.byok_fee.as_ref().map(|it| it.told(&ByokFee::HOSTED));
        let billing = &file.billing;
        let sections = [
            ("attribution.headers", if headers.is_empty() { UNSET.to_owned() } else { headers }),
            ("database.journal_sync_ms", file.database.journal_sync_ms.to_string()),
            ("billing.enabled", file.billing.enabled.to_string()),
            ("billing.platform_fee", fee(&billing.platform_fee, PlatformFee::HOSTED)),
            ("billing.crypto_fee", fee(&billing.crypto_fee, PlatformFee::HOSTED_CRYPTO)),
            ("billing.byok_fee", text(&byok_fee)),
            ("billing.gone_after_ms", file.billing.gone_after_ms.to_string()),
            (
                "payments.installation",
                file.payments.installation.clone().unwrap_or_else(|| UNNAMED.to_owned()),
            ),
            ("payments.return_url", text(&file.payments.return_url)),
            ("regions.hosts", regions),
            ("server.trusted_proxies", proxies),
            ("server.path_prefix", prefix),
            ("simulator.enabled", file.simulator.enabled.to_string()),
            ("upstream.ca_file", text(&file.upstream.ca_file)),
            ("upstream.fetch_private_addresses", file.upstream.fetch_private_addresses.to_string()),
        ];
        let sections = sections.into_iter().chain(file.retention.settings());
        let sections = sections.chain(file.batch.settings()).chain(file.cache.settings());
        let sections = sections.chain(file.limits.settings()).chain(file.routing.settings());
        for (name, value) in sections.chain(file.alerts.settings()) {
            let is_given = file.given.contains(name);
            let origin = if is_given { self.file_name.clone() } else { DEFAULT.to_owned() };
            self.note(name, &value, &origin);
        }
        for (name, variable, in_file) in [
            ("shared.url", "TOLLGATE_SHARED_URL", file.shared.url.is_some()),
            ("management_key", "TOLLGATE_MANAGEMENT_KEY", false),
        ] {
            let (value, origin) = match (self.variable(variable), in_file) {
                (Some(_), _) => (SET, variable.to_owned()),
                (None, true) => (SET, self.file_name.clone()),
                (None, false) => (UNSET, DEFAULT.to_owned()),
            };
            self.note(name, value, &origin);
        }
    }

    fn note(&mut self, name: &str, value: &str, origin: &str) {
        let setting = Setting { value: value.to_owned(), origin: origin.to_owned() };
        self.origins.insert(name.to_owned(), setting);
    }

    fn database_url(&mut self, file: &File, data_dir: &Path) -> DatabaseUrl {
        let default = format!("sqlite://{}", data_dir.join("tollgate.db").display());
        let given = [None, self.variable("TOLLGATE_DATABASE_URL"), file.database.url.clone()];
        let url = self.pick("database.url", "TOLLGATE_DATABASE_URL", given, &default);
        let is_sqlite = url.starts_with("sqlite:");
        let scheme = url.split(':').next().unwrap_or_default().to_owned();
        let url = DatabaseUrl::from(url);
        if let Some(setting) = self.origins.get_mut("database.url") {
            setting.value = url.to_string();
        }
        if url.is_postgres() {
            if let Err(error) = tollgate_store_postgres::check(url.expose()) {
                self.problems.add(format!("database.url: {error}"));
            }
        } else if !is_sqlite {
            self.problems.add(format!(
                "database.url: `{scheme}:` is not supported; \
                 use sqlite://PATH or postgres://USER:PASSWORD@HOST/DATABASE"
            ));
        }
        url
    }

    /// What the operator's interface knows and this version does not do is said; where going on
    /// without it would be wrong, it is refused.
    fn check_what_is_not_there_yet(&mut self, file: &File) {
        if self.variable("TOLLGATE_SHARED_URL").or_else(|| file.shared.url.clone()).is_some() {
            let warning = "shared.url has no effect: this version runs as a single node";
            self.warnings.push(warning.to_owned());
        }
    }

    /// Reads the certificate authorities to trust beside the built-in ones.
    fn trust(&mut self, path: &str, limits: &mut Limits) {
        let problem = match std::fs::read(path).map(|pem| roots_from_pem(&pem)) {
            Ok(Ok(roots)) => {
                limits.upstream.extra_roots = roots;
                return;
            }
            Ok(Err(error)) => Chain(&error).to_string(),
            Err(error) => format!("it can't be read: {error}"),
        };
        self.problems.add(format!("upstream.ca_file: {path}: {problem}"));
    }

    fn tag_headers(&mut self, names: &[String]) -> Vec<http::HeaderName> {
        let mut headers = Vec::new();
        for name in names {
            match name.parse::<http::HeaderName>() {
                Ok(header) if SECRET_HEADERS.contains(&header.as_str()) => {
                    let problem = format!("attribution.headers: `{name}` carries secrets");
                    self.problems.add(problem);
                }
                Ok(header) => headers.push(header),
                Err(_) => {
                    self.problems
                        .add(format!("attribution.headers: `{name}` is not a header name"));
                }
            }
        }
        headers
    }

    /// The providers the file names, and the credentials it gives them.
    fn providers(
        &mut self,
        file: &File,
    ) -> (Vec<ProviderSlug>, BTreeMap<ProviderSlug, Credential>) {
        let mut configured = Vec::new();
        let mut credentials = BTreeMap::new();
        for (index, row) in file.providers.iter().enumerate() {
            // An alias names the provider it stands for.
            let known = Catalog::builtin().provider(&row.slug).map(|it| it.slug.clone());
            let Some(slug) = known.or_else(|| ProviderSlug::parse(&row.slug).ok()) else {
                continue;
            };
            if configured.contains(&slug) || credentials.contains_key(&slug) {
                self.problems.add(format!("provider[{index}]: `{slug}` is defined twice"));
            }
            let Some(given) = file.api_keys.get(index).and_then(Option::as_deref) else {
                configured.push(slug);
                continue;
            };
            let path = format!("provider[{index}].api_key");
            if let Some(credential) = self.credential(&path, given) {
                self.note(&format!("provider.{slug}.api_key"), SET, &credential.origin);
                credentials.insert(slug, credential);
            }
        }
        (configured, credentials)
    }

    /// How credit is sold, with its keys found.
    fn payments(
        &mut self,
        section: &PaymentsSection,
        sold_by: (String, Fees),
        listen: SocketAddr,
    ) -> Option<Payments> {
        let entry = section.stripe.as_ref()?;
        let mut secrets = [String::new(), String::new()];
        let given = [("secret_key", &entry.secret_key), ("webhook_secret", &entry.webhook_secret)];
        for (secret, (name, given)) in secrets.iter_mut().zip(given) {
            let path = format!("payments.stripe.{name}");
            if let Some(found) = self.needed(&path, given) {
                found.expose().clone_into(secret);
            }
        }
        let [secret_key, webhook_secret] = &secrets;
        section.sold([secret_key, webhook_secret], sold_by, listen, &mut self.problems)
    }

    /// What the operator wants to hear of, with the secrets found.
    fn alerts(&mut self, section: &AlertsSection) -> AlertingConfig {
        let secret = section.webhook.as_ref().and_then(|it| it.secret.as_deref());
        let secret = secret.and_then(|given| self.needed("alerts.webhook.secret", given));
        let smtp_url = section.email.as_ref().map(|it| it.smtp_url.as_str());
        let smtp_url = smtp_url.and_then(|given| self.needed("alerts.email.smtp_url", given));
        let url = section.webhook.as_ref().map(|it| it.url.as_str());
        let url = url.and_then(|given| self.needed("alerts.webhook.url", given));
        section.check((url, secret), smtp_url.as_ref(), &mut self.problems)
    }

    /// A secret that is needed where it is named: elsewhere a variable that is not set is only
    /// warned of.
    fn needed(&mut self, path: &str, given: &str) -> Option<Secret> {
        let found = self.credential(path, given);
        if found.is_none()
            && let Some(name) = given.strip_prefix("env:")
        {
            self.problems.add(format!("{path}: the variable {name} is not set"));
        }
        let credential = found?;
        self.note(path, SET, &credential.origin);
        Some(credential.secret)
    }

    /// `env:NAME`, `file:PATH`, or the key itself.
    fn credential(&mut self, path: &str, given: &str) -> Option<Credential> {
        let (secret, origin) = if let Some(name) = given.strip_prefix("env:") {
            let Some(value) = self.environment.get(name) else {
                self.warnings.push(format!(
                    "{path}: the variable {name} is not set, so this provider can't be called"
                ));
                return None;
            };
            (value.to_owned(), name.to_owned())
        } else if let Some(file) = given.strip_prefix("file:") {
            match std::fs::read_to_string(file) {
                Ok(text) => (text.trim().to_owned(), file.to_owned()),
                Err(error) => {
                    self.problems.add(format!("{path}: {file} can't be read: {error}"));
                    return None;
                }
            }
        } else {
            (given.to_owned(), self.file_name.clone())
        };
        if secret.is_empty() {
            self.problems.add(format!("{path}: it is empty"));
            return None;
        }
        Some(Credential { secret: Secret::new(secret), origin })
    }

    fn check_protocol(&mut self, row: &str, protocol: Option<&Protocol>) {
        if let Some(problem) = protocol.and_then(unknown_protocol) {
            self.problems.add(format!("{row}: protocol: {problem}"));
        }
    }

    fn check_overlay(&mut self, overlay: &Overlay) {
        for row in &overlay.providers {
            self.check_protocol(&format!("provider {}", row.slug), row.protocol.as_ref());
        }
        let of_models = overlay.models.iter().flat_map(|row| &row.endpoints);
        for row in of_models.chain(&overlay.endpoints) {
            self.check_protocol(&format!("endpoint at {}", row.provider), row.protocol.as_ref());
        }
        if let Err(errors) = Catalog::builtin().overlay(overlay.clone()) {
            for error in errors {
                self.problems.add(error.to_string());
            }
        }
    }
}

/// What is wrong with a protocol that nothing here speaks.
fn unknown_protocol(protocol: &Protocol) -> Option<String> {
    let name = protocol.as_str();
    let known = || ADAPTERS.iter().map(|adapter| adapter.protocol());
    if known().any(|it| it == name) {
        return None;
    }
    let near = known().map(|it| (strsim::damerau_levenshtein(name, it), it)).min();
    let near = near.filter(|(distance, _)| *distance <= (name.len() / 2).max(2));
    Some(if let Some((_, near)) = near {
        format!("unknown value `{name}`; did you mean `{near}`?")
    } else {
        let known: Vec<&str> = known().collect();
        format!("unknown value `{name}`; known are {}", known.join(", "))
    })
}
