//! FiveFilters' site configs (Full-Text RSS, wallabag's graby) as a `full_text` rule in TOML: [`import`].
//!
//! Every command that their documentation names is either translated or said to have no effect here; what cannot be
//! translated, and what is no command, is a [`Warning`] with its line. XPath becomes CSS ([`to_css`]). Each command is built by itself
//! before it is taken, so that refeed can load what comes out. Pure; one pass.

use std::fmt::Write;

use crate::base::limits::MAX_REPLACEMENTS;
use crate::config::value::quoted;
use crate::html::xpath::{Selection, to_css};
use crate::rules::refusal;

/// What was not translated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Line of the config, from 1.
    pub line: usize,
    /// Which command, and why.
    pub message: String,
}

/// A translated config.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// A `{ full_text = { … } }`, and after it the rules that finish its work; indented for a list of rules.
    pub rules: String,
    /// What is missing in it.
    pub warnings: Vec<Warning>,
    /// The addresses that the config was tested with.
    pub tests: Vec<String>,
}

/// The commands whose job refeed does always, or in another way.
const WITHOUT_EFFECT: [&str; 8] =
    ["tidy", "prune", "parser", "footnotes", "skip_json_ld", "test_contains", "native_ad_clue", "replace_patterns"];
const LOGIN: [&str; 6] = [
    "requires_login",
    "login_uri",
    "login_username_field",
    "login_password_field",
    "login_extra_fields",
    "not_logged_in_xpath",
];

#[derive(Default)]
struct Recipe {
    lists: Vec<(&'static str, Vec<String>)>,
    /// Where the selections of the last `single_page_link` begin.
    last_single: usize,
    replace: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    wrap: Vec<(String, String)>,
    lazy: Vec<String>,
    fallback: bool,
    break_paragraphs: bool,
}

/// Translates `text`.
pub fn import(text: &str) -> Imported {
    let mut imported = Imported::default();
    let mut recipe = Recipe { fallback: true, ..Recipe::default() };
    let mut find: Option<(usize, String)> = None;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim_start_matches('\u{feff}').trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut warn = |message: String| imported.warnings.push(Warning { line: at + 1, message });
        let Some((command, argument, value)) = command(line) else {
            warn(format!("`{}` is no command", crate::base::text::excerpt(line, 40)));
            continue;
        };
        if let Some((line, text)) = find.take_if(|_| command != "replace_string") {
            imported
                .warnings
                .push(Warning { line, message: format!("`find_string: {text}` without `replace_string`") });
            recipe_line(&mut recipe, &mut imported, &mut find, at + 1, (command, argument, value));
            continue;
        }
        recipe_line(&mut recipe, &mut imported, &mut find, at + 1, (command, argument, value));
    }
    if let Some((line, text)) = find {
        imported.warnings.push(Warning { line, message: format!("`find_string: {text}` without `replace_string`") });
    }
    imported.rules = recipe.toml();
    imported
}

/// `name: value` or `name(argument): value`.
fn command(line: &str) -> Option<(&str, Option<&str>, &str)> {
    let name_end = line.find(|c: char| !(c.is_ascii_lowercase() || c == '_'))?;
    let (name, rest) = line.split_at(name_end);
    if name.is_empty() {
        return None;
    }
    match rest.strip_prefix('(') {
        Some(rest) => {
            let (argument, value) = rest.split_once("):")?;
            Some((name, Some(argument), value.trim()))
        }
        None => rest.trim_start().strip_prefix(':').map(|value| (name, None, value.trim())),
    }
}

