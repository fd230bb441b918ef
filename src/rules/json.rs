//! A feed made of the answer of a JSON API.
//!
//! ## What it does
//! `items` says where the list is, the other settings what each of its elements gives: `title link date author category image enclosure
//! content id`, and `feed_title` of the whole. Each is a path (`title.rendered`, `tags[0].name`) or, with `{{ }}` in it, a template
//! (`https://site.example/p/{{ slug }}`), in minijinja, empty where the element lacks what it names; the whole document is `root` (`items = "root"` where it is the list). Dates may be numbers: seconds or
//! milliseconds since 1970. A list under `category` gives several; `enclosure` is a sound, a film or another file to attach. `text = true` says that `content` is plain text. `script` is the CSS of a `script` element on an HTML
//! page that holds the JSON.
//!
//! Without an `id` the link is the id. An element without title, link and content is left out; no item is an error that says so: an
//! old copy is then kept. Links lead to the web (`http:`, `https:`, `magnet:`) or nowhere.
//!
//! ## When to use
//! The site has no feed, but an API, or pages with their data in a `script`.
//!
//! ## Example
//! ```toml
//! rules = [{ json = {
//!   items = "data.posts",
//!   title = "title.rendered",
//!   link = "https://site.example/p/{{ slug }}",
//!   date = "created_at",
//!   content = "body_html",
//! } }]
//! ```
//! ```toml
//! rules = [{ json = { script = "#__NEXT_DATA__", items = "props.pageProps.posts", title = "name", link = "url" } }]
//! ```
//!
//! ## Order
//! Before all others, wherever it stands.
//!
//! ## Cost
//! A few microseconds for each value.

use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use serde::Deserialize;
use toml::Spanned;

use super::fragments::Css;
use super::source::{Draft, DraftItem, Raw, Reader};
use super::{Build, Context, Rule, RuleError, expression};
use crate::base::limits::{EXPRESSION_FUEL, MAX_EXPRESSION, MAX_ITEMS};
use crate::base::url::Url;
use crate::config::Report;
use crate::feed::{Feed, charset, dates};
use crate::html::{Fragment, Selectors, Syntax};

/// Settings of `json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    items: Spanned<String>,
    title: Option<Spanned<String>>,
    link: Option<Spanned<String>>,
    date: Option<Spanned<String>>,
    author: Option<Spanned<String>>,
    category: Option<Spanned<String>>,
    image: Option<Spanned<String>>,
    enclosure: Option<Spanned<String>>,
    content: Option<Spanned<String>>,
    id: Option<Spanned<String>>,
    feed_title: Option<Spanned<String>>,
    script: Option<Css>,
    #[serde(default)]
    text: bool,
}

impl Build for Config {
    const SHORT: Option<&'static str> = Some("items");
    type Rule = JsonToFeed;

    fn build(self, report: &mut Report) -> Option<JsonToFeed> {
        let before = report.count();
        let mut language = Environment::new();
        language.set_undefined_behavior(UndefinedBehavior::Chainable);
        language.set_fuel(Some(EXPRESSION_FUEL));
        language.set_auto_escape_callback(|_| AutoEscape::None);
        language.set_formatter(|out, _, value| {
            let text = match value.kind() {
                ValueKind::None | ValueKind::Undefined => return Ok(()),
                // several values, a line each
                ValueKind::Seq => value.try_iter()?.map(|each| each.to_string()).collect::<Vec<_>>().join("\n"),
                _ => value.to_string(),
            };
            out.write_str(&text).map_err(minijinja::Error::from)
        });
        let mut given = Vec::new();
        let items = self.items.get_ref().clone();
        let all = [
            (Part::Items, Some(self.items)),
            (Part::Title, self.title),
            (Part::Link, self.link),
            (Part::Date, self.date),
            (Part::Author, self.author),
            (Part::Category, self.category),
            (Part::Image, self.image),
            (Part::Enclosure, self.enclosure),
            (Part::Content, self.content),
            (Part::Id, self.id),
            (Part::FeedTitle, self.feed_title),
        ];
        for (part, text) in all {
            let Some(text) = text else { continue };
            given.push(part);
            if text.get_ref().len() > MAX_EXPRESSION {
                report.error(text.span(), format!("a path has at most {MAX_EXPRESSION} bytes"));
            }
            // a path is a template of its own, which hands the value over as it is
            let template = match (text.get_ref().contains("{{"), part) {
                (true, Part::Items) => {
                    report.error(text.span(), "`items` is a path, such as `data.posts`");
                    continue;
                }
                (true, _) => text.get_ref().clone(),
                (false, _) => format!("{{{{ {} }}}}", text.get_ref()),
            };
            let broken = match part {
                Part::Items => language.compile_expression(text.get_ref()).err(),
                _ => language.add_template_owned(part.name(), template).err(),
            };
            let broken = broken.map(|error| error.to_string());
            let broken = broken.or_else(|| expression::fault(&language, part.name()).filter(|_| part != Part::Items));
            if let Some(error) = broken {
                report
                    .error(text.span(), format!("bad path: {error}"))
                    .help("write `a.b[0].c`, or a template such as `https://site.example/{{ slug }}`");
            }
        }
        let script = self.script.map(|css| css.compile(report));
        let rule = JsonToFeed { language, given, items, script: script.flatten(), is_text: self.text };
        (report.count() == before).then_some(rule)
    }
}

/// What a setting gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Items,
    Title,
    Link,
    Date,
    Author,
    Category,
    Image,
    Enclosure,
    Content,
    Id,
    FeedTitle,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Part::Items => "items",
            Part::Title => "title",
            Part::Link => "link",
            Part::Date => "date",
            Part::Author => "author",
            Part::Category => "category",
            Part::Image => "image",
            Part::Enclosure => "enclosure",
            Part::Content => "content",
            Part::Id => "id",
            Part::FeedTitle => "feed_title",
        }
    }
}

