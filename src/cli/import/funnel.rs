//! rss-funnel: the endpoints of its YAML, each as a feed with its filters as rules, in their order.
//!
//! Its words are found in either case unless `case_sensitive` is set, and never across scripts; so are their translations.

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};

use super::draft::{Draft, Table, any, field, strings};
use crate::config::value::quoted;

/// A draft of `text`.
pub(super) fn read(text: &str) -> Result<Draft, String> {
    let documents = MarkedYaml::load_from_str(text).map_err(|error| format!("not YAML: {error}"))?;
    let root = documents.first().map(Node::of).ok_or("an empty file")?;
    let endpoints = root.get("endpoints").map(|node| node.list()).unwrap_or_else(|| root.list());
    if endpoints.is_empty() {
        return Err("no `endpoints` in it".to_owned());
    }
    let mut draft = Draft::default();
    for (name, node) in root.entries() {
        if name != "endpoints" {
            draft.note(Some(node.line), format!("`{name}` is not translated: it is of the server, not of a feed"));
        }
    }
    for endpoint in endpoints {
        read_endpoint(&endpoint, &mut draft);
    }
    Ok(draft)
}

/// A value and its line.
struct Node<'a> {
    line: usize,
    yaml: &'a MarkedYaml<'a>,
}

impl<'a> Node<'a> {
    fn of(yaml: &'a MarkedYaml<'a>) -> Node<'a> {
        let node = Node { line: yaml.span.start.line(), yaml };
        match &yaml.data {
            YamlData::Tagged(_, inner) => Node { yaml: inner, ..node }, // `!endpoint`
            _ => node,
        }
    }

    fn entries(&self) -> Vec<(String, Node<'a>)> {
        let YamlData::Mapping(entries) = &self.yaml.data else { return Vec::new() };
        entries.iter().filter_map(|(key, value)| Some((Node::of(key).text()?, Node::of(value)))).collect()
    }

    fn get(&self, name: &str) -> Option<Node<'a>> {
        self.entries().into_iter().find(|(key, _)| key == name).map(|(_, node)| node)
    }

    /// The elements; one by itself is a list of one.
    fn list(&self) -> Vec<Node<'a>> {
        match &self.yaml.data {
            YamlData::Sequence(items) => items.iter().map(Node::of).collect(),
            YamlData::Value(Scalar::Null) => Vec::new(),
            _ => vec![Node::of(self.yaml)],
        }
    }

    fn text(&self) -> Option<String> {
        match &self.yaml.data {
            YamlData::Value(Scalar::String(text)) => Some(text.to_string()),
            YamlData::Value(Scalar::Integer(number)) => Some(number.to_string()),
            YamlData::Value(Scalar::Boolean(value)) => Some(value.to_string()),
            _ => None,
        }
    }

    fn texts(&self) -> Vec<String> {
        self.list().iter().filter_map(Node::text).collect()
    }

    fn is_true(&self, name: &str) -> bool {
        self.get(name).and_then(|node| node.text()).as_deref() == Some("true")
    }

    /// What has a key that is not among `known`.
    fn strangers(&self, known: &[&str]) -> Vec<(String, Node<'a>)> {
        self.entries().into_iter().filter(|(key, _)| !known.contains(&key.as_str())).collect()
    }
}

fn read_endpoint(endpoint: &Node<'_>, draft: &mut Draft) {
    let line = Some(endpoint.line);
    let path = endpoint.get("path").and_then(|node| node.text()).unwrap_or_default();
    let title = path.trim_matches('/').trim_end_matches(".xml").to_owned();
    let Some(source) = endpoint.get("source").and_then(|node| node.text()) else {
        return draft.note(line, format!("the endpoint `{path}` is not translated: it has no URL as its source"));
    };
    if source.contains("${") {
        return draft
            .note(line, format!("the endpoint `{path}` is not translated: each request names a part of its source"));
    }
    if source.starts_with('/') {
        return draft.note(line, format!("the endpoint `{path}` is not translated: its source is another endpoint"));
    }
    let mut table = draft.feed(&title, &source, line);
    for filter in endpoint.get("filters").map(|node| node.list()).unwrap_or_default() {
        let steps = filter.entries();
        if steps.is_empty() {
            let what = filter.text().unwrap_or_else(|| "a filter".to_owned());
            draft.omit(&mut table, Some(filter.line), &what, "its form is unknown");
        }
        for (name, value) in steps {
            translate(&name, &value, draft, &mut table);
        }
    }
    for (name, node) in endpoint.strangers(&["path", "source", "filters", "note"]) {
        draft.omit(&mut table, Some(node.line), &name, "refeed has no such setting for a feed");
    }
    draft.push(table);
}

