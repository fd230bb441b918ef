//! A feed as plain data for who writes documents of its items, and the files that it names.

use std::sync::Arc;

use super::ask::{Ask, Form};
use super::error::{Error, Failure};
use super::upstream::Came;
use super::{Input, Pipeline};
use crate::base::limits::PAGE_WAIT;
use crate::base::url::Url;
use crate::config::Origin;
use crate::emit::Templates;
use crate::emit::model::Document;

/// A file of an upstream.
#[derive(Debug)]
pub struct File {
    /// Its bytes.
    pub body: bytes::Bytes,
    /// Its media type, as it was sent.
    pub mime: Option<String>,
}

impl Pipeline {
    /// A feed of the configuration after its rules, as plain data, and the templates of its documents if it has its own.
    ///
    /// # Errors
    /// As [`Pipeline::answer`], and where upstream fails, though there is an older copy: that was given before.
    pub async fn document(&self, name: &str) -> Result<(Document, Option<Templates>), Arc<Error>> {
        let (document, templates, came) = self.data(&Ask::named(name)).await.map_err(|failure| failure.error)?;
        match came {
            Came::Instead(failure) => Err(failure.error),
            Came::Kept | Came::Asked(_) => Ok((document, templates)),
        }
    }

    /// The content of an item of a feed after its rules, as HTML: of that with this number, from 0, if there is one and it has any.
    ///
    /// # Errors
    /// As [`Pipeline::answer`].
    pub async fn content(&self, ask: &Ask<'_>, number: usize) -> Result<Option<String>, Failure> {
        let (document, ..) = self.data(ask).await?;
        let item = document.items.get(number);
        Ok(item.and_then(|item| item.body()).map(|text| text.as_html().into_owned()))
    }

    async fn data(&self, ask: &Ask<'_>) -> Result<(Document, Option<Templates>, Came), Failure> {
        let route = self.route(ask)?;
        let brought = self.bring(&route, None).await?;
        let form = Form { as_data: true, ..route.form.clone() };
        let output = self.transform(brought.input(), self.recipe(&route.chain, &form), PAGE_WAIT).await?;
        Ok((output.document.map(|document| *document).unwrap_or_default(), form.templates, brought.came))
    }

    /// The file at `url`, through the same guard and bounds as feeds; past the cache.
    ///
    /// # Errors
    /// It cannot be fetched.
    pub async fn file(&self, url: &Url) -> Result<File, Error> {
        let found = self.0.upstream.ask(&Origin::Http(url.clone())).await?;
        let Input { bytes, content_type, .. } = found.into_input();
        Ok(File { body: bytes, mime: content_type })
    }
}
