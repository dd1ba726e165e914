//! Sockets: listening, accepting, ending. One task per connection, all on one tracker.

mod socket;

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

use crate::config::SimulatorConfig;
use crate::record::RecordedRequest;
use crate::script::{Script, ScriptError};
use crate::service;
use crate::state::State;
use socket::Socket;

/// How long to wait after a connection could not be accepted, as when there are no descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(10);
/// How often [`Simulator::wait_for_open_streams`] looks.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// A running simulator. Dropping it ends it as [`Simulator::kill`] does.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    state: Arc<State>,
    tasks: TaskTracker,
}

/// Runs what hyper spawns for HTTP/2 on the tracker.
#[derive(Clone, Debug)]
struct Tracked(TaskTracker);

impl<F> Executor<F> for Tracked
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, future: F) {
        drop(self.0.spawn(future));
    }
}

impl Simulator {
    /// Listens and serves on the current runtime.
    pub async fn start(config: SimulatorConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State::new(config));
        let tasks = TaskTracker::new();
        drop(tasks.spawn(accept(listener, Arc::clone(&state), tasks.clone())));
        tasks.close();
        Ok(Self { address, state, tasks })
    }

    /// The address that it listens on.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address as a URL, such as `http://127.0.0.1:4010`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The base URL for clients of the OpenAI protocol.
    pub fn openai_base(&self) -> String {
        format!("{}/v1", self.origin())
    }

    /// The base URL for clients of the Anthropic protocol.
    pub fn anthropic_base(&self) -> String {
        format!("{}/v1", self.origin())
    }

    /// The base URL for clients of the Gemini protocol.
    pub fn gemini_base(&self) -> String {
        format!("{}/v1beta", self.origin())
    }

    /// The base URL for clients of Azure OpenAI: what comes before `/openai`.
    pub fn azure_base(&self) -> String {
        self.origin()
    }

    /// The base URL for clients of Vertex AI: what comes before `/projects` or `/publishers`.
    pub fn vertex_base(&self) -> String {
        format!("{}/v1", self.origin())
    }

    /// Where service accounts get access tokens for Vertex AI.
    pub fn token_url(&self) -> String {
        format!("{}/token", self.origin())
    }

    /// The base URL for clients of Bedrock: what comes before `/model`.
    pub fn bedrock_base(&self) -> String {
        self.origin()
    }

    /// The base URL for clients of Cohere: what comes before `/v2/chat` and `/v1/models`.
    pub fn cohere_base(&self) -> String {
        format!("{}/cohere", self.origin())
    }

    /// The base URL for clients of Mistral.
    pub fn mistral_base(&self) -> String {
        format!("{}/mistral/v1", self.origin())
    }

    /// The base URL for clients of Ollama: what comes before `/api`.
    pub fn ollama_base(&self) -> String {
        self.origin()
    }

    /// Sets what goes wrong unless a request says otherwise; the empty script is that nothing does.
    pub fn script(&self, script: &str) -> Result<(), ScriptError> {
        let script: Script = script.parse()?;
        *self.state.default_script.write() = script;
        Ok(())
    }

    /// The last requests, the oldest first. The `bench` model's are not kept.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state.recorder.lock().all()
    }

    /// Forgets all requests and counts, those of `fail-first` too.
    pub fn clear(&self) {
        self.state.clear();
    }

    /// How many connections were accepted since the start.
    pub fn connections(&self) -> u64 {
        self.state.connections.load(Ordering::Acquire)
    }

    /// How many connections are open.
    pub fn open_connections(&self) -> usize {
        self.state.connections_open.load(Ordering::Acquire)
    }

    /// How many answers are begun and neither finished nor dropped, those that hang included.
    pub fn open_streams(&self) -> usize {
        self.state.streams_open()
    }

    /// How many bytes of answers' bodies went out since the start.
    pub fn bytes_sent(&self) -> u64 {
        self.state.bytes_sent.load(Ordering::Acquire)
    }

    /// How many requests asked for `model`, suffixes included.
    pub fn calls(&self, model: &str) -> u64 {
        self.state.calls.lock().get(model)
    }

    /// Waits until exactly `count` answers are open. Cancel safe: changes nothing.
    pub async fn wait_for_open_streams(&self, count: usize) {
        while self.open_streams() != count {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Stops listening, lets answers finish for the configured grace, then ends the rest.
    ///
    /// Cancel safe: dropped early, it ends everything at once.
    pub async fn shutdown(self) {
        self.state.closing.cancel();
        if tokio::time::timeout(self.state.config.grace, self.tasks.wait()).await.is_err() {
            self.kill();
            self.tasks.wait().await;
        }
    }

    /// Stops listening and drops every connection where it stands. Takes effect with the next turn
    /// of the runtime; [`Simulator::closed`] waits for it.
    pub fn kill(&self) {
        self.state.killed.cancel();
        self.state.closing.cancel();
    }

    /// Waits until a killed simulator has no socket left. Cancel safe: changes nothing.
    pub async fn closed(&self) {
        self.tasks.wait().await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Accepts connections until it is told to stop; dropping the listener refuses further ones.
async fn accept(listener: TcpListener, state: Arc<State>, tasks: TaskTracker) {
    let room = Arc::new(Semaphore::new(state.config.connections_max.min(Semaphore::MAX_PERMITS)));
    loop {
        let next = async {
            let permit = Arc::clone(&room).acquire_owned().await.ok();
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            biased;
            () = state.closing.cancelled() => return,
            next = next => next,
        };
        match accepted {
            Ok((stream, _)) => {
                let state = Arc::clone(&state);
                drop(tasks.spawn(connection(stream, state, tasks.clone(), permit)));
            }
            Err(error) => {
                tracing::debug!(error = %error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

/// Serves one connection to its end.
async fn connection(
    stream: TcpStream,
    state: Arc<State>,
    tasks: TaskTracker,
    _permit: Option<OwnedSemaphorePermit>,
) {
    state.connections.fetch_add(1, Ordering::AcqRel);
    let _open = OpenConnection::new(&state);
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = %error, "the peer was gone before it was served");
        return;
    }
    let reset = Arc::new(AtomicBool::new(false));
    let socket = TokioIo::new(Socket::new(stream, Arc::clone(&reset)));
    let service =
        service_fn(|request| service::serve(Arc::clone(&state), Arc::clone(&reset), request));
    let builder = Builder::new(Tracked(tasks));
    let mut served = pin!(builder.serve_connection(socket, service));
    let result = tokio::select! {
        biased;
        () = state.killed.cancelled() => return,
        result = served.as_mut() => result,
        () = state.closing.cancelled() => {
            served.as_mut().graceful_shutdown();
            tokio::select! {
                biased;
                () = state.killed.cancelled() => return,
                result = served.as_mut() => result,
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(error = %error, "a connection ended early");
    }
}

/// Counts an open connection for as long as it lives.
struct OpenConnection<'a> {
    state: &'a State,
}

impl<'a> OpenConnection<'a> {
    fn new(state: &'a State) -> Self {
        state.connections_open.fetch_add(1, Ordering::AcqRel);
        Self { state }
    }
}

impl Drop for OpenConnection<'_> {
    fn drop(&mut self) {
        self.state.connections_open.fetch_sub(1, Ordering::AcqRel);
    }
}
