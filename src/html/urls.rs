//! Which attribute of which element holds what URL, and [`Fragment::map_urls`] that visits them all.
//!
//! The table holds HTML's URL attributes that matter in a feed item, `svg`'s and AMP's pictures, inline `style`, and the
//! attributes that lazy-loading scripts keep the real picture in (the names that Miniflux and RSSHub know). Linear in the
//! fragment; nothing is allocated while no URL changes and none is spelled with references.

use super::fragment::{Fragment, Kind as Token};
use super::tags::key;
use super::token::Sort;
use super::{srcset, style};

/// What a URL leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A page: `a`, `area`.
    Link,
    /// A picture: `img`, `source` in `picture`, `input type=image`, `background`, `style`, lazy-image attributes.
    Image,
    /// A picture that is one candidate of a `srcset`.
    ImageSet,
    /// `audio`, `video` and the `source` in them.
    Media,
    /// The still picture of a `video`.
    Poster,
    /// A document shown inside this one: `iframe`, `frame`, `embed`, `object`.
    Frame,
    /// `cite`, `action`, `longdesc`, `track`, `link`.
    Other,
}

/// How an attribute holds its URLs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    One(Kind),
    /// One, in an attribute of no standard: only a value with a `/` is a URL.
    Lazy(Kind),
    Set,
    Style,
}

/// What a `source` belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parent {
    Picture,
    Media,
}

macro_rules! names {
    ($($konst:ident $name:literal)*) => { $(const $konst: u64 = key($name.as_bytes());)* };
}

names! {
    A "a" AREA "area" IMG "img" AMP_IMG "amp-img" AMP_ANIM "amp-anim" IMAGE "image" PICTURE "picture" SOURCE "source"
    VIDEO "video" AMP_VIDEO "amp-video" AUDIO "audio" AMP_AUDIO "amp-audio" TRACK "track" IFRAME "iframe"
    AMP_IFRAME "amp-iframe" FRAME "frame" EMBED "embed" OBJECT "object" FORM "form" BLOCKQUOTE "blockquote" Q "q"
    DEL "del" INS "ins" INPUT "input" BODY "body" TABLE "table" TD "td" TH "th" TR "tr" LINK "link" DIV "div"
}

names! {
    HREF "href" XLINK_HREF "xlink:href" SRC "src" SRCSET "srcset" LONGDESC "longdesc" LOWSRC "lowsrc" POSTER "poster"
    DATA "data" ACTION "action" CITE "cite" BACKGROUND "background" STYLE "style" DATA_POSTER "data-poster"
    DATA_SRCSET "data-srcset" DATA_LAZY_SRCSET "data-lazy-srcset" DATA_ORIGINAL_SRCSET "data-original-srcset"
}

/// Lazy-image attributes with one URL.
const LAZY: &[u64] = &[
    key(b"data-src"),
    key(b"data-original"),
    key(b"data-original-src"),
    key(b"data-original-mos"),
    key(b"data-orig"),
    key(b"data-orig-file"),
    key(b"data-large-file"),
    key(b"data-medium-file"),
    key(b"data-url"),
    key(b"data-2000src"),
    key(b"data-1000src"),
    key(b"data-800src"),
    key(b"data-655src"),
    key(b"data-500src"),
    key(b"data-380src"),
    key(b"data-lazy-src"),
    key(b"data-lazy"),
    key(b"data-lazyload"),
    key(b"data-actualsrc"),
    key(b"data-backsrc"),
    key(b"data-croporisrc"),
    key(b"data-hi-res-src"),
];

/// The table: what attribute `attribute` of `element` holds.
fn holds(element: u64, attribute: u64, parent: Option<Parent>) -> Option<Holds> {
    let kind = match (attribute, element) {
        (STYLE, _) => return Some(Holds::Style),
        (SRCSET, IMG | SOURCE | AMP_IMG | AMP_ANIM) => return Some(Holds::Set),
        (DATA_SRCSET | DATA_LAZY_SRCSET | DATA_ORIGINAL_SRCSET, IMG | SOURCE | AMP_IMG) => return Some(Holds::Set),
        (HREF | XLINK_HREF, A | AREA) => Kind::Link,
        (HREF | XLINK_HREF, IMAGE) | (SRC, IMG | AMP_IMG | AMP_ANIM | INPUT | IMAGE) | (LOWSRC, IMG) => Kind::Image,
        (SRC, SOURCE) => source_kind(parent),
        (SRC, VIDEO | AUDIO | AMP_VIDEO | AMP_AUDIO) => Kind::Media,
        (SRC, IFRAME | FRAME | EMBED | AMP_IFRAME) | (DATA, OBJECT) => Kind::Frame,
        (POSTER, VIDEO | AMP_VIDEO) => Kind::Poster,
        (BACKGROUND, BODY | TABLE | TD | TH | TR) => Kind::Image,
        (HREF, LINK) | (SRC, TRACK) | (LONGDESC, IMG) | (ACTION, FORM) => Kind::Other,
        (CITE, BLOCKQUOTE | Q | DEL | INS) => Kind::Other,
        (DATA_POSTER, VIDEO) => return Some(Holds::Lazy(Kind::Poster)),
        _ if LAZY.contains(&attribute) => return lazy_kind(element, parent).map(Holds::Lazy),
        _ => return None,
    };
    Some(Holds::One(kind))
}

