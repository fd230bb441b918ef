//! Make embedded players fit any reader: fluid width, a link for readers that show no frames, only known hosts.
//!
//! ## What it does
//! A frame of a known host (YouTube, Vimeo, Bilibili, Dailymotion, SoundCloud, Spotify and others) becomes as wide as the page, at least
//! `min_height` (270px) high, and gets a link to the page of what it plays inside it, which readers without frames show instead;
//! `fluid = false` leaves its size. A frame of any other host becomes a link (`others = "link"`), stays (`"keep"`) or goes (`"remove"`);
//! `hosts` names more to trust.
//!
//! - `privacy = true`: YouTube's player without cookies, Vimeo's without tracking.
//! - `youtube = "HOST"`: YouTube's films through another player, such as an Invidious instance.
//! - `lite = true`: no frame at all, but a link with the film's picture where its address is known (YouTube), with its title otherwise.
//! - `add = true`: where the item's own link is a film's page, or its content names one (`youtube_id: "…"`), its player is put at the head
//!   of the content, unless it is there already.
//!
//! ## When to use
//! Films in a feed are missing, too small, or load more than you want.
//!
//! ## Example
//! ```toml
//! rules = [{ embed = true }]
//! ```
//! ```toml
//! rules = [{ embed = { hosts = ["player.example.org"], others = "remove", privacy = true } }]
//! ```
//!
//! ## Order
//! After `lazy` and `clean`, before `images` (which then sees the pictures of `lite`) and `sanitize`.
//!
//! ## Cost
//! One pass over the tags of the HTML, shared with the other rules that look into it.

mod providers;

use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;
use toml::Spanned;

use self::providers::{Player, Players};
use super::{Build, Context, Rule, RuleError, fragments};
use crate::config::Report;
use crate::feed::{Feed, Field, Place};
use crate::html::{Fragment, Kind, Syntax, declare, escape};

/// Settings of `embed`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Hosts to trust beside the known ones.
    #[serde(default)]
    hosts: Vec<Spanned<String>>,
    /// What becomes of frames of other hosts.
    #[serde(default)]
    others: Others,
    #[serde(default = "yes")]
    fluid: bool,
    /// Least height of a fluid frame, as CSS.
    min_height: Option<Spanned<String>>,
    #[serde(default)]
    privacy: bool,
    /// Host of another player for YouTube's films.
    youtube: Option<Spanned<String>>,
    #[serde(default)]
    lite: bool,
    #[serde(default)]
    add: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Others {
    #[default]
    Link,
    Keep,
    Remove,
}

/// Half the height of a phone's screen: what the player of a film needs.
const MIN_HEIGHT: &str = "270px";

/// A film that the content names without showing it (Miniflux's `add_youtube_video_from_id`).
static NAMED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"youtube_id"?\s*[:=]\s*"([A-Za-z0-9_-]{11})""#).ok());

impl Build for Config {
    const SHORT: Option<&'static str> = None;
    type Rule = Embed;

    fn build(self, report: &mut Report) -> Option<Embed> {
        let before = report.count();
        let mut players = Players::known();
        for host in self.hosts.iter().chain(&self.youtube) {
            let name = host.get_ref();
            let is_host =
                name.contains('.') && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
            if !is_host {
                report
                    .error(host.span(), format!("`{name}` is no host"))
                    .help("write it without the scheme: `player.example.org`");
            }
        }
        self.hosts.iter().for_each(|host| players.trust(host.get_ref()));
        if let Some(height) = &self.min_height {
            let digits = height.get_ref().trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
            if digits.is_empty() || digits.parse::<f32>().is_err() {
                report
                    .error(height.span(), format!("`{}` is no height", height.get_ref()))
                    .help("write it as in CSS: `270px`, `40vh`");
            }
        }
        if self.youtube.is_some() && self.privacy {
            report
                .error_here("`youtube` names another player, so `privacy` has nothing to do there")
                .help("leave one of them out");
        }
        let youtube = self.youtube.map(Spanned::into_inner);
        players.youtube = youtube.or_else(|| self.privacy.then(|| "www.youtube-nocookie.com".to_owned()));
        players.privacy = self.privacy;
        let min_height = self.min_height.map_or_else(|| MIN_HEIGHT.to_owned(), Spanned::into_inner);
        let embed =
            Embed { players, others: self.others, fluid: self.fluid, min_height, lite: self.lite, add: self.add };
        (report.count() == before).then_some(embed)
    }
}

