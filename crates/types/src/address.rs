//! Ranges of IP addresses.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A range of IP addresses in CIDR notation, or one address.
///
/// An IPv4 address is the same written as IPv6 (`::ffff:10.0.0.1`, RFC 4291 §2.5.5.2): a server
/// that listens on both sees its IPv4 clients so. Apart from that the families are separate: `::/0`
/// has no IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddressRange(IpNet);

/// What is not a range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Neither an address nor one with a prefix.
    #[error("`{0}` is not a range of addresses such as 10.0.0.0/8, 2001:db8::/32 or 192.0.2.7")]
    Malformed(String),
    /// There are bits behind the prefix: one of both is not what was meant.
    #[error("`{given}` has bits behind its prefix; the range would be {range}")]
    BitsBehindPrefix {
        /// What was given.
        given: String,
        /// The range around it.
        range: AddressRange,
    },
}

/// How many bits come before the IPv4 address in its IPv6 form.
const MAPPED_BITS: u8 = 96;

impl AddressRange {
    /// Whether an address is in the range.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// Whether each address of the range is in another.
    pub fn is_within(&self, other: &Self) -> bool {
        other.0.contains(&self.0)
    }
}

impl FromStr for AddressRange {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let malformed = || AddressError::Malformed(text.to_owned());
        let net = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address),
            Err(_) => text.parse::<IpNet>().map_err(|_| malformed())?,
        };
        let range = Self(canonical(net.trunc()));
        if net.trunc() != net {
            return Err(AddressError::BitsBehindPrefix { given: text.to_owned(), range });
        }
        Ok(range)
    }
}

/// A range of mapped IPv4 addresses as one of IPv4 addresses.
fn canonical(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else { return net };
    let (address, bits) = (v6.network().to_ipv4_mapped(), v6.prefix_len());
    let bits = bits.checked_sub(MAPPED_BITS);
    let v4 = address.zip(bits).and_then(|(address, bits)| Ipv4Net::new(address, bits).ok());
    v4.map_or(net, IpNet::V4)
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for AddressRange {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        into.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AddressRange {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_its_addresses_in_either_form() {
        for (range, address, is_in) in [
            ("10.0.0.0/8", "10.255.255.255", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("::ffff:10.0.0.0/104", "10.1.2.3", true),
            ("::ffff:192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "203.0.113.9", false),
            ("::/0", "::ffff:203.0.113.9", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
        ] {
            let parsed: AddressRange = range.parse().unwrap();
            assert_eq!(parsed.contains(address.parse().unwrap()), is_in, "{range} {address}");
        }
    }

    #[test]
    fn a_range_is_within_one_that_has_all_of_it() {
        for (range, other, is_within) in [
            ("10.1.0.0/16", "10.0.0.0/8", true),
            ("10.0.0.0/8", "10.0.0.0/8", true),
            ("10.0.0.0/8", "10.1.0.0/16", false),
            ("192.0.2.7", "10.0.0.0/8", false),
            ("10.1.0.0/16", "::/0", false),
            ("2001:db8::7", "2001:db8::/32", true),
        ] {
            let read = |text: &str| text.parse::<AddressRange>().unwrap();
            assert_eq!(read(range).is_within(&read(other)), is_within, "{range} {other}");
        }
    }

    #[test]
    fn ranges_read_back() {
        for (text, shown) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("192.0.2.7", "192.0.2.7/32"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("2001:DB8::/32", "2001:db8::/32"),
        ] {
            let range: AddressRange = text.parse().unwrap();
            assert_eq!(range.to_string(), shown);
            let json = serde_json::to_string(&range).unwrap();
            assert_eq!(serde_json::from_str::<AddressRange>(&json).unwrap(), range);
        }
    }

    #[test]
    fn what_is_no_range_is_refused_with_the_range_meant() {
        for text in ["", "10", "10.0.0.0/33", "10.0.0.0/", "example.com", "10.0.0.0/8 ", "::/129"] {
            let error = text.parse::<AddressRange>().unwrap_err();
            assert_eq!(error, AddressError::Malformed(text.to_owned()));
        }
        let error = "10.1.2.3/8".parse::<AddressRange>().unwrap_err();
        assert!(error.to_string().ends_with("the range would be 10.0.0.0/8"), "{error}");
    }
}
