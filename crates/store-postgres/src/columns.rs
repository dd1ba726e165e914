//! Reading typed values out of a row, naming the column that can't be read.

use std::borrow::Cow;

use sqlx::postgres::PgRow;
use sqlx::{Decode, Postgres, Row as _, Type};
use tollgate_store::StoreError;
use tollgate_types::{KeyHash, Timestamp, Usd};

use crate::error::corrupt;
use crate::text::restored;

/// One row of a query over `table`.
pub(crate) struct Columns<'r> {
    table: &'static str,
    row: &'r PgRow,
}

impl<'r> Columns<'r> {
    pub(crate) fn of(table: &'static str, row: &'r PgRow) -> Self {
        Self { table, row }
    }

    /// A value that Postgres's types can express. Text is read by [`text`](Self::text).
    pub(crate) fn get<T>(&self, name: &str) -> Result<T, StoreError>
    where
        T: Decode<'r, Postgres> + Type<Postgres>,
    {
        self.row.try_get(name).map_err(|_| self.corrupt(name))
    }

    pub(crate) fn text(&self, name: &str) -> Result<Cow<'r, str>, StoreError> {
        restored(self.get(name)?).ok_or_else(|| self.corrupt(name))
    }

    pub(crate) fn optional_text(&self, name: &str) -> Result<Option<Cow<'r, str>>, StoreError> {
        let Some(kept) = self.get::<Option<&str>>(name)? else { return Ok(None) };
        restored(kept).map(Some).ok_or_else(|| self.corrupt(name))
    }

    pub(crate) fn string(&self, name: &str) -> Result<String, StoreError> {
        self.text(name).map(Cow::into_owned)
    }

    pub(crate) fn optional_string(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.optional_text(name)?.map(Cow::into_owned))
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, StoreError> {
        self.get(name)
    }

    pub(crate) fn count(&self, name: &str) -> Result<u64, StoreError> {
        u64::try_from(self.get::<i64>(name)?).map_err(|_| self.corrupt(name))
    }

    /// A count that the domain holds in 32 bits.
    pub(crate) fn number(&self, name: &str) -> Result<u32, StoreError> {
        u32::try_from(self.get::<i64>(name)?).map_err(|_| self.corrupt(name))
    }

    pub(crate) fn optional_count(&self, name: &str) -> Result<Option<u64>, StoreError> {
        let Some(count) = self.get::<Option<i64>>(name)? else { return Ok(None) };
        u64::try_from(count).map(Some).map_err(|_| self.corrupt(name))
    }

    pub(crate) fn usd(&self, name: &str) -> Result<Usd, StoreError> {
        self.get(name).map(Usd::from_nanos)
    }

    /// A sum as text: it may go beyond what Postgres's integers hold.
    pub(crate) fn wide(&self, name: &str) -> Result<i128, StoreError> {
        self.get::<&str>(name)?.parse().map_err(|_| self.corrupt(name))
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
        parse(&self.text(name)?).ok_or_else(|| self.corrupt(name))
    }

    /// Text that only some values may have, or none.
    pub(crate) fn optional_parsed<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        let Some(text) = self.optional_text(name)? else { return Ok(None) };
        parse(&text).map(Some).ok_or_else(|| self.corrupt(name))
    }

    /// JSON, or the default when absent.
    pub(crate) fn json<T: serde::de::DeserializeOwned + Default>(
        &self,
        name: &str,
    ) -> Result<T, StoreError> {
        let value = self.optional_parsed(name, |text| serde_json::from_str(text).ok())?;
        Ok(value.unwrap_or_default())
    }

    pub(crate) fn corrupt(&self, name: &str) -> StoreError {
        corrupt(&[self.table, name].join("."))
    }
}

/// A count as Postgres can hold it: larger ones stay at the end of its range.
pub(crate) fn held(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// An optional count as Postgres can hold it.
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
    if *value == T::default() {
        return None;
    }
    serde_json::to_string(value).ok().map(|text| crate::text::kept(&text).into_owned())
}
