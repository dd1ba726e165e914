//! A running gateway, and what a test asks of it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tollgate::Gateway;
use tollgate_engine::{Alerting, Cashier, Engine};
use tollgate_store::KeyRecord;
use tollgate_types::ApiKey;

use crate::{Builder, Call, OpenStream, PATIENCE, Reply, Streamed, eventually};

pub(crate) type HttpClient = Client<HttpConnector, Full<Bytes>>;

/// A gateway that runs in this process.
#[derive(Debug)]
pub struct TestGateway {
    gateway: Gateway,
    client: HttpClient,
    key: String,
    management_key: String,
    directory: TempDir,
}

/// What a stopped gateway leaves behind: its data, deleted when this is dropped.
#[derive(Debug)]
pub struct Stopped {
    pub(crate) directory: TempDir,
}

impl Stopped {
    /// The URL of its database.
    pub fn database_url(&self) -> String {
        database_url(&self.directory)
    }
}

impl TestGateway {
    /// A gateway with the built-in catalog and no provider but the built-in simulator.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) async fn new(gateway: Gateway, directory: TempDir) -> Self {
        let engine = gateway.engine();
        let management_key = new_key(engine, |record| record.management = true).await;
        let key = match gateway.first_key() {
            Some(key) => key.expose().to_owned(),
            None => new_key(engine, |_| {}).await,
        };
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { gateway, client, key, management_key, directory }
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.gateway.address()
    }

    /// A key that may call models.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// A key that may manage.
    pub fn management_key(&self) -> &str {
        &self.management_key
    }

    /// The pipeline.
    pub const fn engine(&self) -> &Arc<Engine> {
        self.gateway.engine()
    }

    /// Who sells credit.
    pub fn cashier(&self) -> &Arc<Cashier> {
        self.gateway.cashier().unwrap()
    }

    /// Who alerts operators.
    pub const fn alerting(&self) -> &Arc<Alerting> {
        self.gateway.alerting()
    }

    /// Its configuration file.
    pub fn config_file(&self) -> PathBuf {
        self.directory.path().join("tollgate.toml")
    }

    /// The URL of its database.
    pub fn database_url(&self) -> String {
        database_url(&self.directory)
    }

    /// Makes a key, as `change` has it.
    pub async fn key_with(&self, change: impl FnOnce(&mut KeyRecord)) -> String {
        new_key(self.engine(), change).await
    }

    /// A call of an API path such as `/models`, with the key that fits: the management key for
    /// `/keys` and `/credits`.
    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        let manages = path.starts_with("/keys") || path.starts_with("/credits");
        let key = if manages { &self.management_key } else { &self.key };
        self.at(method, &format!("/api/v1{path}")).key(key)
    }

    /// A call of any path, without a key.
    pub fn at(&self, method: &str, path: &str) -> Call<'_> {
        Call::new(&self.client, method, format!("http://{}{path}", self.address()))
    }

    /// A chat call to be sent.
    pub fn chat_call(&self, body: &Value) -> Call<'_> {
        self.call("POST", "/chat/completions").json(body)
    }

    /// Chats and waits for the whole answer.
    pub async fn chat(&self, body: Value) -> Reply {
        self.chat_call(&body).send().await
    }

    /// Chats with `stream: true` and reads the stream to its end.
    pub async fn chat_stream(&self, body: Value) -> Streamed {
        self.open_stream(body).await.rest().await
    }

    /// Chats with `stream: true` and leaves the stream to be read. Dropping it hangs up.
    pub async fn open_stream(&self, mut body: Value) -> OpenStream {
        if let Some(members) = body.as_object_mut() {
            members.insert("stream".to_owned(), true.into());
        }
        self.chat_call(&body).open().await
    }

    /// Gets an API path such as `/models`.
    pub async fn get(&self, path: &str) -> Reply {
        self.call("GET", path).send().await
    }

    /// Posts to an API path.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.call("POST", path).json(body).send().await
    }

    /// Patches an API path.
    pub async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.call("PATCH", path).json(body).send().await
    }

    /// Deletes an API path.
    pub async fn delete(&self, path: &str) -> Reply {
        self.call("DELETE", path).send().await
    }

    /// The record of a generation, as soon as there is one.
    pub async fn generation(&self, id: &str) -> Value {
        let path = format!("/generation?id={id}");
        eventually(&path, || async {
            self.engine().recorder().flush().await;
            let reply = self.get(&path).await;
            (reply.status == 200).then(|| reply.json()["data"].clone())
        })
        .await
    }

    /// What the test's key has spent, in dollars.
    pub async fn spent(&self) -> Value {
        self.get("/key").await.json()["data"]["usage"].clone()
    }

    /// How many generations are on record.
    pub async fn generations(&self) -> u64 {
        self.engine().recorder().flush().await;
        self.engine().stores().generations.count().await.unwrap()
    }

    /// Writes bytes to a connection of its own and returns all that comes back until the gateway
    /// closes it.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        // A gateway that has heard enough may close before everything is written.
        stream.write_all(bytes).await.unwrap_or_default();
        all_of(stream).await
    }

    /// The same, with the connection ended on this side after the last byte.
    pub async fn raw_ended(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        all_of(stream).await
    }

    /// A bare connection.
    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address()).await.unwrap()
    }

    /// Stops as on SIGTERM; what it kept can be looked at afterwards.
    pub async fn stop(self) -> Stopped {
        let Self { gateway, client, directory, .. } = self;
        // Idle connections of the client would only be closed, not waited for.
        drop(client);
        timeout(PATIENCE, gateway.stop()).await.unwrap();
        Stopped { directory }
    }
}

async fn all_of(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    // A connection that is reset after its answer has still given it.
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "the gateway keeps the connection open");
    String::from_utf8_lossy(&answer).into_owned()
}

async fn new_key(engine: &Engine, change: impl FnOnce(&mut KeyRecord)) -> String {
    let key: ApiKey = engine.new_key().unwrap();
    let now = engine.now();
    let mut record = KeyRecord::new(engine.keys().hash(&key), "test", &key.label(), now);
    change(&mut record);
    engine.stores().keys.insert(record).await.unwrap();
    engine.keys().refresh(now).await.unwrap();
    key.expose().to_owned()
}

fn database_url(directory: &TempDir) -> String {
    format!("sqlite://{}", directory.path().join("tollgate.db").display())
}
