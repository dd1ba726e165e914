//! A gateway with a provider that goes wrong, one that does not, and a clock of its own.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;
use tollgate_engine::{Clock, Report};
use tollgate_simulator::Simulator;
use tollgate_testkit::{Protocol, Reply, TestGateway, amount, simulator};
use tollgate_types::Timestamp;

use crate::clients::{Client, Sent};
use crate::question::{Part, Question, Turn};

/// What is asked, and what an echo answers: quotes, and characters of every length.
pub(crate) const TEXT: &str = "Ü 🦀 \"—";

/// Patience that a busy machine never tries.
pub(crate) const PATIENT: &str = "[limits]\nkeep_alive_ms = 15000\n";
/// Patience for those who are to fall silent.
pub(crate) const HASTY: &str = "[limits]\nfirst_byte_timeout_ms = 400\n\
    reasoning_first_byte_timeout_ms = 400\nwhole_timeout_ms = 400\nidle_timeout_ms = 400\n\
    keep_alive_ms = 450\n";

/// Longer than anything is remembered of an endpoint.
const LONG_MS: i64 = 25 * 3_600_000;

/// What the provider that goes wrong speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Place {
    /// What the client speaks.
    Kin,
    /// Something else, so that all is translated.
    Foreign,
}

impl Place {
    pub(crate) const ALL: [Self; 2] = [Self::Kin, Self::Foreign];

    /// The protocols of the provider that goes wrong and of the one that takes over.
    pub(crate) const fn protocols(self, client: Client) -> (Protocol, Protocol) {
        match (self, client) {
            (Self::Kin, Client::Chat) => (Protocol::OpenAi, Protocol::OpenAi),
            (Self::Kin, Client::Completions) => (Protocol::Mistral, Protocol::OpenAi),
            (Self::Kin, Client::Responses) => (Protocol::Responses, Protocol::OpenAi),
            (Self::Kin, Client::Messages) => (Protocol::Anthropic, Protocol::Anthropic),
            (Self::Kin, Client::Gemini) => (Protocol::Gemini, Protocol::Gemini),
            (Self::Kin, Client::Ollama) => (Protocol::Ollama, Protocol::Ollama),
            (Self::Foreign, Client::Chat) => (Protocol::Anthropic, Protocol::Gemini),
            (Self::Foreign, Client::Completions) => (Protocol::Gemini, Protocol::Anthropic),
            (Self::Foreign, Client::Responses) => (Protocol::Bedrock, Protocol::Mistral),
            (Self::Foreign, Client::Messages) => (Protocol::Responses, Protocol::Ollama),
            (Self::Foreign, Client::Gemini) => (Protocol::Cohere, Protocol::OpenAi),
            (Self::Foreign, Client::Ollama) => (Protocol::OpenAi, Protocol::Bedrock),
        }
    }
}

/// A clock that goes on when it is told to.
#[derive(Debug)]
struct Held(AtomicI64);

impl Clock for Held {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::Relaxed))
    }
}

/// Everything that runs.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) place: Place,
    pub(crate) gateway: TestGateway,
    /// Goes wrong.
    pub(crate) first: Simulator,
    /// One that does not, and two that are no providers: they run while they are held.
    _others: (Simulator, [Stranger; 2], TcpSocket),
    clock: Arc<Held>,
    /// What all calls cost, by their records.
    billed: AtomicU64,
    calls: AtomicU64,
}

impl World {
    /// Starts it. Each model is served by one provider that goes wrong: `acme/SLUG` by another
    /// besides, which is dearer, `acme/SLUG-alone` by nobody else.
    pub(crate) async fn start(client: Client, place: Place, limits: &str) -> Self {
        let (first, second) = (simulator().await, simulator().await);
        let strangers = [Stranger::start(b"").await, Stranger::start(b"SSH-2.0-x\r\n").await];
        // Bound and never listened on: it refuses, and nobody else gets the port.
        let closed = TcpSocket::new_v4().unwrap();
        closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let nobody = closed.local_addr().unwrap();
        let (protocol, other) = place.protocols(client);
        let mut rows = limits.to_owned();
        provider(&mut rows, "second", other, &other.base_url(&second));
        for (slug, base_url) in [
            ("first", protocol.base_url(&first)),
            ("nobody", format!("http://{nobody}/v1")),
            ("mute", strangers[0].base_url()),
            ("stranger", strangers[1].base_url()),
        ] {
            provider(&mut rows, slug, protocol, &base_url);
            for name in [slug.to_owned(), format!("{slug}-alone")] {
                model(&mut rows, &name);
                endpoint(&mut rows, &name, slug, 1);
            }
            endpoint(&mut rows, slug, "second", 10);
        }
        let clock = Arc::new(Held(AtomicI64::new(1_800_000_000_000)));
        let builder = TestGateway::builder().in_memory().config(&rows);
        let gateway = builder.clock(Arc::<Held>::clone(&clock)).start().await;
        let (billed, calls) = (AtomicU64::new(0), AtomicU64::new(0));
        let others = (second, strangers, closed);
        Self { client, place, gateway, first, _others: others, clock, billed, calls }
    }

