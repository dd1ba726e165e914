use proptest::prelude::*;
use tollgate_ledger::{Counted, MovementSum};

use super::*;
use crate::UsageLine;

fn october() -> Month {
    "2026-10".parse().unwrap()
}

fn movement(id: usize, kind: Kind, nanos: i64, day: i64) -> Movement {
    let at = october().instants().start.plus_millis(day * 86_400_000);
    let amount = Usd::from_nanos(nanos);
    Movement::new(&format!("m{id}"), AccountId::default(), kind, amount, at)
}

/// A draft of what happened, before, in and after October.
fn draft(movements: &[Movement]) -> Draft {
    let (account, instants) = (AccountId::default(), october().instants());
    let (mut opening, mut closing) = (Counted::default(), Counted::default());
    let mut entries = Vec::new();
    for it in movements {
        if it.at < instants.start {
            opening.count(&MovementSum::from(it), &account);
        }
        if it.at < instants.end {
            closing.count(&MovementSum::from(it), &account);
        }
        if instants.contains(&it.at) && it.kind.is_entered() {
            entries.push(it.clone());
        }
    }
    Draft {
        installation: "Acme".to_owned(),
        account,
        month: october(),
        sequence: Some(1),
        opening: opening.balance().unwrap(),
        told: None,
        closing: closing.balance().unwrap(),
        entries,
        usage: Vec::new(),
    }
}

/// A purchase before October, one after it, and one of each kind within.
fn eventful() -> Vec<Movement> {
    let other = AccountId::new("other").unwrap();
    let given = Movement { counter: Some(other.clone()), ..movement(8, Kind::Transfer, 50, 5) };
    let received = Movement {
        account: other,
        counter: Some(AccountId::default()),
        ..movement(9, Kind::Transfer, 5, 6)
    };
    vec![
        movement(0, Kind::Purchase, 1_000, -3),
        movement(1, Kind::Hold, 300, -2),
        movement(2, Kind::Charge, 100, -1),
        movement(3, Kind::Charge, 60, 0),
        movement(4, Kind::Purchase, 500, 1),
        movement(5, Kind::Fee, 28, 1),
        movement(6, Kind::Promotional, 40, 2),
        movement(7, Kind::Expiry, 10, 3),
        given,
        received,
        movement(10, Kind::Overrun, 7, 7),
        movement(11, Kind::Repayment, 3, 8),
        movement(12, Kind::Metered, 11, 9),
        movement(13, Kind::Reversal, 200, 10),
        movement(14, Kind::FeeReversal, 28, 10),
        movement(15, Kind::Deduction, 4, 11),
        movement(16, Kind::Adjustment, 1, 11),
        movement(17, Kind::Release, 140, 12),
        movement(18, Kind::Commitment, 20, 30),
        movement(19, Kind::Purchase, 9_999, 31),
    ]
}

#[test]
fn a_month_by_hand() {
    let mut draft = draft(&eventful());
    let line = |name: &str, nanos| UsageLine {
        name: name.to_owned(),
        requests: 1,
        amount: Usd::from_nanos(nanos),
        ..UsageLine::default()
    };
    draft.usage = vec![UsageTable::new("model", [line("acme/m", 60), line("acme/s", 11)])];
    let statement = Statement::new(draft).unwrap();
    assert_eq!(statement.opening().nanos(), 900);
    let told: Vec<(Line, i64)> = Line::OF_BALANCE
        .into_iter()
        .chain(Line::BESIDE)
        .map(|line| (line, statement.sum(line).nanos()))
        .collect();
    let expected = [
        (Line::Purchases, 500),
        (Line::Promotional, 40),
        (Line::Adjustments, -3),
        (Line::Transfers, -45),
        (Line::Refunds, -200),
        (Line::Expired, -10),
        (Line::Usage, -67),
        (Line::UsageReturned, 3),
        (Line::Commitment, -20),
        (Line::Corrections, 0),
        (Line::Fees, 28),
        (Line::FeesReturned, -28),
        (Line::Metered, 11),
        (Line::MeteredCorrections, 0),
    ];
    assert_eq!(told, expected);
    assert_eq!(statement.closing().nanos(), 900 + 500 + 40 - 3 - 45 - 200 - 10 - 67 + 3 - 20);
    assert_eq!(statement.number().unwrap().to_string(), "default-2026-10-001");
    assert_eq!(statement.usage_total().unwrap().nanos(), 78);
    // Seven nano-dollars are no model's.
    let usage: Vec<_> = statement.usage()[0].lines.iter().map(|it| it.amount.nanos()).collect();
    assert_eq!(usage, [60, 11, 7]);
    let notes: Vec<_> = statement.entries().iter().filter_map(|it| it.note.as_deref()).collect();
    assert_eq!(notes, ["to other", "from other"]);
}

