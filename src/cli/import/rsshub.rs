//! An address of RSSHub with parameters: those that refeed obeys become rules, the rest (the route's own, `key`, `code`) stays in the address.

use percent_encoding::percent_decode_str;

use super::draft::Draft;
use crate::base::url::Url;
use crate::rules::parameters::{NAMES, Parameters};
use crate::rules::sets::Sets;

/// A draft of `url`.
pub(super) fn read(url: &str) -> Result<Draft, String> {
    let parsed = Url::parse(url).map_err(|error| format!("`{url}` is not a URL: {error}"))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(format!("`{url}` is no address of the web"));
    }
    let mut parameters = Parameters::default();
    let mut draft = Draft::default();
    let mut route = parsed.clone();
    route.set_query(None);
    let mut kept = route.query_pairs_mut();
    for (name, value) in parsed.query_pairs() {
        match &*name {
            "format" => draft.note(None, "`format` is not translated: ask refeed for /feed/NAME.atom, .rss or .json"),
            name if NAMES.contains(&name) && name != "use" => parameters.push(name, &value),
            name => drop(kept.append_pair(name, &value)),
        }
    }
    drop(kept);
    if route.query() == Some("") {
        route.set_query(None);
    }
    let list = parameters.list(&Sets::embedded()).map_err(|wrong| wrong.to_string())?;
    let mut table = draft.feed(&percent_decode_str(parsed.path()).decode_utf8_lossy(), route.as_str(), None);
    for rule in &list.items {
        draft.rule(&mut table, None, rule.to_string());
    }
    draft.push(table);
    Ok(draft)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_become_rules_and_the_rest_stays() {
        let url = "https://rsshub.app/qdaily/column/59?filter_title=%E5%8F%B0%E7%81%A3%7CAI&limit=5&code=abc&x=1&opencc=t2s&format=atom";
        let draft = read(url).unwrap();
        let expected = "[feeds.qdaily-column-59]
url = \"https://rsshub.app/qdaily/column/59?code=abc&x=1\"
rules = [
  { sort = \"newest\" },
  { keep = { title = \"台灣|AI\", exact = true, markup = true } },
  { limit = 5 },
  { opencc = \"t2s\" },
]
";
        assert_eq!(draft.to_string(), expected);
        assert_eq!(draft.notes().len(), 1);
        assert_eq!(
            read("https://rsshub.app/a/b").unwrap().to_string(),
            "[feeds.a-b]\nurl = \"https://rsshub.app/a/b\"\n"
        );
        let named = read("https://rsshub.app/台灣/日報").unwrap().to_string();
        assert!(named.starts_with("[feeds.\"台灣-日報\"]\nurl = \"https://rsshub.app/%E5%8F%B0%E7%81%A3/"), "{named}");
        assert!(read("nonsense").is_err() && read("https://rsshub.app/?limit=no").is_err());
    }
}
