//! Tools that a provider runs by itself: searches have a price, and what is found is read.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::{Call, Dialect};

/// What a provider may run by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ServerTools {
    pub(super) searches: u64,
    pub(super) reads_more: bool,
}

/// As many searches as a call that may search makes, where it does not say: most make one or two.
const SEARCHES_USUAL: u64 = 5;
/// Most searches that anybody is taken at the word for.
const SEARCHES_MAX: u64 = 1_000;
/// Members with which xAI, Qwen and OpenAI's search models are told to search, and what they say where
/// they shall not.
const SEARCHING: &[&str] = &["web_search_options", "search_parameters", "enable_search"];
const NOT_SEARCHING: &[&str] = &["false", "null"];
/// Tools that providers know and clients run.
const RUN_BY_CLIENTS: &[&str] = &[
    "function",
    "custom",
    "namespace",
    "tool_search",
    "bash",
    "text_editor",
    "computer",
    "memory",
    "local_shell",
    "shell",
    "apply_patch",
];

#[derive(Debug, Deserialize)]
struct Tool<'a> {
    #[serde(borrow, rename = "type", default)]
    kind: Option<Cow<'a, str>>,
    #[serde(default)]
    max_uses: Option<u64>,
    #[serde(borrow, default)]
    environment: Option<Environment<'a>>,
}

/// Where a shell runs.
#[derive(Debug, Deserialize)]
struct Environment<'a> {
    #[serde(borrow, rename = "type", default)]
    kind: Option<Cow<'a, str>>,
}

impl ServerTools {
    pub(super) fn of(call: &Call) -> Self {
        let mut found = Self::default();
        let tools = call.member("tools").unwrap_or_default();
        match call.dialect() {
            // Of others each has a `type`; chat's and Ollama's are functions.
            Dialect::Responses | Dialect::Messages if tools.len() > 2 => {
                let tools: Vec<Tool<'_>> = serde_json::from_str(tools).unwrap_or_default();
                for tool in &tools {
                    found.offer(tool);
                }
            }
            Dialect::Gemini => found.offer_googles(tools),
            _ => {}
        }
        let searching =
            |name: &&str| call.member(name).is_some_and(|it| !NOT_SEARCHING.contains(&it));
        if SEARCHING.iter().any(searching) {
            found.search(None);
        }
        found.reads_more |= call.member("mcp_servers").is_some_and(|it| it.len() > 2);
        found
    }

    fn offer(&mut self, tool: &Tool<'_>) {
        let Some(kind) = tool.kind.as_deref() else { return };
        if kind.starts_with("web_search") {
            return self.search(tool.max_uses);
        }
        // `bash_20250124` is a client's, `bash_code_execution_20250825` is not.
        let is_version = |it: &str| it.bytes().skip(1).all(|byte| byte.is_ascii_digit());
        let is = |known: &&str| {
            let rest = kind.strip_prefix(*known);
            rest.is_some_and(|it| it.is_empty() || it.starts_with('_') && is_version(it))
        };
        let place = tool.environment.as_ref().and_then(|it| it.kind.as_deref());
        let is_away = place.is_some_and(|place| place != "local");
        self.reads_more |= is_away || !RUN_BY_CLIENTS.iter().any(is);
    }

    /// Google names a tool by the member it is described in.
    fn offer_googles(&mut self, tools: &str) {
        type Named<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;
        let one = || serde_json::from_str::<Named<'_>>(tools).map(|it| vec![it]);
        let tools: Vec<Named<'_>> =
            serde_json::from_str(tools).or_else(|_| one()).unwrap_or_default();
        for name in tools.iter().flat_map(BTreeMap::keys) {
            match name.as_ref() {
                "functionDeclarations"
                | "function_declarations"
                | "computerUse"
                | "computer_use" => {}
                "googleSearch"
                | "google_search"
                | "googleSearchRetrieval"
                | "google_search_retrieval"
                | "enterpriseWebSearch"
                | "enterprise_web_search" => self.search(None),
                _ => self.reads_more = true,
            }
        }
    }

    fn search(&mut self, uses_max: Option<u64>) {
        let uses = uses_max.unwrap_or(SEARCHES_USUAL).min(SEARCHES_MAX);
        self.searches = self.searches.saturating_add(uses);
        self.reads_more = true;
    }
}
