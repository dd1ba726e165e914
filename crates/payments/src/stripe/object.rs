//! Stripe's objects, as far as they are read, and its answers.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tollgate_types::Timestamp;

use super::metadata::Metadata;
use crate::{
    Cents, Charged, Checkout, Instrument, Outcome, Payment, PaymentError, PaymentState, Purpose,
    Refund, RefundPage, Reply,
};

/// A reference: an id, or the object itself where that was asked for.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Reference {
    Id(String),
    Object { id: String },
}

impl Reference {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Id(id) | Self::Object { id } => id,
        }
    }
}

/// <https://docs.stripe.com/api/checkout/sessions/object>
#[derive(Debug, Deserialize)]
pub(super) struct Session {
    pub(super) id: String,
    url: Option<String>,
    pub(super) payment_status: Option<String>,
    pub(super) payment_intent: Option<Reference>,
    amount_total: Option<u32>,
    currency: Option<String>,
    customer: Option<Reference>,
    /// In seconds.
    #[serde(default)]
    created: i64,
    #[serde(default)]
    pub(super) metadata: Metadata,
}

/// <https://docs.stripe.com/api/payment_intents/object>
#[derive(Debug, Deserialize)]
pub(super) struct Intent {
    pub(super) id: String,
    status: Option<String>,
    amount_received: Option<u32>,
    currency: Option<String>,
    customer: Option<Reference>,
    payment_method: Option<Reference>,
    setup_future_usage: Option<String>,
    /// In seconds.
    #[serde(default)]
    created: i64,
    pub(super) last_payment_error: Option<Failed>,
    #[serde(default)]
    pub(super) metadata: Metadata,
}

/// <https://docs.stripe.com/api/errors>
#[derive(Debug, Default, Deserialize)]
pub(super) struct Failed {
    #[serde(rename = "type")]
    kind: Option<String>,
    code: Option<String>,
    decline_code: Option<String>,
    message: Option<String>,
    payment_intent: Option<Reference>,
}

#[derive(Debug, Deserialize)]
struct ErrorBody {
    error: Failed,
}

/// <https://docs.stripe.com/api/refunds/object>
#[derive(Debug, Deserialize)]
struct StripeRefund {
    id: String,
    amount: u32,
    status: Option<String>,
}

/// <https://docs.stripe.com/api/pagination>
#[derive(Debug, Deserialize)]
struct StripeRefunds {
    data: Vec<StripeRefund>,
    has_more: bool,
}

impl StripeRefund {
    fn told(self) -> Refund {
        let has_failed = matches!(self.status.as_deref(), Some("failed" | "canceled"));
        Refund { id: self.id, amount: Cents::new(self.amount), has_failed }
    }
}

impl Failed {
    /// The most particular word for it.
    pub(super) fn reason(self) -> String {
        let words = [self.decline_code, self.code, self.message];
        words.into_iter().flatten().next().unwrap_or_else(|| "declined".to_owned())
    }
}

impl Session {
    /// The payment, if this is an order of `installation` and was paid.
    ///
    /// # Errors
    ///
    /// When it is, and something else was paid than was ordered.
    pub(super) fn payment(self, installation: &str) -> Result<Option<Payment>, String> {
        let Some(terms) = self.metadata.terms(installation)? else { return Ok(None) };
        if self.payment_status.as_deref() != Some("paid") {
            return Ok(None);
        }
        let Some(intent) = self.payment_intent else {
            return Err(format!("{} is paid by no PaymentIntent", self.id));
        };
        let payment =
            terms.paid(intent.id().to_owned(), (self.amount_total, self.currency.as_deref()))?;
        let instrument = self
            .customer
            .map(|it| Instrument { customer: it.id().to_owned(), payment_method: None });
        Ok(Some(Payment { instrument, made_at: at(self.created), ..payment }))
    }
}

impl Intent {
    /// Whether it may be paid without anybody doing anything.
    fn is_open(&self) -> bool {
        matches!(self.status.as_deref(), Some("processing" | "requires_capture"))
    }

    /// As [`Session::payment`].
    pub(super) fn payment(&self, installation: &str) -> Result<Option<Payment>, String> {
        let Some(terms) = self.metadata.terms(installation)? else { return Ok(None) };
        if self.status.as_deref() != Some("succeeded") {
            return Ok(None);
        }
        let is_automatic = terms.purpose == Purpose::AutoTopUp;
        let paid = (self.amount_received, self.currency.as_deref());
        let payment = terms.paid(self.id.clone(), paid)?;
        let may_be_kept = is_automatic || self.setup_future_usage.as_deref() == Some("off_session");
        let method = self.payment_method.as_ref().filter(|_| may_be_kept);
        let instrument = self.customer.as_ref().map(|customer| Instrument {
            customer: customer.id().to_owned(),
            payment_method: method.map(|it| it.id().to_owned()),
        });
        Ok(Some(Payment { instrument, made_at: at(self.created), ..payment }))
    }
}

/// What says whose an object is.
#[derive(Debug, Deserialize)]
struct Whose {
    metadata: Option<Metadata>,
}

