//! What is admitted, what is refused and what callers are told, window by window.

#![expect(clippy::unwrap_used, reason = "tests should panic where something is not as expected")]

use std::time::Duration;

use tollgate_limits::{
    Applied, Counters, Limit, Load, Measure, RateLimit, Refusal, Relief, Reservation, Scope,
    Window, admit, admit_each, admit_within, free_models,
};
use tollgate_types::{Timestamp, Usage, Usd};

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn limit(measure: Measure, window: Window, amount: u64) -> Limit {
    Limit { scope: Scope::Key, measure, window, amount }
}

fn tokens(input_tokens: u64, output_tokens: u64) -> Load {
    Load { input_tokens, output_tokens, ..Load::default() }
}

fn spend(dollars: &str) -> Load {
    Load { spend: dollars.parse().unwrap(), ..Load::default() }
}

/// One key with limits.
struct Key {
    counters: Counters,
    limits: Vec<Limit>,
}

impl Key {
    fn with(limits: &[Limit]) -> Self {
        Self { counters: Counters::new(100), limits: limits.to_vec() }
    }

    fn applied(&self, now: Timestamp) -> Vec<Applied> {
        let applied = self.limits.iter().map(|it| self.counters.applied(it, "k", now).unwrap());
        applied.collect()
    }

    fn admit(&self, need: Load, now: Timestamp) -> Result<Reservation, Refusal> {
        admit(&self.applied(now), &need, now)
    }

    /// What counts of each limit.
    fn used(&self, now: Timestamp) -> Vec<u64> {
        self.applied(now).iter().map(|it| it.standing(now).used).collect()
    }
}

/// What is one decision may need more of one limit than of another, and is settled apart.
#[test]
fn each_limit_gives_what_is_needed_of_it() {
    let now = at("2026-03-01T12:00:00Z");
    let of = |scope| Limit { scope, ..limit(Measure::Tokens, Window::Minute, 100) };
    let requests = Limit { scope: Scope::Model, ..limit(Measure::Requests, Window::Day, 2) };
    let key = Key::with(&[of(Scope::Key), of(Scope::Model), requests]);
    let (whole, of_model) = (tokens(90, 0), tokens(20, 0));
    let need = |applied: &Applied| match applied.limit().scope {
        Scope::Model => (&of_model, &of_model),
        _ => (&whole, &whole),
    };
    let mut reservation = admit_each(&key.applied(now), need, now).unwrap();
    assert_eq!(key.used(now), [90, 20, 1]);
    let refused = admit_each(&key.applied(now), need, now).unwrap_err();
    assert_eq!((refused.limit.scope, refused.need), (Scope::Key, 90));
    assert_eq!(key.used(now), [90, 20, 1]);
    let part = reservation.part(|scope| scope == Scope::Model);
    drop(part);
    assert_eq!(key.used(now), [90, 0, 1], "what was asked was a request");
    let nothing = reservation.part(|scope| scope == Scope::Model);
    nothing.cancel();
    reservation.settle(&tokens(40, 0), now);
    assert_eq!(key.used(now), [40, 0, 1]);
}

/// Of a rate that has less left, what is uncertain takes half, so that others go on beside it.
#[test]
fn who_may_need_more_than_is_left_of_a_rate_takes_half_of_it() {
    let now = at("2026-03-01T12:00:00Z");
    let key = Key::with(&[limit(Measure::Tokens, Window::Minute, 100)]);
    let between = |most: u64, least: u64| {
        admit_within(&key.applied(now), (&tokens(most, 0), &tokens(least, 0)), now)
    };
    let first = between(60, 10).unwrap();
    assert_eq!(key.used(now), [50]);
    let second = between(60, 10).unwrap();
    assert_eq!(key.used(now), [75]);
    let third = between(60, 15).unwrap();
    assert_eq!(key.used(now), [90]);
    // What is nearly certain takes what it needs.
    let fourth = between(10, 9).unwrap();
    assert_eq!(key.used(now), [100]);
    // What calls hold that have not ended comes back with them, not with the minute.
    let refused = between(60, 10).unwrap_err();
    assert_eq!((refused.relief, refused.need), (Relief::WhenCallsEnd, 10));
    assert_eq!(refused.retry_after(now), Some(Duration::from_secs(1)));
    fourth.settle(&tokens(0, 0), now);
    third.settle(&tokens(15, 0), now);
    second.settle(&tokens(5, 0), now);
    first.settle(&tokens(75, 0), now);
    assert_eq!(key.used(now), [95]);
    let refused = between(60, 10).unwrap_err();
    assert_eq!(refused.relief, Relief::At(now.plus_millis(60_000)));
    // More at least than there ever is.
    assert!(!between(200, 101).unwrap_err().passes());
}

