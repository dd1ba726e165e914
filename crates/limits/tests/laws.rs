//! Laws that hold whatever is called, whenever; the first against a list of all that happened.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests should panic where something is not as expected"
)]

use proptest::prelude::*;
use tollgate_limits::{
    Applied, Counters, Limit, Load, Measure, Relief, Reservation, Scope, Window, admit,
};
use tollgate_types::{Timestamp, UsageWindows, Usd, UtcDay};

const LIMITS: [(Scope, Measure, Window, u64); 10] = [
    (Scope::Key, Measure::Requests, Window::Minute, 6),
    (Scope::Key, Measure::Tokens, Window::Minute, 300),
    (Scope::Key, Measure::Requests, Window::InFlight, 4),
    (Scope::Key, Measure::Spend, Window::Month, 1_500),
    (Scope::Workspace, Measure::OutputTokens, Window::Minute, 120),
    (Scope::Workspace, Measure::Requests, Window::Day, 15),
    (Scope::Workspace, Measure::Spend, Window::Week, 900),
    (Scope::Organisation, Measure::InputTokens, Window::Day, 800),
    (Scope::Organisation, Measure::Spend, Window::Lifetime, 4_000),
    (Scope::Model, Measure::Tokens, Window::InFlight, 350),
];

#[derive(Debug, Clone, Copy)]
enum Step {
    /// A call under those limits whose bit is set.
    Admit(u16, Load),
    Settle(prop::sample::Index, Load),
    Drop(prop::sample::Index),
    Cancel(prop::sample::Index),
    Wait(i64),
}

/// One call, as a bystander writes it down.
#[derive(Debug)]
struct Called {
    mask: u16,
    at: Timestamp,
    need: Load,
    end: End,
}

#[derive(Debug, Clone, Copy)]
enum End {
    Running,
    Settled(Load, Timestamp),
    Dropped,
    Cancelled,
}

fn load() -> impl Strategy<Value = Load> {
    (0..90_u64, 0..60_u64, 0..300_i64).prop_map(|(input_tokens, output_tokens, nanos)| Load {
        input_tokens,
        output_tokens,
        spend: Usd::from_nanos(nanos),
        spend_with_own: Usd::from_nanos(nanos * 2),
    })
}

fn step() -> impl Strategy<Value = Step> {
    let bits = 1_u16 << LIMITS.len();
    prop_oneof![
        6 => (0..bits, load()).prop_map(|(mask, need)| Step::Admit(mask, need)),
        3 => (any::<prop::sample::Index>(), load()).prop_map(|(which, used)| Step::Settle(which, used)),
        1 => any::<prop::sample::Index>().prop_map(Step::Drop),
        1 => any::<prop::sample::Index>().prop_map(Step::Cancel),
        3 => prop_oneof![
            0..3_000_i64,
            0..70_000_i64,
            0..100_000_000_i64,
            0..2_000_000_000_i64,
        ].prop_map(Step::Wait),
    ]
}

fn of(measure: Measure, load: &Load) -> u64 {
    match measure {
        Measure::Requests => 1,
        Measure::InputTokens => load.input_tokens,
        Measure::OutputTokens => load.output_tokens,
        Measure::Tokens => load.input_tokens + load.output_tokens,
        Measure::Spend => u64::try_from(load.spend.nanos()).unwrap(),
        Measure::SpendWithOwn => u64::try_from(load.spend_with_own.nanos()).unwrap(),
    }
}

fn same_window(window: Window, then: Timestamp, now: Timestamp) -> bool {
    match window {
        Window::InFlight | Window::Lifetime => true,
        Window::Minute => now.unix_seconds() - then.unix_seconds() < 60,
        Window::Day => UtcDay::of(then) == UtcDay::of(now),
        Window::Week => UsageWindows::at(then).week() == UsageWindows::at(now).week(),
        Window::Month => UsageWindows::at(then).month() == UsageWindows::at(now).month(),
    }
}