fn translate(name: &str, value: &Node<'_>, draft: &mut Draft, table: &mut Table) {
    let line = Some(value.line);
    let mut rules = Vec::new();
    let omitted = match name {
        "limit" => match value.text() {
            Some(count) if count.parse::<u64>().is_ok() => {
                rules.push(format!("{{ limit = {count} }}"));
                None
            }
            Some(age) => {
                rules.push("{ dates = { undated = \"drop\" } }".to_owned());
                rules.push(format!("{{ keep = {{ newer_than = {} }} }}", quoted(&age)));
                None
            }
            None => Some("its form is unknown"),
        },
        "keep_only" => select("keep", value, &mut rules),
        "discard" => select("drop", value, &mut rules),
        "remove_element" => {
            rules.push(format!("{{ remove = {} }}", strings(&value.texts())));
            None
        }
        "keep_element" => {
            rules.push(format!("{{ select = {} }}", strings(&value.texts())));
            None
        }
        "full_text" => full_text(value, &mut rules),
        "sanitize" => sanitize(value, &mut rules),
        "highlight" => highlight(value, &mut rules),
        "image_proxy" => image_proxy(value, &mut rules),
        "inject_css" => Some("a reader that obeys a style in a feed is rare; `style` sets styles inline"),
        "note" => return,
        "convert_to" => Some("ask refeed for /feed/NAME.atom, .rss or .json"),
        "merge" => Some("write a merged feed: `[feeds.NAME] sources = […]`"),
        "js" | "modify_post" | "modify_feed" => {
            Some("scripts are not translated; see the rule `script`, or `set` and `when`")
        }
        "split" => Some("see the rule `split`, with `each` the element that holds title, link and content"),
        "json_to_feed" => Some("see the rule `json`, and make the source its URL"),
        "simplify_html" => {
            rules.push("{ full_text = { from = \"item\" } }".to_owned());
            None
        }
        _ => Some("refeed has no rule like it"),
    };
    if let Some(why) = omitted {
        draft.omit(table, line, name, why);
    }
    for rule in rules {
        draft.rule(table, line, rule);
    }
    // a filter that is left out as a whole is said to be
    if omitted.is_none() {
        for (key, line, why) in dropped(name, value) {
            draft.omit(table, Some(line), &format!("{key} of {name}"), why);
        }
    }
}

/// The settings of a filter that its translation leaves out: their names, lines, and why.
fn dropped(filter: &str, value: &Node<'_>) -> Vec<(String, usize, &'static str)> {
    const UNKNOWN: &str = "it is unknown";
    let known: &[&str] = match filter {
        "full_text" => &["simplify", "append_mode", "keep_element", "keep_guid"],
        "highlight" => &["keywords", "patterns", "bg_color"],
        "image_proxy" => &["external", "domains"],
        _ => return Vec::new(),
    };
    let why = |key: &str, node: &Node<'_>| match key {
        "parallelism" => Some("`pages_per_host` of `[fetch]` says how many at once, for all feeds"),
        "client" => Some("`[fetch]` has settings for all feeds, and `full_text` has `headers`"),
        "case_sensitive" if node.text().as_deref() == Some("false") => None,
        "case_sensitive" => Some("`highlight` takes upper and lower case as one"),
        _ => Some(UNKNOWN),
    };
    let mut said: Vec<_> = value
        .strangers(known)
        .into_iter()
        .filter_map(|(key, node)| {
            let why = why(&key, &node)?;
            Some((key, node.line, why))
        })
        .collect();
    if filter == "full_text" && !value.is_true("keep_guid") {
        let line = value.get("keep_guid").map_or(value.line, |node| node.line);
        let why = "refeed changes no ids, so a reader that knew the items by ids in `-full` shows them once more";
        said.push(("keep_guid".to_owned(), line, why));
    }
    if let Some(external) = value.get("external").filter(|_| filter == "image_proxy") {
        said.extend(
            external.strangers(&["base", "urlencode"]).into_iter().map(|(key, node)| (key, node.line, UNKNOWN)),
        );
    }
    said
}