/// Of a budget the same, and nobody else begins who may spend more than there is; whoever does not,
/// goes on.
#[test]
fn a_budget_is_passed_by_one_call_at_a_time() {
    let now = at("2026-03-01T12:00:00Z");
    let key = Key::with(&[limit(Measure::Spend, Window::Day, 1_000_000_000)]);
    let between = |most: &str, least: &str| {
        admit_within(&key.applied(now), (&spend(most), &spend(least)), now)
    };
    let first = between("9", "0.1").unwrap();
    assert_eq!(key.used(now), [500_000_000]);
    assert_eq!(between("9", "0.1").unwrap_err().relief, Relief::WhenCallsEnd);
    let beside = between("0.2", "0.2").unwrap();
    assert_eq!(key.used(now), [700_000_000]);
    drop(first);
    let next = between("9", "0.1").unwrap();
    assert_eq!(key.used(now), [600_000_000]);
    next.cancel();
    between("9", "0.1").unwrap().settle(&spend("0.3"), now);
    beside.settle(&spend("0.2"), now);
    assert_eq!(key.used(now), [500_000_000]);
    // What may cost something does not begin where nothing is left, even if it need not.
    let all = between("0.5", "0.5").unwrap();
    assert_eq!(between("0.5", "0").unwrap_err().relief, Relief::WhenCallsEnd);
    all.settle(&spend("0.25"), now);
    let rest = between("9", "0").unwrap();
    assert_eq!(key.used(now), [875_000_000]);
    rest.cancel();
    assert_eq!(key.used(now), [750_000_000]);
}

#[test]
fn windows_of_the_calendar_begin_anew_at_their_edges() {
    for (window, used_at, last, anew) in [
        (Window::Day, "2026-03-01T00:00:00Z", "2026-03-01T23:59:59.999Z", "2026-03-02T00:00:00Z"),
        (Window::Day, "2028-02-28T12:00:00Z", "2028-02-28T23:59:59.999Z", "2028-02-29T00:00:00Z"),
        (Window::Day, "2028-02-29T12:00:00Z", "2028-02-29T23:59:59.999Z", "2028-03-01T00:00:00Z"),
        (Window::Day, "2026-12-31T12:00:00Z", "2026-12-31T23:59:59.999Z", "2027-01-01T00:00:00Z"),
        (Window::Week, "2026-02-23T00:00:00Z", "2026-03-01T23:59:59.999Z", "2026-03-02T00:00:00Z"),
        (Window::Week, "2026-12-31T00:00:00Z", "2027-01-03T23:59:59.999Z", "2027-01-04T00:00:00Z"),
        (Window::Month, "2026-02-01T00:00:00Z", "2026-02-28T23:59:59.999Z", "2026-03-01T00:00:00Z"),
        (Window::Month, "2028-02-01T00:00:00Z", "2028-02-29T23:59:59.999Z", "2028-03-01T00:00:00Z"),
        (Window::Month, "2026-04-05T00:00:00Z", "2026-04-30T23:59:59.999Z", "2026-05-01T00:00:00Z"),
        (Window::Month, "2026-12-05T00:00:00Z", "2026-12-31T23:59:59.999Z", "2027-01-01T00:00:00Z"),
    ] {
        let key = Key::with(&[limit(Measure::Spend, window, 2_000_000_000)]);
        key.admit(spend("2"), at(used_at)).unwrap().settle(&spend("2"), at(used_at));
        let refusal = key.admit(spend("0.01"), at(last)).unwrap_err();
        assert_eq!(refusal.relief, Relief::At(at(anew)), "{window:?} {used_at}");
        assert_eq!(refusal.retry_after(at(last)), Some(Duration::from_millis(1)));
        assert_eq!(refusal.resets_at, Some(at(anew)));
        assert_eq!(refusal.rate_limit(), None, "a budget is no rate");
        assert_eq!(key.used(at(anew)), [0]);
        key.admit(spend("2"), at(anew)).unwrap().settle(&spend("1"), at(anew));
        assert_eq!(key.used(at(anew)), [1_000_000_000], "{window:?} {used_at}");
    }
}

