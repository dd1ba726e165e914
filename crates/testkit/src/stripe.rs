//! A payment provider that speaks Stripe's API over a real socket, as far as the gateway asks, and
//! signs what it tells. Written from Stripe's documentation, not from the gateway's reader.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use aws_lc_rs::hmac;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tollgate_types::Timestamp;

const SECRET_KEY: &str = "sk_test_peer";
const WEBHOOK_SECRET: &str = "whsec_peer";
/// The longest idempotency key that is taken.
const KEY_LONGEST: usize = 255;
/// When it begins to count its seconds: one for each thing that is made.
const FIRST_SECOND: usize = 1_790_000_000;

type Form = BTreeMap<String, String>;

/// A payment provider that runs until it is dropped.
#[derive(Debug)]
pub struct StripePeer {
    address: SocketAddr,
    accepting: JoinHandle<()>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// The forms of pages that were opened.
    sessions: Vec<Form>,
    /// PaymentIntents by their ids.
    intents: BTreeMap<String, Value>,
    /// What it has told, or would have, oldest first.
    events: Vec<Value>,
    /// Refunds, oldest first.
    refunds: Vec<Value>,
    /// Answers by their keys.
    answered: BTreeMap<String, (Form, u16, Value)>,
    charges: u32,
    /// What charges are declined with.
    declines: Option<&'static str>,
    /// How many answers to charges are lost on their way, after the charge.
    loses: u32,
    /// Whether charges are pending rather than paid.
    pends: bool,
    /// Whether the operator's key is taken for another's.
    locks_out: bool,
}

#[expect(clippy::disallowed_methods, reason = "nothing is lost when the peer of a test stops")]
impl StripePeer {
    /// Starts on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let accepting = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                let service = service_fn(move |request| serve(Arc::clone(&state), request));
                let io = TokioIo::new(connection);
                tokio::spawn(http1::Builder::new().serve_connection(io, service));
            }
        });
        Self { address, accepting, state }
    }
}

impl StripePeer {
    /// The lines of a configuration file that name it.
    pub fn config(&self) -> String {
        format!(
            "[payments.stripe]\nsecret_key = \"{SECRET_KEY}\"\n\
             webhook_secret = \"{WEBHOOK_SECRET}\"\nbase_url = \"http://{}\"\n",
            self.address
        )
    }

    /// Somebody pays on a page: the events that tell of it.
    pub fn pay(&self, session: &str) -> [Value; 2] {
        let mut state = self.state.lock();
        let index: usize = session.trim_start_matches("cs_").parse().unwrap();
        let form = state.sessions[index].clone();
        let total: u64 = (0..2)
            .filter_map(|line| {
                form.get(&format!("line_items[{line}][price_data][unit_amount]"))?
                    .parse::<u64>()
                    .ok()
            })
            .sum();
        let id = format!("pi_of_{session}");
        let customer = form.get("customer").cloned().unwrap_or_else(|| "cus_1".to_owned());
        let kept = form.get("payment_intent_data[setup_future_usage]");
        let metadata = members(&form, "payment_intent_data[metadata]");
        let mut intent = intent(&id, total, &customer, &metadata);
        intent["setup_future_usage"] = json!(kept);
        intent["created"] = json!(state.second());
        state.intents.insert(id.clone(), intent.clone());
        let session = json!({
            "id": session, "object": "checkout.session", "payment_status": "paid",
            "payment_intent": id, "amount_total": total, "currency": "usd",
            "customer": customer, "url": null, "created": FIRST_SECOND,
            "metadata": members(&form, "metadata"),
        });
        [
            state.event("checkout.session.completed", &session),
            state.event("payment_intent.succeeded", &intent),
        ]
    }

    /// Another amount than was ordered has arrived for a payment: the event that tells of it.
    pub fn receive(&self, payment: &str, cents: u64) -> Value {
        let mut state = self.state.lock();
        let intent = state.intents.get_mut(payment).unwrap();
        intent["amount_received"] = cents.into();
        let intent = intent.clone();
        state.event("payment_intent.succeeded", &intent)
    }

    /// So many cents of a payment go back: the event that tells of it.
    pub fn refund(&self, payment: &str, cents: u64) -> Value {
        self.state.lock().give_back(payment, cents)
    }

