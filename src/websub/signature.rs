//! `X-Hub-Signature: METHOD=HEX` (WebSub §8): the HMAC of a ping's body with the subscription's secret. Compared in the same
//! time whatever was sent.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

/// True where `header` is the signature of `body` with `secret`, by one of the four methods of the specification.
pub fn verify(header: &str, secret: &str, body: &[u8]) -> bool {
    let Some((method, hex)) = header.trim().split_once('=') else { return false };
    let Some(sum) = bytes(hex) else { return false };
    match method {
        "sha1" => is::<Hmac<Sha1>>(secret, body, &sum),
        "sha256" => is::<Hmac<Sha256>>(secret, body, &sum),
        "sha384" => is::<Hmac<Sha384>>(secret, body, &sum),
        "sha512" => is::<Hmac<Sha512>>(secret, body, &sum),
        _ => false,
    }
}

fn is<M: Mac + KeyInit>(secret: &str, body: &[u8], sum: &[u8]) -> bool {
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(secret.as_bytes()) else { return false };
    mac.update(body);
    mac.verify_slice(sum).is_ok()
}

/// Hexadecimal digits, at most as many as SHA-512 has.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes();
    let valid = digits.len() <= 128 && digits.len().is_multiple_of(2) && digits.iter().all(u8::is_ascii_hexdigit);
    let byte = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    valid.then(|| digits.chunks(2).map(byte).collect()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 2202 and RFC 4231, test case 2.
    const SECRET: &str = "Jefe";
    const BODY: &[u8] = b"what do ya want for nothing?";
    const SIGNATURES: [&str; 4] = [
        "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
        "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        "sha384=af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
        "sha512=164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
    ];

    #[test]
    fn the_four_methods_are_verified() {
        for signature in SIGNATURES {
            assert!(verify(signature, SECRET, BODY), "{signature}");
            assert!(!verify(signature, "Jeff", BODY), "{signature}");
            assert!(!verify(signature, SECRET, b"what do ya want for nothing!"), "{signature}");
        }
    }

    #[test]
    fn nothing_else_is_a_signature() {
        let sum = SIGNATURES[1].split_once('=').unwrap().1;
        for header in [
            "",
            "=",
            "sha256=",
            "sha256",
            sum,
            &format!("md5={sum}"),
            &format!("SHA256={sum}"),
            &format!("sha1={sum}"),
            &format!("sha256={}", &sum[2..]),
            &format!("sha256={sum}00"),
            &format!("sha256={}", "é".repeat(32)),
            "sha256=+1+1",
        ] {
            assert!(!verify(header, SECRET, BODY), "{header}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_header_panics(header in ".{0,80}") {
            let _ = verify(&header, SECRET, BODY);
        }
    }
}