/// The players that are known to everyone.
static KNOWN: LazyLock<Players> = LazyLock::new(Players::known);

/// True of the address of a known player, or of one at these hosts: what `sanitize` lets through.
pub(super) fn is_player(source: &str, hosts: &[String]) -> bool {
    let is_below = |host: &str, above: &String| {
        host == above || host.strip_suffix(above.as_str()).is_some_and(|rest| rest.ends_with('.'))
    };
    let host = providers::host(source).map(str::to_ascii_lowercase);
    KNOWN.find(source).is_some() || host.is_some_and(|host| hosts.iter().any(|above| is_below(&host, above)))
}

/// The compiled rule.
#[derive(Debug)]
pub struct Embed {
    players: Players,
    others: Others,
    fluid: bool,
    min_height: String,
    lite: bool,
    add: bool,
}

impl Embed {
    fn edit(&self, fragment: &mut Fragment) {
        for id in 0..fragment.len() {
            if !matches!(fragment.kind(id), Kind::Start { .. }) {
                continue;
            }
            let is = |name| fragment.is(id, name);
            let (is_frame, address) = match fragment.name(id).len() {
                6 if is("iframe") => (true, "src"),
                5 if is("frame") || is("embed") => (false, "src"),
                6 if is("object") => (false, "data"),
                _ => continue,
            };
            let Some(source) = fragment.attr(id, address).map(|source| source.trim().to_owned()) else { continue };
            match self.players.find(&source) {
                Some(player) if is_frame && !self.lite => self.frame(fragment, id, &player),
                Some(player) => fragment.replace_element(id, &link(fragment, id, &player)),
                None => self.other(fragment, id, &source),
            }
        }
    }

    /// A trusted frame: its player, its size, the link inside.
    fn frame(&self, fragment: &mut Fragment, id: usize, player: &Player<'_>) {
        fragment.set_attr(id, "src", &player.source);
        if self.fluid {
            fragment.set_attr(id, "width", "100%");
            fragment.remove_attr(id, "height");
            let style = fragment.attr(id, "style").unwrap_or_default();
            let free = ["width", "height", "max-width"]
                .iter()
                .fold(style.into_owned(), |style, name| declare(&style, name, None));
            let style = declare(&free, "min-height", Some(&self.min_height));
            fragment.set_attr(id, "style", &style);
        }
        let fallback = format!("<a href=\"{}\">{}</a>", escape(&player.page), escape(player.name));
        let is_empty = (id + 1..fragment.element_end(id).max(id + 1)).all(|inner| match fragment.kind(inner) {
            Kind::Text | Kind::RawText => fragment.raw(inner).trim().is_empty(),
            Kind::Start { .. } => false,
            _ => true,
        });
        match (fragment.kind(id), fragment.syntax()) {
            _ if !is_empty => {}
            // `<iframe/>` has no inside.
            (Kind::Start { self_closing: true }, Syntax::Xhtml) => {
                let mut html = String::from("<iframe");
                for (name, value) in fragment.attrs(id) {
                    html.extend([" ", name, "=\"", &escape(&value), "\""]);
                }
                html.extend([">", &fallback, "</iframe>"]);
                fragment.replace_element(id, &html);
            }
            _ if !fragment.is_closed(id) => {}
            _ if fragment.kind(id + 1) == Kind::RawText => fragment.set_text(id + 1, &fallback),
            _ => fragment.insert_after(id, &fallback),
        }
    }

