//! What one of those who are limited has taken of one measure in one window.

use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tollgate_types::Timestamp;

use crate::minute::{Minute, SECONDS, Second, passes_at};
use crate::periods::{Epoch, Periods};
use crate::share::SharePlace;
use crate::{Entry, IDLE, Limit, Load, Measure, Relief, Scope, Window};

/// Whoever comes by less late than this, in milliseconds, comes now: threads read the clock and are
/// held up, and clocks are nudged.
pub const CLOCK_SLACK: i64 = 1_000;

/// What was taken, by whom, of what, and over which time. Found in [`crate::Counters`].
#[derive(Debug)]
pub struct Counter {
    /// Counters of one call are locked in this order.
    pub(crate) order: u64,
    pub(crate) scope: Scope,
    pub(crate) id: Arc<str>,
    pub(crate) measure: Measure,
    pub(crate) window: Window,
    state: Mutex<State>,
    /// Its place in the share of whoever had it made, which it frees when it goes.
    _place: Option<SharePlace>,
}

/// A limit together with what was taken of it. May be kept for as long as the limit stands, and is
/// cheap to make anew.
#[derive(Debug, Clone)]
pub struct Applied {
    pub(crate) counter: Arc<Counter>,
    pub(crate) amount: u64,
}

/// How a limit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What counts now, with what running calls hold.
    pub used: u64,
    /// What may still be taken.
    pub remaining: u64,
    /// When all that counts now has passed. `None` when nothing passes, or nothing counts.
    pub resets_at: Option<Timestamp>,
}

/// What a counter has counted. Asked about only after [`State::advance`].
#[derive(Debug)]
pub(crate) struct State {
    window: Window,
    /// The clock when it was last looked at.
    latest: Timestamp,
    /// When a call last had to do with it.
    asked: Timestamp,
    tally: Tally,
    elsewhere: Elsewhere,
    /// Whether a call is under way that may take more than it has taken.
    uncovered: bool,
}

/// Where in a counter something was taken, so that it is given back there and nowhere else.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    Second(Second),
    Period(Epoch),
}

#[derive(Debug)]
enum Tally {
    Minute(Box<Minute>),
    Periods(Periods),
}

/// What other nodes took.
#[derive(Debug, Clone, Copy, Default)]
struct Elsewhere {
    amount: u64,
    /// In which window, as [`State::mark`] has it.
    at: i64,
}

impl Counter {
    pub(crate) fn new(order: u64, limit: &Limit, id: Arc<str>, now: Timestamp) -> Self {
        let Limit { scope, measure, window, amount: _ } = *limit;
        let tally = match window {
            Window::Minute => Tally::Minute(Box::new(Minute::new(now))),
            Window::InFlight | Window::Day | Window::Week | Window::Month | Window::Lifetime => {
                Tally::Periods(Periods::new(window, now))
            }
        };
        let elsewhere = Elsewhere::default();
        let state = State { window, latest: now, asked: now, tally, elsewhere, uncovered: false };
        Self { order, scope, id, measure, window, state: Mutex::new(state), _place: None }
    }

    /// The same in a place of somebody's share.
    pub(crate) fn placed(self, place: Option<SharePlace>) -> Self {
        Self { _place: place, ..self }
    }

    /// The state as of `now`, for a call.
    pub(crate) fn at(&self, now: Timestamp) -> MutexGuard<'_, State> {
        let mut state = self.aside(now);
        state.asked = state.latest;
        state
    }

    /// The same for what is done now and then with every counter, which keeps none from being idle.
    fn aside(&self, now: Timestamp) -> MutexGuard<'_, State> {
        let mut state = self.state.lock();
        state.advance(now);
        state
    }

    /// The state as it was left, for who does not know what time it is.
    pub(crate) fn as_left(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    pub(crate) const fn limit(&self, amount: u64) -> Limit {
        Limit { scope: self.scope, measure: self.measure, window: self.window, amount }
    }

    /// The part of what a call took that it keeps when it ends: nothing of what is in flight, all
    /// of what is final, and what it used of the rest.
    pub(crate) fn kept(&self, taken: u64, used: &Load) -> u64 {
        if matches!(self.window, Window::InFlight) {
            0
        } else if self.measure.is_final() {
            taken
        } else {
            self.measure.of(used)
        }
    }

    pub(crate) fn entry(&self, now: Timestamp) -> Entry {
        let state = self.aside(now);
        let (counted, held) = match &state.tally {
            Tally::Minute(minute) => (minute.counted(), 0),
            Tally::Periods(periods) => (periods.counted(), periods.held()),
        };
        Entry {
            scope: self.scope,
            id: self.id.as_ref().to_owned(),
            measure: self.measure,
            window: self.window,
            starts_day: Entry::day(self.window, now),
            used: counted.saturating_sub(held),
            held,
        }
    }

    /// Counts so much at least: what was taken before a restart, or before there was a counter.
    pub(crate) fn restore(&self, used: u64, now: Timestamp) {
        if let Tally::Periods(periods) = &mut self.at(now).tally {
            let known = periods.counted().saturating_sub(periods.held());
            // It is final: nobody will look for its place.
            let _ = periods.take(used.saturating_sub(known), true);
        }
    }

    /// Sets what other nodes took in the window that counts now.
    pub(crate) fn observed(&self, amount: u64, now: Timestamp) {
        let mut state = self.aside(now);
        state.elsewhere = Elsewhere { amount, at: state.mark() };
    }

    /// Whether nobody misses it: nothing of it counts, and nobody has asked for long.
    pub(crate) fn is_idle(&self, now: Timestamp) -> bool {
        let mut state = self.aside(now);
        // Asked for ahead of now is asked for now.
        state.asked = state.asked.min(state.latest);
        state.latest.millis_since(state.asked) >= IDLE && state.used() == 0
    }
}