/// The page that was opened.
pub(super) fn opened(reply: &Reply<'_>) -> Result<Checkout, PaymentError> {
    let session: Session = read(reply)?;
    let url = session.url.ok_or_else(|| unreadable(format!("{} has no url", session.id)))?;
    Ok(Checkout { id: session.id, url })
}

/// What became of a charge. A card that is declined is answered with 402.
pub(super) fn charged(reply: &Reply<'_>, installation: &str) -> Result<Charged, PaymentError> {
    if reply.status == 402 {
        let failed = parsed::<ErrorBody>(reply)?.error;
        let id = failed.payment_intent.as_ref().map(|it| it.id().to_owned());
        return Ok(Charged { id, outcome: Outcome::Declined(failed.reason()) });
    }
    let intent: Intent = read(reply)?;
    let id = Some(intent.id.clone());
    if let Some(payment) = intent.payment(installation).map_err(unreadable)? {
        return Ok(Charged { id, outcome: Outcome::Paid(payment) });
    }
    let outcome = match intent.status.as_deref() {
        _ if intent.is_open() => Outcome::Pending,
        Some("succeeded") => return Err(unreadable(format!("{} is not ours", intent.id))),
        other => Outcome::Declined(
            intent
                .last_payment_error
                .map_or_else(|| other.unwrap_or("").to_owned(), Failed::reason),
        ),
    };
    Ok(Charged { id, outcome })
}

/// A payment that was looked up.
pub(super) fn state(reply: &Reply<'_>, installation: &str) -> Result<PaymentState, PaymentError> {
    let theirs = PaymentState { payment: None, mismatch: None, is_open: false };
    // All else of what others sell is theirs: amounts in small coins of other currencies don't fit.
    let metadata = read::<Whose>(reply)?.metadata.unwrap_or_default();
    // One of ours that does not say what was ordered is told by whoever reads all of it.
    if matches!(metadata.terms(installation), Ok(None)) {
        return Ok(theirs);
    }
    let intent: Intent = read(reply)?;
    let (payment, mismatch) = match intent.payment(installation) {
        Ok(payment) => (payment, None),
        Err(why) => (None, Some(why)),
    };
    Ok(PaymentState { payment, mismatch, is_open: intent.is_open() })
}

/// A refund that was made.
pub(super) fn refunded(reply: &Reply<'_>) -> Result<Refund, PaymentError> {
    let refund = read::<StripeRefund>(reply)?.told();
    if refund.has_failed {
        let message = format!("the refund {} has failed", refund.id);
        return Err(PaymentError::Refused { status: reply.status, message });
    }
    Ok(refund)
}

/// The refunds of a payment.
pub(super) fn refunds(reply: &Reply<'_>) -> Result<RefundPage, PaymentError> {
    let page: StripeRefunds = read(reply)?;
    let refunds: Vec<Refund> = page.data.into_iter().map(StripeRefund::told).collect();
    let oldest = refunds.last().map(|it| it.id.clone());
    Ok(RefundPage { refunds, next: oldest.filter(|_| page.has_more) })
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_millis(seconds.saturating_mul(1_000))
}

fn read<T: DeserializeOwned>(reply: &Reply<'_>) -> Result<T, PaymentError> {
    accepted(reply)?;
    parsed(reply)
}

/// Whether it was done: <https://docs.stripe.com/api/errors>.
pub(super) fn accepted(reply: &Reply<'_>) -> Result<(), PaymentError> {
    let status = reply.status;
    if (200..=299).contains(&status) {
        return Ok(());
    }
    // 409: another request with the same key is under way.
    if matches!(status, 409 | 429 | 500..=599) {
        return Err(PaymentError::Busy { status });
    }
    let failed = serde_json::from_slice::<ErrorBody>(reply.body);
    let failed = failed.map(|it| it.error).unwrap_or_default();
    if failed.kind.as_deref() == Some("idempotency_error") {
        return Err(PaymentError::KeyReused);
    }
    let message = failed.message.or(failed.code).unwrap_or_else(|| "no reason".to_owned());
    Err(match status {
        401 | 403 => PaymentError::Unauthorized { status, message },
        _ => PaymentError::Refused { status, message },
    })
}

fn parsed<T: DeserializeOwned>(reply: &Reply<'_>) -> Result<T, PaymentError> {
    serde_json::from_slice(reply.body).map_err(|error| unreadable(error.to_string()))
}

