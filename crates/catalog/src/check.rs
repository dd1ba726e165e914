//! What a catalogue must satisfy before anything is built from it.
//!
//! All problems are collected, each with the place it was found, so that an operator sees them at
//! once. The build script runs the same checks over the files under `catalog/`.

use std::collections::{HashMap, HashSet};

use crate::format::{
    EndpointEntry, ModelEntry, Overlay, PriceEntry, ProviderEntry, RateTexts, ServiceTierEntry,
};
use crate::vocabulary::{Lot, Modality, Rate};

/// Whether a price must say where it comes from and that a zero is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provenance {
    /// As in the files of the built-in catalogue.
    Required,
    /// As in an operator's configuration, where the operator is the source.
    Optional,
}

/// Why rows can't be made into a catalogue, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct OverlayError {
    /// The row and key, e.g. `model acme/small: endpoint acme: price.input`.
    pub place: String,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A provider that nothing defines.
    #[error("unknown provider `{name}`{}", did_you_mean(nearest.as_deref()))]
    UnknownProvider {
        /// As given.
        name: String,
        /// A known one much like it.
        nearest: Option<String>,
    },
    /// A model that nothing defines.
    #[error("unknown model `{name}`{}", did_you_mean(nearest.as_deref()))]
    UnknownModel {
        /// As given.
        name: String,
        /// A known one much like it.
        nearest: Option<String>,
    },
    /// A key that must be there.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A name given twice.
    #[error("`{0}` is defined twice")]
    Duplicate(String),
    /// A name that can't be one.
    #[error("`{text}` is not a valid name: {why}")]
    BadName {
        /// As given.
        text: String,
        /// What a name looks like.
        why: &'static str,
    },
    /// An address that is not one.
    #[error("`{0}` is not an http or https address")]
    BadUrl(String),
    /// A price that is not an exact decimal.
    #[error(
        "`{text}` is not a decimal number of dollars such as \"0.15\" with at most {places} places"
    )]
    BadDecimal {
        /// As given.
        text: String,
        /// Decimal places that can be held exactly.
        places: usize,
    },
    /// A multiple of a price that is not an exact decimal.
    #[error(
        "`{text}` is not a decimal number such as \"2\" or \"0.5\" with at most {places} places"
    )]
    BadTimes {
        /// As given.
        text: String,
        /// Decimal places that can be held exactly.
        places: usize,
    },
    /// A price of a second that is not an exact decimal.
    #[error(
        "`{text}` is not a decimal number of dollars such as \"0.0001\" with at most {places} \
         places: audio is billed by the millisecond, in whole pico-dollars; round a price up that \
         has more, such as one by the hour"
    )]
    BadSecond {
        /// As given.
        text: String,
        /// Decimal places that can be held exactly.
        places: usize,
    },
    /// A price that states nothing.
    #[error(
        "states no price, such as `input`, `character` or `audio_second`; leave `price` out when \
         it is unknown"
    )]
    NoRate,
    /// A day that is not one.
    #[error("`{0}` is not a day such as 2026-07-02")]
    BadDate(String),
    /// An hour that is not one.
    #[error("`{0}` is not an hour in UTC such as 1630")]
    BadTime(String),
    /// A window that never or always holds.
    #[error("a window must end at another time than it starts")]
    EmptyWindow,
    /// Tiers out of order.
    #[error("tiers must have rising `above`")]
    TiersOutOfOrder,
    /// A zero that may be a gap in the source.
    #[error("a price of zero needs `free = true`; leave the price out when it is unknown")]
    UnmarkedZero,
    /// A context that can't be right.
    #[error("a context of {context} tokens is more than {most}, {times} times the model's")]
    ContextTooLarge {
        /// As given.
        context: u64,
        /// The most that is believed.
        most: u64,
        /// Times the model's context.
        times: u64,
    },
    /// A score that is none.
    #[error("a score is a number from 0 to 1")]
    BadScore,
    /// A model nobody serves.
    #[error("no endpoint serves it")]
    NoEndpoint,
    /// A moving name with endpoints of its own, or that names another moving name.
    #[error("an alias is served by its target's endpoints, and its target is not an alias")]
    BadAlias,
}

/// A host may allow more context than the listing's lead endpoint, but hardly more than this.
const CONTEXT_TIMES_MAX: u64 = 8;
/// Whole dollars are at most this many digits, so that a price fits its type.
const WHOLE_DIGITS_MAX: usize = 6;
/// Decimal places of a multiple of a price.
const TIMES_PLACES: usize = 6;
/// How alike a known name must be to be offered.
const LIKENESS_MIN: f64 = 0.72;

