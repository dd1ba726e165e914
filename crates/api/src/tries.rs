//! How often somebody may try a password or a code: so often that nobody who mistypes notices, and
//! too seldom to guess.
//!
//! Counted by address and by e-mail address on each node. What is kept is bounded: where more try
//! than that, those are forgotten whose time is over soonest.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use parking_lot::Mutex;
use tollgate_types::Timestamp;

use crate::secret;

/// How long tries are counted together, in milliseconds.
const WINDOW: i64 = 15 * 60 * 1_000;
/// Failed tries of one e-mail address in a window.
const OF_EMAIL: u32 = 10;
/// Failed tries from one address in a window: several people may share one.
const OF_ADDRESS: u32 = 30;
/// As many are counted at once.
const KNOWN_MAX: usize = 10_000;
/// An operator gives somebody at least this many of the bits of an IPv6 address.
const IPV6_BITS: u32 = 64;

/// Who tries.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    /// Where from; `None` where it is not known.
    Address(Option<IpAddr>),
    /// As whom: the hash of an e-mail address, so that all take as much room.
    Email(String),
}

/// Counts tries that have failed, or are under way.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    known: Mutex<BTreeMap<Who, Window>>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    tries: u32,
    ends_at: Timestamp,
}

impl Who {
    /// Whoever calls from an address.
    pub(crate) fn at(address: Option<IpAddr>) -> Self {
        Self::Address(address.map(|address| match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(address) => {
                let mask = u128::MAX << (u128::BITS - IPV6_BITS);
                Ipv6Addr::from_bits(address.to_bits() & mask).into()
            }
        }))
    }

    /// Whoever says to have an e-mail address, which is in lower case.
    pub(crate) fn named(email: &str) -> Self {
        Self::Email(secret::hashed(email))
    }

    const fn tries_max(&self) -> u32 {
        match self {
            Self::Address(_) => OF_ADDRESS,
            Self::Email(_) => OF_EMAIL,
        }
    }
}

impl Tries {
    /// Counts a try before it is made, so that many at once are counted, too.
    ///
    /// # Errors
    ///
    /// How long to wait where one of them has tried too often; then nothing is counted.
    pub(crate) fn take(&self, all: &[Who], now: Timestamp) -> Result<(), Duration> {
        let mut known = self.known.lock();
        for who in all {
            if let Some(window) = known.get(who).filter(|it| it.ends_at > now)
                && window.tries >= who.tries_max()
            {
                let millis = window.ends_at.millis_since(now);
                return Err(Duration::from_millis(u64::try_from(millis).unwrap_or_default()));
            }
        }
        for who in all {
            make_room(&mut known, now);
            let fresh = Window { tries: 0, ends_at: now.plus_millis(WINDOW) };
            let window = known.entry(who.clone()).or_insert(fresh);
            if window.ends_at <= now {
                *window = fresh;
            }
            window.tries = window.tries.saturating_add(1);
        }
        Ok(())
    }

    /// Takes a try back that has succeeded. Whoever knows a password has not guessed before, so all
    /// of their e-mail address are.
    pub(crate) fn succeeded(&self, all: &[Who]) {
        let mut known = self.known.lock();
        for who in all {
            match who {
                Who::Email(_) => {
                    known.remove(who);
                }
                Who::Address(_) => {
                    if let Some(window) = known.get_mut(who) {
                        window.tries = window.tries.saturating_sub(1);
                    }
                }
            }
        }
    }
}

fn make_room(known: &mut BTreeMap<Who, Window>, now: Timestamp) {
    if known.len() < KNOWN_MAX {
        return;
    }
    known.retain(|_, window| window.ends_at > now);
    if known.len() < KNOWN_MAX {
        return;
    }
    let soonest = known.iter().min_by_key(|(_, window)| window.ends_at);
    if let Some(who) = soonest.map(|(who, _)| who.clone()) {
        known.remove(&who);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_millis(seconds * 1_000)
    }

    fn address(text: &str) -> Who {
        Who::at(Some(text.parse().unwrap()))
    }

    #[test]
    fn who_fails_too_often_waits_for_the_end_of_the_window() {
        let tries = Tries::default();
        let both = [address("203.0.113.9"), Who::named("ada@example.org")];
        for second in 0..10 {
            assert_eq!(tries.take(&both, at(second)), Ok(()));
        }
        let wait = tries.take(&both, at(10)).unwrap_err();
        assert_eq!(wait, Duration::from_secs(15 * 60 - 10));
        // From elsewhere neither, and others from there go on: a refused try is not counted.
        assert!(tries.take(&[address("203.0.113.10"), both[1].clone()], at(11)).is_err());
        for _ in 0..20 {
            let other = [both[0].clone(), Who::named("bob@example.org")];
            assert_eq!(tries.take(&other, at(12)), Ok(()));
            tries.known.lock().remove(&other[1]);
        }
        assert!(tries.take(&[both[0].clone()], at(13)).is_err());
        assert_eq!(tries.take(&both, at(15 * 60)), Ok(()));
    }

    #[test]
    fn who_succeeds_has_not_failed() {
        let tries = Tries::default();
        let both = [address("203.0.113.9"), Who::named("ada@example.org")];
        for _ in 0..100 {
            assert_eq!(tries.take(&both, at(0)), Ok(()));
            tries.succeeded(&both);
        }
    }

    #[test]
    fn a_network_of_ipv6_is_one() {
        assert_eq!(address("2001:db8:1:2::7"), address("2001:db8:1:2:ffff::1"));
        assert_ne!(address("2001:db8:1:2::7"), address("2001:db8:1:3::7"));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let tries = Tries::default();
        let from = |number: u32| Who::at(Some(IpAddr::V4(number.into())));
        for number in 0..12_000 {
            assert_eq!(tries.take(&[from(number)], at(i64::from(number))), Ok(()));
        }
        assert!(tries.known.lock().len() <= KNOWN_MAX);
        // The last are known still.
        assert!(tries.known.lock().contains_key(&from(11_999)));
        assert!(!tries.known.lock().contains_key(&from(0)));
    }
}