#[test]
fn a_minute_slides_by_the_second() {
    let key = Key::with(&[limit(Measure::Requests, Window::Minute, 3)]);
    let after = |millis| at("2026-03-01T10:00:00Z").plus_millis(millis);
    for millis in [500, 10_000, 59_999] {
        key.admit(tokens(1, 1), after(millis)).unwrap().settle(&tokens(1, 1), after(millis));
    }
    // A minute of the clock passes, and nothing opens but for what passed.
    let refusal = key.admit(tokens(1, 1), after(59_999)).unwrap_err();
    assert_eq!(refusal.relief, Relief::At(after(60_000)));
    assert_eq!(refusal.retry_after(after(59_000)), Some(Duration::from_secs(1)));
    assert_eq!(refusal.resets_at, Some(after(119_000)));
    let reset = after(60_000).unix_millis();
    let told = RateLimit { limit: 3, remaining: 0, reset: Some(reset) };
    assert_eq!(refusal.rate_limit(), Some(told));
    assert_eq!(refusal.to_string(), "key: 3 requests per minute, 3 used, 1 needed");
    drop(key.admit(tokens(1, 1), after(60_000)).unwrap());
    let refusal = key.admit(tokens(1, 1), after(60_001)).unwrap_err();
    assert_eq!(refusal.relief, Relief::At(after(70_000)));
    assert_eq!(key.used(after(118_999)), [2]);
    assert_eq!(key.used(after(119_999)), [1]);
    assert_eq!(key.used(after(120_000)), [0]);
}

#[test]
fn a_large_call_waits_for_as_much_as_it_needs() {
    let key = Key::with(&[limit(Measure::Tokens, Window::Minute, 100)]);
    let after = |seconds: i64| at("2026-03-01T10:00:00Z").plus_millis(seconds * 1_000);
    for (second, amount) in [(0, 20), (10, 30), (20, 40)] {
        key.admit(tokens(amount, 0), after(second))
            .unwrap()
            .settle(&tokens(amount, 0), after(second));
    }
    for (need, relief) in [
        (10, None),
        (11, Some(Relief::At(after(60)))),
        (30, Some(Relief::At(after(60)))),
        (31, Some(Relief::At(after(70)))),
        (100, Some(Relief::At(after(80)))),
        (101, Some(Relief::Never)),
    ] {
        let outcome = key.admit(tokens(need, 0), after(20));
        assert_eq!(outcome.as_ref().err().map(|it| it.relief), relief, "{need}");
        if let Ok(reservation) = outcome {
            reservation.cancel();
        }
    }
    let never = key.admit(tokens(101, 0), after(20)).unwrap_err();
    assert!(!never.passes());
    assert_eq!(never.retry_after(after(20)), None);
}

#[test]
fn every_measure_is_counted_by_its_own_unit() {
    let measures = [
        Measure::Requests,
        Measure::InputTokens,
        Measure::OutputTokens,
        Measure::Tokens,
        Measure::Spend,
        Measure::SpendWithOwn,
    ];
    let limits = measures.map(|measure| limit(measure, Window::Day, 1_000_000));
    let key = Key::with(&limits);
    let now = at("2026-03-01T10:00:00Z");
    let need = Load {
        input_tokens: 100,
        output_tokens: 50,
        spend: Usd::from_nanos(900),
        spend_with_own: Usd::from_nanos(950),
    };
    let reservation = key.admit(need, now).unwrap();
    assert_eq!(key.used(now), [1, 100, 50, 150, 900, 950]);
    let usage = Usage { prompt_tokens: 90, completion_tokens: 7, ..Usage::default() };
    reservation.settle(&Load::of(&usage, (Usd::from_nanos(400), Usd::from_nanos(30))), now);
    assert_eq!(key.used(now), [1, 90, 7, 97, 400, 430]);
    drop(key.admit(need, now).unwrap());
    assert_eq!(key.used(now), [2, 90, 7, 97, 400, 430], "a call that nobody settled is one");
    key.admit(need, now).unwrap().cancel();
    assert_eq!(key.used(now), [2, 90, 7, 97, 400, 430], "one that was cancelled is none");
    let earned = Load { spend: Usd::from_nanos(-5), spend_with_own: Usd::from_nanos(-5), ..need };
    key.admit(earned, now).unwrap().settle(&earned, now);
    assert_eq!(key.used(now), [3, 190, 57, 247, 400, 430]);
}