#[test]
fn what_comes_later_is_a_correction_of_the_next_month() {
    let mut movements = eventful();
    movements.retain(|it| it.kind != Kind::Transfer);
    let told = draft(&movements).opening;
    // Calls of September that were settled when its statement had been told.
    movements.push(movement(30, Kind::Overrun, 25, -1));
    movements.push(movement(31, Kind::Metered, 4, -1));
    let later = Statement::new(Draft { told: Some(told), ..draft(&movements) }).unwrap();
    assert_eq!(later.opening().nanos(), 900);
    assert_eq!(later.sum(Line::Corrections).nanos(), -25);
    assert_eq!(later.sum(Line::MeteredCorrections).nanos(), 4);
    assert_eq!(later.sum(Line::Usage).nanos(), -67);
    assert_eq!(later.usage_total().unwrap().nanos(), 78);
    let total: i64 = Line::OF_BALANCE.into_iter().map(|it| later.sum(it).nanos()).sum();
    assert_eq!(900 + total, later.closing().nanos());
}

#[test]
fn what_does_not_add_up_is_no_statement() {
    let movements = [movement(0, Kind::Purchase, 1_000, -3), movement(1, Kind::Purchase, 5, 1)];
    let right = draft(&movements);
    assert!(Statement::new(right.clone()).is_ok());
    let mut missing = right.clone();
    missing.entries.clear();
    let refused = Statement::new(missing).unwrap_err();
    assert!(matches!(refused, StatementError::Unproved { .. }), "{refused}");
    let mut off = right.clone();
    off.closing.available = Usd::from_nanos(1_006);
    assert!(matches!(Statement::new(off), Err(StatementError::Unproved { .. })));
    for foreign in [
        movement(7, Kind::Purchase, 5, 31),
        movement(7, Kind::Charge, 5, 1),
        Movement { account: AccountId::new("other").unwrap(), ..movement(7, Kind::Purchase, 5, 1) },
    ] {
        let mut draft = right.clone();
        draft.entries.push(foreign);
        assert_eq!(Statement::new(draft), Err(StatementError::Foreign("m7".to_owned())));
    }
}

fn any_kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(Kind::ALL.to_vec())
}

proptest! {
    /// Whatever happens to an account, its months are proven, and each goes on where the one before
    /// ends.
    #[test]
    fn any_month_is_proven(
        happened in prop::collection::vec((any_kind(), 1..1_000_i64, -40..80_i64, any::<bool>()), 0..60),
    ) {
        let other = AccountId::new("other").unwrap();
        let movements: Vec<Movement> = happened
            .into_iter()
            .enumerate()
            .map(|(id, (kind, nanos, day, gives))| {
                let mut it = movement(id, kind, nanos, day);
                if kind == Kind::Transfer {
                    it.counter = Some(if gives { other.clone() } else { AccountId::default() });
                    it.account = if gives { AccountId::default() } else { other.clone() };
                }
                it
            })
            .collect();
        let first = Statement::new(draft(&movements)).unwrap();
        let total: i64 = Line::OF_BALANCE.into_iter().map(|it| first.sum(it).nanos()).sum();
        prop_assert_eq!(first.opening().nanos() + total, first.closing().nanos());
    }
}
