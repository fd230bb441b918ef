//! An article that is no HTML but text (`text/plain`), made HTML with the lines and paragraphs that its author gave it.
//!
//! A blank line ends a paragraph, a line end is a `<br>`. Lines that are laid out with spaces (code, tables, verse with
//! indented lines) stay as they are in a `<pre>`. Linear; some markup a line is all it adds.

use htmlize::escape_text as escape;

use crate::rules::pages::Body;

/// True of a body that its server calls plain text, but for one that is a page all the same.
pub(super) fn is_plain(body: &Body) -> bool {
    let kind = body.content_type.as_deref().and_then(|kind| kind.split(';').next()).unwrap_or_default();
    let is_page = || match body.bytes.trim_ascii_start() {
        [b'<', next, ..] => next.is_ascii_alphabetic() || matches!(next, b'!' | b'?'),
        _ => false,
    };
    kind.trim().eq_ignore_ascii_case("text/plain") && !is_page()
}

/// `text` as one HTML element.
pub(super) fn html(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    let mut html = String::from("<div>");
    for block in lines.split(|line| line.is_empty()).filter(|block| !block.is_empty()) {
        if !is_laid_out(block) {
            let lines: Vec<_> = block.iter().map(|line| escape(line.trim_ascii())).collect();
            html.extend(["<p>", &lines.join("<br>\n"), "</p>\n"]);
            continue;
        }
        let before = html.strip_suffix("</pre>\n").map(str::len);
        match before {
            // the blank line between is one of the layout
            Some(len) => {
                html.truncate(len);
                html.push_str("\n\n");
            }
            None => html.push_str("<pre>"),
        }
        html.extend([&escape(block.join("\n")), "</pre>\n"]);
    }
    html + "</div>"
}

/// A tab or three spaces between words, or a line that is indented otherwise than a paragraph's first.
fn is_laid_out(block: &[&str]) -> bool {
    let spaced = |line: &&str| line.trim_start().contains('\t') || line.trim_start().contains("   ");
    let mut following = block.iter().skip(1);
    following.any(|line| line.starts_with([' ', '\t'])) || block.iter().any(spaced)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::url::Url;

    #[test]
    fn paragraphs_and_lines_are_kept() {
        for (text, expected) in [
            (
                "One\nline & <b>.\n\n \n  Two\r\nlines.\r\n",
                "<p>One<br>\nline &amp; &lt;b&gt;.</p>\n<p>Two<br>\nlines.</p>\n",
            ),
            ("　　第一段\n\n　　第二段", "<p>　　第一段</p>\n<p>　　第二段</p>\n"),
            (
                "See:\n\nfn a() {\n    b();\n\n    c();\n    d();\n}\n",
                "<p>See:</p>\n<pre>fn a() {\n    b();\n\n    c();\n    d();\n}</pre>\n",
            ),
            ("a   1\nb   2", "<pre>a   1\nb   2</pre>\n"),
            ("\u{c}\n\n", ""),
        ] {
            assert_eq!(html(text), format!("<div>{expected}</div>"), "{text:?}");
        }
    }

    #[test]
    fn a_page_that_is_called_plain_text_is_a_page() {
        let url = Url::parse("https://site.example/").unwrap();
        let said = |text: &'static str, kind: &str| {
            is_plain(&Body { bytes: text.into(), content_type: Some(kind.to_owned()), url: url.clone() })
        };
        assert!(said("a\nb", "Text/Plain; charset=utf-8") && said("<3\nb", "text/plain") && said("", "text/plain"));
        assert!(!said("a\nb", "text/html") && !said("\n<!DOCTYPE html><p>a", "text/plain"));
    }
}
