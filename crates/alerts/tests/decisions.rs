//! What is due, as a table, and what holds whatever the picture.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests panic where something is not as expected"
)]

use std::collections::HashSet;

use proptest::prelude::*;
use tollgate_alerts::{
    BalanceSeen, BalanceWatch, BudgetSeen, Factor, HourWatch, Picture, Reason, Settings, SpendSeen,
    Spike, Subject, SubjectKind, Window, decide,
};
use tollgate_types::{Timestamp, Usd};

fn usd(text: &str) -> Usd {
    text.parse().unwrap()
}

/// A Wednesday.
fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-18T15:00:00Z").unwrap()
}

fn settings() -> Settings {
    let mut settings = Settings::at(&[50, 80, 100]).unwrap();
    settings.low_balance = Some(usd("10"));
    settings.spike = Some(Spike { factor: Factor::parse("3").unwrap(), floor: usd("5") });
    settings.hourly_spike = Some(Spike { factor: Factor::parse("10").unwrap(), floor: usd("1") });
    settings
}

fn subject(kind: SubjectKind, id: &str) -> Subject {
    Subject { kind, id: id.to_owned(), name: id.to_owned(), workspace_id: None }
}

fn empty() -> Picture {
    Picture { now: now(), budgets: Vec::new(), balances: Vec::new(), spends: Vec::new() }
}

fn budget(kind: SubjectKind, window: Window, spent: &str) -> BudgetSeen {
    BudgetSeen { subject: subject(kind, "x"), window, limit: usd("10"), spent: usd(spent) }
}

fn keys(picture: &Picture) -> Vec<String> {
    decide(picture, &settings()).alerts.into_iter().map(|due| due.key).collect()
}

#[test]
fn a_budget_is_told_of_at_each_threshold_of_its_window() {
    use SubjectKind::{Key, Workspace};
    let none: &[&str] = &[];
    for (kind, window, spent, expected) in [
        (Workspace, Window::Daily, "4.999999999", none),
        (Workspace, Window::Daily, "5", &["budget_threshold/workspace/x/daily/2026-11-18/50"][..]),
        (Key, Window::Weekly, "7.99", &["budget_threshold/key/x/weekly/2026-11-16/50"]),
        (
            Workspace,
            Window::Monthly,
            "8",
            &[
                "budget_threshold/workspace/x/monthly/2026-11-01/50",
                "budget_threshold/workspace/x/monthly/2026-11-01/80",
            ],
        ),
        (
            Key,
            Window::Lifetime,
            "12",
            &[
                "budget_threshold/key/x/lifetime/ever/50",
                "budget_threshold/key/x/lifetime/ever/80",
                "budget_threshold/key/x/lifetime/ever/100",
            ],
        ),
    ] {
        let picture = Picture { budgets: vec![budget(kind, window, spent)], ..empty() };
        assert_eq!(keys(&picture), expected, "{window:?} {spent}");
    }
    let nothing = BudgetSeen { limit: Usd::ZERO, ..budget(Workspace, Window::Daily, "0") };
    assert!(keys(&Picture { budgets: vec![nothing], ..empty() }).is_empty());
}

#[test]
fn an_account_is_told_of_again_only_after_it_was_filled() {
    let mut watch = BalanceWatch::default();
    let mut told = Vec::new();
    for left in ["20", "9.99", "5", "0", "-1", "10", "9", "8", "30", "1"] {
        let subject = subject(SubjectKind::Account, "default");
        let seen = BalanceSeen { subject, left: usd(left), was_filled: true, watch };
        let decision = decide(&Picture { balances: vec![seen], ..empty() }, &settings());
        told.extend(decision.alerts.iter().map(|due| (left, due.key.clone())));
        if let Some((account, next)) = decision.watches.first() {
            assert_eq!(account, "default");
            watch = *next;
        }
    }
    let expected = [("9.99", 1), ("9", 2), ("1", 3)];
    let expected = expected.map(|(left, n)| (left, format!("low_balance/account/default/{n}/10")));
    assert_eq!(told, expected);
}

