//! Which addresses a page may be fetched from: the public ones, and private networks that the configuration names.
//! Sources of the ranges: the IANA special-purpose address registries (RFC 6890, RFC 8190).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A network in CIDR notation, `10.0.0.0/8` or `fd00::/8`; a bare address is a network of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    network: IpAddr,
    prefix: u32,
}

/// Not a network in CIDR notation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not a network in CIDR notation, such as 10.0.0.0/8 or fd00::/8")]
pub struct CidrError {
    text: String,
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let wrong = || CidrError {
            text: text.to_owned(),
        };
        let (address, prefix) = text
            .split_once('/')
            .map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let network: IpAddr = address.parse().map_err(|_source| wrong())?;
        let longest = if network.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_source| wrong())?
            }
            Some(_) => return Err(wrong()),
        };
        if prefix > longest {
            return Err(wrong());
        }
        Ok(Self { network, prefix })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.network, self.prefix)
    }
}

impl Cidr {
    const fn v4(a: u8, b: u8, c: u8, prefix: u32) -> Self {
        Self {
            network: IpAddr::V4(Ipv4Addr::new(a, b, c, 0)),
            prefix,
        }
    }

    const fn v6(a: u16, b: u16, c: u16, prefix: u32) -> Self {
        Self {
            network: IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)),
            prefix,
        }
    }

    /// Whether the address lies in the network.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let shift = 32 - self.prefix;
                let (network, address) = (u32::from(network), u32::from(address));
                network.checked_shr(shift) == address.checked_shr(shift)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let shift = 128 - self.prefix;
                let (network, address) = (u128::from(network), u128::from(address));
                network.checked_shr(shift) == address.checked_shr(shift)
            }
            _ => false,
        }
    }
}

/// Networks that are never public.
const REFUSED: [(Cidr, &str); 26] = [
    (Cidr::v4(0, 0, 0, 8), "this network"),
    (Cidr::v4(10, 0, 0, 8), "private"),
    (Cidr::v4(100, 64, 0, 10), "shared address space"),
    (Cidr::v4(127, 0, 0, 8), "loopback"),
    (Cidr::v4(169, 254, 0, 16), "link-local or metadata"),
    (Cidr::v4(172, 16, 0, 12), "private"),
    (Cidr::v4(192, 0, 0, 24), "protocol assignments"),
    (Cidr::v4(192, 0, 2, 24), "documentation"),
    (Cidr::v4(192, 88, 99, 24), "6to4 relay"),
    (Cidr::v4(192, 168, 0, 16), "private"),
    (Cidr::v4(198, 18, 0, 15), "benchmarking"),
    (Cidr::v4(198, 51, 100, 24), "documentation"),
    (Cidr::v4(203, 0, 113, 24), "documentation"),
    (Cidr::v4(224, 0, 0, 4), "multicast"),
    (Cidr::v4(240, 0, 0, 4), "reserved or broadcast"),
    (
        Cidr::v6(0, 0, 0, 96),
        "unspecified, loopback or IPv4-compatible",
    ),
    (Cidr::v6(0x64, 0xff9b, 1, 48), "local-use translation"),
    (Cidr::v6(0x100, 0, 0, 64), "discard-only"),
    (Cidr::v6(0x2001, 0, 0, 23), "protocol assignments"),
    (Cidr::v6(0x2001, 0xdb8, 0, 32), "documentation"),
    (Cidr::v6(0x3fff, 0, 0, 20), "documentation"),
    (Cidr::v6(0x5f00, 0, 0, 16), "segment routing"),
    (Cidr::v6(0xfc00, 0, 0, 7), "private"),
    (Cidr::v6(0xfe80, 0, 0, 10), "link-local"),
    (Cidr::v6(0xfec0, 0, 0, 10), "site-local"),
    (Cidr::v6(0xff00, 0, 0, 8), "multicast"),
];

/// Why the address may not be reached; `None` where it may.
pub(crate) fn refusal(address: IpAddr, allowed: &[Cidr]) -> Option<&'static str> {
    let address = address.to_canonical();
    if allowed.iter().any(|network| network.contains(address)) {
        return None;
    }
    let named = REFUSED
        .iter()
        .find(|(network, _)| network.contains(address))
        .map(|(_, name)| *name);
    // An IPv4 address inside a translated one is reached all the same.
    named.or_else(|| embedded(address).and_then(|inner| refusal(IpAddr::V4(inner), allowed)))
}

/// The IPv4 address inside a NAT64 (RFC 6052) or 6to4 (RFC 3056) address.
fn embedded(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else {
        return None;
    };
    let parts = address.segments();
    let join = |at: usize| {
        let (high, low) = (u32::from(parts[at]), u32::from(parts[at + 1]));
        Ipv4Addr::from((high << 16) | low)
    };
    match parts {
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => Some(join(6)),
        [0x2002, ..] => Some(join(1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str, allowed: &[&str]) -> bool {
        let allowed: Vec<Cidr> = allowed
            .iter()
            .map(|network| network.parse().unwrap())
            .collect();
        refusal(address.parse().unwrap(), &allowed).is_some()
    }

    #[test]
    fn private_loopback_link_local_and_metadata_addresses_are_refused() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "255.255.255.255",
            "224.0.0.1",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:a9fe:a9fe",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:c0a8:101::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(refused(address, &[]), "{address}");
        }
    }

    #[test]
    fn public_addresses_may_be_reached() {
        for address in [
            "1.1.1.1",
            "100.128.0.1",
            "172.32.0.1",
            "192.167.255.255",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(!refused(address, &[]), "{address}");
        }
    }

    #[test]
    fn only_the_networks_named_are_let_through() {
        assert!(!refused("127.0.0.1", &["127.0.0.0/8"]));
        assert!(!refused("::ffff:127.0.0.1", &["127.0.0.0/8"]));
        assert!(refused("10.0.0.1", &["127.0.0.0/8"]));
        assert!(!refused("10.1.0.7", &["10.1.0.0/16", "::1"]));
        assert!(refused("10.2.0.7", &["10.1.0.0/16", "::1"]));
        assert!(!refused("::1", &["::1"]));
        assert!(!refused("10.9.9.9", &["0.0.0.0/0"]));
        assert!(refused("fd00::1", &["0.0.0.0/0"]));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "localhost",
            "10.0.0.0/33",
            "::1/129",
            "10.0.0/8",
            "10.0.0.0/+8",
            "10.0.0.0/",
            "10.0.0.0/8/8",
        ] {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
        assert_eq!(
            "10.0.0.0/8".parse::<Cidr>().unwrap().to_string(),
            "10.0.0.0/8"
        );
    }
}
