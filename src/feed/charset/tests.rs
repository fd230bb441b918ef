//! What [`super::decode`] promises, on small bodies made in each encoding.

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, ISO_2022_JP, KOI8_R, SHIFT_JIS, WINDOWS_1251, WINDOWS_1252,
};

use super::*;

const CHINESE: &str = "<?xml version='1.0' encoding='LABEL'?><rss><title>人工智能与财政新闻，今天发布</title></rss>";
const TAIWAN: &str = "<?xml version='1.0' encoding='LABEL'?><rss><title>人工智慧與財政新聞，今天發佈</title></rss>";
const JAPANESE: &str = "<?xml version='1.0' encoding='LABEL'?><rss><title>東京で新しい技術のニュースです</title></rss>";
const KOREAN: &str = "<?xml version='1.0' encoding='LABEL'?><rss><title>서울에서 새로운 기술 뉴스입니다</title></rss>";
const RUSSIAN: &str = "<?xml version='1.0' encoding='LABEL'?><rss><title>Новости технологий сегодня</title></rss>";
const FRENCH: &str = "<?xml version='1.0' encoding='LABEL'?><rss><title>Première année à l’école</title></rss>";

fn bytes(encoding: &'static Encoding, text: &str) -> Vec<u8> {
    let (bytes, _, bad) = encoding.encode(text);
    assert!(!bad, "{text}");
    bytes.into_owned()
}

fn with_label(text: &str, label: &str) -> String {
    text.replace("LABEL", label)
}