    fn other(&self, fragment: &mut Fragment, id: usize, source: &str) {
        let html = match self.others {
            Others::Keep => return,
            Others::Remove => return fragment.remove_element(id),
            Others::Link => match providers::host(source) {
                Some(host) => format!("<p><a href=\"{}\">{}</a></p>", escape(source), escape(host)),
                None => return, // it shows nothing from elsewhere
            },
        };
        fragment.replace_element(id, &html);
    }

    /// Puts the players that `add` asks for at the head of the content.
    fn add(&self, feed: &mut Feed, item: Place) {
        let linked = feed.link(item).and_then(|link| self.players.of_page(&link));
        for slot in feed.field(item, Field::Content).into_iter().filter(fragments::is_body) {
            let fragment = feed.fragment(&slot);
            let mut sources: Vec<String> = linked.iter().cloned().collect();
            if let Some(named) = NAMED.as_ref() {
                let ids = named.captures_iter(fragment.source()).filter_map(|found| found.get(1));
                sources.extend(ids.take(MAX_ADDED).map(|id| format!("https://www.youtube.com/embed/{}", id.as_str())));
            }
            // Its name is in the player's address, its page's, its picture's.
            let is_new =
                |source: &String| source.rsplit(['/', '=']).next().is_none_or(|name| !is_shown(fragment, name));
            let mut html = String::new();
            for source in sources.iter().filter(|source| is_new(source)) {
                let frame =
                    format!("<iframe src=\"{}\" frameborder=\"0\" allowfullscreen=\"\"></iframe>", escape(source));
                if !html.contains(&frame) {
                    html.push_str(&frame);
                }
            }
            fragment.prepend(&html);
        }
    }
}

/// What stands for a player that is not shown.
fn link(fragment: &Fragment, id: usize, player: &Player<'_>) -> String {
    let page = escape(&player.page);
    if let Some(picture) = &player.picture {
        let (picture, name) = (escape(picture), escape(player.name));
        return format!("<p><a href=\"{page}\"><img src=\"{picture}\" alt=\"{name}\" width=\"100%\"></a></p>");
    }
    let title = fragment.attr(id, "title").filter(|title| !title.trim().is_empty());
    format!("<p><a href=\"{page}\">{}</a></p>", escape(title.as_deref().unwrap_or(player.name)))
}

/// True where an address in the fragment names the film.
fn is_shown(fragment: &Fragment, name: &str) -> bool {
    let holds = |id: usize| fragment.attrs(id).any(|(_, value)| value.contains(name));
    (0..fragment.len()).any(|id| matches!(fragment.kind(id), Kind::Start { .. }) && holds(id))
}

/// Most films that one content may name.
const MAX_ADDED: usize = 10;

impl Rule for Embed {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        let items = feed.items();
        if self.add {
            items.iter().for_each(|item| self.add(feed, *item));
        }
        fragments::for_each(feed, items, |fragment| self.edit(fragment));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fragments::{after, problems};

    fn embed(rule: &str, html: &str) -> String {
        after(&format!("[{{ embed = {rule} }}]"), html)
    }

