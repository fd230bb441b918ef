//! One feed and its rules, as the command line names them: what `run` and `explain` have in common.

use std::io::IsTerminal;
use std::path::Path;

use super::Failure;
use super::load::{ConfigArg, DEFAULT, load};
use crate::base::clock::Clock;
use crate::base::url::Url;
use crate::config::{self, Config, Origin, RuleList, read_capped, suggest};
use crate::emit::Format;
use crate::pipeline::{Error, Form, Input, Pipeline, Which};
use crate::rules::{BuildContext, Chain};

/// The rules and the input.
#[derive(Debug, clap::Args)]
pub(super) struct JobArgs {
    /// The rules, a TOML array as in the configuration
    #[arg(long, value_name = "TOML", conflicts_with_all = ["sets", "feed"])]
    rules: Option<String>,

    /// Names of rule sets, with commas between
    #[arg(long = "use", value_name = "NAME,…", id = "sets", conflicts_with = "feed")]
    sets: Option<String>,

    #[command(flatten)]
    config: ConfigArg,

    /// The rules of this feed of the configuration (of refeed.toml where none is named)
    #[arg(long, value_name = "NAME")]
    feed: Option<String>,

    /// The format of the result: rss, atom, json, html, markdown, csv, sfeed, ums [default: as the input]
    #[arg(long, value_name = "FORMAT")]
    to: Option<Format>,

    /// The address that the input came from: relative URLs are read against it
    #[arg(long, value_name = "URL", value_parser = http_url)]
    url: Option<Url>,

    /// The Content-Type that the input came with, for its charset
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,

    /// A file, a URL, or - for standard input [default: the url of --feed, else standard input]
    #[arg(value_name = "FILE|URL|-")]
    input: Option<String>,
}

/// A job, ready to be done.
pub(super) struct Job {
    /// The pipeline of the configuration.
    pub(super) pipeline: Pipeline,
    /// The rules.
    pub(super) chain: Chain,
    /// The form of the result.
    pub(super) form: Form,
    /// The feed.
    pub(super) input: Input,
}

impl JobArgs {
    /// Reads what is named, and does `work` with it.
    pub(super) fn work<T>(self, work: impl AsyncFnOnce(Job) -> Result<T, Error>) -> Result<T, Failure> {
        let path = match self.feed {
            Some(_) => Some(self.config.path_or_default()),
            None => self.config.path(),
        };
        let mut config = path.map(|path| load(&path)).transpose()?.unwrap_or_default();
        config.cache.shared = None; // what upstream has now is meant, for the sources of a merged feed too
        let list = match (&self.rules, &self.sets) {
            (Some(toml), _) => RuleList::parse("--rules", toml)?,
            (_, Some(names)) => RuleList::names("--use", names),
            _ => RuleList::empty(),
        };
        let (list, origin) = match &self.feed {
            Some(name) => {
                let feed = find(&config, name)?;
                (feed.rules.clone(), Some(Origin::clone(&feed.origin)))
            }
            None => (list, None),
        };
        let chain = Chain::build(&list, &BuildContext::of(&config))?;
        let pipeline = Pipeline::from_config(&config, Clock::system())?;
        let form = self.feed.as_deref().and_then(|name| pipeline.form(name, self.to));
        let mut form = form.unwrap_or_else(|| Form { format: self.to, ..Form::default() });
        let source = source(self.input, origin)?;
        let named = source.name();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::failed)?;
        let done = runtime.block_on(async {
            let mut input = read(&pipeline, &config, &chain, source).await?;
            input.url = self.url.or(input.url);
            input.content_type = self.content_type.or(input.content_type);
            if form.identity.is_empty() {
                form.identity = input.url.as_ref().map(Url::as_str).unwrap_or_default().into();
            }
            let job = Job { pipeline, chain, form, input };
            work(job).await.map_err(|error| Failure::Failed(format!("{named}: {error}")))
        });
        runtime.shutdown_background(); // a name lookup that was given up may still run
        done
    }
}

fn http_url(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        Ok(_) => Err("not an http: or https: URL".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Where the feed is to be had.
enum From {
    Origin(Origin),
    /// A path, `-` for standard input.
    Path(String),
}

impl From {
    /// For messages, without what may be secret.
    fn name(&self) -> String {
        match self {
            From::Path(path) if path == "-" => "standard input".to_owned(),
            From::Path(path) => path.clone(),
            From::Origin(Origin::Http(url)) => Which::Url(url).label(),
            From::Origin(Origin::File(path)) => path.display().to_string(),
            From::Origin(Origin::Merge(_)) => "the merged feed".to_owned(),
            From::Origin(Origin::Embedded { .. }) => "the built-in feed".to_owned(),
        }
    }
}

fn find<'a>(config: &'a Config, name: &str) -> Result<&'a config::Feed, Failure> {
    config.feeds.get(name).ok_or_else(|| {
        let names = config.feeds.keys().map(|name| &**name);
        let advice = if config.feeds.is_empty() {
            format!("no feed is configured in the file; name another than {DEFAULT} with --config")
        } else {
            suggest::advice(name, names)
        };
        Failure::Usage(format!("unknown feed `{name}`: {advice}"))
    })
}

/// What the argument means; without one, the feed's own url, else standard input.
fn source(argument: Option<String>, origin: Option<Origin>) -> Result<From, Failure> {
    match (argument, origin) {
        (None, Some(origin)) => Ok(From::Origin(origin)),
        (None, None) if std::io::stdin().is_terminal() => Err(Failure::Usage(
            "nothing to read: name a FILE or a URL, or pipe a feed in (`-` reads the terminal)".to_owned(),
        )),
        (None, None) => Ok(From::Path("-".to_owned())),
        (Some(text), _) => Ok(match Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => From::Origin(Origin::Http(url)),
            Ok(url) if url.scheme() == "file" => match url.to_file_path() {
                Ok(path) => From::Origin(Origin::File(path)),
                Err(()) => return Err(Failure::Usage(format!("`{text}` is not a file of this machine"))),
            },
            Ok(url) if text.contains("://") => {
                let message =
                    format!("`{}:` URLs cannot be read; `http:`, `https:` and `file:` ones can", url.scheme());
                return Err(Failure::Usage(message));
            }
            _ => From::Path(text),
        }),
    }
}

async fn read(pipeline: &Pipeline, config: &Config, chain: &Chain, from: From) -> Result<Input, Failure> {
    let named = from.name();
    match from {
        From::Path(path) => {
            let bytes = read_capped(Path::new(&path), config.fetch.max_body, Some("fetch.max_body"));
            Ok(Input { bytes: bytes.map_err(Failure::failed)?.into(), content_type: None, url: None })
        }
        From::Origin(origin) => pipeline.fetch(&origin, chain).await.map_err(|error| match &*error {
            Error::Fetch(error) => Failure::failed(error), // it names the place
            error => Failure::Failed(format!("{named}: {error}")),
        }),
    }
}
