//! The life of one request: read, recorded, let in, led astray by its script, answered.
//!
//! Scripted faults come before the request is looked at closely, so that a fault strikes whatever
//! was asked; the rules of the protocol come after.

mod count;
mod operate;

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::Value;

use crate::answer::Answer;
use crate::body::{AnswerBody, Flow, Played};
use crate::encode::EVENT_STREAM;
use crate::failure::{Failure, Reply};
use crate::model::{Behaviour, Model};
use crate::operation::{Form, JSON, Operation};
use crate::pace::Pace;
use crate::player::Player;
use crate::protocol::{Asked, Asking, Label, Protocol, header};
use crate::random::Random;
use crate::record::RecordedRequest;
use crate::route::{Ask, Target, Verb};
use crate::script::{Break, Front, MediaType, Script};
use crate::state::{OpenStream, State};
use crate::{control, garnish, ollama, vertex};

const SCRIPT_HEADER: &str = "x-simulate";
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
    Played(Box<Player>, Flow),
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
    /// Whether the connection is closed instead of an answer.
    hangs_up: bool,
}

/// A request for an operation, as far as it was looked at.
struct Ordered {
    operation: Operation,
    model: Option<String>,
    form: Option<Form>,
}

/// Serves one request. `reset` has the connection's socket reset.
///
/// Cancel safe: dropped when the client goes away, and then only counters have changed.
pub(crate) async fn serve(
    state: Arc<State>,
    reset: Arc<AtomicBool>,
    request: Request<Incoming>,
) -> io::Result<Response<AnswerBody>> {
    let open = OpenStream::new(&state);
    let (head, incoming) = request.into_parts();
    let target = Target::of(&head);
    if target == Target::Control {
        let reply = control::answer(&state, &head);
        let image = reply.status == 200 && control::is_image(head.uri.path());
        let outcome = Outcome::of_reply(reply, if image { "image/png" } else { JSON });
        return Ok(outcome.response(&state, reset, open));
    }
    let protocol = target.protocol();
    let ids = state.request_random();
    let state_of = Arc::clone(&state);
    let mut exchange = Exchange { state: state_of, head, target, protocol, ids, hangs_up: false };
    let outcome = match exchange.run(incoming).await {
        Ok(outcome) => outcome,
        Err(_) if exchange.hangs_up => return Err(io::ErrorKind::ConnectionAborted.into()),
        Err(failure) => exchange.failed(&failure),
    };
    Ok(outcome.response(&state, reset, open))
}

impl Exchange {
    async fn run(&mut self, incoming: Incoming) -> Result<Outcome, Failure> {
        let body = read_body(incoming, self.state.config.body_bytes_max).await?;
        let glance: Glance<'_> = serde_json::from_slice(&body).unwrap_or_default();
        if let Some(outcome) = self.bench(&glance, &body) {
            return outcome;
        }
        let form = match &self.target {
            Target::Operate(_, Operation::Transcribe, _) => {
                Some(Form::read(&self.head, body.clone()).await)
            }
            Target::Operate(_, Operation::Image, _) if self.head.uri.path().ends_with("/edits") => {
                Some(Form::read(&self.head, body.clone()).await)
            }
            _ => None,
        };
        let model = match (&self.target, &form) {
            (
                Target::Ask(Ask { model: Some(model), .. }) | Target::Operate(_, _, Some(model)),
                _,
            ) => Some(model.clone()),
            (_, Some(form)) => form.text("model").map(str::to_owned),
            _ => glance.model.map(Cow::into_owned),
        };
        if let Some(model) = &model {
            self.state.calls.lock().add(model);
        }
        let record =
            RecordedRequest::new(&self.head, body.clone(), model.as_deref(), self.protocol);
        self.state.record(record);
        self.authorize(&body)?;
        let script = self.script(model.as_deref())?;
        self.fail_first(model.as_deref().unwrap_or_default(), &script)?;
        self.front(&script).await?;
        match &self.target {
            Target::Models(_) => Ok(Outcome::json(&self.protocol.models(self.now()))),
            Target::Model(_, id) => match self.protocol.model(id, self.now()) {
                Some(entry) => Ok(Outcome::json(&entry)),
                None => Err(Failure::model_missing(id)),
            },
            Target::Token => Ok(Outcome::of_reply(vertex::token(&body, &mut self.ids), JSON)),
            Target::Show => Ok(Outcome::json(&ollama::show(&body, self.now())?)),
            Target::Version => Ok(Outcome::json(&ollama::version())),
            Target::Count(_) => self.count(&body),
            Target::Operate(_, operation, _) => {
                let asked = Ordered { operation: *operation, model, form };
                self.operate(asked, script, &body).await
            }
            Target::Ask(Ask { verb, .. }) => self.generate(model, *verb, script, &body).await,
            Target::Control | Target::Unknown(_) => {
                Err(Failure::no_route(self.head.method.as_str(), self.head.uri.path()))
            }
        }
    }