impl Applied {
    /// The limit.
    pub fn limit(&self) -> Limit {
        self.counter.limit(self.amount)
    }

    /// Who is limited.
    pub fn id(&self) -> &str {
        &self.counter.id
    }

    /// How it stands.
    pub fn standing(&self, now: Timestamp) -> Standing {
        let state = self.counter.at(now);
        let used = state.used();
        let remaining = self.amount.saturating_sub(used);
        Standing { used, remaining, resets_at: state.resets_at() }
    }
}

impl Applied {
    /// What counts now, without what running calls of this node hold. Looks only: who is looked at is
    /// idle all the same.
    pub fn settled(&self, now: Timestamp) -> u64 {
        let state = self.counter.aside(now);
        let held = match &state.tally {
            Tally::Minute(_) => 0,
            Tally::Periods(periods) => periods.held(),
        };
        state.used().saturating_sub(held)
    }
}

impl State {
    fn advance(&mut self, now: Timestamp) {
        let back = self.latest.millis_since(now);
        let now = if (0..CLOCK_SLACK).contains(&back) { self.latest } else { now };
        self.latest = now;
        match &mut self.tally {
            Tally::Minute(minute) => minute.advance(now),
            Tally::Periods(periods) => periods.advance(now),
        }
        self.elsewhere.at = self.elsewhere.at.min(self.mark());
    }

    /// What the window that counts now is known by to [`Elsewhere`]: its first instant, or this
    /// second where none begins.
    fn mark(&self) -> i64 {
        match &self.tally {
            Tally::Periods(periods) if self.window.lasts() => periods.period().starts.unix_millis(),
            Tally::Periods(_) | Tally::Minute(_) => self.latest.unix_seconds(),
        }
    }

    /// What other nodes took of what counts now. What they have in flight, and what they took in a
    /// minute, holds for a minute unless they say so again.
    fn elsewhere(&self) -> u64 {
        let age = self.mark().saturating_sub(self.elsewhere.at);
        let counts = if self.window.lasts() { age == 0 } else { age < SECONDS };
        if counts { self.elsewhere.amount } else { 0 }
    }

    /// What counts now.
    pub(crate) fn used(&self) -> u64 {
        let here = match &self.tally {
            Tally::Minute(minute) => minute.counted(),
            Tally::Periods(periods) => periods.counted(),
        };
        here.saturating_add(self.elsewhere())
    }

    /// Whether a call is under way that may take more than it has taken.
    pub(crate) const fn is_uncovered(&self) -> bool {
        self.uncovered
    }

    /// Notes that such a call begins, or that it has ended.
    pub(crate) const fn cover(&mut self, is_covered: bool) {
        self.uncovered = !is_covered;
    }

    /// When a call may take `need`; `None` when it may now.
    pub(crate) fn relief(&self, need: u64, amount: u64) -> Option<Relief> {
        let used = self.used();
        // What can't be counted does not fit either.
        if need == 0 || used.checked_add(need).is_some_and(|used| used <= amount) {
            return None;
        }
        if need > amount {
            return Some(Relief::Never);
        }
        let held = match &self.tally {
            Tally::Minute(minute) => minute.held(),
            Tally::Periods(periods) => periods.held(),
        };
        let settled = used.saturating_sub(held);
        let fits_when_calls_end = settled.checked_add(need).is_some_and(|used| used <= amount);
        Some(match &self.tally {
            _ if fits_when_calls_end || self.window == Window::InFlight => Relief::WhenCallsEnd,
            Tally::Minute(minute) => {
                let excess = used.saturating_add(need).saturating_sub(amount);
                Relief::At(minute.freed_at(excess, (self.elsewhere(), self.elsewhere.at)))
            }
            Tally::Periods(periods) if self.window.ends() => Relief::At(periods.period().ends),
            Tally::Periods(_) => Relief::Never,
        })
    }

    /// When all that counts now has passed.
    pub(crate) fn resets_at(&self) -> Option<Timestamp> {
        match &self.tally {
            Tally::Minute(minute) => {
                let elsewhere = (self.elsewhere() > 0).then_some(self.elsewhere.at);
                minute.last().max(elsewhere).map(passes_at)
            }
            Tally::Periods(periods) => self.window.ends().then(|| periods.period().ends),
        }
    }

    pub(crate) fn take(&mut self, amount: u64, is_final: bool) -> Place {
        match &mut self.tally {
            Tally::Minute(minute) => Place::Second(minute.take(amount, is_final)),
            Tally::Periods(periods) => Place::Period(periods.take(amount, is_final)),
        }
    }

    /// A call has ended that took so much, and keeps so much.
    pub(crate) fn settle(&mut self, place: Place, (taken, kept): (u64, u64), is_final: bool) {
        let changed = (taken.saturating_sub(kept), kept.saturating_sub(taken));
        let held = if is_final { 0 } else { taken };
        match (&mut self.tally, place) {
            (Tally::Minute(minute), Place::Second(second)) => minute.settle(second, held, changed),
            (Tally::Periods(periods), Place::Period(epoch)) => periods.settle(epoch, held, changed),
            // A counter's places are of its own kind.
            (Tally::Minute(_), Place::Period(_)) | (Tally::Periods(_), Place::Second(_)) => {}
        }
    }
}
