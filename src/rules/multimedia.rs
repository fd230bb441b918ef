//! Send audio and video through a proxy, or show them in a frame that tells nobody where they are watched.
//!
//! ## What it does
//! `via` rewrites the addresses of `video` and `audio` and of the `source` in them, and enclosures that are sound or moving pictures
//! (`media:content` and podcasts' alternate ones too). It says where to as [`images`](#images) does: `weserv` and other services of
//! pictures are of no use here, but templates are (`https://relay.example/${href}`), the beginning of an address, and `direct`; `routes`
//! says otherwise for single hosts. `posters = true` sends the still picture of a video the same way. No file is sent twice. `via` is the
//! short form.
//!
//! `frame = true` puts each `video` and `audio` into an `iframe` of its own whose page forbids the `Referer`: a site that shows its films
//! to its own pages only shows them then, in readers that show such frames (`srcdoc`).
//!
//! In an address these are RSSHub's `multimedia_hotlink_template` (which takes posters along where there is no
//! `image_hotlink_template`) and `wrap_multimedia_in_iframe`.
//!
//! ## When to use
//! A site's films or podcasts refuse readers, or are slow or blocked where you are. The proxy must follow redirects and answer
//! requests for a part of a file.
//!
//! ## Example
//! ```toml
//! rules = [{ multimedia = "https://relay.example/${href}" }]
//! ```
//! ```toml
//! rules = [{ multimedia = { via = "direct", routes = { "*.douyinvod.com" = "https://relay.example/" }, frame = true } }]
//! ```
//!
//! ## Order
//! After `lazy`, `links`, `podcast` and `embed`; before `sanitize` only without `frame`, which it would take out.
//!
//! ## Cost
//! One pass over the tags of the HTML, shared with the other rules that look into it; a microsecond for each file.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::relay::Relay;
use super::{Build, Context, Rule, RuleError, fragments};
use crate::config::Report;
use crate::feed::{Feed, Field, Medium, Slot};
use crate::html::{Fragment, Selectors, UrlKind, escape};

/// Settings of `multimedia`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `direct`, a template, or the beginning of an address.
    via: Option<Spanned<String>>,
    /// The same for single hosts.
    #[serde(default)]
    routes: BTreeMap<Spanned<String>, Spanned<String>>,
    /// Still pictures of videos too.
    #[serde(default)]
    posters: bool,
    /// Each in a frame.
    #[serde(default)]
    frame: bool,
}

impl Build for Config {
    const SHORT: Option<&'static str> = Some("via");
    type Rule = Multimedia;

    fn build(self, report: &mut Report) -> Option<Multimedia> {
        let before = report.count();
        let relay = self.via.as_ref().and_then(|via| Relay::build("multimedia", via, &self.routes, report));
        match &self.via {
            None if self.posters || !self.routes.is_empty() => {
                report
                    .error_here("`routes` and `posters` are about `via`, which is missing")
                    .help("write `via = \"https://relay.example/${href}\"`, or `via = \"direct\"` and routes");
            }
            None if !self.frame => {
                report.error_here("nothing to do: neither `via` nor `frame` is set").help(
                    "write `{ multimedia = \"https://relay.example/${href}\" }` or `{ multimedia = { frame = true } }`",
                );
            }
            _ => {}
        }
        let frames = if self.frame { Selectors::parse("video, audio").ok() } else { None };
        (report.count() == before).then_some(Multimedia { relay, posters: self.posters, frames })
    }
}

/// The compiled rule.
#[derive(Debug)]
pub struct Multimedia {
    relay: Option<Relay>,
    posters: bool,
    /// What is put into frames.
    frames: Option<Selectors>,
}

/// The page in a frame, as RSSHub has it: as wide as the text, no border, no `Referer`.
const FRAME: [&str; 2] = [
    "<iframe referrerpolicy=\"no-referrer\" width=\"100%\" frameborder=\"0\" style=\"border:0; margin:0; padding:0; width:100%; height:150vh;\" srcdoc=\"",
    "\"></iframe>",
];

