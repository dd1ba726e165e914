//! Reading the `provider` object of a request.

use serde::Deserialize;
use serde::de::IgnoredAny;
use tollgate_types::{MoneyError, UnitPrice};

use super::{MaxPrice, Preferences, Sort};
use crate::cutoffs::Cutoffs;

/// The `provider` object has a field of the wrong type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("provider: {0}")]
pub struct InvalidPreferences(String);

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct ProviderObject {
    order: Option<Vec<String>>,
    only: Option<Vec<String>>,
    ignore: Option<Vec<String>>,
    allow_fallbacks: Option<bool>,
    require_parameters: Option<bool>,
    data_collection: Option<DataCollection>,
    zdr: Option<bool>,
    enforce_distillable_text: Option<bool>,
    max_price: Option<MaxPriceObject>,
    quantizations: Option<Vec<String>>,
    hedge: Option<bool>,
    sort: Option<SortWish>,
    preferred_min_throughput: Option<Cutoffs>,
    preferred_max_latency: Option<Cutoffs>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum DataCollection {
    Allow,
    Deny,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with prompt, completion, request, image or audio")]
struct MaxPriceObject {
    prompt: Option<Dollars>,
    completion: Option<Dollars>,
    request: Option<Dollars>,
    image: Option<Dollars>,
    audio: Option<Dollars>,
}

/// A sort, by its name or with a partition.
#[derive(Deserialize)]
#[serde(untagged)]
enum SortWish {
    Name(SortName),
    Object {
        by: Option<SortName>,
        partition: Option<Partition>,
    },
    /// Named below.
    Other(IgnoredAny),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SortName {
    Price,
    Throughput,
    Latency,
    Exacto,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Partition {
    Model,
    None,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "max_price: Expected dollars, as numbers or texts")]
enum Dollars {
    Number(f64),
    Text(String),
}

impl Dollars {
    fn read(
        &self,
        name: &str,
        parse: fn(&str) -> Result<UnitPrice, MoneyError>,
    ) -> Result<UnitPrice, InvalidPreferences> {
        let text = match self {
            // Down: a bound is not to admit what is above it.
            Self::Number(number) => {
                let exact = format!("{number:.12}");
                let end = exact.len().saturating_sub(6);
                exact.get(..end).unwrap_or(&exact).to_owned()
            }
            Self::Text(text) => text.clone(),
        };
        parse(&text).map_err(|error| InvalidPreferences(format!("max_price.{name}: {error}")))
    }
}

impl MaxPriceObject {
    fn read(&self) -> Result<MaxPrice, InvalidPreferences> {
        let million = |name: &str, bound: &Option<Dollars>| {
            bound.as_ref().map(|it| it.read(name, UnitPrice::per_million)).transpose()
        };
        let piece = |name: &str, bound: &Option<Dollars>| {
            bound.as_ref().map(|it| it.read(name, UnitPrice::per_unit)).transpose()
        };
        Ok(MaxPrice {
            prompt: million("prompt", &self.prompt)?,
            completion: million("completion", &self.completion)?,
            request: piece("request", &self.request)?,
            image: piece("image", &self.image)?,
            audio: million("audio", &self.audio)?,
        })
    }
}

impl From<SortName> for Sort {
    fn from(name: SortName) -> Self {
        match name {
            SortName::Price => Self::Price,
            SortName::Throughput => Self::Throughput,
            SortName::Latency => Self::Latency,
            SortName::Exacto => Self::Exacto,
        }
    }
}

impl Preferences {
    /// Reads the `provider` object. Fields this version does not act on are passed over.
    ///
    /// # Errors
    ///
    /// Names the field with the wrong type or an unknown word.
    pub fn parse(json: &str) -> Result<Self, InvalidPreferences> {
        let object: ProviderObject = serde_json::from_str(json).map_err(|error| {
            let text = error.to_string();
            let reason = text.split(" at line").next().unwrap_or_default();
            InvalidPreferences(reason.to_owned())
        })?;
        let (sort, across_models) = match object.sort {
            None => (None, false),
            Some(SortWish::Name(name)) => (Some(name.into()), false),
            Some(SortWish::Object { by, partition }) => {
                (by.map(Sort::from), partition == Some(Partition::None))
            }
            Some(SortWish::Other(_)) => {
                let expected = "sort: Expected price, throughput, latency or exacto, or an object with by and partition (model or none)";
                return Err(InvalidPreferences(expected.to_owned()));
            }
        };
        let max_price = object.max_price.as_ref().map(MaxPriceObject::read).transpose()?;
        Ok(Self {
            order: object.order.unwrap_or_default(),
            only: object.only.unwrap_or_default(),
            ignore: object.ignore.unwrap_or_default(),
            allow_fallbacks: object.allow_fallbacks.unwrap_or(true),
            require_parameters: object.require_parameters.unwrap_or(false),
            deny_data_collection: matches!(object.data_collection, Some(DataCollection::Deny)),
            zero_retention: object.zdr.unwrap_or(false),
            distillable_only: object.enforce_distillable_text.unwrap_or(false),
            max_price: max_price.unwrap_or_default(),
            quantizations: object.quantizations.unwrap_or_default(),
            hedge: object.hedge.unwrap_or(false),
            sort,
            across_models,
            preferred_min_throughput: object.preferred_min_throughput,
            preferred_max_latency: object.preferred_max_latency,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_5_2_unknown_fields_are_passed_over_and_wrong_types_named() {
        let preferences = Preferences::parse(r#"{"only":["a"],"options":{}}"#).unwrap();
        assert_eq!(preferences.only, ["a"]);
        assert!(preferences.allow_fallbacks);
        for (json, message) in [
            (r#"{"order":"a"}"#, "provider: invalid type: string \"a\", expected a sequence"),
            (
                r#"{"sort":"speed"}"#,
                "provider: sort: Expected price, throughput, latency or exacto, or an object with by and partition (model or none)",
            ),
            (
                r#"{"max_price":{"prompt":[]}}"#,
                "provider: max_price: Expected dollars, as numbers or texts",
            ),
            (
                r#"{"preferred_max_latency":"fast"}"#,
                "provider: preferred_min_throughput, preferred_max_latency: Expected a number or an object with p50, p75, p90 or p99",
            ),
            (
                r#"{"max_price":{"prompt":"cheap"}}"#,
                "provider: max_price.prompt: `cheap` is not a decimal number such as 0.15",
            ),
        ] {
            assert_eq!(Preferences::parse(json).unwrap_err().to_string(), message, "{json}");
        }
    }

    #[test]
    fn contract_5_2_sort_is_a_word_or_an_object() {
        for (json, sort, across_models) in [
            (r#"{"sort":"price"}"#, Some(Sort::Price), false),
            (r#"{"sort":{"by":"latency","partition":"none"}}"#, Some(Sort::Latency), true),
            (r#"{"sort":{"by":"throughput","partition":"model"}}"#, Some(Sort::Throughput), false),
            (r#"{"sort":{"partition":"none"}}"#, None, true),
            (r#"{"sort":null}"#, None, false),
        ] {
            let read = Preferences::parse(json).unwrap();
            assert_eq!((read.sort, read.across_models), (sort, across_models), "{json}");
        }
    }

    #[test]
    fn contract_5_2_prices_are_numbers_or_texts_and_cutoffs_numbers_or_percentiles() {
        let json = r#"{"max_price":{"prompt":1,"completion":"2.5","request":0.01,"image":"0.02","audio":40},
            "preferred_min_throughput":30,"preferred_max_latency":{"p50":0.5,"p99":3}}"#;
        let read = Preferences::parse(json).unwrap();
        assert_eq!(
            read.max_price,
            MaxPrice {
                prompt: Some(UnitPrice::per_million("1").unwrap()),
                completion: Some(UnitPrice::per_million("2.5").unwrap()),
                request: Some(UnitPrice::per_unit("0.01").unwrap()),
                image: Some(UnitPrice::per_unit("0.02").unwrap()),
                audio: Some(UnitPrice::per_million("40").unwrap()),
            }
        );
        let close = Preferences::parse(r#"{"max_price":{"prompt":0.9999999}}"#).unwrap();
        assert_eq!(close.max_price.prompt, Some(UnitPrice::per_million("0.999999").unwrap()));
        let throughput = Cutoffs { p50: Some(30.0), ..Cutoffs::default() };
        assert_eq!(read.preferred_min_throughput, Some(throughput));
        let latency = Cutoffs { p50: Some(0.5), p99: Some(3.0), ..Cutoffs::default() };
        assert_eq!(read.preferred_max_latency, Some(latency));
    }
}