fn recipe_line(
    recipe: &mut Recipe,
    imported: &mut Imported,
    find: &mut Option<(usize, String)>,
    line: usize,
    (command, argument, value): (&str, Option<&str>, &str),
) {
    let mut warn = |message: String| imported.warnings.push(Warning { line, message });
    let key = match command {
        "body" => Some("content"),
        "title" => Some("title"),
        "date" => Some("date"),
        "author" => Some("author"),
        "strip" => Some("remove"),
        "dissolve" => Some("unwrap"),
        "next_page_link" => Some("next"),
        "single_page_link" => Some("single"),
        "single_page_link_in_feed" => Some("single_in_feed"),
        _ => None,
    };
    if let Some(key) = key {
        if key == "single" {
            recipe.last_single = recipe.list(key).len();
        }
        let added = to_css(value).map_err(|error| error.to_string()).and_then(|found| {
            let found: Vec<_> = found.into_iter().map(written).collect();
            recipe.take(|recipe| recipe.list(key).extend(found.iter().cloned()))
        });
        if let Err(why) = added {
            warn(format!("`{command}: {value}`: {why}"));
        }
        return;
    }
    let is_on = matches!(value, "yes" | "1" | "true");
    match (command, argument) {
        ("strip_id_or_class", None) => {
            let text = css_string(value.trim_matches(['"', '\'']));
            recipe.list("remove").push(format!("[id*={text}], [class*={text}]"));
        }
        ("strip_image_src", None) => {
            recipe.list("remove").push(format!("img[src*={}]", css_string(value.trim_matches(['"', '\'']))));
        }
        ("find_string", None) => *find = Some((line, value.to_owned())),
        ("replace_string", None) => match find.take() {
            Some((_, text)) => recipe.replacement(&text, value).unwrap_or_else(warn),
            None => warn("`replace_string` without `find_string` before it".to_owned()),
        },
        ("replace_string", Some(text)) => recipe.replacement(text, value).unwrap_or_else(warn),
        ("http_header", Some(name)) => {
            let header = (name.trim().to_ascii_lowercase(), value.to_owned());
            match recipe.take(|recipe| recipe.headers.push(header.clone())) {
                Ok(()) if is_last_of_two(&mut recipe.headers) => {
                    warn(format!("`http_header({name})` for the second time: this one counts"));
                }
                Ok(()) => {}
                Err(why) => warn(format!("`http_header({name})`: {why}")),
            }
        }
        ("wrap_in", Some(tag)) => {
            let added = to_css(value).map_err(|error| error.to_string()).and_then(|found| {
                let each = found.into_iter().map(|selection| (selection.css, tag.trim().to_owned()));
                let mut is_double = false;
                for wrap in each {
                    recipe.take(|recipe| recipe.wrap.push(wrap.clone()))?;
                    is_double |= is_last_of_two(&mut recipe.wrap);
                }
                if is_double { Err("these elements for the second time: this one counts".to_owned()) } else { Ok(()) }
            });
            if let Err(why) = added {
                warn(format!("`wrap_in({tag}): {value}`: {why}"));
            }
        }
        ("src_lazy_load_attr", None) => recipe.lazy.push(value.to_owned()),
        ("autodetect_on_failure", None) => recipe.fallback = is_on,
        ("convert_double_br_tags", None) => recipe.break_paragraphs = is_on,
        ("insert_detected_image", None) if is_on => {
            recipe.list("image").push("meta[property=\"og:image\"] @content".to_owned());
        }
        ("insert_detected_image", None) => {}
        ("if_page_contains", None) => {
            match (to_css(value), recipe.lists.iter_mut().find(|(key, _)| *key == "single")) {
                (Ok(found), Some((_, single))) => {
                    let held: Vec<_> = found.into_iter().map(|selection| selection.css).collect();
                    for link in single.iter_mut().skip(recipe.last_single) {
                        *link = format!("html:has({}) {link}", held.join(", "));
                    }
                }
                (Ok(_), None) => warn("`if_page_contains` without a `single_page_link` before it".to_owned()),
                (Err(error), _) => warn(format!("`if_page_contains: {value}`: {error}")),
            }
        }
        ("test_url", None) => imported.tests.push(value.to_owned()),
        (name, _) if WITHOUT_EFFECT.contains(&name) => {}
        (name, _) if LOGIN.contains(&name) => warn(format!(
            "`{name}`: refeed signs in nowhere; the cookie of a session of yours can be sent: `headers = {{ Cookie = \"…\" }}`"
        )),
        (name, _) => warn(format!("unknown command `{name}`")),
    }
}