/// Checks rows whose endpoints all stand inside their models.
pub(crate) fn check(rows: &Overlay, provenance: Provenance) -> Vec<OverlayError> {
    let mut checker = Checker::new(rows, provenance);
    let mut slugs = HashSet::new();
    for provider in &rows.providers {
        checker.provider(provider, &mut slugs);
    }
    let mut ids = HashSet::new();
    for model in &rows.models {
        checker.model(model, &mut ids);
    }
    checker.errors
}

/// The known name most like `name`, when one is much like it.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_ascii_lowercase();
    let scored = known.map(|candidate| {
        let likeness = strsim::normalized_damerau_levenshtein(&name, candidate);
        (likeness, candidate)
    });
    let best = scored.max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.filter(|(likeness, _)| *likeness >= LIKENESS_MIN).map(|(_, candidate)| candidate)
}

/// Minutes since midnight of an hour such as `1630`.
pub(crate) fn minute_of_day(text: &str) -> Option<u16> {
    if text.len() != 4 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = text.split_at_checked(2)?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    hours.checked_mul(60)?.checked_add(minutes)
}

struct Checker<'a> {
    providers: HashSet<&'a str>,
    alias_by_model: HashMap<&'a str, bool>,
    provenance: Provenance,
    errors: Vec<OverlayError>,
}

impl<'a> Checker<'a> {
    fn new(rows: &'a Overlay, provenance: Provenance) -> Self {
        let is_alias = |m: &'a ModelEntry| (m.id.as_str(), m.alias_target.is_some());
        Self {
            providers: rows.providers.iter().map(|p| p.slug.as_str()).collect(),
            alias_by_model: rows.models.iter().map(is_alias).collect(),
            provenance,
            errors: Vec::new(),
        }
    }

    fn report(&mut self, place: impl Into<String>, problem: Problem) {
        self.errors.push(OverlayError { place: place.into(), problem });
    }

    fn provider(&mut self, row: &'a ProviderEntry, seen: &mut HashSet<String>) {
        let place = place(&row.origin, &format!("provider {}", row.slug));
        if let Some(why) = name_fault(&row.slug) {
            self.report(&place, Problem::BadName { text: row.slug.clone(), why });
        }
        for name in std::iter::once(&row.slug).chain(row.aliases.iter().flatten()) {
            if !seen.insert(name.to_ascii_lowercase()) {
                self.report(&place, Problem::Duplicate(name.clone()));
            }
        }
        if row.name.is_none() {
            self.report(&place, Problem::Missing("name"));
        }
        if row.protocol.is_none() {
            self.report(&place, Problem::Missing("protocol"));
        }
        match row.base_url.as_deref() {
            None if row.builtin != Some(true) => self.report(&place, Problem::Missing("base_url")),
            Some(url) if !is_address(url) => {
                self.report(format!("{place}: base_url"), Problem::BadUrl(url.to_owned()));
            }
            None | Some(_) => {}
        }
    }

    fn model(&mut self, row: &'a ModelEntry, seen: &mut HashSet<String>) {
        let place = place(&row.origin, &format!("model {}", row.id));
        if let Some(why) = model_id_fault(&row.id) {
            self.report(&place, Problem::BadName { text: row.id.clone(), why });
        }
        if !seen.insert(row.id.to_ascii_lowercase()) {
            self.report(&place, Problem::Duplicate(row.id.clone()));
        }
        for (key, modalities) in [("input", &row.input), ("output", &row.output)] {
            if modalities.as_ref().is_some_and(Vec::is_empty) {
                self.report(&place, Problem::Missing(key));
            }
        }
        let days = [
            ("knowledge_cutoff", &row.knowledge_cutoff),
            ("expiration_date", &row.expiration_date),
        ];
        for (key, day) in days {
            self.day(&format!("{place}: {key}"), day.as_deref());
        }
        if row.coding_score.is_some_and(|score| !(0.0..=1.0).contains(&score)) {
            self.report(format!("{place}: coding_score"), Problem::BadScore);
        }
        self.alias(&place, row);
        let mut tags = HashSet::new();
        for endpoint in &row.endpoints {
            let place = format!("{place}: endpoint {}", endpoint.provider);
            if !tags.insert((endpoint.provider.as_str(), endpoint.suffix.as_deref())) {
                self.report(&place, Problem::Duplicate(endpoint.provider.clone()));
            }
            self.endpoint(&place, row, endpoint);
        }
    }

