//! Prints how long questions to the log of calls take. Fills a database first, unless the file is
//! there: `cargo run --release -p tollgate-store-sqlite --example log [RECORDS] [FILE]`

#![expect(clippy::disallowed_methods, reason = "this measures, and no test pauses its clock")]

use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{env, fs};

use tollgate_store::conformance::sample::{full_generation, hash};
use tollgate_store::{
    CallStatus, Choice, FacetField, FacetQuery, FaultQuery, GenerationRecord, GenerationStore as _,
    HistogramQuery, LogBounds, LogQuery, RecordFilter, StoreHealth as _, WantedStatus,
};
use tollgate_store_sqlite::SqliteStore;
use tollgate_types::{GenerationId, KeyHash, ModelSlug, ProviderSlug, Timestamp, Usd};

/// What the API asks with.
const WINDOW: u32 = 25_000;
const BOUNDS: LogBounds = LogBounds { walked: 5_000_000, looked_at: 50_000 };
const FAULTS_LOOKED_AT: u32 = 20_000;

/// Calls are a second apart, from here on.
const BEGINS: i64 = 1_763_000_000_000;
const BATCH: u32 = 2_000;
const TRIES: u32 = 5;

type Failure = Box<dyn Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = env::args().skip(1);
    let records = arguments.next().map_or(Ok(1_000_000), |text| text.parse::<u32>())?;
    let given = arguments.next().map(PathBuf::from);
    let own = env::temp_dir().join(format!("tollgate-log-measured-{}", std::process::id()));
    let file = given.clone().unwrap_or_else(|| own.join("tollgate.db"));
    let store = SqliteStore::open(&file.display().to_string()).await?;
    fill(&store, records).await?;
    Box::pin(measure(&store, records)).await?;
    store.close().await;
    if given.is_none() {
        fs::remove_dir_all(own)?;
    }
    Ok(())
}

async fn fill(store: &SqliteStore, records: u32) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut next = u32::try_from(store.count().await?)?;
    while next < records {
        let until = records.min(next.saturating_add(BATCH));
        store.append((next..until).map(record).collect()).await?;
        next = until;
    }
    writeln!(io::stdout(), "{records} records are there after {:?}", begun.elapsed())?;
    Ok(())
}

/// Of 40 models and 200 keys, most calls are of a few; 2 % fail, 1 % are cancelled, 3 % are tried
/// twice; one model in a million.
fn record(number: u32) -> GenerationRecord {
    let mixed = number.wrapping_mul(2_654_435_761) >> 7;
    let model = if number == 77 { 99 } else { (mixed % 40).min(mixed % 7) };
    let full = full_generation(&format!("gen-{}-{number:020}", BEGINS / 1_000));
    let provider = format!("provider-{}", model % 9);
    let fails = mixed.is_multiple_of(50);
    let tries = if mixed.is_multiple_of(33) { 2 } else { 1 };
    GenerationRecord {
        key_hash: key(mixed % 200),
        created_at: Timestamp::from_unix_millis(BEGINS + i64::from(number) * 1_000),
        model: ModelSlug::parse(&format!("maker/model-{model}")).unwrap_or(full.model.clone()),
        provider: (!fails).then(|| provider.to_uppercase()),
        provider_slug: ProviderSlug::parse(&provider).ok().filter(|_| !fails),
        api_type: "completions".into(),
        cancelled: mixed.is_multiple_of(100),
        is_byok: mixed.is_multiple_of(10),
        cost: Usd::from_nanos(i64::from(mixed % 9_000_000)),
        attempts: full.attempts.iter().take(tries).cloned().collect(),
        error: full.error.clone().filter(|_| fails),
        ..full
    }
}

fn key(number: u32) -> KeyHash {
    let mut bytes = *hash(7).as_bytes();
    for (place, byte) in bytes.iter_mut().zip(number.to_be_bytes()) {
        *place = byte;
    }
    KeyHash::from_bytes(bytes)
}