impl Rule for Multimedia {
    fn apply(&self, feed: &mut Feed, _: &Context) -> Result<(), RuleError> {
        if let Some(relay) = &self.relay {
            let is_value =
                |slot: &Slot| slot.field == Field::Enclosure && matches!(slot.medium, Medium::Audio | Medium::Video);
            relay.apply(feed, is_value, |kind| kind == UrlKind::Media || self.posters && kind == UrlKind::Poster)?;
        }
        if let Some(frames) = &self.frames {
            let places = feed.places();
            fragments::for_each(feed, places, |fragment| frame(fragment, frames));
        }
        Ok(())
    }
}

fn frame(fragment: &mut Fragment, what: &Selectors) {
    for start in fragment.select_outermost(what) {
        let element: String = (start..fragment.element_end(start)).map(|id| fragment.raw(id)).collect();
        let page = format!(
            "<!DOCTYPE html><html><head><meta name=\"referrer\" content=\"no-referrer\"></head><body>{element}</body></html>"
        );
        fragment.replace_element(start, &[FRAME[0], &escape(&page), FRAME[1]].concat());
    }
}

#[cfg(test)]
mod tests {
    use super::super::fragments::{after, problems};

    const MEDIA: &str = "<img src=\"https://m.example/a.jpg\"><video poster=\"https://m.example/a.jpg\"><source src=\"https://m.example/a.mp4\">\
                         </video><audio src=\"https://m.example/a.mp3\"></audio><a href=\"https://m.example/a.mp3\">x</a>";

    #[test]
    fn sound_and_moving_pictures_go_through_the_proxy_and_nothing_else() {
        let sent =
            |html: &str, tag: &str| html.replace(&format!("{tag}=\"https://"), &format!("{tag}=\"https://r.example/"));
        let expected = sent(&sent(MEDIA, "source src"), "audio src");
        assert_eq!(after("[{ multimedia = 'https://r.example/${host}${pathname}' }]", MEDIA), expected);
        let posters = sent(&expected, "poster");
        let rule = "[{ multimedia = { via = 'https://r.example/${host}${pathname}', posters = true } }]";
        assert_eq!(after(rule, MEDIA), posters);
        assert_eq!(after(rule, &posters), posters, "no file is sent twice");
    }

    #[test]
    fn a_frame_holds_the_whole_element_and_is_not_framed_again() {
        let rule = "[{ multimedia = { frame = true } }]";
        let framed = after(rule, "<p>a<video src=\"https://m.example/a?b&amp;c\"><audio src=x></audio>y</video>b</p>");
        let inner = "&lt;video src=&quot;https://m.example/a?b&amp;amp;c&quot;&gt;&lt;audio src=x&gt;&lt;/audio&gt;y&lt;/video&gt;&lt;/body&gt;";
        assert!(
            framed.starts_with("<p>a<iframe referrerpolicy=\"no-referrer\"") && framed.ends_with("\"></iframe>b</p>"),
            "{framed}"
        );
        assert!(
            framed.contains(inner)
                && framed.contains("&lt;meta name=&quot;referrer&quot; content=&quot;no-referrer&quot;&gt;"),
            "{framed}"
        );
        assert_eq!(after(rule, &framed), framed);
        let both = after(
            "[{ multimedia = { via = 'https://r.example/', frame = true } }]",
            "<audio src=\"https://m.example/a.mp3\"></audio>",
        );
        assert!(both.contains("src=&quot;https://r.example/https://m.example/a.mp3&quot;"), "{both}");
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let found =
            problems("[{ multimedia = true }, { multimedia = { posters = true } }, { multimedia = '${hreff}' }]");
        let expected = ["nothing to do", "`routes` and `posters` are about `via`", "unknown variable `hreff`"];
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found.iter().zip(expected).all(|(found, expected)| found.contains(expected)), "{found:?}");
    }
}