const fn unreadable(what: String) -> PaymentError {
    PaymentError::Unreadable(what)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn metadata() -> Value {
        json!({
            "tollgate_installation": "acme",
            "tollgate_account": "default",
            "tollgate_credit_cents": "1000",
            "tollgate_fee_cents": "80",
            "tollgate_purpose": "auto-top-up",
        })
    }

    fn intent(status: &str) -> Value {
        json!({
            "id": "pi_1", "object": "payment_intent", "status": status, "amount": 1080,
            "amount_received": if status == "succeeded" { 1080 } else { 0 },
            "currency": "usd", "customer": "cus_1", "payment_method": "pm_1",
            "setup_future_usage": null, "created": 1_790_000_000, "metadata": metadata(),
        })
    }

    fn charge(status: u16, body: &Value) -> Result<Outcome, PaymentError> {
        let body = body.to_string();
        charged(&Reply { status, body: body.as_bytes() }, "acme").map(|it| it.outcome)
    }

    #[test]
    fn a_charge_is_paid_pending_or_declined() {
        let Ok(Outcome::Paid(paid)) = charge(200, &intent("succeeded")) else { panic!("unpaid") };
        assert_eq!((paid.credit, paid.fee), (Cents::new(1_000), Cents::new(80)));
        assert_eq!(paid.made_at.unix_seconds(), 1_790_000_000);
        let instrument = paid.instrument.unwrap();
        assert_eq!(instrument.payment_method.as_deref(), Some("pm_1"));
        assert_eq!(charge(200, &intent("processing")), Ok(Outcome::Pending));
        let declined = |word: &str| Ok(Outcome::Declined(word.to_owned()));
        assert_eq!(charge(200, &intent("requires_action")), declined("requires_action"));
        let error = json!({ "error": {
            "type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds",
            "message": "Your card has insufficient funds.", "payment_intent": { "id": "pi_1" },
        } });
        assert_eq!(charge(402, &error), declined("insufficient_funds"));
        let error = json!({ "error": { "code": "authentication_required" } });
        assert_eq!(charge(402, &error), declined("authentication_required"));
    }

    #[test]
    fn who_can_not_answer_is_asked_again_and_who_refuses_is_not() {
        for status in [409, 429, 500, 503] {
            assert_eq!(charge(status, &json!({})), Err(PaymentError::Busy { status }));
        }
        let error = json!({ "error": { "message": "No such customer" } });
        let refused = PaymentError::Refused { status: 400, message: "No such customer".to_owned() };
        assert_eq!(charge(400, &error), Err(refused));
        let error = json!({ "error": { "type": "idempotency_error", "message": "Keys …" } });
        assert_eq!(charge(400, &error), Err(PaymentError::KeyReused));
        // What it says of the operator's key is not told to payers.
        for status in [401, 403] {
            let error = json!({ "error": { "message": "Invalid API Key: sk_live_x" } });
            let refused = charge(status, &error).unwrap_err();
            assert!(matches!(refused, PaymentError::Unauthorized { .. }), "{refused:?}");
            assert!(!refused.to_string().contains("sk_live"), "{refused}");
        }
        assert!(matches!(charge(200, &json!(7)), Err(PaymentError::Unreadable(_))));
    }

    #[test]
    fn less_or_other_money_than_was_ordered_is_no_payment() {
        for (member, value) in [
            ("amount_received", json!(1_079)),
            ("amount_received", json!(1_081)),
            ("amount_received", Value::Null),
            ("currency", json!("eur")),
        ] {
            let mut wrong = intent("succeeded");
            wrong[member] = value;
            assert!(matches!(charge(200, &wrong), Err(PaymentError::Unreadable(_))), "{wrong}");
        }
    }

    #[test]
    fn pages_are_opened() {
        let mut session = json!({
            "id": "cs_1", "url": "https://checkout.example/cs_1", "payment_status": "unpaid",
            "payment_intent": null, "amount_total": 1080, "currency": "usd",
            "customer": { "id": "cus_1" }, "metadata": metadata(),
        });
        let body = session.to_string();
        let reply = Reply { status: 200, body: body.as_bytes() };
        let checkout = opened(&reply).unwrap();
        assert_eq!(checkout.url, "https://checkout.example/cs_1");
        session["url"] = Value::Null;
        let body = session.to_string();
        let reply = Reply { status: 200, body: body.as_bytes() };
        assert!(matches!(opened(&reply), Err(PaymentError::Unreadable(_))));
    }

    #[test]
    fn a_payment_is_looked_up() {
        let state = |it: &Value| {
            let body = it.to_string();
            state(&Reply { status: 200, body: body.as_bytes() }, "acme")
        };
        let told = state(&intent("succeeded")).unwrap();
        assert_eq!((told.payment.unwrap().id.as_str(), told.is_open), ("pi_1", false));
        for (status, is_open) in [("processing", true), ("requires_payment_method", false)] {
            let told = state(&intent(status)).unwrap();
            assert_eq!((told.payment, told.is_open), (None, is_open), "{status}");
        }
    }

    #[test]
    fn a_refund_is_made_or_not() {
        let read = |status, text: &str| refunded(&Reply { status, body: text.as_bytes() });
        let refund = Refund { id: "re_1".to_owned(), amount: Cents::new(300), has_failed: false };
        let text = r#"{"id":"re_1","amount":300,"status":"succeeded"}"#;
        assert_eq!(read(200, text), Ok(refund));
        assert!(read(200, r#"{"id":"re_1","amount":300,"status":"failed"}"#).is_err());
        let known = r#"{"error":{"code":"charge_already_refunded","message":"It is."}}"#;
        let refused = PaymentError::Refused { status: 400, message: "It is.".to_owned() };
        assert_eq!(read(400, known), Err(refused));
    }
}