    #[test]
    fn a_known_frame_is_fluid_and_has_a_link_inside() {
        let html = "<iframe src=\"https://www.youtube.com/embed/lXF1emLzC1U?&amp;&amp;&amp;enablejsapi=1\" frameborder=\"0\" width=\"640\" height=\"360\"></iframe>";
        let out = "<iframe src=\"https://www.youtube.com/embed/lXF1emLzC1U?&amp;&amp;&amp;enablejsapi=1\" frameborder=\"0\" width=\"100%\" style=\"min-height:270px\"><a href=\"https://www.youtube.com/watch?v=lXF1emLzC1U&amp;&amp;&amp;\">YouTube</a></iframe>";
        assert_eq!(embed("true", html), out);
        assert_eq!(embed("true", out), out);
        let html = "<iframe src=//player.vimeo.com/video/7 style='height: 300px; border: 0'> </iframe>";
        let out = "<iframe src=//player.vimeo.com/video/7 style='border: 0;min-height:40vh' width=\"100%\"><a href=\"https://vimeo.com/7\">Vimeo</a></iframe>";
        assert_eq!(embed("{ min_height = '40vh' }", html), out);
        let html = "<iframe src='https://player.bilibili.com/player.html?bvid=BV1x&amp;page=2' width=9></iframe>";
        let out = "<iframe src='https://player.bilibili.com/player.html?bvid=BV1x&amp;page=2' width=9><a href=\"https://www.bilibili.com/video/BV1x\">Bilibili</a></iframe>";
        assert_eq!(embed("{ fluid = false }", html), out);
    }

    #[test]
    fn other_frames_become_links_stay_or_go() {
        let html = "<iframe src='https://x.example/a?b&amp;c'></iframe>d";
        assert_eq!(embed("true", html), "<p><a href=\"https://x.example/a?b&amp;c\">x.example</a></p>d");
        assert_eq!(embed("{ others = 'keep' }", html), html);
        assert_eq!(embed("{ others = 'remove' }", html), "d");
        assert!(
            embed("{ hosts = ['x.example'] }", html)
                .contains("min-height:270px\"><a href=\"https://x.example/a?b&amp;c\">x.example</a>")
        );
        assert_eq!(embed("true", "<iframe srcdoc=a></iframe>"), "<iframe srcdoc=a></iframe>");
        let flash = "<object data='https://www.youtube.com/v/abc'><embed src='https://www.youtube.com/v/abc'></object>";
        assert!(embed("true", flash).starts_with("<p><a href=\"https://www.youtube.com/watch?v=abc\">"));
    }

    #[test]
    fn private_other_and_lite_players() {
        let html = "<iframe src='https://www.youtube.com/embed/abc?start=7'></iframe>";
        assert!(embed("{ privacy = true, fluid = false }", html).starts_with("<iframe src='https://www.youtube-nocookie.com/embed/abc?start=7'><a href=\"https://www.youtube.com/watch?v=abc&amp;t=7\">"));
        assert!(embed("{ youtube = 'inv.example', fluid = false }", html).starts_with(
            "<iframe src='https://inv.example/embed/abc?start=7'><a href=\"https://inv.example/watch?v=abc&amp;t=7\">"
        ));
        assert_eq!(
            embed("{ lite = true }", html),
            "<p><a href=\"https://www.youtube.com/watch?v=abc&amp;t=7\"><img src=\"https://i.ytimg.com/vi/abc/hqdefault.jpg\" alt=\"YouTube\" width=\"100%\"></a></p>"
        );
        let vimeo = "<iframe src='https://player.vimeo.com/video/7' title='潮'></iframe>";
        assert_eq!(embed("{ lite = true }", vimeo), "<p><a href=\"https://vimeo.com/7\">潮</a></p>");
        assert!(embed("{ privacy = true }", vimeo).contains("video/7?dnt=1"));
    }

    #[test]
    fn named_films_are_added_once() {
        let named = embed("{ add = true, fluid = false }", "a {\"youtube_id\": \"abcdefghijk\"}");
        assert!(named.starts_with("<iframe src=\"https://www.youtube.com/embed/abcdefghijk\""), "{named}");
        assert_eq!(embed("{ add = true, fluid = false }", &named), named);
    }

    #[test]
    fn what_cannot_work_is_refused() {
        assert_eq!(problems("[{ embed = { hosts = ['https://x.example/'], min_height = 'tall' } }]").len(), 2);
        assert_eq!(problems("[{ embed = { youtube = 'x.example', privacy = true } }]").len(), 1);
    }
}