#[test]
fn what_is_not_needed_is_given_back_where_it_was_taken_and_only_there() {
    let windows = [Window::Minute, Window::Day, Window::Month, Window::Lifetime];
    let key = Key::with(&windows.map(|window| limit(Measure::Tokens, window, 1_000)));
    let before = at("2026-03-31T23:59:50Z");
    let after = at("2026-04-01T00:00:10Z");
    let reservation = key.admit(tokens(100, 300), before).unwrap();
    assert_eq!(key.used(before), [400, 400, 400, 400]);
    key.admit(tokens(50, 0), after).unwrap().settle(&tokens(50, 0), after);
    assert_eq!(key.used(after), [450, 50, 50, 450]);
    reservation.settle(&tokens(100, 20), after);
    assert_eq!(key.used(after), [170, 50, 50, 170]);
    // A minute later the minute has nothing to give back to.
    let reservation = key.admit(tokens(100, 300), after).unwrap();
    let later = after.plus_millis(60_000);
    key.admit(tokens(7, 0), later).unwrap().settle(&tokens(7, 0), later);
    reservation.settle(&tokens(10, 0), later);
    assert_eq!(key.used(later), [7, 67, 67, 187]);
}

#[test]
fn what_was_used_beyond_the_reservation_counts() {
    let windows = [Window::Minute, Window::Day, Window::Lifetime, Window::InFlight];
    let key = Key::with(&windows.map(|window| limit(Measure::Tokens, window, 1_000)));
    let start = at("2026-03-01T10:00:00Z");
    let reservation = key.admit(tokens(10, 0), start).unwrap();
    reservation.settle(&tokens(10, 990), start.plus_millis(5_000));
    assert_eq!(key.used(start.plus_millis(5_000)), [1_000, 1_000, 1_000, 0]);
    assert_eq!(key.used(start.plus_millis(60_000)), [0, 1_000, 1_000, 0]);
    // A call that took longer than a minute counts in the one that it ends in.
    let key = Key::with(&windows.map(|window| limit(Measure::Tokens, window, 1_000)));
    let reservation = key.admit(tokens(10, 0), start).unwrap();
    let end = start.plus_millis(90_000);
    reservation.settle(&tokens(10, 2_000), end);
    assert_eq!(key.used(end), [2_000, 2_010, 2_010, 0], "beyond the limit: it was used");
    assert!(key.admit(tokens(1, 0), end).is_err());
    // One that was thought to need nothing counts all the same.
    let key = Key::with(&windows.map(|window| limit(Measure::Tokens, window, 1_000)));
    key.admit(Load::default(), start).unwrap().settle(&tokens(3, 4), start);
    assert_eq!(key.used(start), [7, 7, 7, 0]);
    // Into a day that has passed nothing is counted that today would show.
    let key = Key::with(&[limit(Measure::Tokens, Window::Day, 1_000)]);
    let reservation = key.admit(tokens(10, 0), start).unwrap();
    let tomorrow = start.plus_millis(86_400_000);
    reservation.settle(&tokens(10, 50), tomorrow);
    assert_eq!(key.used(tomorrow), [0]);
}

