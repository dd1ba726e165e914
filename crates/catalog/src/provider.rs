//! Providers and where they depart from their protocols.

use std::collections::BTreeMap;

use tollgate_types::ProviderSlug;

use crate::format::{DataPolicy, QuirksEntry};
use crate::vocabulary::{
    Auth, EffortLevel, MaxTokensField, OperationStyle, Prefill, Protocol, ReasoningField,
    ReasoningStyle,
};

/// Somebody who serves models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Name in routing preferences, e.g. `openai`.
    pub slug: ProviderSlug,
    /// Name for people, e.g. `OpenAI`.
    pub name: String,
    /// Other names this provider is known by.
    pub aliases: Vec<String>,
    /// How to talk to it; an endpoint may say otherwise ([`crate::Endpoint::protocol`]).
    pub protocol: Protocol,
    /// Where it listens, without a trailing slash. Empty for a built-in provider; may hold
    /// `${NAME}`, see [`Provider::address`].
    pub base_url: String,
    /// Environment variables that usually hold its key, most usual first.
    pub env: Vec<String>,
    /// Where it departs from its protocol.
    pub quirks: Quirks,
    /// It runs on the operator's own machine: active through configuration only, without a key.
    pub local: bool,
    /// It is part of this program; its address is known at run time only.
    pub builtin: bool,
    /// It sells other hosts' endpoints.
    pub reseller: bool,
    /// Its documentation.
    pub doc: Option<String>,
    /// Where it processes requests, when that is one region.
    pub region: Option<String>,
    /// Country of its seat, ISO 3166 alpha-2.
    pub headquarters: Option<String>,
    /// Countries of its data centres, ISO 3166 alpha-2.
    pub datacenters: Vec<String>,
    /// Its privacy policy.
    pub privacy_policy_url: Option<String>,
    /// Its terms of service.
    pub terms_of_service_url: Option<String>,
    /// Its status page.
    pub status_page_url: Option<String>,
    /// What it does with prompts.
    pub data_policy: DataPolicy,
}

/// Where a provider departs from its protocol. The default is the protocol as most implement it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quirks {
    /// The parameter that bounds the length of an answer.
    pub max_tokens_field: MaxTokensField,
    /// The message field that carries earlier reasoning back to it.
    pub reasoning_field: ReasoningField,
    /// How a caller's wish for reasoning is put to it.
    pub reasoning_style: ReasoningStyle,
    /// The levels of effort that models know there whose names don't tell, of which the nearest is
    /// asked for; with none named, any. Absent, they are `low`, `medium` and `high`, unless the
    /// `reasoning` object goes up as it is.
    pub efforts: Option<Vec<EffortLevel>>,
    /// How it is told to go on with the assistant's last message, where it does so and neither its
    /// protocol nor the model's name tells. The ways are those of `openai-chat`; others have one.
    pub prefill: Option<Prefill>,
    /// Whose form requests have that are not conversations.
    pub operation_style: OperationStyle,
    /// Parameters it refuses, to be left out.
    pub drop_params: Vec<String>,
    /// It understands `stream_options.include_usage`.
    pub stream_options: bool,
    /// It understands the `developer` role; otherwise `system` is sent.
    pub developer_role: bool,
    /// It takes `response_format` with a JSON schema.
    pub structured_outputs: bool,
    /// It fetches images by address; otherwise they are sent inline.
    pub takes_image_urls: bool,
    /// It fetches documents by address too; as its protocol does when absent.
    pub takes_file_urls: Option<bool>,
    /// Where the key goes; the protocol's own place when absent.
    pub auth: Option<Auth>,
    /// Headers it wants with every request.
    pub extra_headers: BTreeMap<String, String>,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            max_tokens_field: MaxTokensField::default(),
            reasoning_field: ReasoningField::default(),
            reasoning_style: ReasoningStyle::default(),
            efforts: None,
            prefill: None,
            operation_style: OperationStyle::default(),
            drop_params: Vec::new(),
            stream_options: true,
            developer_role: false,
            structured_outputs: true,
            takes_image_urls: true,
            takes_file_urls: None,
            auth: None,
            extra_headers: BTreeMap::new(),
        }
    }
}

impl Quirks {
    /// These quirks with what `row` states replaced.
    pub(crate) fn with(self, row: &QuirksEntry) -> Self {
        let headers = row.extra_headers.clone();
        Self {
            max_tokens_field: row.max_tokens_field.unwrap_or(self.max_tokens_field),
            reasoning_field: row.reasoning_field.unwrap_or(self.reasoning_field),
            reasoning_style: row.reasoning_style.unwrap_or(self.reasoning_style),
            efforts: row.efforts.clone().or(self.efforts),
            prefill: row.prefill.or(self.prefill),
            operation_style: row.operation_style.unwrap_or(self.operation_style),
            drop_params: row.drop_params.clone().unwrap_or(self.drop_params),
            stream_options: row.stream_options.unwrap_or(self.stream_options),
            developer_role: row.developer_role.unwrap_or(self.developer_role),
            structured_outputs: row.structured_outputs.unwrap_or(self.structured_outputs),
            takes_image_urls: row.takes_image_urls.unwrap_or(self.takes_image_urls),
            takes_file_urls: row.takes_file_urls.or(self.takes_file_urls),
            auth: row.auth.or(self.auth),
            extra_headers: headers.unwrap_or(self.extra_headers),
        }
    }
}

impl Provider {
    /// The base URL with every `${NAME}` filled by `value`, or `None` when one has no value or
    /// there is no base URL.
    pub fn address(&self, value: impl Fn(&str) -> Option<String>) -> Option<String> {
        let mut filled = String::new();
        let mut rest = self.base_url.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}')?;
            filled.push_str(before);
            filled.push_str(value(name)?.trim_end_matches('/'));
            rest = after;
        }
        filled.push_str(rest);
        (!filled.is_empty()).then_some(filled)
    }

    /// The names of the `${NAME}` parts of the base URL.
    pub fn address_variables(&self) -> Vec<&str> {
        let parts = self.base_url.split("${").skip(1);
        parts.filter_map(|part| part.split_once('}').map(|(name, _)| name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(base_url: &str) -> Provider {
        Provider {
            slug: ProviderSlug::parse("acme").unwrap(),
            name: "Acme".to_owned(),
            aliases: Vec::new(),
            protocol: Protocol::named("openai-chat"),
            base_url: base_url.to_owned(),
            env: Vec::new(),
            quirks: Quirks::default(),
            local: false,
            builtin: false,
            reseller: false,
            doc: None,
            region: None,
            headquarters: None,
            datacenters: Vec::new(),
            privacy_policy_url: None,
            terms_of_service_url: None,
            status_page_url: None,
            data_policy: DataPolicy::default(),
        }
    }

    #[test]
    fn an_address_is_filled_whole_or_not_at_all() {
        let value = |name: &str| (name == "HOST").then(|| "a.example".to_owned());
        let filled = |url: &str| provider(url).address(value);
        assert_eq!(filled("https://b.example/v1").as_deref(), Some("https://b.example/v1"));
        assert_eq!(filled("https://${HOST}/v1").as_deref(), Some("https://a.example/v1"));
        assert_eq!(filled("${HOST}${HOST}").as_deref(), Some("a.examplea.example"));
        assert_eq!(filled("https://${HOST}/${OTHER}"), None);
        assert_eq!(filled("https://${HOST"), None);
        assert_eq!(filled(""), None);
        assert_eq!(provider("https://${HOST}/${OTHER}").address_variables(), ["HOST", "OTHER"]);
    }
}