/// What counts of a limit at some time, from all that ever happened.
fn counted(story: &[Called], index: usize, now: Timestamp) -> u64 {
    let (_, measure, window, _) = LIMITS[index];
    let of_call = |call: &Called| {
        let need = of(measure, &call.need);
        let kept = match call.end {
            End::Running => need,
            End::Cancelled => 0,
            _ if window == Window::InFlight => 0,
            _ if measure == Measure::Requests => 1,
            End::Dropped => 0,
            End::Settled(used, _) => of(measure, &used),
        };
        let mut sum = 0;
        if same_window(window, call.at, now) {
            sum += kept.min(need);
        }
        // Beyond what it had reserved.
        if let End::Settled(_, end) = call.end {
            let late = window == Window::Minute && !same_window(window, call.at, end);
            if same_window(window, if late { end } else { call.at }, now) {
                sum += kept.saturating_sub(need);
            }
        }
        sum
    };
    story.iter().filter(|call| call.mask & (1 << index) != 0).map(of_call).sum()
}

struct World {
    counters: Counters,
    now: Timestamp,
    story: Vec<Called>,
    running: Vec<(usize, Reservation)>,
}

impl World {
    fn applied(&self, mask: u16) -> Vec<Applied> {
        let chosen = LIMITS.iter().enumerate().filter(|(index, _)| mask & (1 << index) != 0);
        chosen
            .map(|(_, &(scope, measure, window, amount))| {
                let limit = Limit { scope, measure, window, amount };
                self.counters.applied(&limit, "one", self.now).unwrap()
            })
            .collect()
    }

    fn admit(&mut self, mask: u16, need: Load) -> Result<(), TestCaseError> {
        let refusing: Vec<usize> = (0..LIMITS.len())
            .filter(|index| mask & (1 << index) != 0)
            .filter(|index| {
                let (_, measure, _, amount) = LIMITS[*index];
                let need = of(measure, &need);
                need > 0 && counted(&self.story, *index, self.now) + need > amount
            })
            .collect();
        match admit(&self.applied(mask), &need, self.now) {
            Ok(reservation) => {
                prop_assert!(refusing.is_empty(), "admitted in spite of {:?}", refusing);
                self.running.push((self.story.len(), reservation));
                self.story.push(Called { mask, at: self.now, need, end: End::Running });
            }
            Err(refusal) => {
                let named = refusing.iter().copied().find(|index| {
                    let (scope, measure, window, amount) = LIMITS[*index];
                    refusal.limit == Limit { scope, measure, window, amount }
                });
                prop_assert!(named.is_some(), "{} did not refuse", refusal);
                let index = named.unwrap();
                prop_assert_eq!(refusal.used, counted(&self.story, index, self.now));
                if let Relief::At(at) = refusal.relief {
                    // Not a millisecond too early, nor too late.
                    let (.., amount) = LIMITS[index];
                    prop_assert!(counted(&self.story, index, at) + refusal.need <= amount);
                    let before = at.plus_millis(-1);
                    prop_assert!(counted(&self.story, index, before) + refusal.need > amount);
                }
            }
        }
        Ok(())
    }

    fn ends(&mut self, which: prop::sample::Index, end: impl FnOnce(Timestamp) -> End) {
        if self.running.is_empty() {
            return;
        }
        let (index, reservation) = self.running.swap_remove(which.index(self.running.len()));
        let end = end(self.now);
        match end {
            End::Settled(used, _) => reservation.settle(&used, self.now),
            End::Cancelled => reservation.cancel(),
            End::Dropped | End::Running => drop(reservation),
        }
        self.story[index].end = end;
    }

    fn step(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Admit(mask, need) => self.admit(mask, need)?,
            Step::Settle(which, used) => self.ends(which, |now| End::Settled(used, now)),
            Step::Drop(which) => self.ends(which, |_| End::Dropped),
            Step::Cancel(which) => self.ends(which, |_| End::Cancelled),
            Step::Wait(millis) => {
                self.now = self.now.plus_millis(millis);
                self.counters.sweep(self.now);
            }
        }
        for (index, applied) in self.applied(u16::MAX).iter().enumerate() {
            let expected = counted(&self.story, index, self.now);
            prop_assert_eq!(applied.standing(self.now).used, expected, "{}", applied.limit());
        }
        Ok(())
    }
}

