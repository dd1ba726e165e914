//! `tollgate keys rotate`: another secret for a key.

use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use serde::Serialize;
use tollgate_engine::{Clock, SystemClock};
use tollgate_store::{KeyRecord, KeySuccessor, Stores};
use tollgate_types::Timestamp;

use super::{KeyRow, Session, find, new_key, row, show_secret};
use crate::secrets::pepper;

#[derive(Debug, Args)]
pub(in crate::commands) struct RotateArgs {
    /// Its name, its hash or the beginning of its hash
    key: String,
    /// How long the present secret goes on working, e.g. 24h; at most 30d. Without it the secret,
    /// and each that still worked beside it, stops at once
    #[arg(long, value_name = "TIME", value_parser = overlap)]
    overlap: Option<Duration>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A secret that was rotated away and still works.
#[derive(Debug, Serialize)]
pub(super) struct FormerRow {
    hash: String,
    pub(super) works_until: String,
}

impl FormerRow {
    /// Those that work at `now`.
    pub(super) fn of(record: &KeyRecord, now: Timestamp) -> Vec<Self> {
        let working = record.former.iter().filter(|it| it.until > now);
        working
            .map(|it| Self { hash: it.hash.to_hex(), works_until: it.until.to_rfc3339() })
            .collect()
    }
}

/// The longest that two secrets of a key may work beside each other.
const OVERLAP_MAX: Duration = Duration::from_hours(30 * 24);

/// A length of time such as `90s`, `30m`, `24h` or `7d`.
fn overlap(text: &str) -> Result<Duration, String> {
    let unknown = || format!("`{text}` is no length of time such as 90s, 30m, 24h or 7d");
    let units = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];
    let found = units.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, *seconds)));
    let (count, unit) = found.ok_or_else(unknown)?;
    let seconds = count.parse::<u64>().ok().and_then(|count| count.checked_mul(unit));
    let overlap = Duration::from_secs(seconds.ok_or_else(unknown)?);
    if overlap > OVERLAP_MAX {
        return Err(format!("`{text}` is more than 30d"));
    }
    Ok(overlap)
}

pub(super) async fn rotate(
    args: &RotateArgs,
    stores: &Stores,
    session: &Session,
) -> anyhow::Result<()> {
    let pepper = pepper(&session.config()?, &session.environment, stores).await?;
    let old = find(&args.key, stores).await?.hash;
    let (key, now) = (new_key()?, SystemClock.now());
    let milliseconds = args.overlap.map(|it| i64::try_from(it.as_millis()).unwrap_or(0));
    let successor = KeySuccessor {
        hash: pepper.hash(&key),
        label: key.label(),
        overlap_until: milliseconds.map(|it| now.plus_millis(it)),
    };
    let replaced = stores.keys.replace(old, successor, now).await?;
    let record = replaced.ok_or_else(|| anyhow!("the key has just been deleted"))?;
    let usage = stores.usage.key_usage(record.hash, now).await?;
    let row = KeyRow { key: Some(key.expose().to_owned()), ..row(&record, &usage, now) };
    show_secret(&row, args.json)?;
    if let Some(last) = record.former.last().filter(|it| it.until > now && !args.json) {
        let end = last.until.to_rfc3339();
        anstream::println!("The one before it works until {end}.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps_are_read_in_four_units() {
        for (text, seconds) in [
            ("90s", Some(90)),
            ("30m", Some(1_800)),
            ("24h", Some(86_400)),
            ("30d", Some(2_592_000)),
            ("0s", Some(0)),
            ("31d", None),
            ("24", None),
            ("h", None),
            ("-1h", None),
            ("18446744073709551615d", None),
            ("", None),
        ] {
            assert_eq!(overlap(text).ok(), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
