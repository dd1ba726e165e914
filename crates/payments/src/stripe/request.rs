//! What Stripe is asked, form-encoded.

use aws_lc_rs::digest;
use tollgate_types::Timestamp;

use crate::{Ask, Instrument, Order, PaymentMethod, RefundOrder, Returns};

use super::{event, metadata};

type Form = Vec<(String, String)>;

/// The longest key: <https://docs.stripe.com/api/idempotent_requests>.
const KEY_LONGEST: usize = 255;
/// Rows of a page: all of them fit into what is read of an answer.
const PAGE: u8 = 50;

/// <https://docs.stripe.com/api/checkout/sessions/create>
pub(super) fn checkout(
    order: &Order,
    payer: Option<&Instrument>,
    returns: &Returns<'_>,
    key: &str,
) -> Ask {
    let mut form: Form = Vec::new();
    let mut put = |name: &str, value: &str| form.push((name.to_owned(), value.to_owned()));
    put("mode", "payment");
    put("success_url", returns.success_url);
    put("cancel_url", returns.cancel_url);
    match payer {
        Some(known) => put("customer", &known.customer),
        None => put("customer_creation", "always"),
    }
    match order.method() {
        // What is kept here is charged by auto-top-up.
        PaymentMethod::Standard => put("payment_intent_data[setup_future_usage]", "off_session"),
        PaymentMethod::Crypto => put("payment_method_types[0]", "crypto"),
    }
    let lines = [("Credit", order.credit()), ("Platform fee", order.fee())];
    let charged = lines.into_iter().filter(|(_, cents)| cents.get() > 0);
    for (place, (name, cents)) in charged.enumerate() {
        let line = format!("line_items[{place}]");
        put(&format!("{line}[quantity]"), "1");
        put(&format!("{line}[price_data][currency]"), "usd");
        put(&format!("{line}[price_data][unit_amount]"), &cents.get().to_string());
        put(&format!("{line}[price_data][product_data][name]"), name);
    }
    form.extend(metadata::of(order, "metadata"));
    form.extend(metadata::of(order, "payment_intent_data[metadata]"));
    Ask::post("/v1/checkout/sessions", &form, &bounded(key))
}

/// <https://docs.stripe.com/api/payment_intents/create>, confirmed at once and off session.
pub(super) fn charge(order: &Order, from: &Instrument, key: &str) -> Ask {
    let mut form: Form = Vec::new();
    let mut put = |name: &str, value: &str| form.push((name.to_owned(), value.to_owned()));
    put("amount", &order.total().get().to_string());
    put("currency", "usd");
    put("customer", &from.customer);
    if let Some(method) = &from.payment_method {
        put("payment_method", method);
    }
    put("off_session", "true");
    put("confirm", "true");
    // Nobody is there to be sent elsewhere.
    put("automatic_payment_methods[enabled]", "true");
    put("automatic_payment_methods[allow_redirects]", "never");
    form.extend(metadata::of(order, "metadata"));
    Ask::post("/v1/payment_intents", &form, &bounded(key))
}

/// <https://docs.stripe.com/api/payment_intents/retrieve>
pub(super) fn look_up(payment: &str) -> Ask {
    Ask::get(format!("/v1/payment_intents/{}", segment(payment)))
}

/// <https://docs.stripe.com/api/refunds/create>
pub(super) fn refund(refund: &RefundOrder<'_>, key: &str) -> Ask {
    let mut form = vec![("payment_intent".to_owned(), refund.payment.to_owned())];
    if let Some(amount) = refund.amount {
        form.push(("amount".to_owned(), amount.get().to_string()));
    }
    Ask::post("/v1/refunds", &form, &bounded(key))
}

/// <https://docs.stripe.com/api/refunds/list>
pub(super) fn list_refunds(payment: &str, after: Option<&str>) -> Ask {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &PAGE.to_string());
    query.append_pair("payment_intent", payment);
    if let Some(after) = after {
        query.append_pair("starting_after", after);
    }
    Ask::get(format!("/v1/refunds?{}", query.finish()))
}

