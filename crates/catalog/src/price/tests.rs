use super::*;

fn rates(row: &str) -> Rates {
    let row: PriceEntry = toml::from_str(row).unwrap();
    Price::from_entry(&row).unwrap().rates
}

#[test]
fn an_estimate_counts_what_is_billed_by_the_piece() {
    for (row, micros) in [
        ("input='2'\noutput='6'", 1_000 * 2 + 500 * 6),
        // 4,000 characters.
        ("character='15'", 4_000 * 15),
        // 300 seconds.
        ("audio_second='0.0001'", 300 * 100),
        ("output_image='0.04'", 40_000),
        ("search_unit='0.002'", 2_000),
        ("input='1'\noutput='1'\nrequest='0.005'", 1_500 + 5_000),
        // All its tokens are of another kind than text.
        ("image_output='40'", 500 * 40),
        ("audio='6'\naudio_output='12'", 1_000 * 6 + 500 * 12),
        // Text is what is compared where it has a price.
        ("input='5'\noutput='10'\nimage_token='8'\nimage_output='32'", 5_000 + 5_000),
        ("input='0'\noutput='0'", 0),
    ] {
        assert_eq!(rates(row).estimate(1_000, 500), micros * 1_000_000, "{row}");
    }
    let absurd = rates("input='999999'\noutput='999999'");
    assert!(absurd.estimate(u64::MAX, u64::MAX) > 0);
}

#[test]
fn every_rate_is_set_and_got() {
    let mut rates = Rates::new(UnitPrice::ZERO, UnitPrice::ZERO);
    for (rate, picos) in Rate::ALL.into_iter().zip(1..) {
        rates.set(rate, UnitPrice::from_picos(picos));
    }
    for (rate, picos) in Rate::ALL.into_iter().zip(1..) {
        assert_eq!(rates.get(rate), Some(UnitPrice::from_picos(picos)), "{}", rate.key());
    }
}

#[test]
fn a_row_is_read_in_the_unit_of_its_rate() {
    for (row, rate, picos) in [
        ("character='15'", Rate::Character, 15_000_000),
        ("audio_second='0.0001'", Rate::AudioSecond, 100_000),
        ("output_image='0.04'", Rate::OutputImage, 40_000_000_000),
        ("search_unit='0.002'", Rate::SearchUnit, 2_000_000_000),
    ] {
        assert_eq!(rates(row).get(rate), Some(UnitPrice::from_picos(picos)), "{row}");
    }
}
