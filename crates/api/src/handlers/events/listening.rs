//! One listener: waits for what happens, and writes what it may see of it.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};
use tollgate_engine::{Heard, Subscription};
use tollgate_organisation::{Access, Area};
use tollgate_store::{GenerationRecord, GenerationSummary, RecordFilter};
use tollgate_types::KeyHash;

use super::Topics;
use super::alerting::NewAlerts;
use super::circuits::Circuits;
use crate::auth::Manager;
use crate::error::ApiError;
use crate::handlers::logs::LogRow;
use crate::router::App;

/// At least so long between two messages of calls.
const PAUSE: Duration = Duration::from_millis(250);
/// Calls in one message: of more, the oldest are left out, and the gap is told.
const ROWS_MAX: usize = 200;
/// What is quiet for longer would be taken for dead by proxies and browsers. Whether the listener
/// still may listen is looked up as often.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often circuits are looked at.
const CIRCUITS_EVERY: Duration = Duration::from_millis(500);
/// How often it is looked whether alerts were entered: by any gateway on the store.
const ALERTS_EVERY: Duration = Duration::from_secs(2);

/// A listener and its place.
pub(super) struct Listening {
    app: App,
    key: KeyHash,
    access: Access,
    filter: RecordFilter,
    calls: Option<Subscription>,
    circuits: Option<(Interval, Circuits)>,
    alerts: Option<(Interval, NewAlerts)>,
    heartbeat: Interval,
    /// Calls that were not told yet, the oldest first.
    waiting: VecDeque<LogRow>,
    has_gap: bool,
    /// When calls may be told again.
    pause_until: Instant,
    /// What is to be written.
    out: String,
    told: u64,
    _place: OwnedSemaphorePermit,
}

/// What a listener was woken by.
enum Woken {
    Stop,
    Pause,
    Heartbeat,
    Circuits,
    Alerts,
    Heard(Heard),
}

impl Listening {
    pub(super) async fn begin(
        app: App,
        manager: Manager,
        (topics, filter): (Topics, RecordFilter),
        place: OwnedSemaphorePermit,
    ) -> Result<Self, ApiError> {
        let Manager { key, access } = manager;
        let alerts = if topics.alerts {
            Some((every(ALERTS_EVERY), NewAlerts::begin(&app).await?))
        } else {
            None
        };
        let circuits = topics.health.then(|| (every(CIRCUITS_EVERY), Circuits::of(&app)));
        Ok(Self {
            key: key.record.hash,
            access,
            filter,
            calls: topics.logs.then(|| app.engine.recorder().feed().subscribe()),
            circuits,
            alerts,
            heartbeat: every(HEARTBEAT),
            waiting: VecDeque::new(),
            has_gap: false,
            pause_until: Instant::now(),
            // It goes out at once, so that the client knows that it is heard.
            out: "retry: 1000\n\n".to_owned(),
            told: 0,
            _place: place,
            app,
        })
    }

    /// What is to be written next; none at the end.
    ///
    /// Cancel safe: what it was woken by is either noted or comes again.
    pub(super) async fn next(&mut self) -> Option<String> {
        while self.out.is_empty() {
            match self.woken().await {
                Woken::Stop => return None,
                Woken::Pause => self.tell_calls(),
                Woken::Heartbeat => {
                    self.still_may()?;
                    self.out.push_str(": listening\n\n");
                }
                Woken::Circuits => self.tell_circuits(),
                Woken::Alerts => self.tell_alerts().await,
                Woken::Heard(Heard::Gap) => self.has_gap = true,
                Woken::Heard(Heard::Records(records)) => self.note(&records),
            }
        }
        Some(std::mem::take(&mut self.out))
    }

    async fn woken(&mut self) -> Woken {
        let has_calls = self.has_gap || !self.waiting.is_empty();
        let heard = async {
            match &mut self.calls {
                // The engine stops after the listeners.
                Some(calls) => calls.next().await.map_or(Woken::Stop, Woken::Heard),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.app.streams.stopping().cancelled() => Woken::Stop,
            () = sleep_until(self.pause_until), if has_calls => Woken::Pause,
            _ = self.heartbeat.tick() => Woken::Heartbeat,
            () = tick(self.circuits.as_mut().map(|it| &mut it.0)) => Woken::Circuits,
            () = tick(self.alerts.as_mut().map(|it| &mut it.0)) => Woken::Alerts,
            woken = heard => woken,
        }
    }

    /// Looks up again what its key may see; none when that is nothing any more.
    fn still_may(&mut self) -> Option<()> {
        let engine = &self.app.engine;
        let key = engine.keys().get(self.key)?;
        let is_over = key.record.expires_at.is_some_and(|at| at <= engine.now());
        let access = engine.organisation().access(&key.record)?;
        if key.record.disabled || is_over || !access.may(Area::Usage, false) {
            return None;
        }
        let open = || access.workspaces.keys().cloned().collect();
        self.filter.within = (!access.is_everywhere()).then(open);
        self.access = access;
        Some(())
    }

    fn note(&mut self, records: &[GenerationRecord]) {
        for record in records.iter().filter(|record| self.filter.matches(record)) {
            let summary = GenerationSummary::of(record, record.key_hash);
            self.waiting.push_back(LogRow::of(summary, &self.app));
            if self.waiting.len() > ROWS_MAX {
                self.waiting.pop_front();
                self.has_gap = true;
            }
        }
    }

    fn tell_calls(&mut self) {
        self.pause_until = Instant::now() + PAUSE;
        if std::mem::take(&mut self.has_gap) {
            let at = self.app.engine.now().to_rfc3339();
            self.tell("gap", &json!({ "at": at }));
        }
        if !self.waiting.is_empty() {
            // As lists have them: the newest first.
            let rows: Vec<LogRow> = self.waiting.drain(..).rev().collect();
            self.tell("logs", &rows);
        }
    }

    fn tell_circuits(&mut self) {
        let Some((_, circuits)) = &mut self.circuits else { return };
        for change in circuits.changes(&self.app) {
            self.tell("health", &change);
        }
    }

    async fn tell_alerts(&mut self) {
        let Some((_, alerts)) = &mut self.alerts else { return };
        match alerts.found(&self.app, &self.access).await {
            Ok((alerts, is_whole)) => {
                self.has_gap |= !is_whole;
                for alert in alerts {
                    self.tell("alert", &alert);
                }
            }
            // Looked for again soon.
            Err(error) => tracing::debug!(%error, "alerts can't be read"),
        }
    }

    /// Writes an event. What it is about can always be written as JSON, on one line.
    fn tell(&mut self, event: &str, data: &impl Serialize) {
        self.told = self.told.saturating_add(1);
        let id = (self.app.engine.now().unix_millis(), self.told);
        let data = serde_json::to_string(data).unwrap_or_default();
        let out = &mut self.out;
        // A text can always be written to.
        write!(out, "event: {event}\nid: {}-{}\ndata: {data}\n\n", id.0, id.1).unwrap_or_default();
    }
}

fn every(period: Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

async fn tick(ticks: Option<&mut Interval>) {
    match ticks {
        Some(ticks) => {
            ticks.tick().await;
        }
        None => std::future::pending().await,
    }
}