    /// The newest refund of a payment does not reach the payer: the event that tells of it, one of
    /// the three that do.
    pub fn fail_refund(&self, payment: &str, kind: &str) -> Value {
        let mut state = self.state.lock();
        let of_it = |it: &&mut Value| it["payment_intent"] == payment && it["status"] != "failed";
        let refund = state.refunds.iter_mut().rev().find(of_it).unwrap();
        refund["status"] = "failed".into();
        let refund = refund.clone();
        let intent = state.intents.get_mut(payment).unwrap();
        let gone = intent["latest_charge"]["amount_refunded"].as_u64().unwrap();
        let left = gone - refund["amount"].as_u64().unwrap();
        intent["latest_charge"]["amount_refunded"] = left.into();
        state.event(kind, &refund)
    }

    /// The payer's bank disputes so many cents of a payment: the event `charge.dispute.` of a kind
    /// with the status that the dispute has by then.
    pub fn dispute(&self, payment: &str, cents: u64, (kind, status): (&str, &str)) -> Value {
        let dispute = json!({
            "id": format!("du_{payment}"), "object": "dispute", "amount": cents,
            "currency": "usd", "payment_intent": payment, "charge": format!("ch_{payment}"),
            "status": status, "reason": "fraudulent",
            "is_charge_refundable": status.starts_with("warning_"),
        });
        self.state.lock().event(&format!("charge.dispute.{kind}"), &dispute)
    }

    /// What it has told, or would have, oldest first.
    pub fn events(&self) -> Vec<Value> {
        self.state.lock().events.clone()
    }

    /// Takes the operator's key for another's from now on, or no longer.
    pub fn lock_out(&self, locks_out: bool) {
        self.state.lock().locks_out = locks_out;
    }

    /// Knows a payment no more.
    pub fn forget(&self, payment: &str) {
        self.state.lock().intents.remove(payment).unwrap();
    }

    /// A PaymentIntent that was pending has arrived: the event that tells of it.
    pub fn arrive(&self, payment: &str) -> Value {
        let mut state = self.state.lock();
        let intent = state.intents.get_mut(payment).unwrap();
        intent["status"] = "succeeded".into();
        intent["amount_received"] = intent["amount"].clone();
        let intent = intent.clone();
        state.event("payment_intent.succeeded", &intent)
    }

    /// The ids of the PaymentIntents that were made, those of pages included.
    pub fn payments(&self) -> Vec<String> {
        self.state.lock().intents.keys().cloned().collect()
    }

    /// A PaymentIntent as it is now.
    pub fn payment(&self, id: &str) -> Value {
        self.state.lock().intents[id].clone()
    }

    /// How often a card was charged without its owner.
    pub fn charges(&self) -> u32 {
        self.state.lock().charges
    }

    /// Declines charges from now on, or no longer.
    pub fn decline(&self, word: Option<&'static str>) {
        self.state.lock().declines = word;
    }

    /// Leaves charges pending from now on.
    pub fn pend(&self) {
        self.state.lock().pends = true;
    }

    /// Charges, and then answers with 500, so many times.
    pub fn lose_answers(&self, count: u32) {
        self.state.lock().loses = count;
    }

    /// The header that signs a body at an instant.
    pub fn sign(&self, body: &str, at: Timestamp) -> String {
        sign_with(WEBHOOK_SECRET, body, at)
    }

    /// The header of somebody who does not know the secret.
    pub fn forge(&self, body: &str, at: Timestamp) -> String {
        sign_with("whsec_guessed", body, at)
    }
}

impl Drop for StripePeer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn sign_with(secret: &str, body: &str, at: Timestamp) -> String {
    let seconds = at.unix_seconds();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{seconds}.{body}").as_bytes());
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|it| char::from_digit(it.into(), 16));
    let hex: String = tag.as_ref().iter().flat_map(digits).flatten().collect();
    format!("t={seconds},v1={hex},v0=0000")
}

/// The members of a form that are under a name.
fn members(form: &Form, prefix: &str) -> Map<String, Value> {
    let inner = |name: &str| {
        let name = name.strip_prefix(prefix)?.strip_prefix('[')?.strip_suffix(']')?;
        (!name.contains('[')).then(|| name.to_owned())
    };
    form.iter().filter_map(|(name, value)| Some((inner(name)?, json!(value)))).collect()
}

