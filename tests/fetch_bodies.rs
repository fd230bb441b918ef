//! Bodies: every coding comes out whole; bombs, endless and cut ones are errors (abuse cases 15, 16, 17 and 20).
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests may fail loudly

mod fetch_support;

use std::io::Write;
use std::time::Duration;

use fetch_support::*;
use flate2::Compression;
use refeed::base::limits::MIB;
use refeed::fetch::{Blame, Bound, FetchError, Phase, Settings};

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn brotli(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    brotli::CompressorWriter::new(&mut out, 4096, 5, 22).write_all(data).unwrap();
    out
}

fn zstd(data: &[u8]) -> Vec<u8> {
    zstd::encode_all(data, 3).unwrap()
}

/// Label, encoder.
type Codec = (&'static str, fn(&[u8]) -> Vec<u8>);
const CODECS: [Codec; 6] =
    [("gzip", gzip), ("x-gzip", gzip), ("deflate", zlib), ("deflate", raw_deflate), ("br", brotli), ("zstd", zstd)];

fn coded(label: &str, body: &[u8]) -> Vec<u8> {
    ok(&format!("Content-Encoding: {label}\r\n"), body)
}

async fn error_of(response: Vec<u8>) -> FetchError {
    error_with(loopback(), response).await
}

async fn error_with(settings: Settings, response: Vec<u8>) -> FetchError {
    let server = Server::sending(response).await;
    let error = fetch_with(settings, &server.url("/feed?key=secret")).await.unwrap_err();
    assert_eq!(error.blame(), Blame::Upstream);
    assert!(!error.to_string().contains("secret"), "{error}");
    error
}

/// Text of more than a mebibyte that does not compress beyond any ratio.
fn feed_text() -> Vec<u8> {
    (0..60_000u32)
        .flat_map(|n| format!("<item>{:08x}{n}</item>\n", n.wrapping_mul(2_654_435_761)).into_bytes())
        .collect()
}

#[tokio::test]
async fn every_coding_comes_out_as_it_went_in() {
    let text = feed_text();
    for (label, encode) in CODECS {
        for body in [&b""[..], b"<rss/>", &text] {
            let server = Server::sending(coded(label, &encode(body))).await;
            let response = fetch(&server.url("/")).await.unwrap_or_else(|error| panic!("{label}: {error}"));
            assert!(response.body == body, "{label}");
            assert!(
                response.headers.get("content-encoding").is_none() && response.headers.get("content-length").is_none()
            );
        }
        let server = Server::sending(coded(label, b"")).await;
        assert!(fetch(&server.url("/")).await.unwrap().body.is_empty(), "{label}: an empty body without a frame");
    }
}

#[tokio::test]
async fn a_body_comes_out_whole_in_pieces_of_one_byte() {
    for (label, encode) in CODECS {
        let mut response =
            format!("HTTP/1.1 200 OK\r\nContent-Encoding: {label}\r\nTransfer-Encoding: chunked\r\n\r\n").into_bytes();
        for byte in encode(b"<rss>feed</rss>") {
            response.extend([b'1', b'\r', b'\n', byte, b'\r', b'\n']);
        }
        response.extend(b"0\r\n\r\n");
        let server = Server::sending(response).await;
        assert_eq!(fetch(&server.url("/")).await.unwrap().body, "<rss>feed</rss>", "{label}");
    }
}

#[tokio::test]
async fn gzip_members_are_joined_and_what_follows_them_is_ignored() {
    let two = [gzip(b"<rss>"), gzip(b"</rss>")].concat();
    for (tail, name) in
        [(&b""[..], "none"), (b"\0\0\0\0", "padding"), (b"\n", "newline"), (b"\x1f\x8b", "half a magic")]
    {
        let server = Server::sending(coded("gzip", &[&two[..], tail].concat())).await;
        assert_eq!(fetch(&server.url("/")).await.unwrap().body, "<rss></rss>", "{name}");
    }
    let many = gzip(b"").repeat(2000);
    assert!(matches!(error_of(coded("gzip", &many)).await, FetchError::Encoding { .. }));
}

#[tokio::test]
async fn a_bomb_is_cut_by_its_ratio_in_every_coding() {
    let zeros = vec![0; 8 * MIB];
    for (label, encode) in CODECS {
        let bomb = encode(&zeros);
        assert!(bomb.len() < MIB);
        let error = error_of(coded(label, &bomb)).await;
        assert!(matches!(error, FetchError::TooLarge { bound: Bound::Ratio, .. }), "{label}: {error}");
    }
}

#[tokio::test]
async fn the_decoded_size_is_capped_to_the_byte() {
    let text = feed_text();
    for (label, encode) in CODECS.into_iter().chain([("identity", <[u8]>::to_vec as fn(&[u8]) -> Vec<u8>)]) {
        let response = coded(label, &encode(&text));
        let error = error_with(Settings { max_body: text.len() - 1, ..loopback() }, response.clone()).await;
        assert!(matches!(error, FetchError::TooLarge { bound: Bound::Body(_), .. }), "{label}: {error}");
        assert!(error.to_string().contains("fetch.max_body"), "{error}");
        let server = Server::sending(response).await;
        let whole = fetch_with(Settings { max_body: text.len(), ..loopback() }, &server.url("/")).await.unwrap();
        assert_eq!(whole.body.len(), text.len(), "{label}");
    }
}

#[tokio::test]
async fn stacked_unknown_and_damaged_codings_are_errors() {
    let stacked = gzip(&gzip(b"<rss/>"));
    for (label, body) in [
        ("gzip, gzip", &stacked[..]),
        ("gzip\r\nContent-Encoding: gzip", &stacked),
        ("compress", b"x"),
        ("gzip", b"<rss>not gzip</rss>"),
        ("br", b"<rss>not brotli</rss>"),
        ("zstd", b"<rss>not zstd</rss>"),
    ] {
        let error = error_of(coded(label, body)).await;
        assert!(matches!(error, FetchError::Encoding { .. }), "{label}: {error}");
    }
    let mut damaged = gzip(&feed_text());
    let last = damaged.len() - 5;
    damaged[last] ^= 1; // the checksum
    assert!(matches!(error_of(coded("gzip", &damaged)).await, FetchError::Encoding { .. }));
}

#[tokio::test]
async fn a_body_that_asks_for_a_huge_window_is_refused() {
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    encoder.write_all(&feed_text()).unwrap();
    let error = error_of(coded("zstd", &encoder.finish().unwrap())).await;
    assert!(matches!(error, FetchError::Encoding { .. }), "{error}");
    // RFC 7932 has no such window: the "large window" extension, 30 bits
    let error = error_of(coded("br", &[0x11, 0x1e, 0x00, 0x00])).await;
    assert!(matches!(error, FetchError::Encoding { .. }), "{error}");
}

#[tokio::test]
async fn a_coding_cut_short_is_an_error() {
    let text = feed_text();
    for (label, encode) in CODECS {
        let whole = encode(&text);
        for length in [1, whole.len() / 2, whole.len() - 1] {
            let error = error_of(coded(label, &whole[..length])).await;
            assert!(matches!(error, FetchError::Truncated { .. }), "{label} at {length}: {error}");
        }
    }
}

#[tokio::test]
async fn a_body_shorter_than_its_length_or_without_its_last_chunk_is_an_error() {
    for response in [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<rss></rss>",
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\n<rss>",
    ] {
        let error = error_of(response.into()).await;
        assert!(matches!(error, FetchError::Truncated { .. }), "{response}: {error}");
        assert!(error.may_pass());
    }
}

#[tokio::test]
async fn an_endless_body_is_cut_on_the_wire() {
    let settings = Settings { max_body: MIB, ..loopback() };
    for (head, chunk) in [
        ("HTTP/1.1 200 OK\r\n\r\n", vec![b'x'; 65_536]),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            [b"10000\r\n".to_vec(), vec![b'x'; 65_536], b"\r\n".to_vec()].concat(),
        ),
        // stored blocks: as long decoded as on the wire, so that no ratio cuts it
        (
            "HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n",
            [&[0, 0, 0x10, 0xff, 0xef][..], &[b'x'; 4096]].concat(),
        ),
    ] {
        let server = Server::start(move |_| Reply::Endless(head.into(), chunk.clone())).await;
        let error = fetch_with(settings.clone(), &server.url("/")).await.unwrap_err();
        assert!(matches!(error, FetchError::TooLarge { .. }), "{head}: {error}");
    }
    // empty gzip blocks decode to nothing for ever: only the wire's count ends them
    let start = [&b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"[..], &gzip(b"")[..10]].concat();
    let server = Server::start(move |_| Reply::Endless(start.clone(), [0, 0, 0, 0xff, 0xff].repeat(1000))).await;
    let error = fetch_with(settings, &server.url("/")).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { bound: Bound::Wire(_), .. }), "{error}");
}

#[tokio::test]
async fn an_announced_size_past_the_cap_is_refused_unread() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n";
    let server = Server::start(move |_| Reply::Silence(head.into())).await;
    let error = fetch(&server.url("/")).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { bound: Bound::Body(_), .. }), "{error}");
}

#[tokio::test]
async fn a_dripping_body_ends_with_the_whole_fetchs_time() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
    let server = Server::start(move |_| Reply::Drip(head.into())).await;
    let settings = Settings { timeout: Duration::from_millis(150), ..loopback() };
    let error = fetch_with(settings, &server.url("/")).await.unwrap_err();
    assert!(matches!(error, FetchError::Timeout { phase: Phase::Whole, .. }), "{error}");
}

#[tokio::test]
async fn silence_within_a_body_ends_at_its_own_bound() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<rss>";
    let server = Server::start(move |_| Reply::Silence(head.into())).await;
    let mut settings = loopback();
    settings.timeouts.gap = Duration::from_millis(30);
    let error = fetch_with(settings, &server.url("/")).await.unwrap_err();
    assert!(matches!(error, FetchError::Timeout { phase: Phase::Body, .. }), "{error}");
}