    fn alias(&mut self, place: &str, row: &ModelEntry) {
        let Some(target) = row.alias_target.as_deref() else {
            if row.endpoints.is_empty() && self.provenance == Provenance::Required {
                self.report(place, Problem::NoEndpoint);
            }
            return;
        };
        match self.alias_by_model.get(target) {
            None => {
                let nearest = nearest(target, self.alias_by_model.keys().copied());
                let nearest = nearest.map(str::to_owned);
                self.report(place, Problem::UnknownModel { name: target.to_owned(), nearest });
            }
            Some(target_is_alias) if *target_is_alias || !row.endpoints.is_empty() => {
                self.report(place, Problem::BadAlias);
            }
            Some(_) => {}
        }
    }

    fn endpoint(&mut self, place: &str, model: &ModelEntry, row: &EndpointEntry) {
        if !self.providers.contains(row.provider.as_str()) {
            let nearest = nearest(&row.provider, self.providers.iter().copied());
            let nearest = nearest.map(str::to_owned);
            let name = row.provider.clone();
            self.report(place, Problem::UnknownProvider { name, nearest });
        }
        if let Some(why) = row.suffix.as_deref().and_then(name_fault) {
            let text = row.suffix.clone().unwrap_or_default();
            self.report(format!("{place}: suffix"), Problem::BadName { text, why });
        }
        if let (Some(context), Some(models)) = (row.context_length, model.context_length) {
            let most = models.saturating_mul(CONTEXT_TIMES_MAX);
            if context > most && self.provenance == Provenance::Required {
                let times = CONTEXT_TIMES_MAX;
                self.report(place, Problem::ContextTooLarge { context, most, times });
            }
        }
        if let Some(price) = &row.price {
            let free_variant = model.id.ends_with(":free");
            let place = format!("{place}: price");
            self.stated(&place, writes_text(model, row), price);
            self.price(&place, price, free_variant);
        }
        for (tier, entry) in row.service_tiers.iter().flatten() {
            let place = format!("{place}: service_tiers.{}", tier.as_str());
            self.service_tier(&place, (model, row), entry);
        }
    }

    fn service_tier(
        &mut self,
        place: &str,
        (model, row): (&ModelEntry, &EndpointEntry),
        entry: &ServiceTierEntry,
    ) {
        match entry.times.as_deref() {
            Some(times) if !is_decimal(times, TIMES_PLACES) => {
                let problem = Problem::BadTimes { text: times.to_owned(), places: TIMES_PLACES };
                self.report(format!("{place}.times"), problem);
            }
            Some(_) if row.price.is_none() => self.report(place, Problem::Missing("price")),
            Some(_) => {}
            None => self.stated(place, writes_text(model, row), &entry.price),
        }
        self.price(place, &entry.price, false);
    }

    /// Text is always billed by its tokens, so that a price forgotten there would make them free.
    /// What has no text to write may be billed otherwise, but by something.
    fn stated(&mut self, place: &str, writes_text: bool, row: &PriceEntry) {
        for rate in [Rate::Input, Rate::Output] {
            if writes_text && !row.rates.contains_key(&rate) {
                self.report(place, Problem::Missing(rate.key()));
            }
        }
        if !writes_text && row.rates.is_empty() {
            self.report(place, Problem::NoRate);
        }
    }

    fn price(&mut self, place: &str, row: &PriceEntry, free_variant: bool) {
        self.rates(place, &row.rates);
        let mut last = None;
        for tier in &row.tiers {
            if last.is_some_and(|last| tier.above <= last) {
                self.report(place, Problem::TiersOutOfOrder);
            }
            last = Some(tier.above);
            self.rates(&format!("{place}.tiers"), &tier.rates);
        }
        for window in &row.windows {
            let place = format!("{place}.windows");
            for time in [&window.utc_start, &window.utc_end] {
                if minute_of_day(time).is_none() {
                    self.report(&place, Problem::BadTime(time.clone()));
                }
            }
            if window.utc_start == window.utc_end {
                self.report(&place, Problem::EmptyWindow);
            }
            self.rates(&place, &window.rates);
        }
        self.day(&format!("{place}.as_of"), row.as_of.as_deref());
        if self.provenance == Provenance::Required {
            self.provenance(place, row, free_variant);
        }
    }

