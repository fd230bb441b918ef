//! No private address is reached: not by spelling, not by DNS, not by redirect (abuse cases 1 to 8, 11 and 12).
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests may fail loudly

mod fetch_support;

use fetch_support::*;
use refeed::fetch::{Blame, FetchError, Led, Phase, Refusal, Request, Settings};

fn refusal(error: FetchError) -> (Refusal, Blame) {
    let blame = error.blame();
    match error {
        FetchError::Refused { why, .. } => (why, blame),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn literal_addresses_are_refused_in_every_spelling_without_lookup_or_packet() {
    let stand = Stand::new();
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "0",
        "①②⑦.0.0.1",
        "127。0。0。1",
        "10.0.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "[::1]",
        "[::]",
        "[fd00:ec2::254]",
        "[::ffff:10.0.0.1]",
        "[::7f00:1]",
        "[64:ff9b::a00:1]",
        "[2002:7f00:1::1]",
        "[2001::1]",
        "[2606:4700::5efe:a00:1]",
    ] {
        let error = stand.fetch(&format!("http://{host}/secret?key=1")).await.unwrap_err();
        assert_eq!(refusal(error), (Refusal::Address, Blame::Reader), "{host}");
    }
    assert!(stand.resolved().is_empty() && stand.dialled().is_empty());
}

#[tokio::test]
async fn a_name_with_private_addresses_only_is_refused_and_the_message_keeps_them() {
    let stand = Stand::new();
    stand.name("localhost", &["::1", "127.0.0.1"]);
    stand.name("inside.example", &["10.1.2.3", "fd00::7"]);
    for (url, host) in [("http://localhost/", "localhost"), ("http://inside.example/a?token=abc", "inside.example")] {
        let error = stand.fetch(url).await.unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with(host) && message.contains("fetch.allow"), "{message}");
        assert!(!message.contains("10.1.2.3") && !message.contains("fd00") && !message.contains("abc"), "{message}");
        assert_eq!(refusal(error).0, Refusal::Address);
    }
    assert_eq!(stand.dialled(), [""; 0]);
}

#[tokio::test]
async fn the_judged_address_is_the_dialled_one_when_a_name_changes_its_mind() {
    let server = Server::sending(ok("Connection: close\r\n", "feed")).await;
    let stand = Stand::new();
    stand.name("rebind.example", &["8.8.8.8"]);
    stand.name("rebind.example", &["127.0.0.1"]);
    stand.route("8.8.8.8:80", server.address);
    assert_eq!(stand.fetch("http://rebind.example/").await.unwrap().body, "feed");
    assert_eq!((stand.resolved().len(), stand.dialled()), (1, vec!["8.8.8.8:80".to_owned()]));
    assert_eq!(refusal(stand.fetch("http://rebind.example/").await.unwrap_err()).0, Refusal::Address);
    assert_eq!(stand.dialled().len(), 1);
}

#[tokio::test]
async fn private_addresses_beside_public_ones_are_dropped() {
    let server = Server::sending(ok("", "feed")).await;
    let stand = Stand::new();
    stand.name("mixed.example", &["10.0.0.1", "192.168.0.1", "8.8.8.8", "::1"]);
    stand.route("8.8.8.8:80", server.address);
    assert_eq!(stand.fetch("http://mixed.example/").await.unwrap().body, "feed");
    assert_eq!(stand.dialled(), ["8.8.8.8:80"]);
}

