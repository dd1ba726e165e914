//! The gateway of the matrix: one provider per protocol, each serving every simulated model.

use serde_json::Value;
use tollgate_simulator::{
    AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, RecordedRequest, Simulator, SimulatorConfig,
};
use tollgate_testkit::{Protocol, Reply, TestGateway};

use crate::alias::Alias;
use crate::clients::{Client, Sent, Stream};
use crate::features::Feature;
use crate::media::Gallery;
use crate::question::{Heard, Part, Proof, Question, Turn, must, parsed, same, wrong};

/// Requests kept by the simulator. A cell looks at its own right after it was made, and only so
/// many cells run at once.
const REQUESTS_MAX: usize = 200;

/// Models, and what the simulator calls them.
const MODELS: [(&str, &str); 19] = [
    ("echo", "echo"),
    ("prose", "prose"),
    ("tools", "tools"),
    ("json", "json"),
    ("think", "think"),
    ("vision", "vision"),
    ("cached", "cached"),
    ("refuse", "refuse"),
    ("limited", "echo+status:429+retry-after:7"),
    ("failing", "echo+error-after:2"),
    ("cut", "echo+cut-after:2"),
    ("overloaded", "echo+status:503"),
    ("masked", "echo+error-in-200"),
    ("refusing", "echo+status:400"),
    ("full", "echo+too-long"),
    ("silent", "echo+empty"),
    ("draw", "draw"),
    ("speak", "speak"),
    ("cite", "cite"),
];

/// Everything that runs.
#[derive(Debug)]
pub(crate) struct World {
    /// The gateway.
    pub(crate) gateway: TestGateway,
    simulator: Simulator,
    gallery: Gallery,
    /// Keeps serving while it is held.
    _claude: Alias,
}

impl World {
    /// Starts it.
    pub(crate) async fn start() -> Self {
        let config = SimulatorConfig { requests_max: REQUESTS_MAX, ..SimulatorConfig::default() };
        let simulator = Simulator::start(config).await.unwrap();
        let claude = Alias::open(simulator.address()).await;
        let at = |protocol: Protocol| Provider::of(protocol, &simulator).rows();
        let rows: String = Protocol::ALL.into_iter().map(at).collect();
        let rows = rows + &Provider::claude_at_bedrock(&claude).rows();
        let head = "[upstream]\nfetch_private_addresses = true\n";
        let builder = TestGateway::builder().in_memory().config(head).config(&rows);
        let gateway = builder.start().await;
        Self { gateway, simulator, gallery: Gallery::open().await, _claude: claude }
    }

    /// Where the picture is.
    pub(crate) fn image_url(&self) -> String {
        self.gallery.url()
    }
}

/// Whether a provider of the protocol fetches images by address. Claude does so at Anthropic, and
/// not at Google's.
pub(crate) const fn takes_image_urls(protocol: Protocol) -> bool {
    !matches!(
        protocol,
        Protocol::Gemini
            | Protocol::Vertex
            | Protocol::VertexAnthropic
            | Protocol::Bedrock
            | Protocol::Ollama
    )
}

/// What Converse leaves to each maker, so that the name of the model decides.
const CLAUDES_AT_BEDROCK: [Feature; 11] = [
    Feature::StrictTools,
    Feature::JsonSchema,
    Feature::ReasoningShown,
    Feature::ReasoningReplayed,
    Feature::ReasoningHidden,
    Feature::CacheMark,
    Feature::OneTool,
    Feature::BoundedSchema,
    Feature::Beta,
    Feature::Effort,
    Feature::ForeignThoughts,
];

/// Who serves a feature.
fn slug(protocol: Protocol, feature: Feature) -> String {
    if protocol == Protocol::Bedrock && CLAUDES_AT_BEDROCK.contains(&feature) {
        return CLAUDE_AT_BEDROCK.to_owned();
    }
    format!("at-{}", protocol.as_str())
}

const CLAUDE_AT_BEDROCK: &str = "at-bedrock-claude";

/// A provider and its models.
struct Provider {
    slug: String,
    protocol: Protocol,
    base_url: String,
    key: String,
    /// What stands before the simulator's names.
    prefix: &'static str,
}

impl Provider {
    fn of(protocol: Protocol, simulator: &Simulator) -> Self {
        let slug = format!("at-{}", protocol.as_str());
        let key = match protocol {
            Protocol::Bedrock => serde_json::json!({
                "access_key_id": AWS_ACCESS_KEY_ID,
                "secret_access_key": AWS_SECRET_ACCESS_KEY,
                "region": "eu-west-1",
            })
            .to_string(),
            _ => format!("sk-{slug}"),
        };
        Self { slug, protocol, base_url: protocol.base_url(simulator), key, prefix: "" }
    }

    /// With a key of Bedrock's own: a signature would not survive the other name.
    fn claude_at_bedrock(claude: &Alias) -> Self {
        Self {
            slug: CLAUDE_AT_BEDROCK.to_owned(),
            protocol: Protocol::Bedrock,
            base_url: claude.base_url(),
            key: "ABSK-claude".to_owned(),
            prefix: Alias::PREFIX,
        }
    }