/// As the rule reads it: a selector, and ` @name` for an attribute.
fn written(selection: Selection) -> String {
    match selection.attribute {
        Some(attribute) => format!("{} @{attribute}", selection.css),
        None => selection.css,
    }
}

/// Takes out what has the name of the last one, if anything has: a table of TOML has each name once.
fn is_last_of_two(table: &mut Vec<(String, String)>) -> bool {
    let Some((name, _)) = table.last() else { return false };
    let Some(at) = table.iter().position(|(known, _)| known == name).filter(|at| at + 1 < table.len()) else {
        return false;
    };
    table.remove(at);
    true
}

fn css_string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

impl Recipe {
    /// Adds what `add` adds if refeed can build it; why it cannot.
    fn take(&mut self, add: impl Fn(&mut Recipe)) -> Result<(), String> {
        let mut alone = Recipe { fallback: true, ..Recipe::default() };
        add(&mut alone);
        match refusal(&alone.toml()) {
            Some(why) => Err(why),
            None => {
                add(self);
                Ok(())
            }
        }
    }

    fn replacement(&mut self, find: &str, with: &str) -> Result<(), String> {
        if self.replace.len() >= MAX_REPLACEMENTS {
            return Err(format!("`replace_string`: more than {MAX_REPLACEMENTS} replacements"));
        }
        let pair = (find.to_owned(), with.to_owned());
        self.take(|recipe| recipe.replace.push(pair.clone())).map_err(|why| format!("`replace_string`: {why}"))
    }

    fn list(&mut self, key: &'static str) -> &mut Vec<String> {
        let at = match self.lists.iter().position(|(found, _)| *found == key) {
            Some(at) => at,
            None => {
                self.lists.push((key, Vec::new()));
                self.lists.len() - 1
            }
        };
        &mut self.lists[at].1
    }

