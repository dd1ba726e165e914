use proptest::prelude::*;
use tollgate_types::Usage;

use super::*;
use crate::format::PriceEntry;

/// A price as an operator writes it.
fn price(row: &str) -> Price {
    let row: PriceEntry = toml::from_str(row).unwrap();
    Price::from_entry(&row).unwrap()
}

/// Noon of a day without meaning.
const NOON: Timestamp = Timestamp::from_unix_millis(43_200_000);

fn nanos(row: &str, usage: &Usage, at: Timestamp) -> i64 {
    let cost = price(row).cost(usage, at).unwrap();
    let parts = cost.prompt.nanos() + cost.completion.nanos() + cost.other.nanos();
    assert!((0..=2).contains(&(parts - cost.total.nanos())), "{cost:?}");
    cost.total.nanos()
}

const fn tokens(prompt: u64, completion: u64) -> Usage {
    Usage {
        source: tollgate_types::UsageSource::Reported,
        prompt_tokens: prompt,
        completion_tokens: completion,
        cached_tokens: 0,
        cache_write_tokens: 0,
        cache_write_1h_tokens: 0,
        audio_prompt_tokens: 0,
        image_prompt_tokens: 0,
        video_prompt_tokens: 0,
        reasoning_tokens: 0,
        audio_completion_tokens: 0,
        image_completion_tokens: 0,
        accepted_prediction_tokens: 0,
        rejected_prediction_tokens: 0,
        prompt_images: 0,
        web_searches: 0,
        prompt_characters: 0,
        prompt_audio_milliseconds: 0,
        completion_images: 0,
        search_units: 0,
    }
}

#[test]
fn text_only() {
    // $0.15/M is 150 nano-dollars per thousand tokens, i.e. 0.15 each:
    // 1,000 × 0.15 + 500 × 0.6 = 150 + 300 = 450.
    assert_eq!(nanos("input='0.15'\noutput='0.6'", &tokens(1_000, 500), NOON), 450_000);
    assert_eq!(nanos("input='0.15'\noutput='0.6'", &tokens(0, 0), NOON), 0);
}

#[test]
fn a_fraction_of_a_nano_dollar_is_rounded_up_once() {
    // 3 × 0.234375 µ$ = 703.125 nano, and 1 × 0.1 µ$ = 100 nano: 803.125, so 804.
    let row = "input='0.234375'\noutput='0.1'";
    assert_eq!(nanos(row, &tokens(3, 1), NOON), 804);
}

#[test]
fn cached_and_written_prompt_tokens() {
    let row = "input='3'\noutput='15'\ncache_read='0.3'\ncache_write='3.75'\ncache_write_1h='6'";
    let usage = Usage {
        cached_tokens: 1_000,
        cache_write_tokens: 500,
        cache_write_1h_tokens: 200,
        ..tokens(2_000, 100)
    };
    // 1,000 × 0.3 + 300 × 3.75 + 200 × 6 + 500 × 3 + 100 × 15
    // = 300 + 1,125 + 1,200 + 1,500 + 1,500 = 5,625 µ$.
    assert_eq!(nanos(row, &usage, NOON), 5_625_000);
    // Without a price for an hour, those 200 cost 3.75 each as well: −1,200 + 750.
    let row = "input='3'\noutput='15'\ncache_read='0.3'\ncache_write='3.75'";
    assert_eq!(nanos(row, &usage, NOON), 5_175_000);
    // Without any cache price, the prompt is 2,000 × 3.
    assert_eq!(nanos("input='3'\noutput='15'", &usage, NOON), 7_500_000);
}

#[test]
fn reasoning_with_and_without_its_own_price() {
    let usage = Usage { reasoning_tokens: 300, ..tokens(100, 400) };
    // 100 × 2 + 300 × 3 + 100 × 8 = 200 + 900 + 800.
    assert_eq!(nanos("input='2'\noutput='8'\nreasoning='3'", &usage, NOON), 1_900_000);
    // 100 × 2 + 400 × 8.
    assert_eq!(nanos("input='2'\noutput='8'", &usage, NOON), 3_400_000);
}

#[test]
fn audio_both_ways() {
    let row = "input='2.5'\noutput='10'\naudio='32'\naudio_output='64'";
    let usage = Usage { audio_prompt_tokens: 80, audio_completion_tokens: 50, ..tokens(100, 60) };
    // 80 × 32 + 20 × 2.5 + 50 × 64 + 10 × 10 = 2,560 + 50 + 3,200 + 100.
    assert_eq!(nanos(row, &usage, NOON), 5_910_000);
}

