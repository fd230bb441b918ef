//! Write fields of items, or of the feed, by templates.
//!
//! ## What it does
//! Each field takes a template: text with [expressions](#expressions) in `{{ … }}`, and `{% if %}`, `{% for %}`. Fields are `title`,
//! `content`, `summary`, `link`, `author`, `category`, `comments`, `published`, `updated` and `language`; the feed's own are set in `feed`:
//! `title`, `summary`, `link`, `author`, `category`, `language`. `content` and `summary` are templates of HTML, in which text values are
//! escaped and HTML values are not; the others are plain text. A field that is not there is added; of several authors or categories one
//! is left. A template that makes nothing takes the field away. All templates see the item as it was before the rule. Ids are never set.
//! An item that lacks what a template asks for (`published` of an undated one) keeps that field, and so does one for which
//! a date or a link would come out that is none.
//!
//! ## When to use
//! A reader shows only titles and you want the author or source in them; every item shall carry a note, a link or a category.
//!
//! ## Example
//! ```toml
//! rules = [{ set = { title = "{{ title }} ({{ author | default('anonymous', true) }})" } }]
//! ```
//! ```toml
//! rules = [
//!   { set = { content = "{{ content }}<p><a href=\"{{ comments }}\">Comments</a></p>", when = "comments" } },
//!   { set = { link = "https://archive.example/{{ link }}", category = "{{ feed.title }}" } },
//!   { set = { feed = { title = "{{ feed.title }} (filtered)" } } },
//! ]
//! ```
//!
//! ## Order
//! After rules that change what the templates name. Rules on HTML that come after it see the new content.
//!
//! ## Cost
//! Some microseconds for each template and item; more where it names `content`.

use serde::Deserialize;
use toml::Spanned;

use super::expression::{Look, Makes, Template, Troubles};
use super::{Build, Context, Rule, RuleError};
use crate::base::url::has_scheme;
use crate::config::Report;
use crate::feed::{Feed, Field, Kind, Place, dates};

/// Settings of `set`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    title: Option<Spanned<String>>,
    content: Option<Spanned<String>>,
    summary: Option<Spanned<String>>,
    link: Option<Spanned<String>>,
    author: Option<Spanned<String>>,
    category: Option<Spanned<String>>,
    comments: Option<Spanned<String>>,
    published: Option<Spanned<String>>,
    updated: Option<Spanned<String>>,
    language: Option<Spanned<String>>,
    feed: Option<OfFeed>,
}

/// Those of the feed itself.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfFeed {
    title: Option<Spanned<String>>,
    summary: Option<Spanned<String>>,
    link: Option<Spanned<String>>,
    author: Option<Spanned<String>>,
    category: Option<Spanned<String>>,
    language: Option<Spanned<String>>,
}

impl Build for Config {
    const SHORT: Option<&'static str> = None;
    type Rule = Set;

    fn build(self, report: &mut Report) -> Option<Set> {
        let before = report.count();
        let item = compile(
            [
                (Field::Title, self.title),
                (Field::Content, self.content),
                (Field::Summary, self.summary),
                (Field::Link, self.link),
                (Field::Author, self.author),
                (Field::Category, self.category),
                (Field::Comments, self.comments),
                (Field::Published, self.published),
                (Field::Updated, self.updated),
                (Field::Language, self.language),
            ],
            Place::Item(0),
            report,
        );
        let of_feed = self.feed.unwrap_or_default();
        let head = compile(
            [
                (Field::Title, of_feed.title),
                (Field::Summary, of_feed.summary),
                (Field::Link, of_feed.link),
                (Field::Author, of_feed.author),
                (Field::Category, of_feed.category),
                (Field::Language, of_feed.language),
            ],
            Place::Head,
            report,
        );
        if report.count() == before && item.is_empty() && head.is_empty() {
            report.error_here("nothing to set").help("write `{ set = { title = \"{{ title }} ({{ author }})\" } }`");
        }
        (report.count() == before).then_some(Set { item, head })
    }
}

/// A field and what makes it.
type Templates = Vec<(Field, Template)>;

fn compile<const N: usize>(
    fields: [(Field, Option<Spanned<String>>); N],
    place: Place,
    report: &mut Report,
) -> Templates {
    let mut templates = Vec::new();
    for (field, text) in fields {
        let Some(text) = text else { continue };
        let makes = if matches!(field, Field::Content | Field::Summary) { Makes::Html } else { Makes::Text };
        let Some(template) = Template::compile(&text, makes, report) else { continue };
        if place == Place::Head && !template.is_of_feed() {
            report
                .error(text.span(), "the feed itself has no such field: this template is of an item")
                .help("name fields as `feed.title`");
        }
        templates.push((field, template));
    }
    templates
}

/// The compiled rule.
pub struct Set {
    item: Templates,
    head: Templates,
}