    /// The fixed bytes of the `bench` model, when nothing in particular is asked of it.
    fn bench(&self, glance: &Glance<'_>, body: &Bytes) -> Option<Result<Outcome, Failure>> {
        let name = glance.model.as_deref()?;
        let coalesced = match name {
            "bench" => false,
            "bench+coalesce" => true,
            _ => return None,
        };
        let plain = !self.head.headers.contains_key(SCRIPT_HEADER)
            && *self.state.default_script.read() == Script::default();
        let chat = matches!(self.target, Target::Ask(_)) && self.protocol == Protocol::OpenAi;
        if !chat || !plain {
            return None;
        }
        self.state.calls.lock().add(name);
        if let Err(failure) = self.authorize(body) {
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

    fn authorize(&self, body: &Bytes) -> Result<(), Failure> {
        if !self.state.config.require_key || self.target == Target::Token {
            return Ok(());
        }
        self.protocol.authorize(&self.head, body)
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
    async fn front(&mut self, script: &Script) -> Result<(), Failure> {
        if let Some(delay) = script.delay {
            tokio::time::sleep(delay).await;
        }
        match script.front {
            Some(Front::Status(status)) => Err(Failure::usual(status, script.retry_after_s)),
            Some(Front::Hang) => {
                self.state.closing.cancelled().await;
                Err(Failure::usual(503, None))
            }
            Some(Front::TooLong) => Err(self.protocol.too_long()),
            Some(Front::HangUp) => {
                self.hangs_up = true;
                Err(Failure::usual(503, None))
            }
            Some(Front::Stall | Front::Garbage | Front::ErrorIn200 | Front::Empty) | None => Ok(()),
        }
    }

    async fn generate(
        &mut self,
        model: Option<String>,
        verb: Verb,
        script: Script,
        body: &Bytes,
    ) -> Result<Outcome, Failure> {
        let value = self.parsed(body)?;
        let Some(model) = model.filter(|model| !model.is_empty()) else {
            return Err(self.protocol.no_model());
        };
        let behaviour = Model::parse(&model).map_or(Behaviour::Prose, |model| model.behaviour);
        if behaviour == Behaviour::Missing {
            return Err(Failure::model_missing(&model));
        }
        let pace = Pace::new(&self.state.config.timing, &script, self.ids.next());
        let label = self.label(model, &script);
        let head = &self.head;
        let asking = Asking { head, body: &value, label, behaviour, verb };
        let asked = self.protocol.read(asking)?;
        let asked = garnish::over(asked, self.protocol, behaviour, (&value, script.served));
        let answer = if script.front == Some(Front::Empty) {
            Answer::empty(&asked.prompt)
        } else {
            let call_ids = asked.encoder.call_ids();
            Answer::compose(behaviour, &asked.prompt, &mut self.ids, call_ids)
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
        if let Some(outcome) = self.instead(content_type, &script, &pace) {
            return outcome;
        }
        if asked.streamed {
            let player = Player::stream(answer, asked.encoder, script, pace);
            return self.played(content_type, player, &script);
        }
        tokio::time::sleep(pace.whole(answer.usage.completion)).await;
        let whole = Bytes::from(asked.encoder.whole(&answer));
        self.whole(content_type, whole, script, pace)
    }

    /// What the script has come in place of any answer.
    fn instead(
        &mut self,
        content_type: &'static str,
        script: &Script,
        pace: &Pace,
    ) -> Option<Outcome> {
        match script.front {
            Some(Front::Garbage) => Some(Outcome::html()),
            Some(Front::ErrorIn200) => Some(self.error_in_200()),
            Some(Front::Stall) => {
                let player = Box::new(Player::silence(pace.clone()));
                let content = Content::Played(player, Flow::default());
                Some(self.answered(content_type, content))
            }
            Some(
                Front::Status(_) | Front::Hang | Front::HangUp | Front::Empty | Front::TooLong,
            )
            | None => None,
        }
    }

    fn played(&mut self, content_type: &'static str, player: Player, script: &Script) -> Outcome {
        let content_type = script.media_type.map_or(content_type, MediaType::as_str);
        self.answered(content_type, Content::Played(Box::new(player), Flow::of(script)))
    }

    /// Sends an answer in one piece, or as far as the script lets it come.
    fn whole(
        &mut self,
        content_type: &'static str,
        whole: Bytes,
        script: Script,
        pace: Pace,
    ) -> Outcome {
        if matches!(script.break_after, Some((_, Break::Error))) {
            return self.error_in_200();
        }
        let content_type = script.media_type.map_or(content_type, MediaType::as_str);
        let flow = Flow::of(&script);
        let plain =
            flow.is_plain() && script.break_after.is_none() && script.garbage_after.is_none();
        let content = if plain {
            Content::Whole(whole)
        } else {
            Content::Played(Box::new(Player::whole(&whole, script, pace)), flow)
        };
        self.answered(content_type, content)
    }

    fn label(&mut self, model: String, script: &Script) -> Label {
        Label {
            model,
            created: self.now(),
            ids: Random::new(self.ids.next()),
            usage_reported: !script.no_usage,
            done_sent: !script.no_done,
        }
    }

    fn parsed(&self, body: &Bytes) -> Result<Value, Failure> {
        serde_json::from_slice(body).map_err(|error| self.protocol.bad_json(&error))
    }

    fn answered(&mut self, content_type: &'static str, content: Content) -> Outcome {
        let headers = self.protocol.headers(&mut self.ids);
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
            Content::Played(player, flow) => {
                let closing = state.closing.clone();
                AnswerBody::played(Played::new(player, flow, closing, reset), open)
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if !self.content_type.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        }
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
