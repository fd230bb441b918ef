//! The settings of `full_text`, and how they become the rule.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::article::Recipe;
use super::layout::Layout;
use super::tidy::Tidy;
use super::{FullText, Mode, ReadFrom, Take};
use crate::base::limits::{ARTICLE_PAGES, MAX_ARTICLE_PAGES, MAX_REPLACEMENTS, MIN_ARTICLE_CHARS};
use crate::config::Report;
use crate::rules::Build;
use crate::rules::fragments::{Css, selectors};
use crate::rules::headers;
use crate::rules::picks::Written;

/// Settings of `full_text`; see the rule's page.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    content: Option<Written>,
    remove: Option<Css>,
    unwrap: Option<Css>,
    tags: Option<Vec<String>>,
    attributes: Option<Vec<String>>,
    wrap: BTreeMap<Spanned<String>, Spanned<String>>,
    lazy: Vec<String>,
    paragraphs: bool,
    title: Option<Written>,
    author: Option<Written>,
    date: Option<Written>,
    category: Option<Written>,
    image: Option<Written>,
    caption: Option<Written>,
    audio: Option<Written>,
    take: Vec<Take>,
    template: Option<Spanned<String>>,
    next: Option<Written>,
    pages: Option<Spanned<usize>>,
    single: Option<Written>,
    single_in_feed: Option<Written>,
    mode: Mode,
    from: ReadFrom,
    min: usize,
    headers: BTreeMap<Spanned<String>, Spanned<String>>,
    replace: Vec<Spanned<(String, String)>>,
    readability: bool,
    sites: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            content: None,
            remove: None,
            unwrap: None,
            tags: None,
            attributes: None,
            wrap: BTreeMap::new(),
            lazy: Vec::new(),
            paragraphs: false,
            title: None,
            author: None,
            date: None,
            category: None,
            image: None,
            caption: None,
            audio: None,
            take: Vec::new(),
            template: None,
            next: None,
            pages: None,
            single: None,
            single_in_feed: None,
            mode: Mode::Replace,
            from: ReadFrom::Page,
            min: MIN_ARTICLE_CHARS,
            headers: BTreeMap::new(),
            replace: Vec::new(),
            readability: true,
            sites: true,
        }
    }
}

impl Build for Config {
    const SHORT: Option<&'static str> = Some("content");
    type Rule = FullText;

    fn build(self, report: &mut Report) -> Option<FullText> {
        let before = report.count();
        let mut picks = |written: Option<Written>| written.and_then(|written| written.compile(report));
        let mut recipe = Recipe {
            content: picks(self.content),
            title: picks(self.title),
            author: picks(self.author),
            date: picks(self.date),
            category: picks(self.category),
            image: picks(self.image),
            caption: picks(self.caption),
            audio: picks(self.audio),
            next: picks(self.next),
            single: picks(self.single),
            single_in_feed: picks(self.single_in_feed),
            readability: self.readability,
            ..Recipe::default()
        };
        recipe.tidy = Tidy {
            remove: self.remove.and_then(|css| css.compile(report)),
            unwrap: self.unwrap.and_then(|css| css.compile(report)),
            tags: self.tags,
            attributes: self.attributes,
            wrap: self.wrap.iter().filter_map(|(css, tag)| wrapped(css, tag, report)).collect(),
            lazy: self.lazy,
            paragraphs: self.paragraphs,
        };
        recipe.pages = match &self.pages {
            Some(pages) if !(1..=MAX_ARTICLE_PAGES).contains(pages.get_ref()) => {
                report.error(pages.span(), format!("an article has 1 to {MAX_ARTICLE_PAGES} pages"));
                ARTICLE_PAGES
            }
            Some(pages) => *pages.get_ref(),
            None => ARTICLE_PAGES,
        };
        recipe.headers = self.headers.iter().filter_map(|(name, value)| headers::check(name, value, report)).collect();
        recipe.replace = replacements(self.replace, report);
        let layout = self.template.as_ref().and_then(|text| Layout::compile(text, report));
        let Config { take, mode, from, min, sites, .. } = self;
        let rule = FullText { recipe, layout, take, mode, from, min, sites, own: Arc::default(), of_site: false };
        (report.count() == before).then_some(rule)
    }
}

fn wrapped(
    css: &Spanned<String>,
    tag: &Spanned<String>,
    report: &mut Report,
) -> Option<(crate::html::Selectors, String)> {
    let name = tag.get_ref();
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
        report.error(tag.span(), format!("`{name}` is no element's name")).help("write one such as `blockquote`");
        return None;
    }
    Some((selectors(css, report)?, name.to_ascii_lowercase()))
}

fn replacements(written: Vec<Spanned<(String, String)>>, report: &mut Report) -> Vec<(String, String)> {
    if let Some(extra) = written.get(MAX_REPLACEMENTS) {
        report.error(extra.span(), format!("more than {MAX_REPLACEMENTS} replacements"));
    }
    for pair in written.iter().filter(|pair| pair.get_ref().0.is_empty()) {
        report.error(pair.span(), "nothing to find").help("write `[\"find\", \"with\"]`");
    }
    written.into_iter().map(Spanned::into_inner).collect()
}
