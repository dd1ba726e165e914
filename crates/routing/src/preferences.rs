//! What the caller wants of routing: the `provider` object (contract §5.2).

use serde::Deserialize;
use tollgate_catalog::Endpoint;
use tollgate_types::UnitPrice;

/// The caller's wishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preferences {
    /// Providers to try first, in this order.
    pub order: Vec<String>,
    /// The only providers allowed, unless empty.
    pub only: Vec<String>,
    /// Providers not allowed.
    pub ignore: Vec<String>,
    /// Whether others may be tried when the first fails.
    pub allow_fallbacks: bool,
    /// Whether an endpoint must know every parameter sent.
    pub require_parameters: bool,
    /// Whether providers that train on prompts or keep them are out (`data_collection: deny`).
    pub deny_data_collection: bool,
    /// Whether providers that keep prompts are out.
    pub zero_retention: bool,
    /// Most a prompt token may cost.
    pub max_prompt_price: Option<UnitPrice>,
    /// Most a completion token may cost.
    pub max_completion_price: Option<UnitPrice>,
    /// The only precisions allowed, unless empty.
    pub quantizations: Vec<String>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            order: Vec::new(),
            only: Vec::new(),
            ignore: Vec::new(),
            allow_fallbacks: true,
            require_parameters: false,
            deny_data_collection: false,
            zero_retention: false,
            max_prompt_price: None,
            max_completion_price: None,
            quantizations: Vec::new(),
        }
    }
}

/// The `provider` object has a field of the wrong type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("provider: {0}")]
pub struct InvalidPreferences(String);

#[derive(Deserialize)]
struct ProviderObject {
    order: Option<Vec<String>>,
    only: Option<Vec<String>>,
    ignore: Option<Vec<String>>,
    allow_fallbacks: Option<bool>,
    require_parameters: Option<bool>,
    data_collection: Option<DataCollection>,
    zdr: Option<bool>,
    max_price: Option<MaxPrice>,
    quantizations: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum DataCollection {
    Allow,
    Deny,
}

/// Dollars per million tokens.
#[derive(Deserialize)]
struct MaxPrice {
    prompt: Option<Dollars>,
    completion: Option<Dollars>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Dollars {
    Number(f64),
    Text(String),
}

impl Dollars {
    fn per_million(&self) -> Result<UnitPrice, InvalidPreferences> {
        let text = match self {
            Self::Number(number) => format!("{number:.6}"),
            Self::Text(text) => text.clone(),
        };
        UnitPrice::per_million(&text)
            .map_err(|error| InvalidPreferences(format!("max_price: {error}")))
    }
}

impl Preferences {
    /// Reads the `provider` object. Fields this version does not act on are passed over.
    pub fn parse(json: &str) -> Result<Self, InvalidPreferences> {
        let object: ProviderObject = serde_json::from_str(json).map_err(|error| {
            let text = error.to_string();
            let reason = text.split(" at line").next().unwrap_or_default();
            InvalidPreferences(reason.to_owned())
        })?;
        let (prompt, completion) =
            object.max_price.map_or((None, None), |most| (most.prompt, most.completion));
        Ok(Self {
            order: object.order.unwrap_or_default(),
            only: object.only.unwrap_or_default(),
            ignore: object.ignore.unwrap_or_default(),
            allow_fallbacks: object.allow_fallbacks.unwrap_or(true),
            require_parameters: object.require_parameters.unwrap_or(false),
            deny_data_collection: matches!(object.data_collection, Some(DataCollection::Deny)),
            zero_retention: object.zdr.unwrap_or(false),
            max_prompt_price: prompt.as_ref().map(Dollars::per_million).transpose()?,
            max_completion_price: completion.as_ref().map(Dollars::per_million).transpose()?,
            quantizations: object.quantizations.unwrap_or_default(),
        })
    }

    /// Where the endpoint stands in the caller's order, if it does.
    pub(crate) fn rank(&self, endpoint: &Endpoint) -> Option<usize> {
        self.order.iter().position(|name| names(name, endpoint))
    }
}

/// Whether `name` means this endpoint: its tag, or its provider by slug, alias or display name. A
/// provider covers all its endpoints (§5.2).
pub(crate) fn names(name: &str, endpoint: &Endpoint) -> bool {
    let provider = &endpoint.provider;
    name.eq_ignore_ascii_case(&endpoint.tag())
        || name.eq_ignore_ascii_case(provider.slug.as_str())
        || name.eq_ignore_ascii_case(&provider.name)
        || provider.aliases.iter().any(|alias| name.eq_ignore_ascii_case(alias))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_are_passed_over_and_wrong_types_named() {
        let preferences = Preferences::parse(r#"{"only":["a"],"sort":"price"}"#).unwrap();
        assert_eq!(preferences.only, ["a"]);
        assert!(preferences.allow_fallbacks);
        let error = Preferences::parse(r#"{"order":"a"}"#).unwrap_err();
        assert_eq!(error.to_string(), "provider: invalid type: string \"a\", expected a sequence");
    }
}
