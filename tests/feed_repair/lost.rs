//! Whatever happens to the markup of one item, no item is lost that a reader could see.

use refeed::feed::{Feed, Field, repair};

use crate::strict;

/// The items of a made-up feed; the second is damaged.
const ITEMS: usize = 4;
const DAMAGED: usize = 1;
/// Pairs of damages tried for each feed, beside every single one; each takes some 300 µs.
const PAIRS: usize = 500;

const HTML: &str = "<item><title>title#</title><link>http://x/#</link><description><![CDATA[<p>text#<br>more</p>]]></description><guid>id#</guid></item>";
const BOTH: &str = "<item><guid>id#</guid><title><![CDATA[title#]]></title><description>short#</description><content:encoded><![CDATA[<div>text#</div>]]></content:encoded></item>";
const ESCAPED: &str = "<item><title>title#</title><description>&lt;p&gt;text#</description><guid>id#</guid></item>";
const ENTRY: &str = "<entry><id>id#</id><title>title#</title><link href='x'/><content type='xhtml'><div><p>text#</p></div></content><author><name>n</name></author></entry>";
const RSS: &str =
    "<rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel><title>t</title>";
const ATOM: &str = "<feed xmlns='http://www.w3.org/2005/Atom'><title>t</title>";

/// Markup that has no business where it comes to stand.
const STRAY: [&str; 8] = ["<!--", "</channel>", "</rss>", "</feed>", "<channel>", "<br>", "<p>", "</b>"];

/// A damage: what goes in before a piece, and whether the piece goes.
#[derive(Clone, Copy, Debug)]
struct Damage<'a> {
    at: usize,
    insert: &'a str,
    remove: bool,
}

/// The tags, marks and texts of an item.
fn pieces(item: &str) -> Vec<&str> {
    let (mut pieces, mut rest) = (Vec::new(), item);
    while !rest.is_empty() {
        let len = match rest {
            _ if rest.starts_with("<![CDATA[") => 9,
            _ if rest.starts_with("]]>") => 3,
            _ if rest.starts_with('<') => rest.find('>').unwrap() + 1,
            _ => [rest.find('<'), rest.find("]]>"), Some(rest.len())].into_iter().flatten().min().unwrap(),
        };
        let (piece, after) = rest.split_at(len);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

fn damaged(head: &str, items: &[String], pieces: &[&str], damages: &[Damage<'_>], tail: &str) -> String {
    let mut text = head.to_owned();
    for (n, item) in items.iter().enumerate() {
        if n != DAMAGED {
            text += item;
            continue;
        }
        for (at, piece) in pieces.iter().enumerate() {
            let here = || damages.iter().filter(|damage| damage.at == at);
            text.extend(here().map(|damage| damage.insert));
            text += if here().any(|damage| damage.remove) { "" } else { piece };
        }
    }
    text + tail
}

fn no_item_is_lost(text: &str) {
    if strict::check(text).is_ok() {
        return; // nothing says that it is damaged
    }
    let done = repair::xml(text).unwrap().text;
    let feed = Feed::read(done.as_bytes(), None, None).unwrap();
    let ids: Vec<_> = feed.items().into_iter().filter_map(|item| feed.first(item, Field::Id)).collect();
    for n in (0..ITEMS).filter(|n| *n != DAMAGED) {
        assert!(ids.iter().any(|id| *id == format!("id{n}")), "lost item {n}\n from {text}\n to   {done}");
    }
    let begun = text.matches("<item>").count() + text.matches("<entry>").count();
    assert!(feed.items().len() >= begun.min(ITEMS), "lost an item\n from {text}\n to   {done}");
}

#[test]
fn damage_in_an_item_loses_no_item() {
    for (head, items, tail) in [
        (RSS, [HTML; ITEMS], "</channel></rss>"),
        (RSS, [BOTH; ITEMS], "</channel></rss>"),
        (RSS, [HTML, BOTH, ESCAPED, HTML], "</channel></rss>"),
        (ATOM, [ENTRY; ITEMS], "</feed>"),
    ] {
        let items: Vec<_> = items.iter().enumerate().map(|(n, item)| item.replace('#', &n.to_string())).collect();
        let pieces = pieces(&items[DAMAGED]);
        let words: Vec<_> = pieces.iter().chain(&STRAY).copied().filter(|word| word.starts_with(['<', ']'])).collect();
        let at = |at| {
            // the start of the item stays
            let gone = (at > 0).then_some(Damage { at, insert: "", remove: true });
            let put = move |insert| [false, at > 0].map(|remove| Damage { at, insert, remove });
            gone.into_iter().chain(words.iter().copied().flat_map(put))
        };
        let all: Vec<_> = (0..pieces.len()).flat_map(at).collect();
        let check = |damages: &[Damage<'_>]| no_item_is_lost(&damaged(head, &items, &pieces, damages, tail));
        all.iter().for_each(|damage| check(&[*damage]));
        let mut seed = 1_u64;
        let mut any = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            all[usize::try_from(seed >> 33).unwrap() % all.len()]
        };
        (0..PAIRS).for_each(|_| check(&[any(), any()]));
    }
}
