//! Between whole numbers, floats and durations, without a cast that could surprise.

use std::time::Duration;

/// The float nearest to a count.
pub(crate) fn float(count: u64) -> f64 {
    let half = |it: u64| f64::from(u32::try_from(it).unwrap_or(u32::MAX));
    half(count >> 32) * 4_294_967_296.0 + half(count & u64::from(u32::MAX))
}

/// How many there are, as a float.
pub(crate) fn count(length: usize) -> f64 {
    float(u64::try_from(length).unwrap_or(u64::MAX))
}

/// So many seconds; none for what is no length of time.
pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// Whole units of a positive float, rounded down.
pub(crate) fn whole(value: f64) -> u32 {
    u32::try_from(seconds(value.min(f64::from(u32::MAX))).as_secs()).unwrap_or(u32::MAX)
}

/// A share of the whole; nothing of nothing.
pub(crate) fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_lengths_come_through() {
        assert_eq!(float((1 << 40) + 3).to_bits(), 1_099_511_627_779.0_f64.to_bits());
        assert_eq!(whole(17.9), 17);
        assert_eq!(whole(-1.0), 0);
        assert_eq!(seconds(f64::NAN), Duration::ZERO);
        assert_eq!(share(1.0, 0.0), None);
    }
}
