//! Shares: of a key's limit, and of all calls.

use std::sync::Arc;

use serde_json::Value;

use super::Test;
use crate::hash::share;
use crate::reader::Reader;
use crate::split::{By, Subject};

/// How much of the key's limit is spent, both ends included. A key without a limit is within no
/// range.
pub(super) fn spent(value: &Value, reader: &mut Reader) -> Option<Test> {
    let table = reader.table(value, &["min", "max"])?;
    let least = reader.member(table, "min", ratio).unwrap_or(0.0);
    let most = reader.member(table, "max", ratio).unwrap_or(f64::INFINITY);
    if least > most {
        reader.problem("expected min to be at most max");
    }
    Some(Box::new(move |call| call.facts.spent.is_some_and(|it| (least..=most).contains(&it))))
}

fn ratio(value: &Value, reader: &mut Reader) -> Option<f64> {
    let ratio = reader.number(value)?;
    let is_in = (0.0..=1.0).contains(&ratio);
    if !is_in {
        reader.problem("expected a share from 0 to 1");
    }
    is_in.then_some(ratio)
}

/// What tells this draw apart from those of splits.
const SALT: &[u8] = b"percent";

/// A share of users, sessions, keys or calls: always the same ones, others for another rule.
pub(super) fn percent(value: &Value, reader: &mut Reader) -> Option<Test> {
    let table = reader.table(value, &["of", "by"])?;
    let of = reader.required(table, "of", percentage);
    let by = reader.member(table, "by", By::read).unwrap_or(By::User);
    let (of, rule) = (of? / 100.0, Arc::clone(&reader.rule));
    Some(Box::new(move |call| {
        share(Subject::of(call.facts, by).hash(&[rule.as_bytes(), SALT])) < of
    }))
}

fn percentage(value: &Value, reader: &mut Reader) -> Option<f64> {
    let percentage = reader.number(value)?;
    let is_in = (0.0..=100.0).contains(&percentage);
    if !is_in {
        reader.problem("expected a percentage from 0 to 100");
    }
    is_in.then_some(percentage)
}