#[test]
fn images_as_tokens_and_by_the_piece() {
    let usage = Usage {
        image_prompt_tokens: 258,
        image_completion_tokens: 1_290,
        prompt_images: 1,
        ..tokens(300, 1_300)
    };
    // 300 × 0.3 + 1,290 × 30 + 10 × 2.5 = 90 + 38,700 + 25.
    let row = "input='0.3'\noutput='2.5'\nimage_output='30'";
    assert_eq!(nanos(row, &usage, NOON), 38_815_000);
    // Image tokens at 0.1 instead (258 × 0.1 + 42 × 0.3 = 38.4), and $0.001 for the image.
    let row = "input='0.3'\noutput='2.5'\nimage_output='30'\nimage_token='0.1'\nimage='0.001'";
    assert_eq!(nanos(row, &usage, NOON), 38_400 + 38_725_000 + 1_000_000);
}

#[test]
fn requests_and_searches() {
    let row = "input='1'\noutput='1'\nrequest='0.005'\nweb_search='0.01'";
    let usage = Usage { web_searches: 3, ..tokens(10, 10) };
    // 20 × 1 µ$ + 0.005 + 3 × 0.01 = 0.00002 + 0.035.
    assert_eq!(nanos(row, &usage, NOON), 35_020_000);
}

#[test]
fn characters_read() {
    // $15 a million characters: 4,321 × 15 = 64,815 µ$. The tokens of the same text are not billed.
    let usage = Usage { prompt_characters: 4_321, ..tokens(1_081, 0) };
    assert_eq!(nanos("character='15'", &usage, NOON), 64_815_000);
    // One costs 15 µ$; half a nano-dollar is rounded up.
    let one = Usage { prompt_characters: 1, ..tokens(0, 0) };
    assert_eq!(nanos("character='15'", &one, NOON), 15_000);
    assert_eq!(nanos("character='0.0005'", &one, NOON), 1);
    assert_eq!(nanos("input='0.6'\naudio_output='12'", &usage, NOON), 648_600);
}

#[test]
fn time_heard() {
    // $0.006 a minute: 61.5 s × 0.0001 = 0.00615.
    let usage = Usage { prompt_audio_milliseconds: 61_500, ..tokens(0, 130) };
    assert_eq!(nanos("audio_second='0.0001'", &usage, NOON), 6_150_000);
    // $0.04 an hour, rounded up by the second: 3,600 × 0.000011112 = 0.0400032.
    let hour = Usage { prompt_audio_milliseconds: 3_600_000, ..tokens(0, 0) };
    assert_eq!(nanos("audio_second='0.000011112'", &hour, NOON), 40_003_200);
    // A millisecond is the least there is to bill: 11.112 nano, so 12.
    let least = Usage { prompt_audio_milliseconds: 1, ..tokens(0, 0) };
    assert_eq!(nanos("audio_second='0.000011112'", &least, NOON), 12);
    // Time and tokens, where both have a price: 0.00615 + 130 × 5 µ$.
    assert_eq!(nanos("audio_second='0.0001'\noutput='5'", &usage, NOON), 6_800_000);
}

#[test]
fn images_made_and_searches_in_documents() {
    let usage = Usage { completion_images: 3, ..tokens(12, 0) };
    // 3 × 0.04; the prompt is not billed.
    assert_eq!(nanos("output_image='0.04'", &usage, NOON), 120_000_000);
    // As tokens: 12 × 5 + 4,160 × 40 = 60 + 166,400.
    let row = "input='5'\nimage_token='10'\nimage_output='40'";
    let drawn = Usage { completion_images: 1, image_completion_tokens: 4_160, ..tokens(12, 4_160) };
    assert_eq!(nanos(row, &drawn, NOON), 166_460_000);
    let usage = Usage { search_units: 2, ..tokens(0, 0) };
    assert_eq!(nanos("search_unit='0.002'", &usage, NOON), 4_000_000);
    // Without a price of their own none of them costs anything.
    let usage = Usage { completion_images: 1, search_units: 1, ..usage };
    assert_eq!(nanos("input='1'", &usage, NOON), 0);
}

