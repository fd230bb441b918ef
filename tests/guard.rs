//! The guard's answers, address by address (abuse cases 1 to 6 and 12). No packet is sent: these are pure functions.
#![allow(clippy::unwrap_used)] // helpers of tests may fail loudly

use std::net::IpAddr;

use refeed::config::fields::Allow;
use refeed::fetch::guard::{Guard, Verdict, is_public};

/// IPv4 by the registry's rows: this network, private, carrier NAT, loopback, link-local, assignments, documentation,
/// relays, benchmarks, multicast, reserved. Then IPv6: outside 2000::/3, carrying IPv4, refused inside 2000::/3.
const REFUSED: &str = "
    0.0.0.0 0.1.2.3 0.255.255.255 10.0.0.0 10.0.0.1 10.255.255.255 100.64.0.0 100.100.100.200 100.127.255.255
    127.0.0.1 127.0.0.53 127.255.255.255 168.63.129.16 169.254.0.1 169.254.169.254 169.254.170.2
    172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255
    192.0.0.1 192.0.0.170 192.0.0.192 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.175.48.1
    198.18.0.0 198.19.255.255 198.51.100.1 203.0.113.255 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255

    :: ::1 100::1 fc00::1 fd00:ec2::254 fd20:ce::254 fdff::1 fe80::1 febf::1 fec0::1 ff02::1 ff0e::1
    1fff:ffff::1 4000::1 5f00::1

    ::ffff:10.0.0.1 ::ffff:127.0.0.1 ::ffff:0.0.0.0 ::7f00:1 ::8.8.8.8 ::ffff:0:8.8.8.8
    64:ff9b::a00:1 64:ff9b::808:808 64:ff9b:1::a00:1 2002:7f00:1::1 2002:808:808::1 2001::1
    2001:0:4136:e378:8000:63bf:3fff:fdd2 2606:4700::5efe:10.0.0.1 2606:4700::200:5efe:10.0.0.1

    2001:2::1 2001:10::1 2001:20::1 2001:1ff:ffff::1 2001:db8::1 2001:db8:ffff::1 2620:4f:8000::1 3fff::1 3fff:fff::1";

const PUBLIC: &str = "
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 168.63.129.15
    169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.1 192.167.255.255 192.169.0.0 198.17.255.255
    198.20.0.0 203.0.112.255 203.0.114.0 223.255.255.255 ::ffff:1.1.1.1
    2000::1 2001:200::1 2001:4860:4860::8888 2001:db9::1 2003::1 2400:cb00::1 2606:4700:4700::1111 2606:4700::5eff:1
    2a00:1450::1 3ffe:ffff::1 3fff:1000::1";

fn addresses(list: &'static str) -> impl Iterator<Item = IpAddr> {
    list.split_whitespace().map(|text| text.parse().unwrap())
}

#[test]
fn every_address_of_the_table_is_judged_right() {
    for ip in addresses(REFUSED) {
        assert!(!is_public(ip), "{ip} must be refused");
    }
    for ip in addresses(PUBLIC) {
        assert!(is_public(ip), "{ip} is public");
    }
    assert!(addresses(REFUSED).chain(addresses(PUBLIC)).count() >= 64);
}

fn guard(allow: &[&str]) -> Guard {
    Guard::new(allow.iter().map(|entry| entry.parse::<Allow>().unwrap()).collect(), vec![])
}

fn judge(guard: &Guard, address: &str) -> Verdict {
    guard.judge(address.parse().unwrap())
}

#[test]
fn nothing_private_is_dialled_unless_allowed() {
    let closed = guard(&[]);
    for ip in addresses(REFUSED) {
        assert_eq!(closed.judge((ip, 80).into()), Verdict::Private, "{ip}");
    }
    let open = guard(&["10.0.0.0/8:80", "::1"]);
    assert_eq!(judge(&open, "10.1.2.3:80"), Verdict::Dial);
    assert_eq!(judge(&open, "[::ffff:10.1.2.3]:80"), Verdict::Dial);
    assert_eq!(judge(&open, "10.1.2.3:443"), Verdict::Private);
    assert_eq!(judge(&open, "[::1]:6379"), Verdict::Dial);
    assert_eq!(judge(&open, "127.0.0.1:80"), Verdict::Private);
}

#[test]
fn ports_beyond_the_webs_need_an_entry_that_names_them() {
    let closed = guard(&[]);
    for port in [80, 443, 8080, 8443] {
        assert_eq!(judge(&closed, &format!("1.1.1.1:{port}")), Verdict::Dial);
    }
    for port in [0, 22, 25, 53, 3306, 6379, 8000, 65535] {
        assert_eq!(judge(&closed, &format!("1.1.1.1:{port}")), Verdict::Port);
        assert!(!closed.knows_port(port), "{port} is refused before any lookup");
    }
    let open = guard(&["1.1.1.1:8000", "127.0.0.1:9000"]);
    assert!(open.knows_port(8000) && open.knows_port(9000) && !open.knows_port(22));
    assert_eq!(judge(&open, "1.1.1.1:8000"), Verdict::Dial);
    assert_eq!(judge(&open, "1.1.1.2:8000"), Verdict::Port);
    assert_eq!(judge(&open, "1.1.1.1:9000"), Verdict::Port);
    assert!(guard(&["192.168.1.0/24"]).knows_port(22), "an entry without a port opens every port of its range");
    assert_eq!(judge(&guard(&["192.168.1.0/24"]), "1.1.1.1:22"), Verdict::Port);
}

#[test]
fn refeeds_own_address_is_never_dialled_even_if_allowed() {
    let own = Guard::new(vec!["127.0.0.1".parse().unwrap()], vec!["127.0.0.1:4600".parse().unwrap()]);
    assert_eq!(judge(&own, "127.0.0.1:4600"), Verdict::Own);
    assert_eq!(judge(&own, "[::ffff:127.0.0.1]:4600"), Verdict::Own);
    assert_eq!(judge(&own, "127.0.0.1:4601"), Verdict::Dial);
}
