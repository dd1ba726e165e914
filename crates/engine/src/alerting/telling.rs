//! Telling receivers: one attempt at each delivery that is due. An alert is taken in the store
//! before anything is sent, so of several nodes one sends.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::Request;
use http::header::CONTENT_TYPE;
use tollgate_alerts::{Alert, Channel, Delivery, Pending, signature};
use tollgate_store::{Document, DocumentQuery, StoreError};
use tollgate_types::{Chain, Timestamp};
use tollgate_upstream::Mailer;

use super::{AlertWebhook, Alerting};

/// The header with the signature of a posted alert.
const SIGNATURE: &str = "x-tollgate-signature";
/// The header with the alert's id: what is told again has the same.
const ALERT_ID: &str = "x-tollgate-idempotency-key";
/// How long a receiver may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// As many alerts are told at once: one receiver that is slow holds up few others.
const AT_ONCE: usize = 8;
/// As many in one round.
const DUE_MAX: usize = 1_000;
/// Longest reason that is kept of a failure, in characters.
const ERROR_MAX: usize = 300;

impl Alerting {
    /// Tries once what is due, the longest due first and a few at once.
    ///
    /// # Errors
    ///
    /// When the store fails. What receivers fail at is tried again later.
    pub async fn tell(&self) -> Result<(), StoreError> {
        let due = stream::iter(self.due().await?).map(|alert| self.tell_of(alert));
        let told: Vec<_> = due.buffer_unordered(AT_ONCE).collect().await;
        told.into_iter().collect()
    }

    /// What is due now of all that is pending, the longest due first.
    async fn due(&self) -> Result<Vec<Document<Alert>>, StoreError> {
        let now = self.engine.now();
        let mut query = DocumentQuery::of::<Alert>().in_parent(Pending::PARENT);
        let mut due: Vec<Document<Alert>> = Vec::new();
        loop {
            let page = self.engine.stores().documents.page::<Alert>(&query).await?;
            let is_whole = u32::try_from(page.len()).is_ok_and(|length| length >= query.limit);
            query.after = page.last().map(|last| last.id.clone());
            due.extend(page.into_iter().filter(|it| it.body.next_at().is_some_and(|at| at <= now)));
            due.sort_by_key(|it| it.body.next_at());
            due.truncate(DUE_MAX);
            if !is_whole {
                return Ok(due);
            }
        }
    }

    async fn tell_of(&self, mut alert: Document<Alert>) -> Result<(), StoreError> {
        for channel in [Channel::Webhook, Channel::Email] {
            match self.tell_one(&mut alert, channel).await {
                Ok(()) => {}
                // Another node tells of it.
                Err(StoreError::Conflict) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn tell_one(
        &self,
        alert: &mut Document<Alert>,
        channel: Channel,
    ) -> Result<(), StoreError> {
        let now = self.engine.now();
        let Some(delivery) = of_channel(alert, channel).filter(|it| it.is_due(now)) else {
            return Ok(());
        };
        let attempt = self.engine.new_id().map_err(StoreError::unavailable)?;
        if !delivery.take(attempt, now) {
            return self.keep(alert).await;
        }
        self.keep(alert).await?;
        let told = self.send(alert, channel).await;
        if let Err(why) = &told {
            let (alert, channel) = (&alert.name, channel.as_str());
            tracing::warn!(alert, channel, why, "an alert can't be told now");
        }
        let now = self.engine.now();
        match (of_channel(alert, channel), told) {
            (None, _) => return Ok(()),
            (Some(delivery), Ok(())) => delivery.told(now),
            (Some(delivery), Err(why)) => {
                delivery.not_told(now, why.chars().take(ERROR_MAX).collect());
            }
        }
        self.keep(alert).await
    }

    /// Keeps what has changed of an alert that nobody else has changed.
    async fn keep(&self, alert: &mut Document<Alert>) -> Result<(), StoreError> {
        alert.parent = alert.body.is_pending().then(|| Pending::PARENT.to_owned());
        let change = alert.replacement(self.engine.now())?;
        self.engine.stores().documents.write(vec![change]).await?;
        alert.revision = alert.revision.saturating_add(1);
        Ok(())
    }

    /// # Errors
    ///
    /// Why it was not told, for people.
    async fn send(&self, alert: &Document<Alert>, channel: Channel) -> Result<(), String> {
        let now = self.engine.now();
        match channel {
            Channel::Webhook => match &self.config.webhook {
                Some(webhook) => self.post(webhook, alert, now).await,
                None => Err("no webhook is configured any more".to_owned()),
            },
            Channel::Email => match &self.config.mailer {
                Some(mailer) => mail(mailer, alert).await,
                None => Err("no mail is configured any more".to_owned()),
            },
        }
    }

    async fn post(
        &self,
        webhook: &AlertWebhook,
        alert: &Document<Alert>,
        now: Timestamp,
    ) -> Result<(), String> {
        let body = serde_json::to_vec(&alert.body.view(&alert.id)).map_err(|it| it.to_string())?;
        let mut request = Request::post(webhook.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(ALERT_ID, &alert.id);
        if let Some(secret) = &webhook.secret {
            request = request.header(SIGNATURE, signature(secret.expose(), &body, now));
        }
        let request = request.body(Bytes::from(body)).map_err(|error| error.to_string())?;
        let response = self.upstream.send(request, PATIENCE).await;
        let status = response.map_err(|error| Chain(&error).to_string())?.status();
        if status.is_success() { Ok(()) } else { Err(format!("the receiver answered {status}")) }
    }
}

async fn mail(mailer: &Mailer, alert: &Document<Alert>) -> Result<(), String> {
    let message = alert.body.message();
    let view = serde_json::to_string_pretty(&alert.body.view(&alert.id));
    let text = format!("{message}\n\n{}\n", view.map_err(|error| error.to_string())?);
    let at = u64::try_from(alert.body.at.unix_millis()).unwrap_or_default();
    let sent = mailer.send(&message, text, (&alert.id, at)).await;
    sent.map_err(|error| Chain(&error).to_string())
}

fn of_channel(alert: &mut Document<Alert>, channel: Channel) -> Option<&mut Delivery> {
    alert.body.deliveries.iter_mut().find(|it| it.channel == channel)
}