    /// Whether what the provider that goes wrong began stays with it: what Responses clients are told
    /// by a provider that speaks Responses is passed on as it is, and nobody goes on with it.
    pub(crate) fn keeps_what_it_began(&self) -> bool {
        (self.client, self.place) == (Client::Responses, Place::Kin)
    }

    /// Whether an answer that broke off is told as broken off although another endpoint was there:
    /// besides the above, when Gemini's client was told why it ended. Gemini has no terminator but
    /// the connection's end, so without it the answer is not known to be whole.
    pub(crate) fn breaks_off(&self, told: &str) -> bool {
        let relays_gemini = (self.client, self.place) == (Client::Gemini, Place::Kin);
        self.keeps_what_it_began() || (relays_gemini && told.contains("finishReason"))
    }

    /// Whether the client is told no counts where its own provider tells none: the relay passes on
    /// what it hears, and these dialects' readers ask for counts.
    pub(crate) fn passes_on_that_nothing_is_counted(&self) -> bool {
        let asks_for_counts = [Client::Messages, Client::Gemini, Client::Ollama];
        self.place == Place::Kin && asks_for_counts.contains(&self.client)
    }

    /// Asks for an echo, long after whatever was asked before.
    pub(crate) async fn ask(&self, model: &str, streamed: bool) -> Reply {
        self.clock.0.fetch_add(LONG_MS, Ordering::Relaxed);
        let turns = vec![Turn::User(vec![Part::Text(TEXT.to_owned())])];
        let question = Question { model: "echo", turns, ..Question::default() };
        let sent = self.client.write(&question, &format!("acme/{model}"), streamed);
        let Sent { path, key: (header, scheme), headers, body } =
            sent.unwrap_or_else(|flaw| panic!("{}", flaw.text()));
        let key = format!("{scheme}{}", self.gateway.key());
        let mut call = self.gateway.at("POST", &path).header(header, &key);
        for (name, value) in headers {
            call = call.header(name, value);
        }
        call.json(&body).send().await
    }

    /// The record of an answer.
    pub(crate) async fn record(&self, reply: &Reply) -> Value {
        let record = self.gateway.generation(reply.header("x-generation-id").unwrap()).await;
        let nanos = u64::try_from(amount(&record["total_cost"]).nanos()).unwrap();
        self.billed.fetch_add(nanos, Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
        record
    }

    /// What is known of an endpoint. Of those that were called long ago, nothing.
    pub(crate) fn health(&self, provider: &str, model: &str) -> Option<Report> {
        let id = format!("{provider}/acme/{model}");
        let engine = self.gateway.engine();
        let installation = engine.installation();
        let mut endpoints = installation.routable().endpoints(&format!("acme/{model}")).iter();
        let endpoint = endpoints.find(|endpoint| endpoint.id.as_str() == id)?;
        engine.vitals().report(&endpoint.id, self.clock.now())
    }

    /// One record for each call, and the key has paid what they say, once.
    pub(crate) async fn must_have_billed_what_is_on_record(&self) {
        let spent = u64::try_from(amount(&self.gateway.spent().await).nanos()).unwrap();
        assert_eq!(spent, self.billed.load(Ordering::Relaxed), "{:?}", self.client);
        let calls = self.calls.load(Ordering::Relaxed);
        assert_eq!(self.gateway.generations().await, calls, "{:?}", self.client);
    }
}

fn provider(rows: &mut String, slug: &str, protocol: Protocol, base_url: &str) {
    let key = match protocol {
        Protocol::Bedrock => "ABSK-of-us".to_owned(),
        _ => format!("sk-of-{slug}"),
    };
    writeln!(
        rows,
        "[[provider]]\nslug = \"{slug}\"\nname = \"{slug}\"\nprotocol = \"{}\"\n\
         base_url = \"{base_url}\"\napi_key = \"{key}\"\nquirks = {{ prefill = \"plain\" }}",
        protocol.as_str()
    )
    .unwrap();
}

fn model(rows: &mut String, name: &str) {
    writeln!(rows, "[[model]]\nid = \"acme/{name}\"\noutput = [\"text\"]").unwrap();
}

fn endpoint(rows: &mut String, model: &str, provider: &str, price: u32) {
    writeln!(
        rows,
        "[[endpoint]]\nmodel = \"acme/{model}\"\nprovider = \"{provider}\"\n\
         upstream_model = \"echo\"\nprice = {{ input = \"{price}\", output = \"{}\" }}",
        2 * price
    )
    .unwrap();
}

/// Somebody who takes connections, says something that is not HTTP, if anything, and hangs up.
#[derive(Debug)]
struct Stranger {
    address: std::net::SocketAddr,
    accepting: JoinHandle<()>,
}

#[expect(clippy::disallowed_methods, reason = "nothing is lost when a stranger stops")]
impl Stranger {
    async fn start(says: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                // The caller may be gone already.
                connection.write_all(says).await.ok();
                connection.shutdown().await.ok();
            }
        });
        Self { address, accepting }
    }

    fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