#[test]
fn an_account_that_never_had_credit_is_not_low() {
    let seen = BalanceSeen {
        subject: subject(SubjectKind::Account, "default"),
        left: Usd::ZERO,
        was_filled: false,
        watch: BalanceWatch::default(),
    };
    let decision = decide(&Picture { balances: vec![seen], ..empty() }, &settings());
    assert_eq!(decision, tollgate_alerts::Decision::default());
}

#[test]
fn spend_is_unusual_above_the_factor_and_the_floor() {
    for (today, before, days, is_unusual) in [
        // Three times two dollars is six.
        ("6", "28", 14, false),
        ("6.000000001", "28", 14, true),
        // Below the floor.
        ("5", "0.14", 14, false),
        ("5.01", "0.14", 14, true),
        // A young installation.
        ("6.5", "2", 1, true),
        ("100", "0", 0, false),
    ] {
        let seen = SpendSeen {
            subject: subject(SubjectKind::Workspace, "w"),
            today: usd(today),
            hour: None,
            before: usd(before),
            days,
        };
        let due = decide(&Picture { spends: vec![seen], ..empty() }, &settings()).alerts;
        assert_eq!(!due.is_empty(), is_unusual, "{today} after {before} in {days} days");
        for due in due {
            assert_eq!(due.key, "spend_spike/workspace/w/2026-11-18/3");
            assert!(matches!(due.reason, Reason::SpendSpike { .. }));
        }
    }
}

#[test]
fn an_hour_is_unusual_above_the_factor_and_the_floor() {
    for (hour, before, days, is_unusual) in [
        // Ten times what is usual: 48 dollars in two days are one in an hour.
        ("10", "48", 2, false),
        ("10.000000001", "48", 2, true),
        // Below the floor.
        ("1", "0.48", 2, false),
        ("1.01", "0.48", 2, true),
        ("100", "0", 0, false),
    ] {
        let seen = SpendSeen {
            subject: subject(SubjectKind::Workspace, "w"),
            today: Usd::ZERO,
            hour: Some(usd(hour)),
            before: usd(before),
            days,
        };
        let due = decide(&Picture { spends: vec![seen], ..empty() }, &settings()).alerts;
        assert_eq!(!due.is_empty(), is_unusual, "{hour} after {before} in {days} days");
        for due in due {
            assert_eq!(due.key, "hourly_spend_spike/workspace/w/2026-11-18T15:00:00.000Z/10");
            assert!(matches!(due.reason, Reason::HourlySpendSpike { .. }));
        }
    }
}

/// What is spent in an hour is what is spent beyond what was spent of the day when it began.
#[test]
fn an_hour_is_what_was_spent_since_it_began() {
    let spent = |text: &str| [("w".to_owned(), usd(text))];
    let watch = HourWatch::begin(now(), spent("5"));
    assert!(watch.is_of(now().plus_millis(3_599_999)) && !watch.is_of(now().plus_millis(-1)));
    for (today, expected) in [("5", "0"), ("7.5", "2.5"), ("4", "0")] {
        assert_eq!(watch.spent("w", usd(today)), usd(expected), "{today}");
    }
    assert_eq!(watch.spent("new", usd("3")), usd("3"));
    // All that is spent of a day in its first hour is spent in that.
    let midnight = Timestamp::parse_rfc3339("2026-11-18T00:00:30Z").unwrap();
    assert_eq!(HourWatch::begin(midnight, spent("5")).spent("w", usd("7")), usd("7"));
}

#[test]
fn nobody_hears_what_is_switched_off() {
    let settings = Settings::at(&[]).unwrap();
    let seen = SpendSeen {
        subject: subject(SubjectKind::Workspace, "w"),
        today: usd("1000"),
        hour: Some(usd("1000")),
        before: usd("1"),
        days: 14,
    };
    let low = BalanceSeen {
        subject: subject(SubjectKind::Account, "a"),
        left: usd("0"),
        was_filled: true,
        watch: BalanceWatch::default(),
    };
    let budgets = vec![budget(SubjectKind::Key, Window::Daily, "100")];
    let picture = Picture { budgets, balances: vec![low], spends: vec![seen], ..empty() };
    assert_eq!(decide(&picture, &settings), tollgate_alerts::Decision::default());
}

