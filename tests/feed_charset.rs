//! Over the well-formed corpus, decoding is the plain decoding by the declared charset: nothing is "repaired" that is well.

#![allow(clippy::print_stderr, clippy::unwrap_used, clippy::panic)] // a test: it says what was skipped, and fails loudly

use encoding_rs::Encoding;
use refeed::feed::charset::decode;

#[test]
fn corpus_decodes_as_declared() {
    let Some(dir) = std::env::var_os("REFEED_CORPUS") else {
        eprintln!("REFEED_CORPUS is unset: corpus not read");
        return;
    };
    let mut files = 0;
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let body = std::fs::read(entry.path()).unwrap();
        let head = String::from_utf8_lossy(&body[..body.len().min(200)]).to_lowercase();
        let declared = head.split("encoding=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("utf-8");
        // one file says iso-8859-1 and is UTF-8 throughout
        let honest = body.is_ascii() || std::str::from_utf8(&body).is_err();
        let encoding = if honest { Encoding::for_label(declared.as_bytes()).unwrap() } else { encoding_rs::UTF_8 };
        let Some(plain) = encoding.decode_without_bom_handling_and_without_replacement(&body) else {
            eprintln!("{}: {:?}", entry.path().display(), decode(&body, None).notes);
            continue;
        };
        let mut plain = plain.trim_start_matches('\u{FEFF}').to_owned();
        if !declared.eq_ignore_ascii_case("utf-8") {
            let at = plain.to_lowercase().find(declared).unwrap();
            plain.replace_range(at..at + declared.len(), "UTF-8");
        }
        let decoded = decode(&body, None);
        assert!(decoded.text == plain, "{}: {:?}", entry.path().display(), decoded.notes);
        files += 1;
    }
    assert!(files > 80, "only {files} files");
}

#[test]
fn a_declaration_that_repair_moves_to_the_front_says_utf_8() {
    let warnings = "<b>Warning</b>\n".repeat(100);
    let body = format!("{warnings}<?xml version='1.0' encoding='gbk'?><rss version='2.0'><channel/></rss>");
    let feed = refeed::feed::Feed::read(body.as_bytes(), None, None).unwrap();
    assert_eq!(feed.emit(), "<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel/></rss>");
}
