//! When it is asked.

use serde_json::Value;

use super::Test;
use crate::reader::Reader;

pub(super) fn after(value: &Value, reader: &mut Reader) -> Option<Test> {
    let instant = reader.instant(value)?;
    Some(Box::new(move |call| call.facts.now >= instant))
}

pub(super) fn before(value: &Value, reader: &mut Reader) -> Option<Test> {
    let instant = reader.instant(value)?;
    Some(Box::new(move |call| call.facts.now < instant))
}

const MINUTES_PER_DAY: i64 = 24 * 60;
const MILLIS_PER_MINUTE: i64 = 60_000;
const DAYS: &[&str] = &["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// 1970-01-01 was a Thursday.
const WEEKDAY_OF_EPOCH: i64 = 3;

/// Hours of days of the week. A window that goes past midnight belongs to the day it begins on.
#[derive(Debug, Clone)]
struct Window {
    /// Names of days; all when empty.
    days: Vec<&'static str>,
    /// Minutes of the day: the first that is in, and the first that is out again.
    from: i64,
    to: i64,
    /// Minutes east of UTC.
    offset: i64,
}

impl Window {
    fn contains(&self, unix_millis: i64) -> bool {
        let local = unix_millis.div_euclid(MILLIS_PER_MINUTE).saturating_add(self.offset);
        let (day, minute) = (local.div_euclid(MINUTES_PER_DAY), local.rem_euclid(MINUTES_PER_DAY));
        let begun = match self.from < self.to {
            true if (self.from..self.to).contains(&minute) => day,
            false if minute >= self.from => day,
            false if minute < self.to => day.saturating_sub(1),
            _ => return false,
        };
        let weekday = begun.saturating_add(WEEKDAY_OF_EPOCH).rem_euclid(7);
        let name = usize::try_from(weekday).ok().and_then(|it| DAYS.get(it));
        self.days.is_empty() || name.is_some_and(|name| self.days.contains(name))
    }
}

pub(super) fn time(value: &Value, reader: &mut Reader) -> Option<Test> {
    let table = reader.table(value, &["days", "from", "to", "zone"])?;
    let days = reader.member(table, "days", |it, reader| reader.words(it, "day", DAYS));
    let from = reader.member(table, "from", |it, reader| minutes(it, reader, MINUTES_PER_DAY - 1));
    let to = reader.member(table, "to", |it, reader| minutes(it, reader, MINUTES_PER_DAY));
    let offset = reader.member(table, "zone", zone);
    let window = Window {
        days: days.unwrap_or_default(),
        from: from.unwrap_or(0),
        to: to.unwrap_or(MINUTES_PER_DAY),
        offset: offset.unwrap_or(0),
    };
    if window.from == window.to {
        reader.problem("expected from and to to differ");
        return None;
    }
    Some(Box::new(move |call| window.contains(call.facts.now.unix_millis())))
}

/// A time of day.
fn minutes(value: &Value, reader: &mut Reader, most: i64) -> Option<i64> {
    let read = value.as_str().and_then(hours_and_minutes).filter(|it| *it <= most);
    if read.is_none() {
        reader.problem("expected a time of day such as 18:00");
    }
    read
}

/// An offset from UTC. There is no calendar of summer times here: zones have no names.
fn zone(value: &Value, reader: &mut Reader) -> Option<i64> {
    let read = value.as_str().and_then(|text| match text {
        "UTC" | "Z" => Some(0),
        text => match (text.strip_prefix('+'), text.strip_prefix('-')) {
            (Some(east), _) => hours_and_minutes(east),
            (_, Some(west)) => hours_and_minutes(west).map(|minutes| -minutes),
            _ => None,
        },
    });
    let read = read.filter(|minutes| minutes.abs() <= 18 * 60);
    if read.is_none() {
        reader.problem("expected UTC or an offset such as +02:00");
    }
    read
}

/// `18:00`, and `18:00:00` as TOML's own times are written.
fn hours_and_minutes(text: &str) -> Option<i64> {
    let number = |text: &str| {
        let is_plain = text.len() == 2 && text.bytes().all(|it| it.is_ascii_digit());
        is_plain.then(|| text.parse::<i64>().ok()).flatten()
    };
    let text = text.strip_suffix(":00").filter(|it| it.contains(':')).unwrap_or(text);
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 24 && minutes < 60).then_some(hours * 60 + minutes)
}
