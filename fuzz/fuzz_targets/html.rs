//! Any text as HTML: no panic; without edits nothing changes, and edits are what they say.
#![no_main]

use libfuzzer_sys::fuzz_target;
use refeed::html::{Fragment, Syntax};

fuzz_target!(|text: &str| {
    let mut fragment = Fragment::parse(text.to_owned(), Syntax::Html);
    assert_eq!(fragment.render(), text);
    let _ = fragment.plain_text();
    fragment.map_urls(|_, url| Some(format!("{url}?\"'&<")));
    let rendered = fragment.render().into_owned();
    let mut spliced = text.to_owned();
    for edit in fragment.edits().iter().rev() {
        spliced.replace_range(edit.range.clone(), &edit.with);
    }
    assert_eq!(spliced, rendered);
});
