//! A mirror on disk: each item of each feed once, as a document that anyone can read and `git` can keep.
//!
//! ```text
//! OUT/FEED/1709386743000.md    the item, named by when it was first seen (milliseconds since 1970)
//! OUT/FEED/index.json          what was seen: id → file; the mirror's memory
//! OUT/FEED/index.md            the same for people
//! OUT/FEED/media/…             pictures and sounds, where they are asked for
//! ```
//!
//! Promises: an item keeps its file for ever; a run that finds nothing new changes no file; a file is the old one or the new one,
//! whenever the run ends: what is seen is remembered before it is written, so that the next run goes on where this one
//! stopped. One run at a time per folder. A feed that fails leaves the others alone, and its own files as they are.

mod files;
mod index;
mod media;

use std::collections::HashSet;
use std::path::PathBuf;

pub use self::files::MirrorError;
use self::files::{Folder, Put, lock};
use self::index::Index;
use crate::emit::model::Document;
use crate::emit::{self, Format};
use crate::pipeline::Pipeline;

/// What is wanted of a mirror.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it stands.
    pub out: PathBuf,
    /// Markdown or HTML.
    pub format: Format,
    /// What becomes of items that the feed no longer has.
    pub removed: Removed,
    /// Which files are copied along.
    pub media: Media,
}

/// What becomes of items that a feed took back. (An item that only left the feed's window was not taken back.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Removed {
    /// They stay as they are.
    #[default]
    Keep,
    /// They stay, and are marked as removed in the index.
    Mark,
}

/// Which files are copied along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Media {
    /// None: links lead where they led.
    #[default]
    Links,
    /// Pictures and sounds, with the links to them rewritten.
    Copies,
}

/// What became of a feed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Documents of items never seen before.
    pub new: usize,
    /// Documents that were written again.
    pub changed: usize,
    /// Items marked as removed.
    pub removed: usize,
    /// Files fetched.
    pub files: usize,
    /// Files that could not be fetched; their links were left as they are, the next run tries again.
    pub missing: Vec<String>,
}

/// How far a run is, for who shows it.
pub trait Watch {
    /// A document was looked at: the `done`th of `all` of this feed.
    fn document(&self, feed: &str, done: usize, all: usize);
    /// A file is fetched.
    fn file(&self, url: &str);
}

/// A watcher that shows nothing.
pub struct Quiet;

impl Watch for Quiet {
    fn document(&self, _: &str, _: usize, _: usize) {}
    fn file(&self, _: &str) {}
}

/// The right to write to a mirror: held while this lives.
#[derive(Debug)]
pub struct Mirror {
    options: Options,
    _lock: std::fs::File,
}

impl Mirror {
    /// Makes the folder, and waits for nobody.
    ///
    /// # Errors
    /// The folder cannot be made, or another run is at work in it.
    pub fn open(options: Options) -> Result<Mirror, MirrorError> {
        let held = lock(&options.out)?;
        Ok(Mirror { options, _lock: held })
    }

    /// Brings the folder of feed `name` up to date.
    ///
    /// # Errors
    /// The feed has no answer, or its folder cannot be read or written.
    pub async fn feed(&self, pipeline: &Pipeline, name: &str, watch: &dyn Watch) -> Result<Done, MirrorError> {
        let (mut document, templates) = pipeline.document(name).await.map_err(MirrorError::Feed)?;
        let folder = Folder::open(self.options.out.join(name))?;
        let mut index = Index::read(&folder)?;
        let mut done = Done { new: index.see(&mut document, pipeline.clock().now(), &folder)?, ..Done::default() };
        if self.options.removed == Removed::Mark {
            done.removed = index.mark(&document);
        }
        // first the names, then what they name: a run that ends between the two is taken up by the next
        index.write(&folder)?;
        let extension = self.options.format.name();
        let items: Vec<_> = (0..document.items.len()).filter(|at| index.knows(&document.items[*at])).collect();
        for (at, item) in items.iter().copied().enumerate() {
            watch.document(name, at + 1, items.len());
            if self.options.media == Media::Copies {
                media::localise(&mut document.items[item], &folder, &mut index, pipeline, watch, &mut done).await?;
            }
            let item = &document.items[item];
            let text = emit::documents(&document, std::slice::from_ref(item), self.options.format, templates.as_ref())?;
            let Some(file) = index.name(item, extension) else { continue };
            if folder.put(&file, text.as_bytes())? == Put::Changed {
                done.changed += 1;
            }
            index.update(item, file, &folder)?;
        }
        index.describe(&document);
        index.write(&folder)?;
        folder.put(&format!("index.{extension}"), index.page(self.options.format).as_bytes())?;
        Ok(done)
    }
}

/// Two items of one feed with one id are one item: the first.
fn once(document: &mut Document) {
    let mut seen = HashSet::new();
    document.items.retain(|item| seen.insert(item.id.clone()));
}