#[test]
fn calls_at_once_are_freed_by_their_end() {
    let key = Key::with(&[limit(Measure::Requests, Window::InFlight, 2)]);
    let now = at("2026-03-01T10:00:00Z");
    let first = key.admit(tokens(1, 1), now).unwrap();
    let second = key.admit(tokens(1, 1), now).unwrap();
    let refusal = key.admit(tokens(1, 1), now).unwrap_err();
    assert_eq!((refusal.used, refusal.need), (2, 1));
    assert_eq!(refusal.relief, Relief::WhenCallsEnd);
    assert_eq!(refusal.retry_after(now), Some(Duration::from_secs(1)));
    assert_eq!(refusal.rate_limit(), Some(RateLimit { limit: 2, remaining: 0, reset: None }));
    first.settle(&tokens(1, 1), now);
    let third = key.admit(tokens(1, 1), now).unwrap();
    drop(second);
    third.cancel();
    assert_eq!(key.used(now), [0]);
    // However long calls run.
    let long = key.admit(tokens(1, 1), now).unwrap();
    assert_eq!(key.used(now.plus_millis(40 * 86_400_000)), [1]);
    drop(long);
}

#[test]
fn a_budget_that_running_calls_hold_may_come_back() {
    let now = at("2026-03-01T10:00:00Z");
    for (window, used_up) in
        [(Window::Day, Relief::At(at("2026-03-02T00:00:00Z"))), (Window::Lifetime, Relief::Never)]
    {
        let key = Key::with(&[limit(Measure::Spend, window, 10_000_000_000)]);
        let running = key.admit(spend("6"), now).unwrap();
        let refusal = key.admit(spend("5"), now).unwrap_err();
        assert_eq!(refusal.relief, Relief::WhenCallsEnd, "{window:?}");
        assert!(refusal.passes());
        running.settle(&spend("5.5"), now);
        let refusal = key.admit(spend("5"), now).unwrap_err();
        assert_eq!(refusal.relief, used_up, "{window:?}");
        assert_eq!(
            refusal.to_string(),
            format!("key: $10 spend per {}, $5.5 used, $5 needed", window.as_str())
        );
        key.admit(spend("4.5"), now).unwrap().settle(&spend("4.5"), now);
        drop(key.admit(Load::default(), now).unwrap());
    }
}

#[test]
fn of_several_limits_the_one_is_named_that_refuses_longest() {
    let now = at("2026-03-01T10:00:00Z");
    let all = [
        limit(Measure::Requests, Window::InFlight, 1),
        limit(Measure::Requests, Window::Minute, 1),
        limit(Measure::Requests, Window::Day, 1),
        limit(Measure::Requests, Window::Lifetime, 1),
    ];
    for count in 1..=all.len() {
        for reversed in [false, true] {
            let mut limits = all[..count].to_vec();
            if reversed {
                limits.reverse();
            }
            let key = Key::with(&limits);
            let running = key.admit(tokens(1, 1), now).unwrap();
            let refusal = key.admit(tokens(1, 1), now).unwrap_err();
            assert_eq!(refusal.limit, all[count - 1]);
            assert_eq!(&*refusal.id, "k");
            assert!(key.used(now).iter().all(|used| *used == 1), "nothing was taken");
            drop(running);
        }
    }
}

#[test]
fn a_counter_that_is_named_twice_is_taken_from_once() {
    let now = at("2026-03-01T10:00:00Z");
    let [few, many] = [2, 5].map(|amount| limit(Measure::Requests, Window::Day, amount));
    for limits in [[few, many], [many, few]] {
        let key = Key::with(&limits);
        drop(key.admit(tokens(1, 1), now).unwrap());
        assert_eq!(key.used(now), [1, 1]);
        drop(key.admit(tokens(1, 1), now).unwrap());
        assert_eq!(key.admit(tokens(1, 1), now).unwrap_err().limit, few);
    }
}

#[test]
fn scopes_and_ids_count_apart() {
    let now = at("2026-03-01T10:00:00Z");
    let counters = Counters::new(100);
    let scopes = [
        Scope::Organisation,
        Scope::Workspace,
        Scope::Key,
        Scope::EndUser,
        Scope::Model,
        Scope::Tag,
        Scope::FreeModels,
    ];
    for scope in scopes {
        let one = Limit { scope, ..limit(Measure::Requests, Window::Day, 1) };
        for id in ["a", "b", ""] {
            let applied = [counters.applied(&one, id, now).unwrap()];
            assert_eq!((applied[0].limit(), applied[0].id()), (one, id));
            drop(admit(&applied, &Load::default(), now).unwrap());
            let refusal = admit(&applied, &Load::default(), now).unwrap_err();
            assert_eq!((refusal.limit.scope, &*refusal.id), (scope, id));
        }
    }
    assert_eq!(counters.len(), 21);
}

