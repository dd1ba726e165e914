//! How an alert is told to one receiver: who tries, how often, when again.
//!
//! Whoever tries first takes the alert for a while ([`Delivery::take`], kept before anything is
//! sent). A node that dies meanwhile leaves it to another: so a receiver hears at least once.

use serde::{Deserialize, Serialize};
use tollgate_store::form;
use tollgate_types::Timestamp;

/// How often it is tried again after the first time.
pub const RETRIES: u32 = 5;
/// So long an alert is its taker's.
const TAKEN_MS: i64 = 5 * 60_000;
/// The pause before the first retry; each is twice the one before.
const PAUSE_MS: i64 = 30_000;

/// Where an alert is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// To the operator's URL.
    Webhook,
    /// By mail.
    Email,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// Still to be told.
    Pending,
    /// Told.
    Delivered,
    /// Given up.
    Failed,
}

/// How telling one receiver goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Where.
    pub channel: Channel,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// Nobody tries before this.
    #[serde(with = "form")]
    pub next_at: Timestamp,
    /// Who tries, or tried last, by a name made up for the attempt: so two who take it in the same
    /// instant do not write the same.
    pub taker: Option<String>,
    /// When it was told.
    #[serde(with = "form")]
    pub delivered_at: Option<Timestamp>,
    /// What went wrong last.
    pub error: Option<String>,
}

impl Channel {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Email => "email",
        }
    }
}

impl DeliveryState {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

impl Delivery {
    /// To be told at once.
    pub const fn new(channel: Channel, now: Timestamp) -> Self {
        let state = DeliveryState::Pending;
        Self {
            channel,
            state,
            attempts: 0,
            next_at: now,
            taker: None,
            delivered_at: None,
            error: None,
        }
    }

    /// Whether it is still to be told.
    pub fn is_pending(&self) -> bool {
        self.state == DeliveryState::Pending
    }

    /// Whether somebody should try now.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.is_pending() && self.next_at <= now
    }

    /// Takes it for an attempt, which has the name `taker`. `false` when there were enough: then it
    /// is given up.
    pub fn take(&mut self, taker: String, now: Timestamp) -> bool {
        if self.attempts > RETRIES {
            // Who tried last never said what became of it.
            self.state = DeliveryState::Failed;
            return false;
        }
        self.attempts = self.attempts.saturating_add(1);
        self.taker = Some(taker);
        self.next_at = now.plus_millis(TAKEN_MS);
        true
    }

    /// It was told.
    pub fn told(&mut self, now: Timestamp) {
        self.state = DeliveryState::Delivered;
        self.delivered_at = Some(now);
        self.error = None;
    }

    /// It could not be told: again later, unless that was the last time.
    pub fn not_told(&mut self, now: Timestamp, error: String) {
        self.error = Some(error);
        if self.attempts > RETRIES {
            self.state = DeliveryState::Failed;
            return;
        }
        let doubled = self.attempts.saturating_sub(1).min(RETRIES);
        self.next_at = now.plus_millis(PAUSE_MS.saturating_mul(1_i64 << doubled));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_millis(seconds * 1_000)
    }

    fn taken(delivery: &mut Delivery, now: Timestamp) -> bool {
        delivery.take("somebody".to_owned(), now)
    }

    #[test]
    fn two_who_take_it_at_once_do_not_write_the_same() {
        let mut delivery = Delivery::new(Channel::Webhook, at(0));
        let mut other = delivery.clone();
        assert!(delivery.take("one".to_owned(), at(1)) && other.take("two".to_owned(), at(1)));
        assert_ne!(delivery, other);
    }

    #[test]
    fn it_is_tried_again_ever_later_and_then_given_up() {
        let mut delivery = Delivery::new(Channel::Webhook, at(0));
        let mut now = at(0);
        let mut pauses = Vec::new();
        while delivery.is_due(now) {
            assert!(taken(&mut delivery, now));
            delivery.not_told(now, "HTTP 500".to_owned());
            if delivery.is_pending() {
                assert!(!delivery.is_due(delivery.next_at.plus_millis(-1)));
                pauses.push(delivery.next_at.millis_since(now) / 1_000);
                now = delivery.next_at;
            }
        }
        assert_eq!(pauses, [30, 60, 120, 240, 480]);
        assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Failed, 6));
        assert_eq!(delivery.error.as_deref(), Some("HTTP 500"));
    }

    #[test]
    fn what_is_taken_is_nobody_elses_for_five_minutes() {
        let mut delivery = Delivery::new(Channel::Email, at(0));
        assert!(taken(&mut delivery, at(0)));
        assert!(!delivery.is_due(at(299)) && delivery.is_due(at(300)));
        assert!(taken(&mut delivery, at(300)));
        delivery.told(at(301));
        assert!(!delivery.is_due(at(10_000)) && !delivery.is_pending());
        assert_eq!((delivery.attempts, delivery.delivered_at), (2, Some(at(301))));
    }

    #[test]
    fn takers_that_always_die_end_too() {
        let mut delivery = Delivery::new(Channel::Email, at(0));
        for attempt in 0..=i64::from(RETRIES) {
            assert!(taken(&mut delivery, at(attempt * 300)));
        }
        assert!(!taken(&mut delivery, at(10_000)));
        assert_eq!(delivery.state, DeliveryState::Failed);
    }
}
