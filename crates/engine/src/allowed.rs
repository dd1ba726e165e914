//! What a key may be used for, as people say it: lists of models, providers and addresses, read
//! into the names that are stored.

use tollgate_types::{AddressError, AddressRange};

use crate::Installation;

/// Most items of one of these lists (contract §1.4).
pub const ALLOWED_MAX: usize = 100;
/// What people may say on the way, with room for the longest names.
const ITEM_BYTES_MAX: usize = 256;

/// Why a list is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AllowedError {
    /// A list without items would be a key for nothing.
    #[error("Array must contain at least 1 element(s); null allows all")]
    Empty,
    /// A list has too many.
    #[error("Array must contain at most {ALLOWED_MAX} element(s)")]
    TooMany,
    /// An item is too long to be a name.
    #[error("String must contain at most {ITEM_BYTES_MAX} character(s)")]
    TooLong,
    /// Nobody knows the model: a typing error would make a key for less than was meant.
    #[error("There is no model `{0}`")]
    NoModel(String),
    /// Nobody knows the provider.
    #[error("There is no provider `{0}`")]
    NoProvider(String),
    /// No range of addresses.
    #[error(transparent)]
    Address(#[from] AddressError),
}

/// The ids of models by whatever names.
///
/// # Errors
///
/// When the list is empty or too long, or a name is nobody's.
pub fn allowed_models(
    installation: &Installation,
    names: &[String],
) -> Result<Vec<String>, AllowedError> {
    each(names, |name| {
        let model = installation.known().resolve(name);
        model.map(|model| model.id.to_string()).map_err(|_| AllowedError::NoModel(name.to_owned()))
    })
}

/// The slugs of providers by whatever names.
///
/// # Errors
///
/// When the list is empty or too long, or a name is nobody's.
pub fn allowed_providers(
    installation: &Installation,
    names: &[String],
) -> Result<Vec<String>, AllowedError> {
    each(names, |name| {
        let provider = installation.known().provider(name);
        let provider = provider.ok_or_else(|| AllowedError::NoProvider(name.to_owned()))?;
        Ok(provider.slug.to_string())
    })
}

/// Ranges of addresses.
///
/// # Errors
///
/// When the list is empty or too long, or an item is no range.
pub fn allowed_addresses(texts: &[String]) -> Result<Vec<AddressRange>, AllowedError> {
    each(texts, |text| Ok(text.trim().parse()?))
}

/// Reads every item; what is said twice is kept once.
fn each<T: PartialEq>(
    items: &[String],
    read: impl Fn(&str) -> Result<T, AllowedError>,
) -> Result<Vec<T>, AllowedError> {
    if items.is_empty() {
        return Err(AllowedError::Empty);
    }
    if items.len() > ALLOWED_MAX {
        return Err(AllowedError::TooMany);
    }
    let mut read_items = Vec::with_capacity(items.len());
    for item in items {
        if item.len() > ITEM_BYTES_MAX {
            return Err(AllowedError::TooLong);
        }
        let item = read(item)?;
        if !read_items.contains(&item) {
            read_items.push(item);
        }
    }
    Ok(read_items)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(items: &[&str]) -> Vec<String> {
        items.iter().map(|it| (*it).to_owned()).collect()
    }

    #[test]
    fn lists_have_bounds_and_each_item_once() {
        let read = |items: &[&str]| {
            let ranges = allowed_addresses(&texts(items))?;
            Ok::<_, AllowedError>(ranges.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert_eq!(read(&[" 10.0.0.0/8", "::ffff:10.0.0.0/104"]).unwrap(), ["10.0.0.0/8"]);
        assert_eq!(read(&[]), Err(AllowedError::Empty));
        assert_eq!(read(&["10.0.0.1"; 101]), Err(AllowedError::TooMany));
        assert_eq!(read(&[&"1".repeat(257)]), Err(AllowedError::TooLong));
        assert!(matches!(read(&["10.0.0.1/8"]), Err(AllowedError::Address(_))));
    }
}