fn intent(id: &str, amount: u64, customer: &str, metadata: &Map<String, Value>) -> Value {
    json!({
        "id": id, "object": "payment_intent", "status": "succeeded", "amount": amount,
        "amount_received": amount, "currency": "usd", "customer": customer,
        "payment_method": "pm_1", "setup_future_usage": null, "metadata": metadata,
        "latest_charge": {
            "id": format!("ch_{id}"), "object": "charge", "amount": amount, "amount_refunded": 0,
            "currency": "usd", "payment_intent": id, "metadata": metadata,
        },
    })
}

async fn serve(
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let form: Form = form_urlencoded::parse(&body).into_owned().collect();
    let is_ours = head.headers.get(AUTHORIZATION).is_some_and(|it| it == "Bearer sk_test_peer");
    let key = head.headers.get("idempotency-key").map(|it| it.to_str().unwrap().to_owned());
    let is_ours = is_ours && !state.lock().locks_out;
    let (status, answer) = match (is_ours, &head.method) {
        (false, _) => {
            (401, json!({ "error": { "message": "Invalid API Key provided: sk_test_***eer" } }))
        }
        (true, &Method::GET) if head.uri.path() == "/v1/events" => {
            state.lock().list_events(head.uri.query().unwrap_or_default())
        }
        (true, &Method::GET) if head.uri.path() == "/v1/refunds" => {
            state.lock().list_refunds(head.uri.query().unwrap_or_default())
        }
        (true, &Method::GET) => state.lock().look_up(head.uri.path()),
        (true, _) => state.lock().make(head.uri.path(), &form, &key.unwrap_or_default()),
    };
    let response = Response::builder().status(status);
    let response = response.header("content-type", "application/json");
    Ok(response.body(Full::new(answer.to_string().into())).unwrap())
}

impl State {
    /// Now, as it counts.
    fn second(&self) -> usize {
        FIRST_SECOND + self.events.len()
    }

    fn event(&mut self, kind: &str, object: &Value) -> Value {
        let event = json!({
            "id": format!("evt_{}", self.events.len()), "object": "event", "type": kind,
            "created": self.second(), "data": { "object": object },
        });
        self.events.push(event.clone());
        event
    }

    fn give_back(&mut self, payment: &str, cents: u64) -> Value {
        let intent = self.intents.get_mut(payment).unwrap();
        let before = intent["latest_charge"]["amount_refunded"].as_u64().unwrap();
        intent["latest_charge"]["amount_refunded"] = json!(before + cents);
        let charge = intent["latest_charge"].clone();
        let id = format!("re_{}", self.refunds.len() + 1);
        self.refunds.push(json!({
            "id": id, "object": "refund", "amount": cents, "currency": "usd",
            "charge": charge["id"], "payment_intent": payment, "status": "succeeded",
            "metadata": {},
        }));
        self.event("charge.refunded", &charge);
        let event = self.events.last_mut().unwrap();
        event["data"]["previous_attributes"] = json!({ "amount_refunded": before });
        event.clone()
    }

    /// Refunds of a payment, newest first, two at once.
    fn list_refunds(&self, query: &str) -> (u16, Value) {
        let query: Form = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let of_it = |it: &&Value| it["payment_intent"] == query["payment_intent"];
        let mut found: Vec<&Value> = self.refunds.iter().rev().filter(of_it).collect();
        if let Some(after) = query.get("starting_after") {
            let place = found.iter().position(|it| it["id"] == *after).unwrap();
            found.drain(..=place);
        }
        let has_more = found.len() > 2;
        found.truncate(2);
        (
            200,
            json!({ "object": "list", "data": found, "has_more": has_more, "url": "/v1/refunds" }),
        )
    }

