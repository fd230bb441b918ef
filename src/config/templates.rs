//! `[templates]`: files that make documents, named in the configuration and read with it. What is in them is checked by who uses them.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::load::read_capped;
use super::problem::{Report, Source};
use super::schema::Templates;
use crate::base::limits::MAX_TEMPLATE_FILE;

/// The table as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TemplateFiles {
    markdown: Option<Spanned<String>>,
    html: Option<Spanned<String>>,
}

impl TemplateFiles {
    /// The files' texts; a path is read from the folder of the configuration.
    pub(super) fn read(&self, report: &mut Report) -> Templates {
        Templates { markdown: read(self.markdown.as_ref(), report), html: read(self.html.as_ref(), report) }
    }
}

impl Templates {
    /// Takes from `other` what is not set here.
    pub(super) fn inherit(&mut self, other: &Templates) {
        self.markdown = self.markdown.take().or_else(|| other.markdown.clone());
        self.html = self.html.take().or_else(|| other.html.clone());
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