    fn provenance(&mut self, place: &str, row: &PriceEntry, free_variant: bool) {
        if row.source.is_none() {
            self.report(place, Problem::Missing("source"));
        }
        if row.as_of.is_none() {
            self.report(place, Problem::Missing("as_of"));
        }
        let zero = |text: &String| text.bytes().all(|b| matches!(b, b'0' | b'.'));
        if !row.free && !free_variant && row.rates.values().any(zero) {
            self.report(place, Problem::UnmarkedZero);
        }
    }

    fn rates(&mut self, place: &str, rates: &RateTexts) {
        for (rate, text) in rates {
            let (lot, text) = (rate.lot(), text.clone());
            let places = lot.decimal_places();
            if !is_decimal(&text, places) {
                let place = format!("{place}.{}", rate.key());
                let problem = match lot {
                    Lot::Thousand => Problem::BadSecond { text, places },
                    Lot::One | Lot::Million => Problem::BadDecimal { text, places },
                };
                self.report(place, problem);
            }
        }
    }

    fn day(&mut self, place: &str, day: Option<&str>) {
        if let Some(day) = day
            && !is_day(day)
        {
            self.report(place, Problem::BadDate(day.to_owned()));
        }
    }
}

/// Whether an endpoint writes text: as it says, else as its model says, else it does.
fn writes_text(model: &ModelEntry, row: &EndpointEntry) -> bool {
    let output = row.output.as_ref().or(model.output.as_ref());
    output.is_none_or(|output| output.contains(&Modality::Text))
}

fn place(origin: &str, row: &str) -> String {
    if origin.is_empty() { row.to_owned() } else { format!("{origin}: {row}") }
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

fn name_fault(text: &str) -> Option<&'static str> {
    let fits = !text.is_empty() && text.len() <= 200;
    let printable = text.bytes().all(|b| b.is_ascii_graphic() && b != b'/');
    (!fits || !printable).then_some("printable ASCII without spaces and slashes")
}

fn model_id_fault(text: &str) -> Option<&'static str> {
    let parts = text.split_once('/').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty());
    let printable = text.len() <= 200 && text.bytes().all(|b| b.is_ascii_graphic());
    (!parts || !printable).then_some("author/model in printable ASCII without spaces")
}

fn is_address(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    // A base URL may come whole from a variable.
    rest.is_some_and(|rest| !rest.is_empty()) || url.starts_with("${")
}

fn is_decimal(text: &str, places: usize) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    !whole.is_empty()
        && digits(whole)
        && digits(fraction)
        && whole.len() <= WHOLE_DIGITS_MAX
        && fraction.trim_end_matches('0').len() <= places
}