/// Mostly within some hours, back and forth; now and then at an end of time.
fn instant() -> impl Strategy<Value = Timestamp> {
    let millis = prop_oneof![
        10 => (0..200_000_i64).prop_map(|it| 1_790_000_000_000 + it),
        10 => (0..5_000_000_000_i64).prop_map(|it| 1_790_000_000_000 + it),
        1 => any::<i64>(),
        1 => proptest::sample::select(vec![i64::MIN, -1, 0, i64::MAX]),
    ];
    millis.prop_map(Timestamp::from_unix_millis)
}

const WINDOWS: [(Window, i64); 4] = [
    (Window::Minute, 60_000),
    (Window::Day, 86_400_000),
    (Window::Week, 7 * 86_400_000),
    (Window::Month, 31 * 86_400_000),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_counts_is_what_a_list_of_all_events_says(
        start in 1_790_000_000_000..1_800_000_000_000_i64,
        steps in proptest::collection::vec(step(), 0..80),
    ) {
        let mut world = World {
            counters: Counters::new(LIMITS.len()),
            now: Timestamp::from_unix_millis(start),
            story: Vec::new(),
            running: Vec::new(),
        };
        for step in steps {
            world.step(step)?;
        }
    }

    /// However the clock jumps: nothing panics, nobody is sent away for longer than a window, and
    /// when all have ended nothing is held.
    #[test]
    fn no_clock_blocks_for_longer_than_a_window(
        story in proptest::collection::vec((instant(), load(), load(), any::<bool>()), 1..60),
    ) {
        let counters = Counters::new(100);
        let mut running = Vec::new();
        for (now, need, used, ends) in story {
            let applied: Vec<Applied> = WINDOWS.iter().map(|(window, _)| {
                let limit = Limit {
                    scope: Scope::Key, measure: Measure::Tokens, window: *window, amount: 150,
                };
                counters.applied(&limit, "k", now).unwrap()
            }).collect();
            for (applied, (_, longest)) in applied.iter().zip(WINDOWS) {
                let one = std::slice::from_ref(applied);
                match admit(one, &need, now) {
                    Ok(reservation) => running.push(reservation),
                    Err(refusal) => {
                        let wait = refusal.retry_after(now).unwrap().as_millis();
                        prop_assert!(wait <= u128::try_from(longest + 1_000).unwrap(), "{}", refusal);
                    }
                }
            }
            if ends && !running.is_empty() {
                running.swap_remove(0).settle(&used, now);
            }
            counters.sweep(now);
        }
        drop(running);
        for entry in counters.entries(Timestamp::from_unix_millis(1_790_000_000_000)) {
            prop_assert_eq!(entry.held, 0, "{:?}", entry);
        }
    }

    /// A clock that goes back, however far and often, opens no window: what counted before counts
    /// after.
    #[test]
    fn no_step_back_opens_a_window(
        start in 1_790_000_000_000..1_800_000_000_000_i64,
        steps in proptest::collection::vec((0..200_000_000_i64, 0..50_u64), 1..40),
    ) {
        let counters = Counters::new(100);
        let mut now = Timestamp::from_unix_millis(start);
        for (window, _) in WINDOWS {
            let limit = Limit { scope: Scope::Key, measure: Measure::Tokens, window, amount: 1_000 };
            let applied = [counters.applied(&limit, "k", now).unwrap()];
            for (back, tokens) in &steps {
                let need = Load { input_tokens: *tokens, ..Load::default() };
                if let Ok(reservation) = admit(&applied, &need, now) {
                    reservation.settle(&need, now);
                }
                let before = applied[0].standing(now).used;
                now = now.plus_millis(-back);
                prop_assert!(applied[0].standing(now).used >= before);
            }
        }
    }
}
