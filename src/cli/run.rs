//! `refeed run`: one feed through the rules to standard output, as a Unix filter.

use std::io::IsTerminal;
use std::path::Path;

use super::load::{ConfigArg, DEFAULT, load};
use super::{Failure, terminal};
use crate::base::clock::{Clock, Time};
use crate::base::url::Url;
use crate::config::{self, Config, Origin, RuleList, read_capped, suggest};
use crate::emit::Format;
use crate::pipeline::{Form, Input, Pipeline, Which};
use crate::rules::{BuildContext, Chain};

const EXAMPLES: &str = "\
Examples:
  refeed run feed.xml                     no rules: repaired, UTF-8, else as it was
  refeed run --use zh-tw,weserv feed.xml  rule sets; `refeed rules` lists them
  refeed run --rules '[{ drop = { title = \"广告\" } }, { limit = 20 }]' < feed.xml
  curl -s https://example.org/feed | refeed run --url https://example.org/feed --use links
  refeed run --to atom feed.xml           another format
  refeed run --to markdown feed.xml       its items as documents
  refeed run --feed voa                   a feed of refeed.toml, from its url
  refeed run --feed voa saved.xml         its rules on another input

The result goes to standard output, errors to standard error.
Exit code 1: the feed could not be read or transformed; 2: wrong rules, configuration or options.";

/// One feed through the rules to standard output
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
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

    /// The format of the result: rss, atom, json, html, markdown [default: as the input]
    #[arg(long, value_name = "FORMAT")]
    to: Option<Format>,

    /// When the items count as first seen, in documents: milliseconds since 1970; each further item has the next one [default: now]
    #[arg(long, value_name = "EPOCH_MS", allow_negative_numbers = true)]
    first_seen: Option<i64>,

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

pub(super) fn run(args: Args) -> Result<(), Failure> {
    let path = match args.feed {
        Some(_) => Some(args.config.path_or_default()),
        None => args.config.path(),
    };
    let config = path.map(|path| load(&path)).transpose()?.unwrap_or_default();
    let list = match (&args.rules, &args.sets) {
        (Some(toml), _) => RuleList::parse("--rules", toml)?,
        (_, Some(names)) => RuleList::names("--use", names),
        _ => RuleList::empty(),
    };
    let (list, origin) = match &args.feed {
        Some(name) => {
            let feed = find(&config, name)?;
            (feed.rules.clone(), Some(feed.origin.clone()))
        }
        None => (list, None),
    };
    let chain = Chain::build(&list, &BuildContext::of(&config.sets))?;
    let pipeline = Pipeline::from_config(&config, Clock::system())?;
    let form = args.feed.as_deref().and_then(|name| pipeline.form(name, args.to));
    let mut form = form.unwrap_or_else(|| Form { format: args.to, ..Form::default() });
    form.first_seen = Some(args.first_seen.map_or_else(|| pipeline.clock().now(), Time));
    let source = source(args.input, origin)?;
    let named = source.name();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::failed)?;
    let output = runtime.block_on(async {
        let mut input = read(&pipeline, &config, source).await?;
        input.url = args.url.or(input.url);
        input.content_type = args.content_type.or(input.content_type);
        if form.identity.is_empty() {
            form.identity = input.url.as_ref().map(ToString::to_string).unwrap_or_default();
        }
        pipeline.run(input, &chain, form).await.map_err(|e| Failure::Failed(format!("{named}: {e}")))
    });
    runtime.shutdown_background(); // a name lookup that was given up may still run
    terminal::print(output?.body.as_bytes())
}

fn find<'a>(config: &'a Config, name: &str) -> Result<&'a config::Feed, Failure> {
    config.feeds.get(name).ok_or_else(|| {
        let names = config.feeds.keys().map(String::as_str);
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

async fn read(pipeline: &Pipeline, config: &Config, from: From) -> Result<Input, Failure> {
    match from {
        From::Path(path) => {
            let bytes = read_capped(Path::new(&path), config.fetch.max_body, Some("fetch.max_body"));
            Ok(Input { bytes: bytes.map_err(Failure::failed)?.into(), content_type: None, url: None })
        }
        From::Origin(origin) => pipeline.fetch(&origin).await.map_err(Failure::failed),
    }
}
