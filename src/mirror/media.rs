//! Pictures and sounds of a document, copied beside it: fetched once, by the guard and within the bounds of feeds, named by their
//! address, so that one file serves all documents. What cannot be fetched keeps its link.

use std::collections::BTreeMap;

use super::files::{Folder, MirrorError};
use super::index::Index;
use super::{Done, Watch};
use crate::base::limits::MAX_COPIED;
use crate::base::media_type;
use crate::base::url::Url;
use crate::emit::model::{Item, Text};
use crate::html::{Fragment, Syntax, UrlKind};
use crate::pipeline::Pipeline;

/// The folder of copies.
const FOLDER: &str = "media";

/// Fetches what `item` shows and makes its links lead to the copies.
pub(super) async fn localise(
    item: &mut Item,
    folder: &Folder,
    index: &mut Index,
    pipeline: &Pipeline,
    watch: &dyn Watch,
    done: &mut Done,
) -> Result<(), MirrorError> {
    let mut copies: BTreeMap<String, Option<String>> = BTreeMap::new();
    for url in wanted(item) {
        if copies.len() < MAX_COPIED || copies.contains_key(&url) {
            copies.insert(url, None);
        }
    }
    for (url, copy) in &mut copies {
        *copy = match index.copy(item, url) {
            Some(name) if folder.path(name).exists() => Some(name.to_owned()),
            known => {
                let is_known = known.is_some();
                let name = fetch(url, folder, pipeline, watch, done).await?;
                if let (Some(name), false) = (&name, is_known) {
                    index.copied(item, url, name);
                }
                name
            }
        };
    }
    let local = |url: &str| copies.get(url)?.clone();
    for text in [&mut item.content, &mut item.summary].into_iter().flatten() {
        if let Text::Html(html) = text {
            let mut fragment = Fragment::parse(std::mem::take(html), Syntax::Html);
            fragment.map_urls(|kind, url| if is_shown(kind) { local(url) } else { None });
            *html = fragment.render().into_owned();
        }
    }
    for file in item.enclosures.iter_mut().chain(&mut item.media) {
        file.url = local(&file.url).unwrap_or_else(|| std::mem::take(&mut file.url));
    }
    item.image = item.image.take().map(|url| local(&url).unwrap_or(url));
    Ok(())
}

/// The addresses of what a document shows.
fn wanted(item: &Item) -> Vec<String> {
    let mut found = Vec::new();
    for text in [&item.content, &item.summary].into_iter().flatten() {
        if let Text::Html(html) = text {
            let mut fragment = Fragment::parse(html.clone(), Syntax::Html);
            fragment.map_urls(|kind, url| {
                if is_shown(kind) {
                    found.push(url.to_owned());
                }
                None
            });
        }
    }
    found.extend(item.enclosures.iter().chain(&item.media).map(|file| file.url.clone()));
    found.extend(item.image.clone());
    found.retain(|url| url.starts_with("http:") || url.starts_with("https:"));
    found
}

fn is_shown(kind: UrlKind) -> bool {
    matches!(kind, UrlKind::Image | UrlKind::ImageSet | UrlKind::Media | UrlKind::Poster)
}

/// The name of the copy of `url`, fetched; none where it cannot be.
async fn fetch(
    url: &str,
    folder: &Folder,
    pipeline: &Pipeline,
    watch: &dyn Watch,
    done: &mut Done,
) -> Result<Option<String>, MirrorError> {
    let Ok(address) = Url::parse(url) else { return Ok(None) };
    watch.file(url);
    match pipeline.file(&address).await {
        Ok(file) => {
            let hash = blake3::hash(url.as_bytes()).to_hex();
            let name = format!("{FOLDER}/{}.{}", &hash[..24], ending(&address, file.mime.as_deref()));
            folder.put(&name, &file.body)?;
            done.files += 1;
            Ok(Some(name))
        }
        Err(error) => {
            let host = address.host_str().unwrap_or_default();
            done.missing.push(format!("{host}{}: {error}", address.path()));
            Ok(None)
        }
    }
}

/// One of a few: nothing that a browser or a system would run, so no SVG either, which may hold scripts.
fn ending(url: &Url, mime: Option<&str>) -> &'static str {
    let in_path = || media_type::ending(media_type::of_address(url.path())?);
    let found = mime.and_then(media_type::ending).or_else(in_path);
    found.filter(|ending| *ending != "svg").unwrap_or("bin")
}
