//! Signed addresses: `/s/SIGNATURE/…` lets whoever has it ask exactly this, and nothing else.
//!
//! The signature is HMAC-SHA256 with `server.access_key` over the target behind it (path and query, so the feed's URL, the rules and
//! the time of expiry `exp`), as base64url without padding. The target is signed in one spelling: what is not ASCII percent-encoded, and
//! two slashes behind the scheme of a URL in the path, so that clients and proxies which change these break nothing. Verification takes
//! the same time whatever was sent. Called by `router`, and by `refeed sign`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::config::fields::Secret;

/// Signature and target of a signed path; the target begins with `/`.
pub fn split(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix("/s/")?;
    Some(rest.split_at(rest.find('/')?))
}

/// The signature of `target`.
pub fn sign(key: &Secret, target: &str) -> String {
    mac(key, target).map(|mac| URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())).unwrap_or_default()
}

/// True where `signature` is that of `target`.
pub fn verify(key: &Secret, target: &str, signature: &str) -> bool {
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
    mac(key, target).is_some_and(|mac| mac.verify_slice(&signature).is_ok())
}

/// HMAC takes keys of every length; `None` is never seen.
fn mac(key: &Secret, target: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.reveal().as_bytes()).ok()?;
    mac.update(canonical(target).as_bytes());
    Some(mac)
}

/// The one spelling of `target`.
pub fn canonical(target: &str) -> String {
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    let path = match path.split_once(":/") {
        Some((before, after)) if before.ends_with("/http") || before.ends_with("/https") => {
            format!("{before}://{}", after.trim_start_matches('/'))
        }
        _ => path.to_owned(),
    };
    percent_encoding::utf8_percent_encode(&(path + query), &NOT_ASCII).to_string()
}

/// Nothing but what is not ASCII, which is always encoded, and what no request line holds.
const NOT_ASCII: percent_encoding::AsciiSet = percent_encoding::CONTROLS.add(b' ');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_good_for_its_target_in_every_spelling_and_for_no_other() {
        let key = Secret::new("secret");
        let target = "/via/filter=台/https://a.example/f?x=1";
        let signature = sign(&key, target);
        assert_eq!(signature, "mQVJNJhgaq00yCQmtEaHnBQJraVi2ugKU00R4OAcj0E");
        for same in [target, "/via/filter=%E5%8F%B0/https://a.example/f?x=1", "/via/filter=台/https:/a.example/f?x=1"]
        {
            assert!(verify(&key, same, &signature), "{same}");
        }
        for other in ["/via/filter=台/https://a.example/f?x=2", "/via/https://a.example/f?x=1", "", "/"] {
            assert!(!verify(&key, other, &signature), "{other}");
        }
        assert!(!verify(&Secret::new("other"), target, &signature));
        for wrong in ["", "=", "mQVJ", "台", &signature[1..], &format!("{signature}=")] {
            assert!(!verify(&key, target, wrong), "{wrong}");
        }
    }

    #[test]
    fn a_signed_path_is_split_behind_its_signature() {
        assert_eq!(split("/s/abc/feed"), Some(("abc", "/feed")));
        assert_eq!(split("/s/abc/via/x/https://a"), Some(("abc", "/via/x/https://a")));
        for other in ["/s/", "/s/abc", "/feed", "/s"] {
            assert_eq!(split(other), None, "{other}");
        }
    }
}
