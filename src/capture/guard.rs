//! Which addresses a page may be fetched from: the public ones, and private networks that the configuration names.
//! Sources of the ranges: IANA's special-purpose address registries (RFC 6890, RFC 8190; as of 2025-10-09 they stand in
//! `fixtures/iana/`) and its IPv6 address space, of which only `2000::/3` is given out as global unicast (RFC 4291).

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

/// Networks that are never public. A few addresses inside them are globally reachable by the registries (anycast of PCP,
/// TURN and DNS-SD, `ORCHIDv2`, DRIP, AMT, AS112): none is a web server of an account, so the ranges are refused whole.
const REFUSED: [(Cidr, &str); 27] = [
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
    (DUMMY, "dummy prefix"),
    (Cidr::v6(0x2001, 0, 0, 23), "protocol assignments"),
    (Cidr::v6(0x2001, 0xdb8, 0, 32), "documentation"),
    (Cidr::v6(0x3fff, 0, 0, 20), "documentation"),
    (Cidr::v6(0x5f00, 0, 0, 16), "segment routing"),
    (Cidr::v6(0xfc00, 0, 0, 7), "private"),
    (Cidr::v6(0xfe80, 0, 0, 10), "link-local"),
    (Cidr::v6(0xfec0, 0, 0, 10), "site-local"),
    (Cidr::v6(0xff00, 0, 0, 8), "multicast"),
];

/// The dummy prefix of RFC 9780.
const DUMMY: Cidr = Cidr {
    network: IpAddr::V6(Ipv6Addr::new(0x100, 0, 0, 1, 0, 0, 0, 0)),
    prefix: 64,
};
/// All that is given out as global unicast.
const GLOBAL_UNICAST: Cidr = Cidr::v6(0x2000, 0, 0, 3);
/// What NAT64 translates to an IPv4 address (RFC 6052).
const TRANSLATED: Cidr = Cidr::v6(0x64, 0xff9b, 0, 96);

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
    let is_given_out =
        address.is_ipv4() || GLOBAL_UNICAST.contains(address) || TRANSLATED.contains(address);
    // An IPv4 address inside a translated one is reached all the same.
    named
        .or_else(|| (!is_given_out).then_some("not given out"))
        .or_else(|| embedded(address).and_then(|inner| refusal(IpAddr::V4(inner), allowed)))
}

/// The IPv4 address inside a NAT64 (RFC 6052), 6to4 (RFC 3056) or ISATAP (RFC 5214) address. (Teredo's is refused whole.)
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
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] | [_, _, _, _, 0 | 0x200, 0x5efe, _, _] => Some(join(6)),
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

    /// The registries as IANA gives them out; `fixtures/iana/README.md` tells of when.
    const REGISTRIES: [&str; 2] = [
        include_str!("../../fixtures/iana/iana-ipv4-special-registry-1.csv"),
        include_str!("../../fixtures/iana/iana-ipv6-special-registry-1.csv"),
    ];

    /// Globally reachable by the registries, and refused all the same with the range around it.
    const REFUSED_ALL_THE_SAME: [&str; 9] = [
        "192.0.0.9/32",
        "192.0.0.10/32",
        "2001:1::1/128",
        "2001:1::2/128",
        "2001:1::3/128",
        "2001:3::/32",
        "2001:4:112::/48",
        "2001:20::/28",
        "2001:30::/28",
    ];

    /// Whether a row of a registry says that its blocks may be reached: footnotes are put behind a value, and what was
    /// taken back or depends on something else has none.
    fn is_reachable(cell: &str) -> bool {
        match cell.split_whitespace().next() {
            Some("True") => true,
            None | Some("False" | "N/A") => false,
            Some(other) => panic!("{other}"),
        }
    }

    /// The first and the last address of a network.
    fn ends(block: &str) -> [IpAddr; 2] {
        let Cidr { network, prefix } = block.parse().unwrap();
        let last = match network {
            IpAddr::V4(address) => {
                let hosts = u32::MAX.checked_shr(prefix).unwrap_or(0);
                IpAddr::V4((u32::from(address) | hosts).into())
            }
            IpAddr::V6(address) => {
                let hosts = u128::MAX.checked_shr(prefix).unwrap_or(0);
                IpAddr::V6((u128::from(address) | hosts).into())
            }
        };
        [network, last]
    }

    #[test]
    fn what_the_registries_do_not_call_globally_reachable_is_refused() {
        let mut exceptions = REFUSED_ALL_THE_SAME.to_vec();
        let mut blocks = 0;
        for registry in REGISTRIES {
            let mut rows = csv::Reader::from_reader(registry.as_bytes());
            let headers = rows.headers().unwrap().clone();
            let column = |name: &str| headers.iter().position(|header| header == name).unwrap();
            let (block, reachable) = (column("Address Block"), column("Globally Reachable"));
            for row in rows.records() {
                let row = row.unwrap();
                for block in row[block].split(',') {
                    // "192.0.0.0/24 [2]"
                    let block = block.split_whitespace().next().unwrap();
                    let is_excepted = exceptions.contains(&block);
                    exceptions.retain(|exception| *exception != block);
                    // Reached only as what is embedded, which is 0.0.0.0 and 255.255.255.255 at the ends.
                    let is_judged_within = ["64:ff9b::/96", "2002::/16"].contains(&block);
                    let may_be_reached =
                        is_reachable(&row[reachable]) && !is_excepted && !is_judged_within;
                    for address in ends(block) {
                        let refused = refusal(address, &[]).is_some();
                        assert_eq!(refused, !may_be_reached, "{block}: {address}");
                    }
                    blocks += 1;
                }
            }
        }
        assert_eq!(blocks, 51);
        assert_eq!(exceptions, Vec::<&str>::new(), "stand in no registry");
    }

    #[test]
    fn the_neighbours_of_special_networks_may_be_reached() {
        for address in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.3.0",
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "198.51.101.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2000::",
            "2001:200::",
            "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:db9::",
            "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "2003::",
            "2a00:1450::1",
            "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "3fff:1000::",
            "1.1.1.1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
            "2a00:1450::5efe:808:808",
        ] {
            assert!(!refused(address, &[]), "{address}");
        }
    }

    #[test]
    fn reserved_address_space_and_addresses_within_addresses_are_refused() {
        for address in [
            // IANA's IPv6 address space: all but 2000::/3 is reserved, local or multicast.
            "200::",
            "400::",
            "800::1",
            "1000::1",
            "4000::",
            "6000::1",
            "8000::1",
            "a000::1",
            "c000::1",
            "e000::1",
            "f000::1",
            "f800::1",
            "fe00::1",
            "fec0::1",
            "ff02::1",
            "ff0e::1",
            "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            // Multicast (RFC 5771), which is in no registry of special purpose.
            "224.0.0.0",
            "239.255.255.255",
            // IPv4-compatible, IPv4-mapped, IPv4-translated (RFC 2765).
            "::7f00:1",
            "::8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:a9fe:a9fe",
            "::ffff:0:127.0.0.1",
            // NAT64, 6to4, ISATAP of private addresses; Teredo whole.
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2002:c0a8:101::1",
            "2002:a9fe:a9fe::",
            "2a00:1450::5efe:a00:1",
            "2a00:1450::200:5efe:127.0.0.1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            // Cloud metadata.
            "169.254.169.254",
            "100.100.100.200",
            "fd00:ec2::254",
        ] {
            assert!(refused(address, &[]), "{address}");
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
