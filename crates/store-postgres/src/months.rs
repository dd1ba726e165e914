//! The partitions of generations: which months have one, and making those that don't.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use sqlx::PgConnection;
use tokio::time::Instant;
use tollgate_store::StoreError;
use tollgate_types::Timestamp;

use crate::PostgresStore;
use crate::error::failed;
use crate::writes::Write;

/// The months of the years that are divided into months, as years times twelve: 2020 to 2119.
const DIVIDED: std::ops::Range<i32> = (2_020 * 12)..(2_120 * 12);

/// After a month could not be dropped, because somebody was reading, it is not tried again for so
/// long.
const DROP_LATER: Duration = Duration::from_mins(5);

/// Months that this process knows to have a partition, and from when on it may drop one.
#[derive(Debug, Default)]
pub(crate) struct Months {
    known: Mutex<BTreeSet<i32>>,
    drop_from: Mutex<Option<Instant>>,
}

impl Months {
    /// After an operator dropped some.
    pub(crate) fn forget(&self) {
        self.known.lock().clear();
    }

    /// Whether a month may be dropped now.
    pub(crate) fn may_drop(&self) -> bool {
        self.drop_from.lock().is_none_or(|from| Instant::now() >= from)
    }

    /// A month can't be dropped now: for a while it is not tried.
    pub(crate) fn drop_later(&self) {
        *self.drop_from.lock() = Instant::now().checked_add(DROP_LATER);
    }

    fn missing(&self, wanted: BTreeSet<i32>) -> Vec<i32> {
        let known = self.known.lock();
        wanted.into_iter().filter(|month| !known.contains(month)).collect()
    }
}

/// An instant's month.
fn month_of(at: Timestamp) -> i32 {
    let date = at.utc_date();
    i32::from(date.year())
        .saturating_mul(12)
        .saturating_add(i32::from(date.month()))
        .saturating_sub(1)
}

impl PostgresStore {
    /// Makes the partitions of these instants' months where they are missing, and the next
    /// month's: by the time it comes, nobody has to wait for it.
    pub(crate) async fn make_months(
        &self,
        instants: impl Iterator<Item = Timestamp>,
    ) -> Result<(), StoreError> {
        let months = instants.map(month_of).flat_map(|month| [month, month.saturating_add(1)]);
        let wanted: BTreeSet<i32> = months.filter(|month| DIVIDED.contains(month)).collect();
        let missing = self.months.missing(wanted);
        if missing.is_empty() {
            return Ok(());
        }
        self.writes.submit(Make(missing.clone())).await?;
        self.months.known.lock().extend(missing);
        Ok(())
    }
}

struct Make(Vec<i32>);

#[async_trait]
impl Write for Make {
    type Output = ();

    async fn apply(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let sql = "SELECT make_generation_month(make_date($1, $2, 1))";
        for month in &self.0 {
            sqlx::query(sql)
                .bind(month.div_euclid(12))
                .bind(month.rem_euclid(12).saturating_add(1))
                .execute(&mut *connection)
                .await
                .map_err(failed)?;
        }
        Ok(())
    }
}
