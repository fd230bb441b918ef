//! What a user says of the parts of `each`: where their titles, links, authors and texts stand in them.

use super::parts::Part;
use crate::base::url::Url;
use crate::html::{Fragment, Syntax};
use crate::rules::picks::Picks;

/// Picks inside a part; what is not given, or finds nothing, stays as it was found.
#[derive(Debug, Default)]
pub(super) struct Inside {
    pub title: Option<Picks>,
    pub link: Option<Picks>,
    pub author: Option<Picks>,
    pub content: Option<Picks>,
}

impl Inside {
    /// True where anything is given.
    pub fn is_some(&self) -> bool {
        [&self.title, &self.link, &self.author, &self.content].iter().any(|picks| picks.is_some())
    }

    /// `part` with what is found in it; addresses are read against `base`, the item's page.
    pub fn read(&self, part: Part, base: Option<&Url>) -> Part {
        if !self.is_some() {
            return part;
        }
        let html = Fragment::parse(part.html.clone(), Syntax::Html);
        let text = |picks: &Option<Picks>| picks.as_ref()?.value(&html, &[]);
        let address = |reference: String| match base {
            Some(base) => base.join(&reference).ok().map(String::from),
            None => Url::parse(&reference).ok().map(String::from),
        };
        let link = self.link.as_ref().and_then(|picks| picks.value(&html, &["href"])).and_then(address);
        Part {
            title: text(&self.title).unwrap_or(part.title),
            link: link.filter(|link| link.starts_with("https://") || link.starts_with("http://")).or(part.link),
            author: text(&self.author),
            html: self.content.as_ref().and_then(|picks| outer(&html, picks)).unwrap_or(part.html),
            ..part
        }
    }
}

/// The elements that `picks` means, with their tags.
fn outer(html: &Fragment, picks: &Picks) -> Option<String> {
    let of = |start: usize| {
        let last = html.element_end(start).saturating_sub(1).max(start);
        html.source().get(html.span(start).start..html.span(last).end).unwrap_or_default()
    };
    let found: String = picks.elements(html).into_iter().map(of).collect();
    (!found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use crate::config::RuleList;
    use crate::feed::Feed;
    use crate::rules::{BuildContext, Chain, Context};

    #[test]
    fn titles_links_authors_and_texts_are_where_the_user_says() {
        let rules = "[{ split = { each = 'li', title = 'h4 b', link = 'a.more', author = '.by', content = 'p' } }]";
        let chain = Chain::build(&RuleList::parse("test", rules).unwrap(), &BuildContext::default()).unwrap();
        let item = |n: u32| {
            format!(
                "<li><h4>No. <b>News {n}</b></h4><a href=https://x.example/>x</a><p>Text {n}</p><a class=more href=/n/{n}>more</a><i class=by>Ann {n}</i></li>"
            )
        };
        let content = format!("<ul>{}{}<li>Only this</li></ul>", item(1), item(2));
        let feed = format!(
            "<rss version=\"2.0\"><channel><title>t</title><item><title>Digest</title><link>https://site.example/d/1</link><author>Ed</author><guid>1</guid><description><![CDATA[{content}]]></description></item></channel></rss>"
        );
        let mut feed = Feed::read(feed.as_bytes(), None, None).unwrap();
        chain.apply(&mut feed, &Context::new(crate::base::clock::Time::from_secs(0), None)).unwrap();
        let out = feed.into_string();
        let items: Vec<_> = out.split("<item>").skip(1).collect();
        assert_eq!(items.len(), 3, "{out}");
        assert!(
            items[0].contains("<title>News 1</title>") && items[0].contains("<link>https://site.example/n/1</link>"),
            "{out}"
        );
        assert!(items[0].contains("Ann 1") && !items[0].contains("Ed") && items[0].contains("Text 1"), "{out}");
        assert!(!items[0].contains("No. ") && !items[1].contains("more"), "{out}");
        assert!(items[2].contains("<title>Only this</title>") && items[2].contains("Ed"), "{out}");
    }
}