/// `full_text`: what the body of the page holds, by readability if `simplify` says so, and of that `keep_element`.
fn full_text(value: &Node<'_>, rules: &mut Vec<String>) -> Option<&'static str> {
    let kept = value.get("keep_element").map(|css| strings(&css.texts()));
    let mode = if value.is_true("append_mode") { ", mode = \"append\"" } else { "" };
    match (value.is_true("simplify"), kept) {
        (true, Some(_)) if !mode.is_empty() => {
            return Some("refeed does not select in a text found by readability that is added to another");
        }
        (true, kept) => {
            rules.push(format!("{{ full_text = {{ sites = false{mode} }} }}"));
            rules.extend(kept.map(|css| format!("{{ select = {css} }}")));
        }
        // however little the element holds, it was asked for
        (false, Some(css)) => rules.push(format!("{{ full_text = {{ content = {css}, min = 0{mode} }} }}")),
        (false, None) => rules.push(format!("{{ full_text = {{ content = \"body\"{mode} }} }}")),
    }
    None
}

/// `keep_only`, `discard`: a word, words, or a table.
fn select(rule: &str, value: &Node<'_>, rules: &mut Vec<String>) -> Option<&'static str> {
    let is_table = matches!(value.yaml.data, YamlData::Mapping(_));
    let of = |name: &str| value.get(name).map(|node| node.texts()).unwrap_or_default();
    let (contains, matches) = if is_table { (of("contains"), of("matches")) } else { (value.texts(), Vec::new()) };
    if is_table && !value.strangers(&["contains", "matches", "field", "case_sensitive"]).is_empty() {
        return Some("it has settings that are unknown");
    }
    let fold = if value.is_true("case_sensitive") { "" } else { "(?i)" };
    let patterns = matches.into_iter().chain(contains.iter().map(|word| regex::escape(word)));
    let patterns: Vec<_> = patterns.map(|pattern| format!("{fold}{pattern}")).collect();
    if patterns.is_empty() {
        return Some("it looks for nothing");
    }
    let key = match value.get("field").and_then(|node| node.text()).as_deref() {
        Some("title") => "title",
        Some("body" | "content") => "content",
        Some("author") => "author",
        Some("category" | "categories") => "category",
        None | Some("any") => "",
        Some(_) => return Some("its field is unknown"),
    };
    // nothing said: title or body, and not what our `any` looks into beside them
    let fields = if key.is_empty() { &["title", "content"][..] } else { &[key] };
    let tables: Vec<_> = fields.iter().flat_map(|key| field(key, &patterns)).collect();
    rules.extend(any(rule, &tables));
    None
}

/// A list of `remove`, `remove_regex`, `replace`, `replace_regex`.
fn sanitize(value: &Node<'_>, rules: &mut Vec<String>) -> Option<&'static str> {
    let mut unknown = None;
    for op in value.list() {
        let fold = if op.get("case_sensitive").is_some() && !op.is_true("case_sensitive") { "(?i)" } else { "" };
        for (name, what) in op.entries() {
            let part = |key: &str| what.get(key).and_then(|node| node.text()).unwrap_or_default();
            let (pattern, with) = match name.as_str() {
                "remove" => (regex::escape(&what.text().unwrap_or_default()), String::new()),
                "remove_regex" => (what.text().unwrap_or_default(), String::new()),
                "replace" => (regex::escape(&part("from")), part("to").replace('$', "$$")),
                "replace_regex" => (part("from"), part("to")),
                "case_sensitive" => continue,
                _ => {
                    unknown = Some("one of its steps is unknown");
                    continue;
                }
            };
            let pattern = quoted(&format!("{fold}{pattern}"));
            rules.push(format!("{{ replace = {{ pattern = {pattern}, with = {}, in = \"html\" }} }}", quoted(&with)));
        }
    }
    unknown
}

fn highlight(value: &Node<'_>, rules: &mut Vec<String>) -> Option<&'static str> {
    let of = |name: &str| value.get(name).map(|node| node.texts()).unwrap_or_default();
    let words = of("keywords").iter().map(|word| regex::escape(word)).chain(of("patterns")).collect::<Vec<_>>();
    let colour = value.get("bg_color").and_then(|node| node.text());
    let style = colour.map(|colour| format!(", style = {}", quoted(&format!("background-color: {colour}"))));
    rules.push(format!("{{ highlight = {{ words = {}{} }} }}", strings(&words), style.unwrap_or_default()));
    None
}

fn image_proxy(value: &Node<'_>, rules: &mut Vec<String>) -> Option<&'static str> {
    let Some(external) = value.get("external") else {
        return Some("its own relay is another; see the rule `images`");
    };
    if value.get("selector").is_some() {
        return Some("refeed's `images` has no selector");
    }
    let base = external.get("base").and_then(|node| node.text()).unwrap_or_default();
    let encodes =
        external.get("urlencode").and_then(|node| node.text()).map_or(base.ends_with('='), |flag| flag == "true");
    let template = quoted(&format!("{base}{}", if encodes { "${href_ue}" } else { "${href}" }));
    let domains = value.get("domains").map(|node| node.texts()).unwrap_or_default();
    rules.push(match domains.is_empty() {
        true => format!("{{ images = {template} }}"),
        false => {
            let routes: Vec<_> = domains.iter().map(|domain| format!("{} = {template}", quoted(domain))).collect();
            format!("{{ images = {{ via = \"direct\", routes = {{ {} }} }} }}", routes.join(", "))
        }
    });
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_become_feeds_and_filters_rules() {
        let text = r##"
auth:
  username: me
endpoints:
  - path: /tech.xml
    note: what I read
    source: https://a.example/feed
    client:
      user_agent: x
    filters:
      - keep_only:
          field: title
          matches: ['\bAI\b', 云]
          case_sensitive: true
      - discard: a.b
      - remove_element: [".ad", "#promo"]
      - keep_element: article
      - full_text:
          append_mode: true
      - sanitize:
          - remove: "$5"
          - replace_regex: {from: 'a(b)', to: '$1'}
      - js: "function main() {}"
      - image_proxy:
          domains: ["*.example.com"]
          external: {base: "https://p.example/?url="}
      - limit: 10
      - limit: 7d
  - path: /second
    source: /tech.xml
"##;
        let draft = read(text).unwrap();
        let printed = draft.to_string();
        for expected in [
            "[feeds.tech]\nurl = \"https://a.example/feed\"\nrules = [\n",
            "  { keep = { title = ['\\bAI\\b', \"云\"], exact = true } },\n",
            "  { drop = { any_of = [\n    { title = '(?i)a\\.b', exact = true },\n    { content = '(?i)a\\.b', exact = true, markup = true },\n  ] } },\n",
            "  { remove = [\".ad\", \"#promo\"] },\n  { select = \"article\" },\n  { full_text = { content = \"body\", mode = \"append\" } },\n",
            "  { images = { via = \"direct\", routes = { \"*.example.com\" = \"https://p.example/?url=${href_ue}\" } } },\n",
            "  { limit = 10 },\n  { dates = { undated = \"drop\" } },\n  { keep = { newer_than = \"7d\" } },\n",
            "  # not translated: js (scripts",
            "  # not translated: client (refeed",
        ] {
            assert!(printed.contains(expected), "{expected}\n{printed}");
        }
        let notes = draft.notes().join("\n");
        for expected in ["line 3: `auth` is not", "line 23: `js` is not", "line 29: the endpoint `/second`"] {
            assert!(notes.contains(expected), "{expected}\n{notes}");
        }
        assert!(
            read("a: [").is_err() && read("").is_err() && read("x: 1").is_ok_and(|draft| draft.to_string().is_empty())
        );
    }

    /// The rules and the notes of filters.
    fn of(filters: &str) -> (String, String) {
        let yaml = format!("endpoints:\n- path: /a\n  source: https://a.example/\n  filters:\n{filters}");
        let draft = read(&yaml).unwrap();
        let printed = draft.to_string();
        let (_, rules) = printed.split_once("rules = [\n").unwrap();
        (rules.replace("\n]\n", ""), draft.notes().join("\n"))
    }

    #[test]
    fn a_full_text_is_the_whole_body_unless_it_is_simplified_or_an_element_is_kept() {
        for (settings, rules) in [
            ("{keep_guid: true}", "  { full_text = { content = \"body\" } },"),
            ("{keep_guid: true, append_mode: true}", "  { full_text = { content = \"body\", mode = \"append\" } },"),
            ("{keep_guid: true, simplify: true}", "  { full_text = { sites = false } },"),
            ("{keep_guid: true, keep_element: '#a'}", "  { full_text = { content = \"#a\", min = 0 } },"),
            (
                "{keep_guid: true, simplify: true, keep_element: p}",
                "  { full_text = { sites = false } },\n  { select = \"p\" },",
            ),
        ] {
            assert_eq!(of(&format!("  - full_text: {settings}")), (rules.to_owned(), String::new()), "{settings}");
        }
        let (rules, notes) = of("  - full_text: {simplify: true, keep_element: p, append_mode: true}");
        assert!(rules.starts_with("  # not translated: full_text (") && notes.lines().count() == 1, "{rules}\n{notes}");
    }

    #[test]
    fn settings_that_are_left_out_are_said() {
        for (filter, said) in [
            (
                "  - full_text: {parallelism: 3, client: {user_agent: x}, keep_guid: true}",
                &["parallelism of full_text", "client of full_text"][..],
            ),
            ("  - full_text: {}", &["keep_guid of full_text"]),
            (
                "  - highlight: {keywords: [a], case_sensitive: true, other: 1}",
                &["case_sensitive of highlight", "other of highlight"],
            ),
            ("  - highlight: {keywords: [a], case_sensitive: false}", &[]),
            (
                "  - image_proxy: {external: {base: 'https://p.example/', other: 1}, more: 2}",
                &["more of image_proxy", "other of image_proxy"],
            ),
            ("  - simplify_html", &["simplify_html"]),
        ] {
            let (rules, notes) = of(filter);
            assert_eq!(notes.lines().count(), said.len(), "{filter}: {notes}");
            for what in said {
                assert!(notes.contains(&format!("`{what}` is not")), "{filter}: {notes}");
                assert!(rules.contains(&format!("# not translated: {what} (")), "{filter}: {rules}");
            }
        }
    }
}