    fn toml(&self) -> String {
        let mut out = String::from("  { full_text = {\n");
        let mut line = |key: &str, value: String| {
            let _ = writeln!(out, "    {key} = {value},");
        };
        let list = |values: &[String]| {
            let quoted: Vec<_> = values.iter().map(|value| quoted(value)).collect();
            format!("[{}]", quoted.join(", "))
        };
        let pairs = |pairs: &[(String, String)]| {
            let written: Vec<_> =
                pairs.iter().map(|(name, value)| format!("{} = {}", quoted(name), quoted(value))).collect();
            format!("{{ {} }}", written.join(", "))
        };
        for (key, values) in &self.lists {
            line(key, list(values));
        }
        let taken = ["author", "date", "image"].iter().filter(|part| self.lists.iter().any(|(key, _)| key == *part));
        let taken: Vec<String> = taken.map(|part| (*part).to_owned()).collect();
        if !taken.is_empty() {
            line("take", list(&taken));
        }
        if !self.replace.is_empty() {
            let each: Vec<_> = self.replace.iter().map(|(a, b)| format!("[{}, {}]", quoted(a), quoted(b))).collect();
            line("replace", format!("[{}]", each.join(", ")));
        }
        if !self.headers.is_empty() {
            line("headers", pairs(&self.headers));
        }
        if !self.wrap.is_empty() {
            line("wrap", pairs(&self.wrap));
        }
        if !self.lazy.is_empty() {
            line("lazy", list(&self.lazy));
        }
        if self.break_paragraphs {
            line("paragraphs", "true".to_owned());
        }
        if !self.fallback {
            line("readability", "false".to_owned());
        }
        out.push_str("  } },\n");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RuleList;
    use crate::rules::{BuildContext, Chain};

    fn rules(text: &str) -> (String, Vec<(usize, String)>) {
        let imported = import(text);
        let list = format!("[\n{}]", imported.rules);
        let list = RuleList::parse("imported", &list).unwrap_or_else(|problems| panic!("{problems}\n{list}"));
        Chain::build(&list, &BuildContext::default()).unwrap_or_else(|problems| panic!("{problems}"));
        (imported.rules, imported.warnings.into_iter().map(|warning| (warning.line, warning.message)).collect())
    }

    /// The one setting that a command becomes.
    fn setting(text: &str) -> String {
        let (rules, warnings) = rules(text);
        assert_eq!(warnings, [], "{text}");
        let lines = rules.lines().filter(|line| line.starts_with("    "));
        lines.map(|line| line.trim().trim_end_matches(',')).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_command_becomes_what_does_the_same() {
        for (text, expected) in [
            ("body: //div[@id='a']", "content = [\"div#a\"]"),
            ("body: //div[@id='a'] | //article", "content = [\"div#a\", \"article\"]"),
            ("title: //h1", "title = [\"h1\"]"),
            ("author: //a[@rel='author']", "author = ['a[rel=\"author\"]'] take = [\"author\"]"),
            ("date: //time/@datetime", "date = [\"time @datetime\"] take = [\"date\"]"),
            ("strip: //aside", "remove = [\"aside\"]"),
            ("strip_id_or_class: social", "remove = ['[id*=\"social\"], [class*=\"social\"]']"),
            ("strip_image_src: /ads/", "remove = ['img[src*=\"/ads/\"]']"),
            ("dissolve: //span", "unwrap = [\"span\"]"),
            ("wrap_in(blockquote): //div[@id='q']", "wrap = { \"div#q\" = \"blockquote\" }"),
            ("next_page_link: //a[@id='n']", "next = [\"a#n\"]"),
            ("next_page_link: //a[contains(., 'Next page')]", "next = ['a:contains(\"Next page\")']"),
            ("single_page_link: //a[@id='s']", "single = [\"a#s\"]"),
            ("single_page_link: //a[@id='s']\nif_page_contains: //nav", "single = [\"html:has(nav) a#s\"]"),
            ("single_page_link_in_feed: //a", "single_in_feed = [\"a\"]"),
            ("find_string: <x>\nreplace_string: <y>", "replace = [[\"<x>\", \"<y>\"]]"),
            ("replace_string(a): b", "replace = [[\"a\", \"b\"]]"),
            ("http_header(user-agent): Mozilla/5.0", "headers = { \"user-agent\" = \"Mozilla/5.0\" }"),
            ("src_lazy_load_attr: data-src", "lazy = [\"data-src\"]"),
            ("convert_double_br_tags: yes", "paragraphs = true"),
            ("autodetect_on_failure: no", "readability = false"),
            ("autodetect_on_failure: yes", ""),
            ("insert_detected_image: yes", "image = ['meta[property=\"og:image\"] @content'] take = [\"image\"]"),
            (
                "# a comment\ntidy: no\nprune: yes\nparser: html5php\nfootnotes: no\nskip_json_ld: yes\ntest_contains: x\nnative_ad_clue: //a",
                "",
            ),
        ] {
            assert_eq!(setting(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_translated_is_named_with_its_line() {
        let (_, warnings) = rules(
            "body: //p\n\nfoo: bar\nstrip: //a[text()='x']\nrequires_login: yes\nno command\nfind_string: a\nstrip: //b\nreplace_string: b",
        );
        let lines: Vec<_> = warnings.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [3, 4, 5, 6, 7, 9], "{warnings:?}");
        assert!(warnings[0].1.contains("`foo`") && warnings[2].1.contains("signs in nowhere"));
    }

    #[test]
    fn each_login_command_is_named_with_its_line_and_what_helps() {
        let text: String = LOGIN.iter().map(|name| format!("{name}: x\n")).collect();
        let warnings = import(&text).warnings;
        assert_eq!(warnings.iter().map(|warning| warning.line).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
        for (warning, name) in warnings.iter().zip(LOGIN) {
            assert!(warning.message.contains(name) && warning.message.contains("Cookie"), "{warning:?}");
        }
    }

    #[test]
    fn tests_are_kept_apart() {
        assert_eq!(import("test_url: https://site.example/a").tests, ["https://site.example/a"]);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics_and_what_comes_out_is_toml(text in "([a-z_]{0,12}(\\([a-z]*\\))?: ?[^\n]{0,20}\n){0,6}", any in "\\PC{0,80}") {
            for text in [text, any] {
                let rules = import(&text).rules;
                proptest::prop_assert!(RuleList::parse("imported", &format!("[{rules}]")).is_ok(), "{rules}");
            }
        }
    }
}