fn source_kind(parent: Option<Parent>) -> Kind {
    if parent == Some(Parent::Picture) { Kind::Image } else { Kind::Media }
}

fn lazy_kind(element: u64, parent: Option<Parent>) -> Option<Kind> {
    Some(match element {
        IMG | AMP_IMG | DIV => Kind::Image,
        SOURCE => source_kind(parent),
        VIDEO | AUDIO => Kind::Media,
        IFRAME => Kind::Frame,
        _ => return None,
    })
}

/// The elements around a `source`, innermost last.
#[derive(Default)]
struct Parents {
    open: Vec<u64>,
    count: [usize; 3],
}

impl Parents {
    fn slot(element: u64) -> Option<usize> {
        [PICTURE, VIDEO, AUDIO].iter().position(|&it| it == element)
    }

    fn enter(&mut self, element: u64) {
        if let Some(slot) = Parents::slot(element) {
            self.open.push(element);
            self.count[slot] += 1;
        }
    }

    fn leave(&mut self, element: u64) {
        let Some(slot) = Parents::slot(element) else { return };
        while self.count[slot] > 0
            && let Some(left) = self.open.pop()
        {
            if let Some(slot) = Parents::slot(left) {
                self.count[slot] -= 1;
            }
            if left == element {
                return;
            }
        }
    }

    fn innermost(&self) -> Option<Parent> {
        self.open.last().map(|&it| if it == PICTURE { Parent::Picture } else { Parent::Media })
    }
}

impl Fragment {
    /// Gives `change` every URL of the fragment as it is now, with what it leads to: decoded, without outer white space,
    /// each candidate of a `srcset` by itself, empty ones and second attributes of a name left out. Where it returns
    /// another URL, that is written in its place.
    pub fn map_urls(&mut self, mut change: impl FnMut(Kind, &str) -> Option<String>) {
        let mut parents = Parents::default();
        for id in 0..self.len() {
            match self.sort(id) {
                Sort::End if self.could_be_parent(id) => parents.leave(self.key(id)),
                Sort::Start => {
                    let Token::Start { self_closing } = self.kind(id) else { continue };
                    if let Some(now) = self.visit(id, parents.innermost(), &mut change) {
                        self.put(id, now);
                    }
                    if !self_closing && self.could_be_parent(id) {
                        parents.enter(self.key(id));
                    }
                }
                _ => {}
            }
        }
    }

    fn could_be_parent(&self, id: usize) -> bool {
        matches!(self.name(id).len(), 5 | 7)
    }

    /// The new spelling of start tag `id`, if any of its URLs changes.
    fn visit(
        &self,
        id: usize,
        parent: Option<Parent>,
        change: &mut impl FnMut(Kind, &str) -> Option<String>,
    ) -> Option<String> {
        let raw = self.raw(id);
        let name_len = self.tokens.get(id).map_or(0, |token| usize::from(token.name));
        if raw.len() == name_len + 2 {
            return None; // no attributes
        }
        let element = self.key(id);
        let mut seen = Seen::default();
        let mut now: Option<String> = None;
        let mut from = 0;
        for attr in self.scan(id) {
            let Some(name) = raw.get(attr.name.clone()) else { continue };
            let attribute = key(name.as_bytes());
            let Some(holds) = holds(element, attribute, parent) else { continue };
            let Some(value) = attr.value.clone().and_then(|range| raw.get(range)) else { continue };
            if value.is_empty() || !seen.first(attribute) {
                continue;
            }
            let value = super::spelling::decode(value, self.attribute_spelling(attr.quote));
            let new = match holds {
                Holds::Style => style::map(&value, |url| change(Kind::Image, url)),
                Holds::Set => srcset::map(&value, |url| change(Kind::ImageSet, url)),
                Holds::Lazy(_) if !value.contains('/') => None,
                Holds::One(_) if element == INPUT && !self.is_image_input(id) => None,
                Holds::One(kind) | Holds::Lazy(kind) => match value.trim_matches(|c: char| c.is_ascii_whitespace()) {
                    "" => None,
                    url if attribute == HREF && self.is_marked_image(id) => {
                        change(Kind::Image, url).filter(|new| new != url)
                    }
                    url => change(kind, url).filter(|new| new != url),
                },
            };
            if let Some(new) = new {
                let now = now.get_or_insert_with(|| String::with_capacity(raw.len() * 2));
                let (range, with) = self.respelled(raw, &attr, &new);
                now.push_str(raw.get(from..range.start).unwrap_or_default());
                now.push_str(&with);
                from = range.end;
            }
        }
        let mut now = now?;
        now.push_str(raw.get(from..).unwrap_or_default());
        Some(now)
    }