#[test]
fn amounts_at_the_ends_of_their_range_stay_there() {
    let now = at("2026-03-01T10:00:00Z");
    for window in [Window::Minute, Window::Day, Window::Lifetime] {
        let key = Key::with(&[limit(Measure::Tokens, window, u64::MAX)]);
        let most = tokens(u64::MAX, u64::MAX);
        let all = key.admit(most, now).unwrap();
        assert!(key.admit(tokens(1, 0), now).is_err(), "{window:?}: more can't be counted");
        all.settle(&most, now);
        assert_eq!(key.used(now), [u64::MAX]);
        let key = Key::with(&[limit(Measure::Tokens, window, u64::MAX)]);
        key.admit(tokens(1, 0), now).unwrap().settle(&most, now);
        key.admit(Load::default(), now).unwrap().settle(&most, now);
        assert_eq!(key.used(now), [u64::MAX]);
    }
    for millis in [i64::MIN, -1, i64::MAX] {
        let now = Timestamp::from_unix_millis(millis);
        let key = Key::with(&[limit(Measure::Tokens, Window::Month, 5)]);
        key.admit(tokens(5, 0), now).unwrap().settle(&tokens(5, 0), now);
        assert!(key.admit(tokens(1, 0), now).is_err(), "{millis}");
    }
}

/// Contract §6.3.
#[test]
fn free_models_have_limits_of_their_own() {
    let start = at("2026-03-01T00:00:00Z");
    for (bought, per_day) in
        [("0", 50), ("9.999999999", 50), ("10", 1_000), ("25", 1_000), ("-1", 50)]
    {
        let limits = free_models(bought.parse().unwrap());
        let key = Key::with(&limits);
        for call in 0..20 {
            drop(key.admit(tokens(1, 1), start).unwrap_or_else(|it| panic!("{call}: {it}")));
        }
        let refusal = key.admit(tokens(1, 1), start).unwrap_err();
        assert_eq!((refusal.limit.window, refusal.limit.amount), (Window::Minute, 20));
        assert_eq!(refusal.limit.scope, Scope::FreeModels);
        let mut admitted = 20;
        for minute in 1..1_440 {
            let now = start.plus_millis(minute * 60_000);
            admitted += (0..20).filter(|_| key.admit(tokens(1, 1), now).is_ok()).count();
        }
        assert_eq!(admitted, per_day, "{bought}");
        let tomorrow = start.plus_millis(86_400_000);
        let last = tomorrow.plus_millis(-1);
        let refusal = key.admit(tokens(1, 1), last).unwrap_err();
        assert_eq!(refusal.relief, Relief::At(tomorrow));
        let told = refusal.rate_limit().unwrap();
        assert_eq!((told.limit, told.remaining), (u64::try_from(per_day).unwrap(), 0));
        assert_eq!(told.reset, Some(tomorrow.unix_millis()));
        assert_eq!(key.used(tomorrow), [0, 0]);
    }
}

#[test]
fn admissions_of_one_call_are_settled_together() {
    let now = at("2026-03-01T10:00:00Z");
    let key = Key::with(&[limit(Measure::Tokens, Window::Day, 100)]);
    let model = Limit { scope: Scope::Model, ..limit(Measure::Tokens, Window::Minute, 100) };
    let model = [key.counters.applied(&model, "acme/m", now).unwrap()];
    let both =
        key.admit(tokens(40, 0), now).unwrap().and(admit(&model, &tokens(40, 0), now).unwrap());
    both.settle(&tokens(30, 0), now);
    assert_eq!(key.used(now), [30]);
    assert_eq!(model[0].standing(now).used, 30);
    assert_eq!(model[0].standing(now).remaining, 70);
}