fn is_day(text: &str) -> bool {
    let shape = text
        .bytes()
        .enumerate()
        .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    let month: Option<u8> = text.get(5..7).and_then(|m| m.parse().ok());
    let day: Option<u8> = text.get(8..10).and_then(|d| d.parse().ok());
    text.len() == 10
        && shape
        && month.is_some_and(|m| (1..=12).contains(&m))
        && day.is_some_and(|d| (1..=31).contains(&d))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One provider and one model, to break in one place.
    fn problems(model: &str) -> Vec<String> {
        let text = format!(
            "[[provider]]\nslug='host'\nname='Host'\nprotocol='gemini'\nbase_url='https://h.example'\n\
             [[model]]\ncontext_length=1000\n{model}"
        );
        let mut rows: Overlay = toml::from_str(&text).unwrap();
        for model in &mut rows.models {
            "models/a.toml".clone_into(&mut model.origin);
        }
        check(&rows, Provenance::Required).iter().map(ToString::to_string).collect()
    }

    const ENDPOINT: &str = "id='a/b'\n[[model.endpoint]]\nprovider='host'\n";

    #[test]
    fn a_whole_row_has_no_problem() {
        assert_eq!(problems(ENDPOINT), [""; 0]);
        let price = "price={input='1', output='2', source='s', as_of='2026-07-02'}";
        assert_eq!(problems(&format!("{ENDPOINT}{price}")), [""; 0]);
        let free = "price={input='0', output='0', free=true, source='s', as_of='2026-07-02'}";
        assert_eq!(problems(&format!("{ENDPOINT}{free}")), [""; 0]);
    }

    #[test]
    fn what_writes_no_text_needs_no_token_prices_but_one() {
        let whisper = |price: &str| {
            problems(&format!(
                "id='a/b'\noutput=['transcription']\n[[model.endpoint]]\nprovider='host'\n\
                 price={{{price} source='s', as_of='2026-07-02'}}"
            ))
        };
        assert_eq!(whisper("audio_second='0.0001',"), [""; 0]);
        let place = "models/a.toml: model a/b: endpoint host: price";
        assert_eq!(
            whisper(""),
            [format!(
                "{place}: states no price, such as `input`, `character` or `audio_second`; leave \
                 `price` out when it is unknown"
            )]
        );
        // Four cents an hour.
        assert_eq!(
            whisper("audio_second='0.0000111111',"),
            [format!(
                "{place}.audio_second: `0.0000111111` is not a decimal number of dollars such as \
                 \"0.0001\" with at most 9 places: audio is billed by the millisecond, in whole \
                 pico-dollars; round a price up that has more, such as one by the hour"
            )]
        );
        assert_eq!(whisper("audio_second='0.000011112',"), [""; 0]);
        // An endpoint's own output counts, and text is text beside anything.
        let price = "price={audio_second='1', source='s', as_of='2026-07-02'}";
        let both =
            [format!("{place}: `input` is missing"), format!("{place}: `output` is missing")];
        assert_eq!(problems(&format!("{ENDPOINT}{price}")), both);
        assert_eq!(problems(&format!("{ENDPOINT}output=['text', 'speech']\n{price}")), both);
        assert_eq!(problems(&format!("{ENDPOINT}output=['speech']\n{price}")), [""; 0]);
    }

    #[test]
    fn built_in_rows_need_more_than_an_operators() {
        let place = "models/a.toml: model a/b";
        for (rest, message) in [
            ("id='a/b'", format!("{place}: no endpoint serves it")),
            (
                "id='a/b'\n[[model.endpoint]]\nprovider='hots'",
                format!("{place}: endpoint hots: unknown provider `hots`; did you mean `host`?"),
            ),
            (
                "id='a/b'\n[[model.endpoint]]\nprovider='host'\n[[model.endpoint]]\nprovider='host'",
                format!("{place}: endpoint host: `host` is defined twice"),
            ),
            (
                "id='a/b'\n[[model.endpoint]]\nprovider='host'\n\
                 price={input='1', output='1', as_of='2026-07-02'}",
                format!("{place}: endpoint host: price: `source` is missing"),
            ),
            (
                "id='a/b'\n[[model.endpoint]]\nprovider='host'\n\
                 price={input='1', output='1', source='s'}",
                format!("{place}: endpoint host: price: `as_of` is missing"),
            ),
            (
                "id='a/b'\n[[model.endpoint]]\nprovider='host'\n\
                 price={input='0.00', output='1', source='s', as_of='2026-07-02'}",
                format!(
                    "{place}: endpoint host: price: a price of zero needs `free = true`; leave the \
                     price out when it is unknown"
                ),
            ),
            (
                "id='a/b'\n[[model.endpoint]]\nprovider='host'\ncontext_length=8001",
                format!(
                    "{place}: endpoint host: a context of 8001 tokens is more than 8000, 8 times the \
                     model's"
                ),
            ),
            (
                "id='a/b'\n[[model.endpoint]]\nprovider='host'\n\
                 [[model]]\nid='A/B'\n[[model.endpoint]]\nprovider='host'",
                "models/a.toml: model A/B: `A/B` is defined twice".to_owned(),
            ),
        ] {
            assert_eq!(problems(rest), [message]);
        }
        // At the limit is still believed.
        assert_eq!(problems(&format!("{ENDPOINT}context_length=8000")), [""; 0]);
    }

    #[test]
    fn hours_and_days_are_read_strictly() {
        for (text, minute) in [
            ("0000", Some(0)),
            ("2359", Some(1439)),
            ("2400", None),
            ("0060", None),
            ("12:0", None),
        ] {
            assert_eq!(minute_of_day(text), minute, "{text}");
        }
        for (text, good) in [
            ("2026-07-02", true),
            ("2026-13-02", false),
            ("2026-07-32", false),
            ("2026-7-2", false),
            ("20260702", false),
            ("2026-07-021", false),
            ("", false),
        ] {
            assert_eq!(is_day(text), good, "{text}");
        }
    }
}