async fn measure(store: &SqliteStore, records: u32) -> Result<(), Failure> {
    let all = RecordFilter::default;
    let model = |name: &str| RecordFilter { models: Choice::of(vec![name.to_owned()]), ..all() };
    let middle = Timestamp::from_unix_millis(BEGINS + i64::from(records / 2) * 1_000);
    let failed = Choice::of(vec![WantedStatus::Ended(CallStatus::Failed)]);
    let text = |text: &str| RecordFilter { text: Some(text.to_owned()), ..all() };
    let tags = [("x-project".to_owned(), Choice::of(vec!["nobody".to_owned()]))].into();
    let providers = Choice::of(vec!["provider-3".to_owned()]);
    let id = GenerationId::from_text(&format!("gen-{}-{:020}", BEGINS / 1_000, records / 3));
    for (name, filter) in [
        ("no filter", all()),
        ("until the middle", RecordFilter { until: Some(middle), ..all() }),
        ("a usual model", model("maker/model-3")),
        (
            "a usual model, excluded",
            RecordFilter { models: Choice::but(vec!["maker/model-3".to_owned()]), ..all() },
        ),
        ("a provider", RecordFilter { providers, ..all() }),
        ("a key", RecordFilter { keys: Choice::of(vec![key(3)]), ..all() }),
        ("errors", RecordFilter { statuses: failed.clone(), ..all() }),
        ("several attempts", RecordFilter { fallback: Some(true), ..all() }),
        ("text of a usual model", text("MODEL-3")),
        ("an id", RecordFilter { id: Some(id), ..all() }),
        ("a rare model: one window", model("maker/model-99")),
        ("a text that nothing has: one window", text("nothing")),
        ("a tag that nothing has: one window", RecordFilter { tags, ..all() }),
    ] {
        let query = LogQuery { filter, limit: 100, before: None, window: WINDOW };
        let (took, page) = timed(async || store.list(&query).await).await?;
        let rows = page.rows.len();
        let goes_on = if page.next.is_some() { "" } else { ", the end" };
        told(&format!("page, {name} ({rows} rows{goes_on})"), took)?;
    }
    let day = Timestamp::from_unix_millis(BEGINS + i64::from(records) * 1_000 - 86_400_000);
    for (name, filter) in [
        ("no filter", all()),
        ("the last day", RecordFilter { from: Some(day), ..all() }),
        ("a usual model", model("maker/model-3")),
        ("a key", RecordFilter { keys: Choice::of(vec![key(3)]), ..all() }),
        ("errors", RecordFilter { statuses: failed.clone(), ..all() }),
    ] {
        let query = HistogramQuery { filter: filter.clone(), bucket_ms: 3_600_000, bounds: BOUNDS };
        let (took, found) = timed(async || store.histogram(&query).await).await?;
        told(&format!("histogram, {name} (one in {})", found.coverage.one_in), took)?;
        let query = FacetQuery { filter, field: FacetField::Key, limit: 50, bounds: BOUNDS };
        let (took, found) = timed(async || store.facets(&query).await).await?;
        told(&format!("keys, {name} (one in {})", found.coverage.one_in), took)?;
    }
    let query = FaultQuery { filter: all(), looked_at: FAULTS_LOOKED_AT, limit: 100 };
    let (took, found) = timed(async || store.faults(&query).await).await?;
    let groups = found.groups.len();
    told(&format!("errors in {groups} groups (all: {})", found.since.is_none()), took)
}

/// The first time and the median of some more.
async fn timed<T, E: Error + 'static>(
    ask: impl AsyncFn() -> Result<T, E>,
) -> Result<((Duration, Duration), T), Failure> {
    let begun = Instant::now();
    let mut answer = ask().await?;
    let first = begun.elapsed();
    let mut more = Vec::new();
    for _ in 0..TRIES {
        let begun = Instant::now();
        answer = ask().await?;
        more.push(begun.elapsed());
    }
    more.sort_unstable();
    let median = more.get(more.len() / 2).copied().unwrap_or_default();
    Ok(((first, median), answer))
}

fn told(what: &str, (first, median): (Duration, Duration)) -> Result<(), Failure> {
    let millis = |it: Duration| it.as_secs_f64() * 1e3;
    let mut out = io::stdout();
    writeln!(out, "{what:52} {:9.1} ms {:9.1} ms", millis(first), millis(median))?;
    Ok(())
}