    /// As an operator writes them.
    fn rows(&self) -> String {
        let Self { slug, base_url, key, prefix, .. } = self;
        let (protocol, urls) = (self.protocol.as_str(), takes_image_urls(self.protocol));
        let provider = format!(
            r#"
            [[provider]]
            slug     = "{slug}"
            name     = "The {slug} company"
            protocol = "{protocol}"
            base_url = "{base_url}"
            api_key  = '{key}'
            quirks   = {{ takes_image_urls = {urls} }}
            "#
        );
        let model = |(name, upstream): &(&str, &str)| {
            format!(
                r#"
                [[model]]
                id             = "{slug}/{name}"
                context_length = 128000
                input          = ["text", "image", "file", "audio", "video"]
                output         = ["text", "image", "audio"]

                [[endpoint]]
                model          = "{slug}/{name}"
                provider       = "{slug}"
                upstream_model = "{prefix}{upstream}"
                max_output     = 16384
                with_parameters = ["prediction"]
                price          = {{ input = "2", output = "10", cache_read = "0.5" }}
                "#
            )
        };
        provider + &MODELS.iter().map(model).collect::<String>()
    }
}

/// One cell that asks, in one of the two ways.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    /// Where.
    pub(crate) world: &'a World,
    /// Who asks.
    pub(crate) client: Client,
    /// Who answers.
    pub(crate) protocol: Protocol,
    /// What for.
    pub(crate) feature: Feature,
    /// Whether answers are streamed.
    pub(crate) streamed: bool,
    /// A word of this cell's own, which every question has in it.
    pub(crate) marker: String,
    /// Essence of what was heard.
    pub(crate) log: Vec<Value>,
    /// The generation that was heard last.
    pub(crate) last: String,
}

impl Ask<'_> {
    /// A text of the user's, marked.
    pub(crate) fn marked(&self, text: &str) -> String {
        format!("{} {text}", self.marker)
    }

    /// A message of the user's that is one text, marked.
    pub(crate) fn user(&self, text: &str) -> Turn {
        Turn::User(vec![Part::Text(self.marked(text))])
    }

    /// Asks, and reads an answer that must be a good one.
    pub(crate) async fn hear(&mut self, question: &Question) -> Proof<Heard> {
        self.hear_at(self.protocol, question).await
    }

    /// The same of another provider.
    pub(crate) async fn hear_at(
        &mut self,
        protocol: Protocol,
        question: &Question,
    ) -> Proof<Heard> {
        let model = format!("{}/{}", slug(protocol, self.feature), question.model);
        let reply = self.send_to(&model, question, |_| {}).await?;
        same("status of", &(reply.status, reply.text()), &(200, reply.text()))?;
        let heard = if self.streamed {
            let Stream { heard, error } = self.stream_of(&reply)?;
            must(error.is_none(), || format!("an error in the stream: {}", reply.text()))?;
            heard
        } else {
            same("content-type", &reply.header("content-type"), &Some("application/json"))?;
            self.client.dialect().whole(&parsed(&reply.text())?)?
        };
        if let Some(id) = &heard.id {
            same("the header's id and the body's", &reply.header("x-generation-id"), &Some(id))?;
        }
        reply.header("x-generation-id").unwrap_or_default().clone_into(&mut self.last);
        self.log.push(heard.essence());
        Ok(heard)
    }

    /// The record of the answer that was heard last.
    pub(crate) async fn record(&self) -> Value {
        self.world.gateway.generation(&self.last).await
    }

    /// Reads a stream, well or badly ended.
    pub(crate) fn stream_of(&self, reply: &Reply) -> Proof<Stream> {
        let dialect = self.client.dialect();
        same("content-type", &reply.header("content-type"), &Some(dialect.stream_type()))?;
        let id = reply.header("x-generation-id");
        must(id.is_some_and(|id| id.starts_with("gen-")), || format!("id {id:?}"))?;
        dialect.stream(&reply.text())
    }

    /// Asks, and gives whatever comes back.
    pub(crate) async fn send(&self, question: &Question) -> Proof<Reply> {
        self.send_as(question, |_| {}).await
    }

    /// The same with the request changed.
    pub(crate) async fn send_as(
        &self,
        question: &Question,
        change: impl FnOnce(&mut Sent),
    ) -> Proof<Reply> {
        let model = format!("{}/{}", slug(self.protocol, self.feature), question.model);
        self.send_to(&model, question, change).await
    }

    async fn send_to(
        &self,
        model: &str,
        question: &Question,
        change: impl FnOnce(&mut Sent),
    ) -> Proof<Reply> {
        let mut sent = self.client.write(question, model, self.streamed)?;
        change(&mut sent);
        let Sent { path, key: (header, scheme), headers, body } = sent;
        let key = format!("{scheme}{}", self.world.gateway.key());
        let mut call = self.world.gateway.at("POST", &path).header(header, &key);
        for (name, value) in headers {
            call = call.header(name, value);
        }
        Ok(call.json(&body).send().await)
    }

    /// The last request of this cell that reached the provider.
    pub(crate) fn upstream(&self) -> Proof<RecordedRequest> {
        let mut requests = self.world.simulator.requests();
        let is_ours = |it: &RecordedRequest| {
            std::str::from_utf8(&it.body).is_ok_and(|body| body.contains(&self.marker))
        };
        let found = requests.iter().rposition(is_ours);
        found.map_or_else(
            || wrong("nothing reached the provider"),
            |at| Ok(requests.swap_remove(at)),
        )
    }

    /// The same as text.
    pub(crate) fn upstream_text(&self) -> Proof<String> {
        Ok(String::from_utf8_lossy(&self.upstream()?.body).into_owned())
    }
}