#[test]
fn long_prompts() {
    let row = "input='2.5'\noutput='15'\ncache_read='0.25'\n\
               tiers=[{above=200000, input='3'}, {above=272000, input='5', output='22.5'}]";
    // Exactly at the limit is not above it: 200,000 × 2.5 + 10 × 15.
    assert_eq!(nanos(row, &tokens(200_000, 10), NOON), 500_150_000);
    // One more: 200,001 × 3 + 150.
    assert_eq!(nanos(row, &tokens(200_001, 10), NOON), 600_153_000);
    // The highest tier: 300,000 × 5 + 10 × 22.5; the cached price is not replaced.
    assert_eq!(nanos(row, &tokens(300_000, 10), NOON), 1_500_225_000);
    let cached = Usage { cached_tokens: 300_000, ..tokens(300_000, 0) };
    assert_eq!(nanos(row, &cached, NOON), 75_000_000);
}

#[test]
fn hours_of_the_day() {
    let row = "input='1'\noutput='2'\n\
               windows=[{utc_start='1630', utc_end='0030', input='0.5', output='1'}]";
    let at = |hour: i64, minute: i64| {
        Timestamp::from_unix_millis((hour * 60 + minute) * 60_000 + 59_999)
    };
    for (hour, minute, microdollars) in
        [(16, 29, 3), (16, 30, 0), (23, 59, 0), (0, 0, 0), (0, 29, 0), (0, 30, 3), (12, 0, 3)]
    {
        // A thousand of each: 1,000 + 2,000, or half of it inside the window, which spans midnight.
        let expected = if microdollars == 3 { 3_000_000 } else { 1_500_000 };
        assert_eq!(
            nanos(row, &tokens(1_000, 1_000), at(hour, minute)),
            expected,
            "{hour}:{minute}"
        );
    }
    // Before the epoch the clock still runs forward.
    let before = Timestamp::from_unix_millis(-1);
    assert_eq!(nanos(row, &tokens(1_000, 1_000), before), 1_500_000);
}

#[test]
fn free_is_free() {
    let usage = Usage { reasoning_tokens: 5, cached_tokens: 5, ..tokens(10, 10) };
    assert_eq!(nanos("input='0'\noutput='0'", &usage, NOON), 0);
}

#[test]
fn details_beyond_their_total_are_cut_in_order() {
    let row =
        "input='1'\noutput='2'\ncache_read='0.1'\ncache_write='1.25'\naudio='10'\nreasoning='3'";
    // 100 prompt tokens: 60 cached, then 40 of the 70 written; nothing is left for audio.
    // 60 × 0.1 + 40 × 1.25 = 56; 10 completion tokens, all reasoning: 30.
    let usage = Usage {
        cached_tokens: 60,
        cache_write_tokens: 70,
        audio_prompt_tokens: 50,
        reasoning_tokens: 99,
        ..tokens(100, 10)
    };
    assert_eq!(nanos(row, &usage, NOON), 86_000);
}

#[test]
fn an_absurd_bill_is_an_error() {
    let row = price("input='1000'\noutput='1000'");
    assert_eq!(row.cost(&tokens(u64::MAX, u64::MAX), NOON), Err(CostError::Overflow));
}

fn any_usage() -> impl Strategy<Value = Usage> {
    prop::array::uniform18(0u64..2_000_000).prop_map(|n| Usage {
        cached_tokens: n[2],
        cache_write_tokens: n[3],
        cache_write_1h_tokens: n[4],
        audio_prompt_tokens: n[5],
        image_prompt_tokens: n[6],
        video_prompt_tokens: n[7],
        reasoning_tokens: n[8],
        audio_completion_tokens: n[9],
        image_completion_tokens: n[10],
        rejected_prediction_tokens: n[11],
        prompt_images: n[12] % 100,
        web_searches: n[13] % 100,
        prompt_characters: n[14],
        prompt_audio_milliseconds: n[15],
        completion_images: n[16] % 100,
        search_units: n[17] % 100,
        ..tokens(n[0], n[1])
    })
}

const fn is_of_a_token(rate: crate::Rate) -> bool {
    use crate::Rate;
    match rate {
        Rate::Input
        | Rate::Output
        | Rate::CacheRead
        | Rate::CacheWrite
        | Rate::CacheWrite1h
        | Rate::Reasoning
        | Rate::ImageToken
        | Rate::ImageOutput
        | Rate::Audio
        | Rate::AudioOutput => true,
        Rate::Image
        | Rate::Request
        | Rate::WebSearch
        | Rate::Character
        | Rate::AudioSecond
        | Rate::OutputImage
        | Rate::SearchUnit => false,
    }
}