#[tokio::test]
async fn addresses_are_tried_in_turn_and_eight_at_most() {
    let server = Server::sending(ok("", "feed")).await;
    let stand = Stand::new();
    stand.name("many.example", &["8.8.8.1", "8.8.8.2", "2606:4700::1"]);
    stand.route("8.8.8.2:80", server.address);
    assert_eq!(stand.fetch("http://many.example/").await.unwrap().body, "feed");
    assert_eq!(stand.dialled(), ["[2606:4700::1]:80", "8.8.8.1:80", "8.8.8.2:80"]);

    let stand = Stand::new();
    let twelve: Vec<_> = (1..=12).map(|n| format!("8.8.4.{n}")).collect();
    stand.name("flood.example", &twelve.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(matches!(stand.fetch("http://flood.example/").await, Err(FetchError::Connect { .. })));
    assert_eq!(stand.dialled().len(), 8);
}

#[tokio::test]
async fn a_redirect_to_a_private_address_is_refused_and_blamed_on_upstream() {
    for location in ["http://10.0.0.5/x?secret", "http://inside.example/", "http://[::ffff:7f00:1]/", "//127.1/"] {
        let server = Server::sending(moved(302, location)).await;
        let stand = Stand::new();
        stand.name("public.example", &["8.8.8.8"]);
        stand.name("inside.example", &["192.168.1.1"]);
        stand.route("8.8.8.8:80", server.address);
        let error = stand.fetch("http://public.example/").await.unwrap_err();
        assert!(
            matches!(error, FetchError::Refused { led: Led::Redirected, .. }) && !error.to_string().contains("secret")
        );
        assert_eq!(refusal(error), (Refusal::Address, Blame::Upstream), "{location}");
        assert_eq!(stand.dialled(), ["8.8.8.8:80"], "{location}");
    }
}

#[tokio::test]
async fn a_redirect_to_another_scheme_or_port_is_refused() {
    for (location, why) in [
        ("file:///etc/passwd", Refusal::Scheme),
        ("gopher://127.0.0.1:6379/_x", Refusal::Scheme),
        ("ftp://public.example/", Refusal::Scheme),
        ("data:text/xml,x", Refusal::Scheme),
        ("http://user:pass@public.example/", Refusal::Userinfo),
        ("http://public.example:6379/", Refusal::Port(6379)),
    ] {
        let server = Server::sending(moved(301, location)).await;
        let stand = Stand::new();
        stand.name("public.example", &["8.8.8.8"]);
        stand.route("8.8.8.8:80", server.address);
        let error = stand.fetch("http://public.example/").await.unwrap_err();
        assert!(!error.to_string().contains("pass@"));
        assert_eq!(refusal(error), (why, Blame::Upstream), "{location}");
        assert_eq!((stand.resolved().len(), stand.dialled().len()), (1, 1), "{location}");
    }
}

#[tokio::test]
async fn bad_urls_are_refused_before_any_lookup() {
    let stand = Stand::new();
    for url in [
        "http://public.example:22/",
        "http://public.example:25/",
        "http://public.example:6379/",
        "http://u:p@public.example/",
        "http://a@b@c/",
        "http://public.example/\r\nX-Injected: 1",
        "http://public.example/\0",
        "file:///etc/passwd",
        "nonsense",
    ] {
        let error = stand.fetch(url).await.unwrap_err();
        assert_eq!(error.blame(), Blame::Reader, "{url:?}");
    }
    assert!(stand.resolved().is_empty());
}

#[tokio::test]
async fn the_own_address_and_a_circle_through_others_are_loops() {
    let settings = Settings { own_addresses: vec!["0.0.0.0:4600".parse().unwrap()], ..loopback() };
    let error = fetch_with(settings, "http://127.0.0.1:4600/feed").await.unwrap_err();
    assert!(matches!(error, FetchError::OwnLoop { .. }));
    let server = Server::sending("HTTP/1.1 508 Loop Detected\r\nContent-Length: 0\r\n\r\n").await;
    assert!(matches!(fetch(&server.url("/")).await, Err(FetchError::OwnLoop { .. })));
}

#[tokio::test]
async fn a_name_that_does_not_resolve_or_never_answers_is_said_so() {
    let stand = Stand::new();
    assert!(matches!(stand.fetch("http://gone.example/").await, Err(FetchError::Dns { .. })));
    stand.name("empty.example", &[]);
    assert!(matches!(stand.fetch("http://empty.example/").await, Err(FetchError::Dns { .. })));
}

/// Neither names nor connections ever come.
struct Stuck;

impl refeed::fetch::Network for Stuck {
    fn resolve(&self, name: &str) -> refeed::fetch::Pending<Vec<std::net::IpAddr>> {
        let known = name == "known.example";
        Box::pin(async move { if known { Ok(vec!["8.8.8.8".parse().unwrap()]) } else { std::future::pending().await } })
    }
    fn dial(&self, _: std::net::SocketAddr) -> refeed::fetch::Pending<tokio::net::TcpStream> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn lookups_and_connections_end_at_their_own_bounds() {
    let mut settings = Settings::default();
    settings.timeouts.dns = std::time::Duration::from_millis(20);
    settings.timeouts.connect = std::time::Duration::from_millis(20);
    let client = refeed::fetch::Client::on(settings, std::sync::Arc::new(Stuck)).unwrap();
    for (host, expected) in [("unknown.example", Phase::Dns), ("known.example", Phase::Connect)] {
        let error = client.get(&Request::feed(format!("http://{host}/"))).await.unwrap_err();
        let FetchError::Timeout { phase, .. } = error else { panic!("{error}") };
        assert_eq!(phase, expected);
    }
}