/// The compiled rule.
#[derive(Debug)]
pub struct JsonToFeed {
    language: Environment<'static>,
    given: Vec<Part>,
    items: String,
    script: Option<Selectors>,
    is_text: bool,
}

impl Rule for JsonToFeed {
    fn apply(&self, _: &mut Feed, _: &Context) -> Result<(), RuleError> {
        Ok(())
    }

    fn reader(&self) -> Option<&dyn Reader> {
        Some(self)
    }
}

impl Reader for JsonToFeed {
    fn read(&self, raw: &Raw, _: &Context) -> Result<Draft, String> {
        let text = charset::decode(&raw.bytes, raw.content_type.as_deref().and_then(charset::label)).text;
        let json = match &self.script {
            Some(script) => in_script(&text, script)?,
            None => text.into_owned(),
        };
        let root: serde_json::Value =
            serde_json::from_str(json.trim()).map_err(|error| format!("not JSON: {error}"))?;
        let root = value(root);
        let path = self.language.compile_expression(&self.items).map_err(|error| error.to_string())?;
        let whole = Value::from_pairs(entries(&root).chain([("root".to_owned(), root.clone())]));
        let list = path.eval(whole.clone()).map_err(|error| format!("`items`: {error}"))?;
        if !matches!(list.kind(), ValueKind::Seq | ValueKind::Iterable) {
            return Err(format!("`items` (`{}`) is no list", self.items));
        }
        let items = list.try_iter().map_err(|error| format!("`items`: {error}"))?;
        let mut items: Vec<DraftItem> =
            items.take(MAX_ITEMS).map(|item| self.draft(&item, &root, raw.url.as_ref())).collect();
        if items.is_empty() {
            return Err(format!("`items` (`{}`) is empty", self.items));
        }
        items.retain(|item| item.title.is_some() || item.link.is_some() || item.content.is_some());
        if items.is_empty() {
            return Err(format!("no element of `items` (`{}`) has a title, a link or a content", self.items));
        }
        let link = raw.url.as_ref().map(|url| url.as_str().to_owned());
        Ok(Draft { title: self.value(Part::FeedTitle, &whole), link, items, ..Draft::default() })
    }
}

impl JsonToFeed {
    fn draft(&self, item: &Value, root: &Value, base: Option<&Url>) -> DraftItem {
        let scope = Value::from_pairs(
            entries(item).chain([("root".to_owned(), root.clone()), ("item".to_owned(), item.clone())]),
        );
        let of = |part| self.value(part, &scope);
        let address = |text: String| {
            let url = base.map_or_else(|| Url::parse(&text), |base| base.join(&text));
            match url {
                Ok(url) => matches!(url.scheme(), "http" | "https" | "magnet").then(|| url.into()),
                Err(_) => base.is_none().then_some(text), // relative, and nothing says to what
            }
        };
        let content = of(Part::Content);
        DraftItem {
            id: of(Part::Id),
            title: of(Part::Title),
            link: of(Part::Link).and_then(address),
            date: of(Part::Date).map(|date| moment(&date)),
            author: of(Part::Author),
            categories: of(Part::Category).iter().flat_map(|all| all.lines()).map(str::to_owned).collect(),
            image: of(Part::Image).and_then(address),
            file: of(Part::Enclosure).and_then(address),
            content: match self.is_text {
                true => content.map(|text| format!("<p>{}</p>", htmlize::escape_text(&text).replace('\n', "<br>"))),
                false => content,
            },
        }
    }

    /// What a setting gives for `scope`; none where it was not given, or gives nothing.
    fn value(&self, part: Part, scope: &Value) -> Option<String> {
        if !self.given.contains(&part) {
            return None;
        }
        let text = self.language.get_template(part.name()).ok()?.render(scope.clone()).ok()?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }
}

/// The same as values of the language.
pub(super) fn value(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(bool) => Value::from(bool),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => Value::from(whole),
            (None, Some(large)) => Value::from(large),
            (None, None) => Value::from(number.as_f64().unwrap_or_default()),
        },
        serde_json::Value::String(text) => Value::from(text),
        serde_json::Value::Array(items) => items.into_iter().map(value).collect::<Vec<Value>>().into(),
        serde_json::Value::Object(members) => {
            Value::from_pairs(members.into_iter().map(|(name, it)| (name, value(it))))
        }
    }
}

/// The members of an object; of anything else none.
fn entries(item: &Value) -> impl Iterator<Item = (String, Value)> {
    let keys = item.try_iter().ok().filter(|_| item.kind() == ValueKind::Map).into_iter().flatten();
    let of = |key: Value| Some((key.as_str()?.to_owned(), item.get_item(&key).ok()?));
    keys.filter_map(of).collect::<Vec<_>>().into_iter()
}

/// A number is seconds or, where that is far away, milliseconds since 1970.
fn moment(date: &str) -> String {
    const FAR: i64 = 100_000_000_000;
    let Ok(number) = date.parse::<i64>() else { return date.to_owned() };
    let seconds = if number.abs() >= FAR { number / 1000 } else { number };
    dates::rfc3339(crate::base::clock::Time::from_secs(seconds))
}

fn in_script(page: &str, script: &Selectors) -> Result<String, String> {
    let html = Fragment::parse(page.to_owned(), Syntax::Html);
    let start = html.select(script).into_iter().next().ok_or("`script` finds nothing on the page")?;
    Ok((start..html.element_end(start)).map(|id| html.text(id)).collect())
}
