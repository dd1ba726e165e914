//! Buying credit: `POST /credits/checkout`, `/credits/auto-topup`, `/credits/refunds` and the
//! provider's webhook. Beyond the contract.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tollgate_engine::{AutoTopUp, Cashier, CashierError, Payer, Received};
use tollgate_payments::{PaymentError, PaymentMethod, SIGNATURE_HEADER, Webhook};
use tollgate_types::Chain;
use tollgate_wire::error::ErrorType;
use tollgate_wire::json::UsdNumber;

use super::credits::{Data, WhoseAccount};
use super::dollars;
use crate::auth::ManagementKey;
use crate::body::{JsonBody, read_at_most};
use crate::error::ApiError;
use crate::query::Params;
use crate::router::App;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedCredit {
    /// US dollars, as a number or as text.
    amount: Value,
    #[serde(default)]
    payment_method: WantedMethod,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WantedMethod {
    #[default]
    Standard,
    Crypto,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedTopUp {
    /// US dollars, as a number or as text.
    threshold: Value,
    /// The same.
    amount: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedRefund {
    /// The payment's id at the provider, or the ledger's.
    payment: String,
    /// US dollars, as a number or as text; all that is left when absent.
    amount: Option<Value>,
}

#[derive(Debug, Serialize)]
pub(crate) struct RefundView {
    /// Its id at the provider.
    id: String,
    amount: UsdNumber,
    /// Whether credit is bought for the account without anybody asking, also afterwards.
    auto_topup_enabled: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct CheckoutView {
    id: String,
    url: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct TopUpView {
    enabled: bool,
    threshold: Option<UsdNumber>,
    amount: Option<UsdNumber>,
    /// Whether somebody has paid in a way that can be charged again.
    has_payment_method: bool,
    /// Why nothing is bought any more, until it is set again.
    stopped: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ReceivedView {
    received: bool,
}

/// A provider's notice is a few kilobytes.
const NOTICE_BYTES_MAX: usize = 256 * 1024;
const KEY_HEADER: &str = "idempotency-key";
const KEY_LONGEST: usize = 128;

/// `POST /credits/coinbase`: how stablecoins once paid (contract §1.3).
pub(crate) async fn coinbase_is_gone() -> ApiError {
    ApiError::new(
        ErrorType::Gone,
        "Credit is not bought here any more. Use POST /api/v1/credits/checkout, with \"payment_method\": \"crypto\" to pay in stablecoins",
    )
}

/// Opens a page on which credit can be bought. Under the same `Idempotency-Key` it is the same page.
pub(crate) async fn create_checkout(
    State(app): State<App>,
    _: ManagementKey,
    Params(whose): Params<WhoseAccount>,
    headers: HeaderMap,
    JsonBody(wanted): JsonBody<WantedCredit>,
) -> Result<(StatusCode, Json<Data<CheckoutView>>), ApiError> {
    let cashier = cashier(&app)?;
    let method = match wanted.payment_method {
        WantedMethod::Standard => PaymentMethod::Standard,
        WantedMethod::Crypto => PaymentMethod::Crypto,
    };
    let key = idempotency_key(&app, &headers)?;
    let amount = dollars::exact("amount", &wanted.amount)?;
    let account = whose.find(&app).await?;
    let page = cashier.checkout(&account, amount, method, &key).await?;
    let data = CheckoutView { id: page.id, url: page.url };
    Ok((StatusCode::CREATED, Json(Data { data })))
}

/// Has a payment go back, or a part of it, once for each `Idempotency-Key`. The ledger has it when
/// the provider tells of it.
pub(crate) async fn create_refund(
    State(app): State<App>,
    _: ManagementKey,
    headers: HeaderMap,
    JsonBody(wanted): JsonBody<WantedRefund>,
) -> Result<(StatusCode, Json<Data<RefundView>>), ApiError> {
    let cashier = cashier(&app)?;
    let key = idempotency_key(&app, &headers)?;
    let amount = wanted.amount.as_ref().map(|it| dollars::exact("amount", it)).transpose()?;
    let refunded = cashier.refund(&wanted.payment, amount, &key).await?;
    let data = RefundView {
        id: refunded.refund.id,
        amount: UsdNumber(refunded.refund.amount.to_usd()),
        auto_topup_enabled: refunded.is_topped_up,
    };
    Ok((StatusCode::CREATED, Json(Data { data })))
}

/// What a request is asked under: the caller's key, or one of its own.
fn idempotency_key(app: &App, headers: &HeaderMap) -> Result<String, ApiError> {
    let Some(given) = headers.get(KEY_HEADER) else {
        return app.engine.new_id().map_err(|error| ApiError::internal(&error));
    };
    let given = given.to_str().ok().filter(|it| (1..=KEY_LONGEST).contains(&it.len()));
    let told = "Idempotency-Key: Expected 1 to 128 printable characters";
    given.map(str::to_owned).ok_or_else(|| ApiError::bad_request(told))
}

/// What is bought without anybody asking.
pub(crate) async fn get_auto_top_up(
    State(app): State<App>,
    _: ManagementKey,
    Params(whose): Params<WhoseAccount>,
) -> Result<Json<Data<TopUpView>>, ApiError> {
    let account = whose.find(&app).await?;
    let payer = cashier(&app)?.who_pays(&account).await?;
    Ok(Json(Data { data: TopUpView::of(&payer) }))
}

/// Has credit bought whenever too little is left.
pub(crate) async fn put_auto_top_up(
    State(app): State<App>,
    _: ManagementKey,
    Params(whose): Params<WhoseAccount>,
    JsonBody(wanted): JsonBody<WantedTopUp>,
) -> Result<Json<Data<TopUpView>>, ApiError> {
    let account = whose.find(&app).await?;
    let threshold = dollars::exact("threshold", &wanted.threshold)?;
    let wanted = AutoTopUp::new(threshold, dollars::exact("amount", &wanted.amount)?);
    let payer = cashier(&app)?.set_auto_top_up(&account, Some(wanted)).await?;
    Ok(Json(Data { data: TopUpView::of(&payer) }))
}

/// Has nothing bought any more.
pub(crate) async fn delete_auto_top_up(
    State(app): State<App>,
    _: ManagementKey,
    Params(whose): Params<WhoseAccount>,
) -> Result<Json<Data<TopUpView>>, ApiError> {
    let account = whose.find(&app).await?;
    let payer = cashier(&app)?.set_auto_top_up(&account, None).await?;
    Ok(Json(Data { data: TopUpView::of(&payer) }))
}

/// What Stripe tells. Who it is from is in its signature; it is answered when the ledger has it.
pub(crate) async fn receive_stripe(
    State(app): State<App>,
    request: Request,
) -> Result<Json<ReceivedView>, ApiError> {
    let cashier = cashier(&app)?;
    let signature = request.headers().get(SIGNATURE_HEADER).cloned();
    let body = read_at_most(request, &app, NOTICE_BYTES_MAX).await?;
    let signature = signature.as_ref().and_then(|it| it.to_str().ok());
    match cashier.receive(&Webhook { signature, body: &body }).await {
        Ok(received) => {
            // What was taken back is not spent here from now on; elsewhere within a round.
            if received == Received::Posted
                && let Err(error) = app.engine.purses().follow().await
            {
                tracing::warn!(error = %Chain(&error), "credit can't be given back now");
            }
            Ok(Json(ReceivedView { received: true }))
        }
        Err(error) => {
            tracing::warn!(error = %Chain(&error), "a notice of the payment provider is not acted on");
            Err(error.into())
        }
    }
}

fn cashier(app: &App) -> Result<&Arc<Cashier>, ApiError> {
    app.config.cashier.as_ref().ok_or_else(|| {
        ApiError::not_found("No credit is sold here. Set up a payment provider under [payments]")
    })
}

impl TopUpView {
    fn of(payer: &Payer) -> Self {
        let wanted = payer.auto_top_up;
        Self {
            enabled: payer.is_topped_up(),
            threshold: wanted.map(|it| UsdNumber(it.threshold())),
            amount: wanted.map(|it| UsdNumber(it.amount())),
            has_payment_method: payer.can_be_charged(),
            stopped: payer.stopped.clone(),
        }
    }
}

impl From<CashierError> for ApiError {
    fn from(error: CashierError) -> Self {
        match error {
            CashierError::Order(error) => Self::bad_request(format!("amount: {error}")),
            CashierError::NotCents(error) => Self::bad_request(format!("amount: {error}")),
            CashierError::NoPayment => Self::not_found(format!("payment: {error}")),
            CashierError::Payment(PaymentError::KeyReused) => Self::new(
                ErrorType::Conflict,
                "Idempotency-Key: It was used for something else. Choose another",
            ),
            CashierError::Notice(_) | CashierError::NoInstrument | CashierError::NotRefunded(_) => {
                Self::bad_request(error.to_string())
            }
            CashierError::Otherwise { .. } => Self::new(ErrorType::Conflict, error.to_string()),
            CashierError::Store(error) => error.into(),
            CashierError::Unreachable
            | CashierError::Unanswered
            | CashierError::Payment(PaymentError::Busy { .. }) => {
                Self::new(ErrorType::ProviderOverloaded, error.to_string())
            }
            CashierError::Payment(
                PaymentError::Refused { .. }
                | PaymentError::Unauthorized { .. }
                | PaymentError::Unreadable(_),
            ) => Self::new(ErrorType::ProviderUnavailable, error.to_string()),
        }
    }
}
