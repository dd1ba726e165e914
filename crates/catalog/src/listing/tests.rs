use crate::format::PriceEntry;
use crate::price::Price;

#[test]
fn what_is_billed_by_the_piece_has_keys_of_our_own() {
    let row: PriceEntry = toml::from_str(
        "character='15'\naudio_second='0.0001'\noutput_image='0.04'\nsearch_unit='0.002'",
    )
    .unwrap();
    let listing = Price::from_entry(&row).unwrap().to_listing();
    let expected = [
        // The contract requires both.
        ("prompt", "0"),
        ("completion", "0"),
        ("character", "0.000015"),
        ("audio_second", "0.0001"),
        ("output_image", "0.04"),
        ("search_unit", "0.002"),
    ];
    assert_eq!(listing.prices, expected.map(|(key, price)| (key, price.to_owned())));
}

#[test]
fn a_price_is_listed_per_unit_in_the_contracts_order() {
    let row: PriceEntry = toml::from_str(
        "cache_write_1h='6'\ncache_read='0.3'\noutput='15'\ninput='3'\nweb_search='0.01'\n\
         reasoning='15'\ncache_write='3.75'\n\
         tiers=[{above=200000, output='22.5', input='6'}]\n\
         windows=[{utc_start='1630', utc_end='0030', input='1.5'}]",
    )
    .unwrap();
    let listing = Price::from_entry(&row).unwrap().to_listing();
    let text = |prices: &[(&str, String)]| {
        prices.iter().map(|(key, price)| format!("{key} {price}")).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(
        text(&listing.prices),
        "prompt 0.000003, completion 0.000015, web_search 0.01, internal_reasoning 0.000015, \
         input_cache_read 0.0000003, input_cache_write 0.00000375, input_cache_write_1h 0.000006"
    );
    let [tier, window] = listing.overrides.as_slice() else { panic!("{listing:?}") };
    assert_eq!((tier.min_prompt_tokens, tier.utc_start.as_deref()), (Some(200_000), None));
    assert_eq!(text(&tier.prices), "prompt 0.000006, completion 0.0000225");
    assert_eq!(window.utc_start.as_deref().zip(window.utc_end.as_deref()), Some(("1630", "0030")));
    assert_eq!(text(&window.prices), "prompt 0.0000015");
}