    /// Events, newest first, two at once.
    fn list_events(&self, query: &str) -> (u16, Value) {
        let query: Vec<(String, String)> =
            form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let of = |name: &str| query.iter().find(|(it, _)| it == name).map(|(_, it)| it.as_str());
        let since: u64 = of("created[gte]").map_or(0, |it| it.parse().unwrap());
        let is_wanted = |event: &&Value| {
            event["created"].as_u64().unwrap() >= since
                && query.iter().any(|(name, kind)| name == "types[]" && event["type"] == *kind)
        };
        let mut found: Vec<&Value> = self.events.iter().rev().filter(is_wanted).collect();
        if let Some(after) = of("starting_after") {
            let place = found.iter().position(|it| it["id"] == after).unwrap();
            found.drain(..=place);
        }
        let has_more = found.len() > 2;
        found.truncate(2);
        (200, json!({ "object": "list", "data": found, "has_more": has_more, "url": "/v1/events" }))
    }

    fn refund(&mut self, form: &Form) -> (u16, Value) {
        let refused = |message: String| (400, json!({ "error": { "message": message } }));
        let payment = form["payment_intent"].clone();
        let Some(intent) = self.intents.get(&payment) else {
            return refused(format!("No such payment_intent: '{payment}'"));
        };
        let refunded = intent["latest_charge"]["amount_refunded"].as_u64().unwrap();
        let left = intent["amount"].as_u64().unwrap() - refunded;
        let amount = form.get("amount").map_or(left, |it| it.parse().unwrap());
        if left == 0 {
            return refused(format!("Charge ch_{payment} has already been refunded."));
        }
        if amount > left {
            let message = "Refund amount is greater than unrefunded amount on charge";
            return refused(message.to_owned());
        }
        self.give_back(&payment, amount);
        (200, self.refunds.last().unwrap().clone())
    }

    fn look_up(&self, path: &str) -> (u16, Value) {
        let id = path.rsplit('/').next().unwrap_or_default();
        let missing = || (404, json!({ "error": { "message": format!("No such object: {id}") } }));
        let named = |intent: &Value| {
            let mut intent = intent.clone();
            // Unless it is asked for, the charge is only named.
            intent["latest_charge"] = intent["latest_charge"]["id"].take();
            intent
        };
        self.intents.get(id).map_or_else(missing, |intent| (200, named(intent)))
    }

    /// Makes something once for each key.
    fn make(&mut self, path: &str, form: &Form, key: &str) -> (u16, Value) {
        if key.len() > KEY_LONGEST {
            let message = "Idempotency keys are at most 255 characters long";
            return (400, json!({ "error": { "message": message } }));
        }
        if let Some((known, status, answer)) = self.answered.get(key) {
            if known != form {
                let message =
                    "Keys for idempotent requests can only be used with the same parameters";
                let error = json!({ "type": "idempotency_error", "message": message });
                return (400, json!({ "error": error }));
            }
            return (*status, answer.clone());
        }
        let (status, answer) = match path {
            "/v1/checkout/sessions" => {
                let id = format!("cs_{}", self.sessions.len());
                self.sessions.push(form.clone());
                (200, json!({ "id": id, "url": format!("https://checkout.example/{id}") }))
            }
            "/v1/payment_intents" => self.charge(form),
            "/v1/refunds" => self.refund(form),
            _ => (404, json!({ "error": { "message": "Unrecognized request URL" } })),
        };
        self.answered.insert(key.to_owned(), (form.clone(), status, answer.clone()));
        if path == "/v1/payment_intents" && self.loses > 0 {
            self.loses -= 1;
            return (500, json!({ "error": { "message": "lost" } }));
        }
        (status, answer)
    }

    fn charge(&mut self, form: &Form) -> (u16, Value) {
        if let Some(word) = self.declines {
            let error = json!({ "code": "card_declined", "decline_code": word });
            return (402, json!({ "error": error }));
        }
        self.charges += 1;
        let id = format!("pi_charged_{}", self.charges);
        let amount = form["amount"].parse().unwrap();
        let mut intent = intent(&id, amount, &form["customer"], &members(form, "metadata"));
        intent["created"] = json!(self.second());
        intent["payment_method"] = json!(form.get("payment_method"));
        if self.pends {
            intent["status"] = "processing".into();
            intent["amount_received"] = 0.into();
        }
        self.intents.insert(id.clone(), intent.clone());
        // Unless it is asked for, the charge is only named.
        intent["latest_charge"] = json!(format!("ch_{id}"));
        (200, intent)
    }
}
