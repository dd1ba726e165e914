//! Reading typed values out of a row, naming the column that can't be read.

use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row as _, Sqlite, Type};
use tollgate_store::StoreError;
use tollgate_types::{KeyHash, Timestamp, Usd};

use crate::error::corrupt;

/// A sum that may go beyond what SQLite's integers hold, as a statement lists it: of the billions
/// and of what is left of each amount. Read by [`Columns::wide`].
macro_rules! wide_sum {
    ($column:literal) => {
        concat!(
            "sum(",
            $column,
            " / 1000000000) AS ",
            $column,
            "_billions, sum(",
            $column,
            " % 1000000000) AS ",
            $column,
            "_rest"
        )
    };
}

/// One row of a query over `table`.
pub(crate) struct Columns<'r> {
    table: &'static str,
    row: &'r SqliteRow,
}

impl<'r> Columns<'r> {
    pub(crate) fn of(table: &'static str, row: &'r SqliteRow) -> Self {
        Self { table, row }
    }

    /// A value that SQLite's types can express.
    pub(crate) fn get<T>(&self, name: &str) -> Result<T, StoreError>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite>,
    {
        self.row.try_get(name).map_err(|_| self.corrupt(name))
    }

    pub(crate) fn text(&self, name: &str) -> Result<&'r str, StoreError> {
        self.get(name)
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.get::<i64>(name)? != 0)
    }

    pub(crate) fn count(&self, name: &str) -> Result<u64, StoreError> {
        u64::try_from(self.get::<i64>(name)?).map_err(|_| self.corrupt(name))
    }

    pub(crate) fn optional_count(&self, name: &str) -> Result<Option<u64>, StoreError> {
        let Some(count) = self.get::<Option<i64>>(name)? else { return Ok(None) };
        u64::try_from(count).map(Some).map_err(|_| self.corrupt(name))
    }

    pub(crate) fn usd(&self, name: &str) -> Result<Usd, StoreError> {
        self.get(name).map(Usd::from_nanos)
    }

    /// What `wide_sum!` of a column lists; nothing where there was nothing to add up.
    pub(crate) fn wide(&self, name: &str) -> Result<i128, StoreError> {
        let part = |part: &str| -> Result<i128, StoreError> {
            Ok(self.get::<Option<i64>>(&format!("{name}_{part}"))?.unwrap_or_default().into())
        };
        let (billions, rest) = (part("billions")?, part("rest")?);
        Ok(billions.saturating_mul(1_000_000_000).saturating_add(rest))
    }

    pub(crate) fn optional_usd(&self, name: &str) -> Result<Option<Usd>, StoreError> {
        Ok(self.get::<Option<i64>>(name)?.map(Usd::from_nanos))
    }

    pub(crate) fn timestamp(&self, name: &str) -> Result<Timestamp, StoreError> {
        self.get(name).map(Timestamp::from_unix_millis)
    }

    pub(crate) fn optional_timestamp(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.get::<Option<i64>>(name)?.map(Timestamp::from_unix_millis))
    }

    pub(crate) fn key_hash(&self, name: &str) -> Result<KeyHash, StoreError> {
        let bytes = self.get::<&[u8]>(name)?;
        bytes.try_into().map(KeyHash::from_bytes).map_err(|_| self.corrupt(name))
    }

    /// Text that only some values may have.
    pub(crate) fn parsed<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        parse(self.text(name)?).ok_or_else(|| self.corrupt(name))
    }

    /// Text that only some values may have, or none.
    pub(crate) fn optional_parsed<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        let Some(text) = self.get::<Option<&str>>(name)? else { return Ok(None) };
        parse(text).map(Some).ok_or_else(|| self.corrupt(name))
    }

    /// JSON, or the default when absent.
    pub(crate) fn json<T: serde::de::DeserializeOwned + Default>(
        &self,
        name: &str,
    ) -> Result<T, StoreError> {
        let text = self.optional_parsed(name, |text| serde_json::from_str(text).ok())?;
        Ok(text.unwrap_or_default())
    }

    pub(crate) fn corrupt(&self, name: &str) -> StoreError {
        corrupt(&[self.table, name].join("."))
    }
}

/// A count as SQLite can hold it: larger ones stay at the end of its range.
pub(crate) fn held(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// An optional count as SQLite can hold it.
pub(crate) fn optional_held(count: Option<u64>) -> Option<i64> {
    count.map(held)
}

/// JSON, or nothing for the default.
///
/// Row types are numbers, texts, lists and maps with text keys: writing one can't fail.
pub(crate) fn json_unless_default<T>(value: &T) -> Option<String>
where
    T: serde::Serialize + Default + PartialEq,
{
    if *value == T::default() { None } else { serde_json::to_string(value).ok() }
}