#[test]
fn people_and_programs_can_read_an_alert() {
    let picture =
        Picture { budgets: vec![budget(SubjectKind::Workspace, Window::Daily, "5.5")], ..empty() };
    let due = decide(&picture, &settings()).alerts.remove(0);
    let alert = tollgate_alerts::Alert::new(&due, now(), Vec::new());
    assert_eq!(
        serde_json::Value::Object(alert.view("id-1")),
        serde_json::json!({
            "id": "id-1",
            "kind": "budget_threshold",
            "subject": { "type": "workspace", "id": "x", "name": "x", "workspace_id": null },
            "message": "50 % of the daily budget of workspace x is spent: $5.5 of $10",
            "details": {
                "window": "daily",
                "window_start": "2026-11-18T00:00:00.000Z",
                "threshold_percent": 50,
                "limit_usd": "10",
                "spent_usd": "5.5",
            },
            "created_at": "2026-11-18T15:00:00.000Z",
        })
    );
    let text = serde_json::to_string(&alert).unwrap();
    assert_eq!(serde_json::from_str::<tollgate_alerts::Alert>(&text).unwrap(), alert);
}

fn amounts() -> impl Strategy<Value = Usd> {
    any::<i64>().prop_map(Usd::from_nanos)
}

/// Budgets and spends of different subjects, and accounts, with any amounts.
fn pictures() -> impl Strategy<Value = Picture> {
    let windows = [Window::Daily, Window::Weekly, Window::Monthly, Window::Lifetime];
    let budgets = prop::collection::vec((amounts(), amounts()), 0..12);
    let balances = prop::collection::vec((amounts(), any::<(bool, bool, u64)>()), 0..6);
    let spends = prop::collection::vec((amounts(), amounts(), any::<u32>()), 0..6);
    (any::<i64>(), budgets, balances, spends).prop_map(move |(now, budgets, balances, spends)| {
        let place = |kind, n: usize| subject(kind, &n.to_string());
        let budgets = budgets.into_iter().enumerate().map(|(n, (limit, spent))| BudgetSeen {
            subject: place(SubjectKind::Key, n / 4),
            window: windows[n % 4],
            limit,
            spent,
        });
        let balances = balances.into_iter().enumerate();
        let balances = balances.map(|(n, (left, (was_filled, is_low, episode)))| BalanceSeen {
            subject: place(SubjectKind::Account, n),
            left,
            was_filled,
            watch: BalanceWatch { is_low, episode },
        });
        let spends = spends.into_iter().enumerate();
        let spends = spends.map(|(n, (today, before, days))| SpendSeen {
            subject: place(SubjectKind::Workspace, n),
            today,
            hour: Some(today),
            before,
            days,
        });
        Picture {
            now: Timestamp::from_unix_millis(now),
            budgets: budgets.collect(),
            balances: balances.collect(),
            spends: spends.collect(),
        }
    })
}

proptest! {
    #[test]
    fn the_same_picture_gives_the_same_keys_and_none_twice(picture in pictures()) {
        let first = decide(&picture, &settings());
        prop_assert_eq!(&first, &decide(&picture, &settings()));
        let keys: HashSet<_> = first.alerts.iter().map(|due| &due.key).collect();
        prop_assert_eq!(keys.len(), first.alerts.len());
    }

    #[test]
    fn an_account_that_was_told_of_is_silent_until_it_is_filled(picture in pictures()) {
        let decided = decide(&picture, &settings());
        let mut next = Picture { budgets: Vec::new(), spends: Vec::new(), ..picture };
        for (account, watch) in decided.watches {
            let seen = next.balances.iter_mut().find(|it| it.subject.id == account).unwrap();
            seen.watch = watch;
        }
        prop_assert_eq!(decide(&next, &settings()), tollgate_alerts::Decision::default());
    }

    #[test]
    fn more_spent_is_never_fewer_alerts(mut picture in pictures(), more in 0..i64::MAX) {
        let before: Vec<_> = keys(&picture);
        for budget in &mut picture.budgets {
            budget.spent = budget.spent.saturating_add(Usd::from_nanos(more));
        }
        let after: HashSet<_> = keys(&picture).into_iter().collect();
        prop_assert!(before.iter().all(|key| after.contains(key)));
    }
}
