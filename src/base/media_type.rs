//! Media types and the endings of file names that go with them: pictures, sound, moving pictures and papers that feeds attach.
//!
//! One table for all that must say a type, or name a file, and know only the other. Pure.

/// An ending, in small letters, and its type (RFC 6838). The first ending of a type is the one that files get.
const KNOWN: [(&str, &str); 26] = [
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("jfif", "image/jpeg"),
    ("png", "image/png"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
    ("svg", "image/svg+xml"),
    ("bmp", "image/bmp"),
    ("ico", "image/x-icon"),
    ("mp3", "audio/mpeg"),
    ("m4a", "audio/mp4"),
    ("aac", "audio/aac"),
    ("ogg", "audio/ogg"),
    ("oga", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("opus", "audio/opus"),
    ("wav", "audio/wav"),
    ("flac", "audio/flac"),
    ("mp4", "video/mp4"),
    ("m4v", "video/mp4"),
    ("webm", "video/webm"),
    ("mov", "video/quicktime"),
    ("ogv", "video/ogg"),
    ("mkv", "video/x-matroska"),
    ("pdf", "application/pdf"),
];

/// The type that the ending of an address suggests, whatever its query.
pub fn of_address(address: &str) -> Option<&'static str> {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let (_, ending) = path.rsplit_once('.')?;
    KNOWN.iter().find(|(known, _)| known.eq_ignore_ascii_case(ending)).map(|(_, kind)| *kind)
}

/// The ending of files of a type; what follows a `;` in it counts for nothing.
pub fn ending(kind: &str) -> Option<&'static str> {
    let essence = kind.split(';').next().unwrap_or_default().trim();
    KNOWN.iter().find(|(_, known)| known.eq_ignore_ascii_case(essence)).map(|(ending, _)| *ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_suggest_types_and_types_endings() {
        for (address, kind) in [
            ("https://a.example/b.c/x.PNG?y=.mp3#z.gif", Some("image/png")),
            ("x.opus", Some("audio/ogg")),
            ("https://a.example/x", None),
            ("x.exe", None),
            ("", None),
        ] {
            assert_eq!(of_address(address), kind, "{address}");
        }
        for (kind, found) in [
            ("Image/JPEG; q=1", Some("jpg")),
            ("audio/ogg", Some("ogg")),
            ("audio/opus", Some("opus")),
            ("text/html", None),
            ("", None),
        ] {
            assert_eq!(ending(kind), found, "{kind}");
        }
    }
}
