//! How a feed is shown: where it stands in lists, and the files of templates that make its documents, which are read with the
//! configuration. What is in them is checked by who uses them.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::load::read_capped;
use super::problem::{Report, Source};
use super::schema::{Settings, Templates};
use super::value::{Data, Value};
use super::{decode, fields};
use crate::base::limits::MAX_TEMPLATE_FILE;
use crate::base::url::Url;

/// The table as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TemplateFiles {
    markdown: Option<Spanned<String>>,
    html: Option<Spanned<String>>,
}

/// The keys of a feed that say how it is shown, whatever it is made of.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Shown {
    #[serde(deserialize_with = "fields::page")]
    page: Option<Url>,
    #[serde(deserialize_with = "fields::folder")]
    folder: Option<String>,
    templates: TemplateFiles,
}

/// Takes those keys out of the table of a feed.
pub(super) fn take(feed: &mut Value, report: &mut Report) -> Shown {
    let entries = ["page", "folder", "templates"].into_iter().filter_map(|key| feed.take(key)).collect();
    decode::decode(&Value { data: Data::Table(entries), span: feed.span.clone() }, report).unwrap_or_default()
}

impl Shown {
    /// `settings`, shown so; templates that are missing are those `of_all`.
    pub(super) fn put(self, settings: &mut Settings, of_all: &Templates, report: &mut Report) {
        let Shown { page, folder, templates } = self;
        let Templates { markdown, html } = templates.read(report);
        let of_all = of_all.clone();
        let templates = Templates { markdown: markdown.or(of_all.markdown), html: html.or(of_all.html) };
        (settings.page, settings.folder, settings.templates) = (page, folder, templates);
    }
}

impl TemplateFiles {
    /// The files' texts; a path is read from the folder of the configuration.
    pub(super) fn read(&self, report: &mut Report) -> Templates {
        Templates { markdown: read(self.markdown.as_ref(), report), html: read(self.html.as_ref(), report) }
    }
}

fn read(path: Option<&Spanned<String>>, report: &mut Report) -> Option<Arc<Source>> {
    let path = path?;
    let folder = Path::new(&report.source().name).parent().unwrap_or(Path::new("")).to_owned();
    let file = folder.join(path.get_ref());
    match read_capped(&file, MAX_TEMPLATE_FILE, None).map(String::from_utf8) {
        Ok(Ok(text)) => return Some(Source::new(file.display().to_string(), text)),
        Ok(Err(_)) => report.error(path.span(), format!("{}: not UTF-8", file.display())),
        Err(error) => report.error(path.span(), error.to_string()),
    }
    .help("name a file of a template, its path as seen from the folder of this file");
    None
}