/// The totals, and what is counted by the piece.
const fn pieces(usage: &Usage) -> Usage {
    Usage {
        prompt_images: usage.prompt_images,
        web_searches: usage.web_searches,
        prompt_characters: usage.prompt_characters,
        prompt_audio_milliseconds: usage.prompt_audio_milliseconds,
        completion_images: usage.completion_images,
        search_units: usage.search_units,
        ..tokens(usage.prompt_tokens, usage.completion_tokens)
    }
}

fn any_price() -> impl Strategy<Value = Price> {
    let picos = 0u64..100_000_000;
    let rates = prop::collection::btree_map(0..crate::Rate::ALL.len(), picos.clone(), 0..17);
    let tier = prop::collection::btree_map(0..crate::Rate::ALL.len(), picos.clone(), 0..17);
    (picos.clone(), picos, rates, tier, 0u64..2_000_000).prop_map(
        |(input, output, rates, tier, above)| {
            let mut price = price("input='0'\noutput='0'");
            price.rates = Rates::new(UnitPrice::from_picos(input), UnitPrice::from_picos(output));
            for (at, picos) in rates {
                price.rates.set(crate::Rate::ALL[at], UnitPrice::from_picos(picos));
            }
            let changed =
                tier.into_iter().map(|(at, p)| (crate::Rate::ALL[at], UnitPrice::from_picos(p)));
            let when = When::PromptAbove(above);
            price.overrides = vec![crate::Override { when, rates: changed.collect() }];
            price
        },
    )
}

proptest! {
    #[test]
    fn the_parts_cover_the_total(price in any_price(), usage in any_usage()) {
        let cost = price.cost(&usage, NOON).unwrap();
        let parts = cost.prompt.nanos() + cost.completion.nanos() + cost.other.nanos();
        prop_assert!((0..=2).contains(&(parts - cost.total.nanos())));
    }

    #[test]
    fn no_call_costs_more_than_the_most(price in any_price(), usage in any_usage()) {
        let bound = pieces(&usage);
        prop_assert!(price.cost(&usage, NOON).unwrap().total <= price.most(&bound).unwrap());
    }

    /// Not a token and not a piece is paid for twice: at one price for every token and one for every
    /// piece, the bill is that price times their number, whatever the details say.
    #[test]
    fn nothing_is_billed_twice(usage in any_usage(), token in 1u64..1_000_000, piece in 0u64..1_000_000) {
        let mut price = price("input='0'\noutput='0'");
        for rate in crate::Rate::ALL {
            let picos = if is_of_a_token(rate) { token } else { piece };
            price.rates.set(rate, UnitPrice::from_picos(picos));
        }
        let pieces = 1
            + usage.prompt_images
            + usage.web_searches
            + usage.prompt_characters
            + usage.prompt_audio_milliseconds
            + usage.completion_images
            + usage.search_units;
        let picos = usage.total_tokens() * token + pieces * piece;
        let bill = price.cost(&usage, NOON).unwrap().total.nanos();
        prop_assert_eq!(bill, i64::try_from(picos.div_ceil(1_000)).unwrap());
    }

    #[test]
    fn more_tokens_never_cost_less_at_flat_prices(
        price in any_price(),
        usage in any_usage(),
        more in 0u64..100_000,
    ) {
        let mut price = price;
        price.overrides.clear();
        // A cache entry may be dearer than plain input, so only plain tokens are added.
        let longer = Usage {
            prompt_tokens: usage.prompt_tokens + more,
            completion_tokens: usage.completion_tokens + more,
            ..usage
        };
        let plain = |usage: Usage| tokens(usage.prompt_tokens, usage.completion_tokens);
        let cost = |usage: &Usage| price.cost(usage, NOON).unwrap().total;
        prop_assert!(cost(&plain(usage)) <= cost(&plain(longer)));
    }

    #[test]
    fn any_counts_are_costed_or_refused(
        price in any_price(),
        counts in prop::array::uniform14(any::<u64>()),
    ) {
        let usage = Usage {
            cached_tokens: counts[2],
            cache_write_tokens: counts[3],
            cache_write_1h_tokens: counts[4],
            audio_prompt_tokens: counts[5],
            image_prompt_tokens: counts[6],
            reasoning_tokens: counts[7],
            prompt_images: counts[8],
            web_searches: counts[9],
            prompt_characters: counts[10],
            prompt_audio_milliseconds: counts[11],
            completion_images: counts[12],
            search_units: counts[13],
            ..tokens(counts[0], counts[1])
        };
        let _ = price.cost(&usage, NOON);
        let _ = price.most(&usage);
    }
}
