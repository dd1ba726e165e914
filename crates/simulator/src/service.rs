//! The life of one request: read, recorded, let in, led astray by its script, answered.
//!
//! Scripted faults come before the request is looked at closely, so that a fault strikes whatever
//! was asked; the rules of the protocol come after.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::body::{AnswerBody, Played};
use crate::failure::{Failure, Reply};
use crate::gemini::Framing;
use crate::model::{Behaviour, Model};
use crate::pace::Pace;
use crate::player::Player;
use crate::protocol::{Asked, Label, Protocol, header};
use crate::random::Random;
use crate::record::RecordedRequest;
use crate::route::{Target, Verb};
use crate::script::{Break, Front, Script};
use crate::state::{OpenStream, State};
use crate::{anthropic, control, gemini, openai};

const SCRIPT_HEADER: &str = "x-simulate";
const JSON: &str = "application/json";
const EVENT_STREAM: &str = "text/event-stream; charset=utf-8";
const HTML: &[u8] = b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n\
    <body><center><h1>502 Bad Gateway</h1></center></body></html>\n";

/// A response before it becomes one.
struct Outcome {
    status: u16,
    content_type: &'static str,
    headers: Vec<(&'static str, String)>,
    content: Content,
}

enum Content {
    Whole(Bytes),
    Frames(Arc<[Bytes]>),
    Played(Box<Player>, usize),
}

/// The few fields of a request that decide what becomes of it; reading them allocates nothing.
#[derive(Default, Deserialize)]
struct Glance<'a> {
    #[serde(borrow, default)]
    model: Option<Cow<'a, str>>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

/// A request being served.
struct Exchange {
    state: Arc<State>,
    head: Parts,
    target: Target,
    protocol: Protocol,
    ids: Random,
}

/// Serves one request. `reset` has the connection's socket reset.
///
/// Cancel safe: dropped when the client goes away, and then only counters have changed.
pub(crate) async fn serve(
    state: Arc<State>,
    reset: Arc<AtomicBool>,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Infallible> {
    let open = OpenStream::new(&state);
    let (head, incoming) = request.into_parts();
    let target = Target::of(&head);
    if target == Target::Control {
        let outcome = Outcome::of_reply(control::answer(&state, &head), JSON);
        return Ok(outcome.response(&state, reset, open));
    }
    let protocol = target.protocol();
    let ids = state.request_random();
    let mut exchange = Exchange { state: Arc::clone(&state), head, target, protocol, ids };
    let outcome = match exchange.run(incoming).await {
        Ok(outcome) => outcome,
        Err(failure) => exchange.failed(&failure),
    };
    Ok(outcome.response(&state, reset, open))
}

impl Exchange {
    async fn run(&mut self, incoming: Incoming) -> Result<Outcome, Failure> {
        let body = read_body(incoming, self.state.config.body_bytes_max).await?;
        let glance: Glance<'_> = serde_json::from_slice(&body).unwrap_or_default();
        if let Some(outcome) = self.bench(&glance) {
            return outcome;
        }
        let model = match &self.target {
            Target::Gemini { model, .. } => Some(model.clone()),
            _ => glance.model.map(Cow::into_owned),
        };
        if let Some(model) = &model {
            self.state.calls.lock().add(model);
        }
        let record =
            RecordedRequest::new(&self.head, body.clone(), model.as_deref(), self.protocol);
        self.state.record(record);
        self.authorize()?;
        let script = self.script(model.as_deref())?;
        self.fail_first(model.as_deref().unwrap_or_default(), &script)?;
        self.front(&script).await?;
        match &self.target {
            Target::Models(_) => Ok(Outcome::json(&self.protocol.models(self.now()))),
            Target::Model(_, id) => match self.protocol.model(id, self.now()) {
                Some(entry) => Ok(Outcome::json(&entry)),
                None => Err(Failure::model_missing(id)),
            },
            Target::CountMessages | Target::Gemini { verb: Verb::Count, .. } => self.count(&body),
            Target::Chat | Target::Messages | Target::Gemini { .. } => {
                self.generate(model, script, &body).await
            }
            Target::Control | Target::Unknown(_) => {
                Err(Failure::no_route(self.head.method.as_str(), self.head.uri.path()))
            }
        }
    }

    /// The fixed bytes of the `bench` model, when nothing in particular is asked of it.
    fn bench(&self, glance: &Glance<'_>) -> Option<Result<Outcome, Failure>> {
        let name = glance.model.as_deref()?;
        let coalesced = match name {
            "bench" => false,
            "bench+coalesce" => true,
            _ => return None,
        };
        let plain = !self.head.headers.contains_key(SCRIPT_HEADER)
            && *self.state.default_script.read() == Script::default();
        if self.target != Target::Chat || !plain {
            return None;
        }
        self.state.calls.lock().add(name);
        if let Err(failure) = self.authorize() {
            return Some(Err(failure));
        }
        let bench = &self.state.bench;
        let usage = glance.stream_options.as_ref().and_then(|options| options.include_usage);
        let (content_type, content) = if glance.stream == Some(true) {
            (EVENT_STREAM, Content::Frames(bench.frames(usage == Some(true), coalesced)))
        } else {
            (JSON, Content::Whole(bench.completion.clone()))
        };
        Some(Ok(Outcome { status: 200, content_type, headers: Vec::new(), content }))
    }

    fn authorize(&self) -> Result<(), Failure> {
        if !self.state.config.require_key {
            return Ok(());
        }
        self.protocol.authorize(&self.head.headers, self.head.uri.query().unwrap_or_default())
    }

    /// The server's script, then the model's, then the request's.
    fn script(&self, model: Option<&str>) -> Result<Script, Failure> {
        let mut script = *self.state.default_script.read();
        let wrong = |error: crate::ScriptError| Failure::invalid(format!("simulator: {error}"));
        if let Some(model) = model {
            script = script.overlaid(Model::parse(model).map_err(wrong)?.script);
        }
        if let Some(text) = header(&self.head.headers, SCRIPT_HEADER) {
            script = script.overlaid(text.parse().map_err(wrong)?);
        }
        Ok(script)
    }

    fn fail_first(&self, model: &str, script: &Script) -> Result<(), Failure> {
        let Some(fail) = script.fail_first else { return Ok(()) };
        let before = self.state.failures.lock().add(model);
        if before < u64::from(fail.requests) {
            return Err(Failure::usual(fail.status, script.retry_after_s));
        }
        Ok(())
    }

    /// What happens before the headers. Cancel safe: changes nothing.
    async fn front(&self, script: &Script) -> Result<(), Failure> {
        if let Some(delay) = script.delay {
            tokio::time::sleep(delay).await;
        }
        match script.front {
            Some(Front::Status(status)) => Err(Failure::usual(status, script.retry_after_s)),
            Some(Front::Hang) => {
                self.state.closing.cancelled().await;
                Err(Failure::usual(503, None))
            }
            Some(Front::Stall | Front::Garbage | Front::ErrorIn200 | Front::Empty) | None => Ok(()),
        }
    }

    async fn generate(
        &mut self,
        model: Option<String>,
        script: Script,
        body: &Bytes,
    ) -> Result<Outcome, Failure> {
        let value = self.parsed(body)?;
        let Some(model) = model.filter(|model| !model.is_empty()) else {
            return Err(self.no_model());
        };
        let behaviour = Model::parse(&model).map_or(Behaviour::Prose, |model| model.behaviour);
        if behaviour == Behaviour::Missing {
            return Err(Failure::model_missing(&model));
        }
        let pace = Pace::new(&self.state.config.timing, &script, self.ids.next());
        let asked = self.read(&value, model, behaviour, &script)?;
        let answer = if script.front == Some(Front::Empty) {
            Answer::empty(&asked.prompt)
        } else {
            let prefix = asked.encoder.call_id_prefix();
            Answer::compose(behaviour, &asked.prompt, &mut self.ids, prefix)
        };
        Ok(self.deliver(asked, answer, script, pace).await)
    }

    /// Sends `answer` as it was asked for, and as the script wants it.
    async fn deliver(
        &mut self,
        asked: Asked,
        answer: Answer,
        script: Script,
        pace: Pace,
    ) -> Outcome {
        let content_type = if asked.streamed { asked.encoder.stream_content_type() } else { JSON };
        match script.front {
            Some(Front::Garbage) => return Outcome::html(),
            Some(Front::ErrorIn200) => return self.error_in_200(),
            Some(Front::Stall) => {
                let content = Content::Played(Box::new(Player::silence(pace)), 0);
                return self.answered(content_type, content);
            }
            Some(Front::Status(_) | Front::Hang | Front::Empty) | None => {}
        }
        let drip = script.drip.map_or(0, usize::from);
        if asked.streamed {
            let player = Player::stream(answer, asked.encoder, script, pace);
            return self.answered(content_type, Content::Played(Box::new(player), drip));
        }
        tokio::time::sleep(pace.whole(answer.usage.completion)).await;
        if matches!(script.break_after, Some((_, Break::Error))) {
            return self.error_in_200();
        }
        let whole = Bytes::from(asked.encoder.whole(&answer));
        let plain = drip == 0 && script.break_after.is_none() && script.garbage_after.is_none();
        let content = if plain {
            Content::Whole(whole)
        } else {
            Content::Played(Box::new(Player::whole(&whole, script, pace)), drip)
        };
        self.answered(content_type, content)
    }

    fn read(
        &mut self,
        value: &Value,
        model: String,
        behaviour: Behaviour,
        script: &Script,
    ) -> Result<Asked, Failure> {
        let label = Label {
            model,
            created: self.now(),
            ids: Random::new(self.ids.next()),
            usage_reported: !script.no_usage,
            done_sent: !script.no_done,
        };
        match self.protocol {
            Protocol::OpenAi => openai::read(value, label, behaviour),
            Protocol::Anthropic => anthropic::read(value, &self.head.headers, label),
            Protocol::Gemini => gemini::read(value, label, self.gemini_framing()),
        }
    }

    fn gemini_framing(&self) -> Option<Framing> {
        let Target::Gemini { verb: Verb::Stream, .. } = self.target else { return None };
        let query = self.head.uri.query().unwrap_or_default();
        let sse = query.split('&').any(|pair| pair == "alt=sse");
        Some(if sse { Framing::Sse } else { Framing::Array })
    }

    fn count(&self, body: &Bytes) -> Result<Outcome, Failure> {
        let value = self.parsed(body)?;
        if self.protocol == Protocol::Gemini {
            let inner = value.get("generateContentRequest").unwrap_or(&value);
            let tokens = gemini::read_prompt(inner)?.tokens();
            return Ok(Outcome::json(&json!({ "totalTokens": tokens })));
        }
        let tokens = anthropic::read_prompt(&value)?.tokens();
        Ok(Outcome::json(&json!({ "input_tokens": tokens })))
    }

    fn parsed(&self, body: &Bytes) -> Result<Value, Failure> {
        serde_json::from_slice(body).map_err(|error| {
            Failure::invalid(match self.protocol {
                Protocol::OpenAi => {
                    "We could not parse the JSON body of your request. (HINT: This likely means \
                     you aren't using your HTTP library correctly. The OpenAI API expects a JSON \
                     payload, but what was sent was not valid JSON.)"
                        .to_owned()
                }
                Protocol::Anthropic => format!("The request body is not valid JSON: {error}"),
                Protocol::Gemini => format!("Invalid JSON payload received. {error}"),
            })
        })
    }

    fn no_model(&self) -> Failure {
        Failure::invalid(match self.protocol {
            Protocol::OpenAi => "you must provide a model parameter",
            Protocol::Anthropic => "model: Field required",
            Protocol::Gemini => "model is not specified",
        })
    }

    fn answered(&mut self, content_type: &'static str, content: Content) -> Outcome {
        let headers = match self.protocol {
            Protocol::OpenAi => vec![("x-request-id", self.ids.id("req_", 32))],
            Protocol::Anthropic => vec![("request-id", self.ids.id("req_01", 22))],
            Protocol::Gemini => Vec::new(),
        };
        Outcome { status: 200, content_type, headers, content }
    }

    fn failed(&mut self, failure: &Failure) -> Outcome {
        Outcome::of_reply(self.protocol.failure(failure, &mut self.ids), JSON)
    }

    fn error_in_200(&mut self) -> Outcome {
        Outcome { status: 200, ..self.failed(&Failure::usual(503, None)) }
    }

    fn now(&self) -> i64 {
        (self.state.config.now)()
    }
}

impl Outcome {
    fn of_reply(reply: Reply, content_type: &'static str) -> Self {
        let Reply { status, headers, body } = reply;
        Self { status, content_type, headers, content: Content::Whole(body) }
    }

    fn json(value: &Value) -> Self {
        let content = Content::Whole(Bytes::from(value.to_string()));
        Self { status: 200, content_type: JSON, headers: Vec::new(), content }
    }

    const fn html() -> Self {
        let content = Content::Whole(Bytes::from_static(HTML));
        Self { status: 200, content_type: "text/html", headers: Vec::new(), content }
    }

    fn response(
        self,
        state: &State,
        reset: Arc<AtomicBool>,
        open: OpenStream,
    ) -> Response<AnswerBody> {
        let body = match self.content {
            Content::Whole(bytes) => AnswerBody::whole(bytes, open),
            Content::Frames(frames) => AnswerBody::frames(frames, open),
            Content::Played(player, drip) => {
                let closing = state.closing.clone();
                AnswerBody::played(Played::new(player, drip, closing, reset), open)
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// Reads the whole body. Cancel safe: what was read is lost with the connection.
async fn read_body(incoming: Incoming, bytes_max: usize) -> Result<Bytes, Failure> {
    match Limited::new(incoming, bytes_max).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Failure::too_large()),
        Err(_) => Err(Failure::invalid("The request body could not be read.")),
    }
}