/// <https://docs.stripe.com/api/events/list>, of those kinds that are acted on.
pub(super) fn list_events(since: Timestamp, after: Option<&str>) -> Ask {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &PAGE.to_string());
    query.append_pair("created[gte]", &since.unix_seconds().to_string());
    for kind in event::KINDS {
        query.append_pair("types[]", kind);
    }
    if let Some(after) = after {
        query.append_pair("starting_after", after);
    }
    Ask::get(format!("/v1/events?{}", query.finish()))
}

/// A key as it is taken: its hash where it is too long, or more than a header holds everywhere.
fn bounded(key: &str) -> String {
    if key.len() <= KEY_LONGEST && key.is_ascii() {
        return key.to_owned();
    }
    let hash = digest::digest(&digest::SHA256, key.as_bytes());
    let digits = |byte: &u8| [byte.checked_shr(4).unwrap_or_default(), byte & 15];
    let digits = hash.as_ref().iter().flat_map(digits);
    digits.filter_map(|it| char::from_digit(it.into(), 16)).collect()
}

/// An id as a segment of a path: it can't lead elsewhere.
fn segment(id: &str) -> String {
    form_urlencoded::byte_serialize(id.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use tollgate_ledger::{AccountId, PlatformFee};
    use tollgate_types::Usd;

    use super::*;
    use crate::{Cents, Fees, Method};

    fn order(method: PaymentMethod) -> Order {
        let standard = PlatformFee { millionths: 55_000, minimum: Usd::from_nanos(800_000_000) };
        let fees = Fees { standard, ..Fees::default() };
        let account = AccountId::new("Konto & 2").unwrap();
        Order::new("acme", account, Usd::from_nanos(10_000_000_000), (method, &fees)).unwrap()
    }

    fn told(ask: &Ask) -> Vec<(String, String)> {
        form_urlencoded::parse(ask.body.as_ref().unwrap().as_bytes()).into_owned().collect()
    }

    fn expected(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    const RETURNS: Returns<'_> =
        Returns { success_url: "https://a.example/ok?x=1", cancel_url: "https://a.example/no" };

    #[test]
    fn a_page_sells_credit_and_fee_and_says_what_was_ordered() {
        let ask = checkout(&order(PaymentMethod::Standard), None, &RETURNS, "key-1");
        assert_eq!((ask.method, ask.path.as_str()), (Method::Post, "/v1/checkout/sessions"));
        assert_eq!(ask.idempotency_key.as_deref(), Some("key-1"));
        let pairs = [
            ("mode", "payment"),
            ("success_url", "https://a.example/ok?x=1"),
            ("cancel_url", "https://a.example/no"),
            ("customer_creation", "always"),
            ("payment_intent_data[setup_future_usage]", "off_session"),
            ("line_items[0][quantity]", "1"),
            ("line_items[0][price_data][currency]", "usd"),
            ("line_items[0][price_data][unit_amount]", "1000"),
            ("line_items[0][price_data][product_data][name]", "Credit"),
            ("line_items[1][quantity]", "1"),
            ("line_items[1][price_data][currency]", "usd"),
            ("line_items[1][price_data][unit_amount]", "80"),
            ("line_items[1][price_data][product_data][name]", "Platform fee"),
            ("metadata[tollgate_installation]", "acme"),
            ("metadata[tollgate_account]", "Konto & 2"),
            ("metadata[tollgate_credit_cents]", "1000"),
            ("metadata[tollgate_fee_cents]", "80"),
            ("metadata[tollgate_purpose]", "asked"),
            ("payment_intent_data[metadata][tollgate_installation]", "acme"),
            ("payment_intent_data[metadata][tollgate_account]", "Konto & 2"),
            ("payment_intent_data[metadata][tollgate_credit_cents]", "1000"),
            ("payment_intent_data[metadata][tollgate_fee_cents]", "80"),
            ("payment_intent_data[metadata][tollgate_purpose]", "asked"),
        ];
        assert_eq!(told(&ask), expected(&pairs));
    }

    #[test]
    fn a_known_payer_stays_the_same_and_crypto_keeps_nothing() {
        let payer = Instrument { customer: "cus_1".to_owned(), payment_method: None };
        let ask = checkout(&order(PaymentMethod::Crypto), Some(&payer), &RETURNS, "k");
        let told = told(&ask);
        let has = |name: &str| told.iter().find(|(it, _)| it == name).map(|(_, it)| it.as_str());
        assert_eq!(has("customer"), Some("cus_1"));
        assert_eq!(has("customer_creation"), None);
        assert_eq!(has("payment_method_types[0]"), Some("crypto"));
        assert_eq!(has("payment_intent_data[setup_future_usage]"), None);
        // Its fee is its own: none here.
        assert_eq!(has("line_items[1][quantity]"), None);
    }

    #[test]
    fn what_is_charged_again_is_charged_once_and_with_nobody_there() {
        let from =
            Instrument { customer: "cus_1".to_owned(), payment_method: Some("pm_1".to_owned()) };
        let ask = charge(&order(PaymentMethod::Standard).automatic(), &from, "topup-7");
        assert_eq!((ask.method, ask.path.as_str()), (Method::Post, "/v1/payment_intents"));
        assert_eq!(ask.idempotency_key.as_deref(), Some("topup-7"));
        let pairs = [
            ("amount", "1080"),
            ("currency", "usd"),
            ("customer", "cus_1"),
            ("payment_method", "pm_1"),
            ("off_session", "true"),
            ("confirm", "true"),
            ("automatic_payment_methods[enabled]", "true"),
            ("automatic_payment_methods[allow_redirects]", "never"),
            ("metadata[tollgate_installation]", "acme"),
            ("metadata[tollgate_account]", "Konto & 2"),
            ("metadata[tollgate_credit_cents]", "1000"),
            ("metadata[tollgate_fee_cents]", "80"),
            ("metadata[tollgate_purpose]", "auto-top-up"),
        ];
        assert_eq!(told(&ask), expected(&pairs));
    }

    #[test]
    fn look_ups_and_refunds() {
        assert_eq!(look_up("pi_1").path, "/v1/payment_intents/pi_1");
        assert_eq!(look_up("pi_1/../x").path, "/v1/payment_intents/pi_1%2F..%2Fx");
        assert_eq!(look_up("pi_1").method, Method::Get);
        let part = RefundOrder { payment: "pi_1", amount: Some(Cents::new(300)) };
        let pairs = [("payment_intent", "pi_1"), ("amount", "300")];
        assert_eq!(told(&refund(&part, "r")), expected(&pairs));
        let whole = RefundOrder { payment: "pi_1", amount: None };
        assert_eq!(told(&refund(&whole, "r")), expected(&[("payment_intent", "pi_1")]));
    }

    #[test]
    fn events_are_listed_by_kind_from_an_instant_on() {
        let ask = list_events(Timestamp::from_unix_millis(1_790_000_000_500), Some("evt_7"));
        assert_eq!(ask.method, Method::Get);
        let (path, query) = ask.path.split_once('?').unwrap();
        assert_eq!(path, "/v1/events");
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        assert!(pairs.contains(&("created[gte]".to_owned(), "1790000000".to_owned())), "{query}");
        assert!(pairs.contains(&("starting_after".to_owned(), "evt_7".to_owned())), "{query}");
        let kinds = pairs.iter().filter(|(name, _)| name == "types[]").count();
        assert_eq!(kinds, event::KINDS.len());
    }

    #[test]
    fn a_key_that_is_too_long_is_hashed() {
        let (fits, long) = ("k".repeat(255), "k".repeat(256));
        let order = order(PaymentMethod::Standard);
        let key = |key: &str| checkout(&order, None, &RETURNS, key).idempotency_key.unwrap();
        assert_eq!(key(&fits), fits);
        assert_eq!(key(&long).len(), 64);
        assert!(key("Übersee/top-up/1").is_ascii());
        assert_eq!(key(&long), key(&long));
        assert_ne!(key(&long), key(&"l".repeat(256)));
    }
}