#[test]
fn a_true_label_is_followed_and_made_to_say_utf_8() {
    let cases: [(&'static Encoding, &str, &str); 9] = [
        (GBK, "gb2312", CHINESE),
        (GB18030, "GB18030", CHINESE),
        (BIG5, "big5", TAIWAN),
        (EUC_JP, "EUC-JP", JAPANESE),
        (SHIFT_JIS, "Shift_JIS", JAPANESE),
        (EUC_KR, "euc-kr", KOREAN),
        (WINDOWS_1251, "windows-1251", RUSSIAN),
        (KOI8_R, "koi8-r", RUSSIAN),
        (WINDOWS_1252, "iso-8859-1", FRENCH),
    ];
    for (encoding, label, text) in cases {
        let body = bytes(encoding, &with_label(text, label));
        let decoded = decode(&body, None);
        assert_eq!(decoded.text, with_label(text, "UTF-8"), "{label}");
        assert_eq!(decoded.notes, [], "{label}");
    }
}

#[test]
fn without_a_label_the_bytes_are_asked() {
    for (encoding, text) in
        [(GBK, CHINESE), (BIG5, TAIWAN), (EUC_JP, JAPANESE), (SHIFT_JIS, JAPANESE), (EUC_KR, KOREAN)]
    {
        let text = text.replace(" encoding='LABEL'", "");
        let body = bytes(encoding, &text);
        assert_eq!(decode(&body, None).text, text, "{}", encoding.name());
    }
    let body = bytes(ISO_2022_JP, JAPANESE);
    assert_eq!(decode(&body, Some("utf-8")).text, with_label(JAPANESE, "UTF-8"));
}

#[test]
fn utf_8_with_a_true_label_is_borrowed() {
    for text in [with_label(CHINESE, "utf-8"), with_label(CHINESE, "UTF-8"), "{\"title\":\"财政\"}".to_owned()] {
        let decoded = decode(text.as_bytes(), Some("utf-8"));
        assert!(matches!(decoded.text, Cow::Borrowed(_)));
        assert_eq!((decoded.text.as_ref(), decoded.encoding), (text.as_str(), "UTF-8"));
    }
    assert_eq!(decode(b"\xEF\xBB\xBF<rss/>", None).text, "<rss/>");
    assert_eq!(decode(b"", None).text, "");
}

#[test]
fn utf_16_and_utf_32_are_read_with_and_without_a_mark() {
    let text = with_label(CHINESE, "utf-16") + "😀";
    let want = with_label(CHINESE, "UTF-8") + "😀";
    for mark in ["", "\u{FEFF}"] {
        let text = format!("{mark}{text}");
        let bodies = [
            ("UTF-16LE", text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()),
            ("UTF-16BE", text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
            ("UTF-32LE", text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect()),
            ("UTF-32BE", text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect()),
        ];
        for (name, body) in bodies {
            for label in [None, Some("utf-8"), Some("utf-16"), Some("gbk")] {
                let decoded = decode(&body, label);
                assert_eq!((decoded.text.as_ref(), decoded.encoding), (want.as_str(), name), "{label:?} {mark:?}");
            }
        }
    }
    // a mark, or a label, that the bytes refute
    assert_eq!(decode(b"\xFF\xFE<?xml version='1.0'?><rss/>", None).text, "<?xml version='1.0'?><rss/>");
    assert_eq!(decode(b"<?xml version='1.0' encoding='utf-16'?><rss/>", Some("utf-16")).encoding, "UTF-8");
}

#[test]
fn utf_8_beats_a_legacy_label() {
    for label in ["gb2312", "iso-8859-1", "windows-1251", "big5", "us-ascii"] {
        let body = with_label(CHINESE, label);
        let decoded = decode(body.as_bytes(), Some(label));
        assert_eq!(decoded.text, with_label(CHINESE, "UTF-8"), "{label}");
        assert!(!decoded.notes.is_empty());
    }
    // one character of GBK that is valid UTF-8 by accident does not
    let body = bytes(GBK, "<?xml version='1.0' encoding='gbk'?><rss><title>模</title></rss>");
    assert_eq!(decode(&body, None).text, "<?xml version='1.0' encoding='UTF-8'?><rss><title>模</title></rss>");
}

#[test]
fn gbk_labelled_utf_8_is_detected() {
    let body = bytes(GBK, &with_label(CHINESE, "utf-8"));
    assert_eq!(decode(&body, Some("utf-8")).text, with_label(CHINESE, "utf-8"));
}

#[test]
fn the_label_that_could_have_failed_outweighs_the_servers_default() {
    let body = bytes(GBK, &with_label(CHINESE, "gb2312"));
    assert_eq!(decode(&body, Some("ISO-8859-1")).text, with_label(CHINESE, "UTF-8"));
    let body = bytes(GBK, &with_label(CHINESE, "big5-hkscs"));
    assert_eq!(decode(&body, Some("\"gbk\"")).text, with_label(CHINESE, "UTF-8"), "HTTP before XML");
}

#[test]
fn a_bad_string_does_not_spoil_the_others() {
    let mut body = "<rss><title>人工智能</title><item><title>新闻</title><d>".as_bytes().to_vec();
    body.extend(bytes(GBK, "财政部今天发布"));
    body.extend("</d></item><item><d>caf".bytes());
    body.push(0xE9);
    body.extend("</d><t>人工智".bytes());
    body.extend([0xE8, 0x83]); // cut in the middle
    body.extend("</t></item></rss>".bytes());
    let decoded = decode(&body, Some("utf-8"));
    let want = "<rss><title>人工智能</title><item><title>新闻</title><d>财政部今天发布</d></item><item><d>café</d><t>人工智\u{FFFD}</t></item></rss>";
    assert_eq!(decoded.text, want);
    assert_eq!(decoded.notes, [Note::StringsGuessed(3)]);
}

#[test]
fn utf_8_strings_in_a_gbk_feed_and_bad_bytes_are_handled_one_by_one() {
    let mut body = bytes(GBK, "<?xml version='1.0' encoding='gb2312'?><rss><t>财政部今天</t><t>发布新闻</t><t>");
    body.extend("这是另一种编码".bytes());
    body.extend(bytes(GBK, "</t><t>人工智能和其他技术的发展"));
    body.extend(b"\xFF</t></rss>");
    let text = decode(&body, None).text;
    assert!(
        text.contains("<t>财政部今天</t><t>发布新闻</t><t>这是另一种编码</t><t>人工智能和其他技术的发展"),
        "{text}"
    );
}

#[test]
fn a_latin_feed_without_a_label_is_read_as_the_browsers_do() {
    let body = b"<rss><d>\xDAltimas Not\xEDcias</d></rss>";
    assert_eq!(decode(body, None).text, "<rss><d>Últimas Notícias</d></rss>");
}

#[test]
fn a_cut_last_character_is_left_out() {
    let body = "<rss><d>下载地址".as_bytes();
    let decoded = decode(&body[..body.len() - 1], None);
    assert_eq!(decoded.text, "<rss><d>下载地");
    assert_eq!(decoded.notes, [Note::CutCharacter]);
}

#[test]
fn double_encoded_strings_are_put_right_and_only_they() {
    for (from, to) in [
        ("<t>è´¢æ”¿</t><t>财政</t>", "<t>财政</t><t>财政</t>"),
        ("<t a=\"è´¢æ”¿\" b='naïve'/>", "<t a=\"财政\" b='naïve'/>"),
        ("<t><![CDATA[è´¢æ”¿ <b>财</b>]]></t>", "<t><![CDATA[财政 <b>财</b>]]></t>"),
        ("<t>Itâ€™s</t>", "<t>It’s</t>"),
        ("<t>PremiÃ¨re annÃ©e</t>", "<t>Première année</t>"),
        ("{\"title\":\"è´¢æ”¿\",\"x\":\"é\"}", "{\"title\":\"财政\",\"x\":\"é\"}"),
    ] {
        assert_eq!(decode(from.as_bytes(), None).text, to);
    }
    for stays in
        ["<t>why Ã© appears</t>", "<t>é and Ã©Ã©</t>", "<t>财政 Ã©Ã©</t>", "<t>ÃÂ naïve</t>", "<t>Bébé Ã©Ã¨</t>"]
    {
        assert!(matches!(decode(stays.as_bytes(), None).text, Cow::Borrowed(_)), "{stays}");
    }
}

#[test]
fn a_declaration_that_the_feed_only_speaks_of_is_none() {
    for text in [
        "{\"title\":\"<?xml version='1.0' encoding='gbk'?>\",\"items\":[]}",
        "<rss><channel><title><![CDATA[<?xml version='1.0' encoding='gbk'?>]]></title></channel></rss>",
        "<a:feed xmlns:a='http://www.w3.org/2005/Atom'><!-- <?xml version='1.0' encoding='gbk'?> --></a:feed>",
        "<!-- was <?xml version='1.0' encoding='gbk'?> --><rss/>",
    ] {
        let decoded = decode(text.as_bytes(), None);
        assert_eq!((&*decoded.text, decoded.notes), (text, Vec::new()));
    }
    let late = "<br />\n<b>Warning</b>: x <!-- y --><?xml version='1.0' encoding='gbk'?><rss/>";
    assert_eq!(decode(late.as_bytes(), None).text, late.replace("gbk", "UTF-8"));
}

#[test]
fn only_the_labels_value_changes() {
    let body = "\n<!-- x --><?xml version = \"1.0\"  encoding = 'gbk' standalone='yes' ?><rss/>";
    assert_eq!(decode(body.as_bytes(), None).text, body.replace("gbk", "UTF-8"));
    let none = "<?xml version='1.0'?><rss encoding='gbk'/>";
    assert_eq!(decode(none.as_bytes(), None).text, none);
}

#[test]
fn utf_7_is_not_decoded() {
    let body = b"<?xml version='1.0' encoding='utf-7'?><t>+ADw-script+AD4-</t>";
    let decoded = decode(body, Some("utf-7"));
    assert!(decoded.text.ends_with("<t>+ADw-script+AD4-</t>"));
    assert_eq!(decoded.notes.len(), 2);
}

proptest::proptest! {
    #[test]
    fn any_bytes_decode_and_utf_8_comes_out_as_it_is(body: Vec<u8>, label in "[a-z0-9-]{0,12}") {
        decode(&body, Some(&label));
        let mut in_tags = b"<a>".to_vec();
        in_tags.extend(&body);
        decode(&in_tags, None);
    }

    #[test]
    fn gbk_text_survives(words in proptest::collection::vec("[一-龥]{6,20}", 3..10)) {
        let text = format!("<rss><t>{}</t></rss>", words.join("</t><t>"));
        let (body, _, bad) = GB18030.encode(&text);
        if !bad {
            let decoded = decode(&body, Some("gb18030"));
            proptest::prop_assert_eq!(decoded.text.as_ref(), text.as_str());
        }
    }
}