impl Rule for Set {
    fn apply(&self, feed: &mut Feed, cx: &Context) -> Result<(), RuleError> {
        let mut troubles = Troubles::new("set");
        self.item.iter().for_each(|(_, template)| template.prepare(feed));
        let mut position = 0;
        for place in feed.places() {
            position += usize::from(place != Place::Head);
            let look = Look { feed, place, position, cx };
            let mut made = Vec::new();
            for (field, template) in if place == Place::Head { &self.head } else { &self.item } {
                match template.make(&look) {
                    Ok(value) => made.extend(value.map(|value| (*field, value))),
                    Err(trouble) => troubles.add(trouble)?,
                }
            }
            made.iter().for_each(|(field, value)| set(feed, place, *field, value));
        }
        troubles.note(feed);
        Ok(())
    }
}

fn set(feed: &mut Feed, place: Place, field: Field, value: &str) {
    let value = if matches!(field, Field::Content | Field::Summary) { value } else { value.trim() };
    let is_right = match field {
        Field::Published | Field::Updated => dates::parse(value).is_some(),
        Field::Link | Field::Comments => has_scheme(value) && !value.contains(char::is_whitespace),
        _ => true,
    };
    let of_field = |feed: &Feed| {
        feed.slots(place).filter(|slot| slot.field == field && slot.kind != Kind::Opaque).collect::<Vec<_>>()
    };
    if value.trim().is_empty() {
        while let Some(slot) = of_field(feed).pop() {
            if !feed.remove(place, &slot) {
                return;
            }
        }
    } else if is_right && feed.set(place, field, value).is_some() && matches!(field, Field::Author | Field::Category) {
        // Slots of one element go together: each is looked for anew.
        while let [_, .., last] = of_field(feed).as_slice() {
            if !feed.remove(place, last) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::base::clock::Time;
    use crate::config::RuleList;
    use crate::feed::{Feed, Field, Place};
    use crate::rules::{BuildContext, Chain, Context};

    fn build(rule: &str) -> Result<Chain, String> {
        let list = RuleList::parse("--rules", &format!("[{{ set = {rule} }}]")).unwrap();
        Chain::build(&list, &BuildContext::default()).map_err(|problems| problems.to_string())
    }

    /// The title and the notes that a template of the title leaves.
    fn title(template: &str) -> (String, Vec<String>) {
        let source = "<rss version='2.0'><channel><title>t</title><item><title>old</title></item></channel></rss>";
        let mut feed = Feed::read(source.as_bytes(), None, None).unwrap();
        let chain = build(&format!("{{ title = '''{template}''' }}")).unwrap();
        chain.apply(&mut feed, &Context::new(Time(0), None)).unwrap();
        (feed.first(Place::Item(0), Field::Title).unwrap_or_default().into_owned(), feed.notes().to_vec())
    }

    #[test]
    fn a_template_that_lacks_something_leaves_the_field() {
        assert_eq!(title("{{ age }}"), ("old".to_owned(), vec![]));
        assert_eq!(title("{{ age if age is defined else 'undated' }}").0, "undated");
        assert_eq!(title("{% if author %}x{% endif %}").0, "");
    }

    #[test]
    fn hostile_templates_are_bounded_in_time_and_memory() {
        for template in [
            "{% for a in range(9000) %}{% for b in range(9000) %}{{ title == 'x' }}{% endfor %}{% endfor %}",
            "{% macro again() %}{{ again() }}{% endmacro %}{% if title == 'old' %}{{ again() }}{% endif %}",
            "{% set s = 'x' * 9000 %}{% if title == 'old' %}{% for a in range(9000) %}{{ s }}{% endfor %}{% endif %}",
            "{% if title == 'old' %}{{ 'x' * 900000000 }}{% endif %}",
        ] {
            match build(&format!("{{ title = '''{template}''' }}")) {
                Err(refused) => assert!(refused.contains("too much to compute"), "{refused}"),
                Ok(_) => {
                    let (title, notes) = title(template);
                    assert_eq!(title, "old", "{template}");
                    assert_eq!(notes.len(), 1, "{template}: {notes:?}");
                }
            }
        }
    }

    #[test]
    fn what_cannot_work_is_refused() {
        for (rule, message) in [
            ("{}", "nothing to set"),
            ("{ id = 'x' }", "unknown key `id`"),
            ("{ title = '{{ titel }}' }", "unknown name `titel`"),
            ("{ title = '{{ title' }", "bad expression: unexpected end"),
            ("{ title = '{{ title | uper }}' }", "unknown filter `uper`"),
            ("{ feed = { title = '{{ title }}' } }", "the feed itself has no such field"),
            ("{ title = '{% include \"/etc/passwd\" %}' }", "other templates cannot be reached"),
        ] {
            let refused = build(rule).err().unwrap_or_else(|| panic!("{rule} is taken"));
            assert!(refused.contains(message), "{rule}: {refused}");
        }
    }
}