    /// RSSHub's mark of a link that leads to a picture.
    fn is_marked_image(&self, id: usize) -> bool {
        const MARK: &str = "data-rsshub-image";
        self.raw(id).contains(MARK) && self.attr(id, MARK).is_some_and(|holder| holder == "href")
    }

    fn is_image_input(&self, id: usize) -> bool {
        self.attr(id, "type").is_some_and(|it| it.eq_ignore_ascii_case("image"))
    }
}

/// The URL attributes already met in a tag; the table has fewer names than it has places.
struct Seen {
    names: [u64; 48],
    len: usize,
}

impl Default for Seen {
    fn default() -> Seen {
        Seen { names: [0; 48], len: 0 }
    }
}

impl Seen {
    fn first(&mut self, name: u64) -> bool {
        if self.names.get(..self.len).is_none_or(|met| met.contains(&name)) {
            return false;
        }
        let Some(place) = self.names.get_mut(self.len) else { return false };
        *place = name;
        self.len += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::Syntax;
    use super::*;

    fn visited(source: &str) -> Vec<(Kind, String)> {
        let mut urls = Vec::new();
        Fragment::parse(source.into(), Syntax::Html).map_urls(|kind, url| {
            urls.push((kind, url.to_owned()));
            None
        });
        urls
    }

    fn proxied(source: &str) -> String {
        let mut fragment = Fragment::parse(source.into(), Syntax::Html);
        fragment.map_urls(|_, url| Some(format!("/p?u={url}&x")));
        fragment.render().into_owned()
    }

    #[test]
    fn each_attribute_leads_to_its_kind() {
        use Kind::*;
        for (source, kind) in [
            ("<A HREF=u>", Link),
            ("<area href='u'>", Link),
            ("<img src=\"u\">", Image),
            ("<img longdesc=u>", Other),
            ("<img data-original='/u'>", Image),
            ("<a data-rsshub-image=href href=u>", Image),
            ("<a data-rsshub-image=src href=u>", Link),
            ("<amp-img src=u>", Image),
            ("<svg><image xlink:href=u /></svg>", Image),
            ("<input type=IMAGE src=u>", Image),
            ("<td background=u>", Image),
            ("<p style=\"background:url(u)\">", Image),
            ("<img srcset=u>", ImageSet),
            ("<picture><source data-srcset='u 1x'></picture>", ImageSet),
            ("<picture><source src=u></picture>", Image),
            ("<video><source src=u></video>", Media),
            ("<picture></picture><audio src=u>", Media),
            ("<video poster=u>", Poster),
            ("<iframe src=u></iframe>", Frame),
            ("<object data=u>", Frame),
            ("<blockquote cite=u>", Other),
        ] {
            let found = visited(source);
            assert_eq!(found.len(), 1, "{source}");
            assert_eq!((found[0].0, found[0].1.trim_start_matches('/')), (kind, "u"), "{source}");
        }
    }

    #[test]
    fn what_is_no_url_is_not_visited() {
        for source in [
            "<img src>",
            "<img src=' '>",
            "<div data-original=42>",
            "<input src=u>",
            "<script>'<img src=u>'</script>",
            "<a src=u>",
        ] {
            assert_eq!(visited(source), [], "{source}");
        }
        assert_eq!(visited("<img src=a src=b>").len(), 1);
    }

    #[test]
    fn only_the_urls_change() {
        assert_eq!(
            proxied("<p  class=x><IMG  SRC='a&amp;b' alt=\"c\"data-src=/d srcset=\"e 1x,  f,g 2x\" /></p >"),
            "<p  class=x><IMG  SRC='/p?u=a&amp;b&amp;x' alt=\"c\"data-src=\"/p?u=/d&amp;x\" \
             srcset=\"/p?u=e&amp;x 1x,  /p?u=f,g&amp;x 2x\" /></p >"
        );
        assert_eq!(proxied("<a>b</a>"), "<a>b</a>");
    }
}
