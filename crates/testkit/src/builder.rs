//! What a test's gateway is configured with: the text of a configuration file, as an operator
//! would write it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use tempfile::TempDir;
use tollgate::config::{Config, Flags};
use tollgate::{Environment, Gateway, Seams};
use tollgate_dashboard::Dashboard;
use tollgate_engine::Clock;
use tollgate_simulator::Simulator;
use tollgate_store::MemoryStore;

use crate::TestGateway;
use crate::gateway::Stopped;

/// The protocols a simulator speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// OpenAI chat: the gateway's own dialect.
    OpenAi,
    /// OpenAI Responses.
    Responses,
    /// OpenAI chat on Azure.
    Azure,
    /// Anthropic Messages.
    Anthropic,
    /// Gemini `generateContent`.
    Gemini,
    /// Gemini on Vertex AI.
    Vertex,
    /// Claude on Vertex AI.
    VertexAnthropic,
    /// Models of other makers on Vertex AI.
    VertexOpenAi,
    /// Amazon Bedrock Converse.
    Bedrock,
    /// Cohere v2.
    Cohere,
    /// Mistral.
    Mistral,
    /// Ollama.
    Ollama,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::OpenAi,
        Self::Responses,
        Self::Azure,
        Self::Anthropic,
        Self::Gemini,
        Self::Vertex,
        Self::VertexAnthropic,
        Self::VertexOpenAi,
        Self::Bedrock,
        Self::Cohere,
        Self::Mistral,
        Self::Ollama,
    ];

    /// Its name in a configuration file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai-chat",
            Self::Responses => "openai-responses",
            Self::Azure => "azure-openai",
            Self::Anthropic => "anthropic-messages",
            Self::Gemini => "gemini",
            Self::Vertex => "vertex",
            Self::VertexAnthropic => "vertex-anthropic",
            Self::VertexOpenAi => "vertex-openai",
            Self::Bedrock => "bedrock-converse",
            Self::Cohere => "cohere",
            Self::Mistral => "mistral",
            Self::Ollama => "ollama",
        }
    }

    /// Where a simulator speaks it.
    pub fn base_url(self, simulator: &Simulator) -> String {
        match self {
            Self::OpenAi | Self::Responses => simulator.openai_base(),
            Self::Azure => simulator.azure_base(),
            Self::Anthropic => simulator.anthropic_base(),
            Self::Gemini => simulator.gemini_base(),
            Self::Vertex | Self::VertexAnthropic | Self::VertexOpenAi => simulator.vertex_base(),
            Self::Bedrock => simulator.bedrock_base(),
            Self::Cohere => simulator.cohere_base(),
            Self::Mistral => simulator.mistral_base(),
            Self::Ollama => simulator.ollama_base(),
        }
    }
}

/// Routing without chance.
const PREDICTABLE: &str = "[routing]\nsort = \"price\"\nretry_rounds = 0\n";

/// A gateway to be started.
#[derive(Debug, Default)]
pub struct Builder {
    head: String,
    rows: String,
    models: BTreeSet<String>,
    environment: Environment,
    in_memory: bool,
    balanced: bool,
    directory: Option<TempDir>,
    clock: Option<Arc<dyn Clock>>,
    dashboard: Option<Dashboard>,
}

impl Builder {
    /// Adds text to the configuration file, ahead of what the other methods write.
    #[must_use]
    pub fn config(mut self, toml: &str) -> Self {
        self.head.push_str(toml);
        self.head.push('\n');
        self
    }

    /// Adds a provider that is a simulator, with a key it takes. People read its slug with a
    /// capital letter.
    #[must_use]
    pub fn provider(self, slug: &str, protocol: Protocol, simulator: &Simulator) -> Self {
        self.provider_at(slug, protocol, &protocol.base_url(simulator))
    }

    /// Adds a provider at any address.
    #[must_use]
    pub fn provider_at(mut self, slug: &str, protocol: Protocol, base_url: &str) -> Self {
        let (first, rest) = slug.split_at(1);
        let name = first.to_uppercase() + rest;
        let protocol = protocol.as_str();
        self.row(&format!(
            "[[provider]]\nslug = \"{slug}\"\nname = \"{name}\"\nprotocol = \"{protocol}\"\n\
             base_url = \"{base_url}\"\napi_key = \"sk-of-{slug}\"\n"
        ));
        self
    }

    /// Serves `model` at `provider`, under the simulator's name for what it should do. The price
    /// is an inline table; the empty text is no price.
    #[must_use]
    pub fn endpoint(
        mut self,
        model: &str,
        provider: &str,
        upstream_model: &str,
        price: &str,
    ) -> Self {
        if self.models.insert(model.to_owned()) {
            self.row(&format!(
                "[[model]]\nid = \"{model}\"\ncontext_length = 200000\n\
                 input = [\"text\", \"image\"]\noutput = [\"text\"]\n"
            ));
        }
        let price = if price.is_empty() { String::new() } else { format!("price = {price}\n") };
        self.row(&format!(
            "[[endpoint]]\nmodel = \"{model}\"\nprovider = \"{provider}\"\n\
             upstream_model = \"{upstream_model}\"\n{price}"
        ));
        self
    }

    /// Sets the environment.
    #[must_use]
    pub fn env<const N: usize>(mut self, pairs: [(&str, &str); N]) -> Self {
        self.environment = Environment::of(pairs);
        self
    }

    /// Keeps everything in memory instead of in a database.
    #[must_use]
    pub const fn in_memory(mut self) -> Self {
        self.in_memory = true;
        self
    }

    /// Tells the time of day by this clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Shows browsers this instead of what was built.
    #[must_use]
    pub const fn dashboard(mut self, dashboard: Dashboard) -> Self {
        self.dashboard = Some(dashboard);
        self
    }

    /// Goes on with the data of a gateway that was stopped.
    #[must_use]
    pub fn on(mut self, stopped: Stopped) -> Self {
        self.directory = Some(stopped.directory);
        self
    }

    /// Balances and tries again as an operator's gateway does. Without it the cheapest is always
    /// first and nothing is tried twice, so that tests know who is called.
    #[must_use]
    pub const fn balanced(mut self) -> Self {
        self.balanced = true;
        self
    }

    /// The text of the configuration file.
    pub fn text(&self) -> String {
        let routing = if self.balanced { "" } else { PREDICTABLE };
        format!("{}\n{routing}\n{}", self.head, self.rows)
    }

    /// Starts the gateway on a free port.
    pub async fn start(self) -> TestGateway {
        let text = self.text();
        let directory = self.directory.unwrap_or_else(|| TempDir::new().unwrap());
        let file = directory.path().join("tollgate.toml");
        std::fs::write(&file, text).unwrap();
        let flags = Flags {
            config: Some(file),
            listen: Some("127.0.0.1:0".to_owned()),
            data_dir: Some(directory.path().to_owned()),
        };
        let config = Config::load(&flags, &self.environment);
        let config = config.unwrap_or_else(|problems| panic!("{problems}"));
        let stores = self.in_memory.then(|| MemoryStore::new().into_stores());
        let mut seams = Seams { stores, ..Seams::default() };
        if let Some(clock) = self.clock {
            seams.clock = clock;
        }
        if let Some(dashboard) = self.dashboard {
            seams.dashboard = dashboard;
        }
        let gateway = Box::pin(Gateway::start(config, self.environment, seams)).await;
        TestGateway::new(gateway.unwrap(), directory).await
    }

    fn row(&mut self, row: &str) {
        // Writing to a String can't fail.
        writeln!(self.rows, "{row}").unwrap();
    }
}
