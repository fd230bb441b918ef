//! `refeed schema` describes what the reader reads: every configuration, rule set and documented example in the tree is valid by it, and
//! what an editor should mark is not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::sync::LazyLock;

use refeed::config::RuleList;
use refeed::rules::sets::Sets;
use refeed::rules::{BuildContext, Chain, Kind, docs, schema};
use serde_json::{Value, json};

/// The parts of JSON Schema that ours uses; anything else in it fails the test.
fn validate(value: &Value, schema: &Value, root: &Value, at: &str) -> Result<(), String> {
    for (key, rule) in schema.as_object().expect("a schema is an object") {
        let wrong = |what: String| Err(format!("{at}: {what}"));
        match key.as_str() {
            "$schema" | "title" | "description" | "examples" | "$defs" => {}
            "$ref" => {
                let target = root.pointer(rule.as_str().unwrap().trim_start_matches('#')).expect("a definition");
                validate(value, target, root, at)?;
            }
            "type" => {
                let is = match rule.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "number" => value.is_number(),
                    other => panic!("unknown type {other}"),
                };
                if !is {
                    return wrong(format!("{value} is no {rule}"));
                }
            }
            "const" if value != rule => return wrong(format!("{value} is not {rule}")),
            "enum" if !rule.as_array().unwrap().contains(value) => return wrong(format!("{value} is not of {rule}")),
            "const" | "enum" => {}
            "minimum" if value.as_f64().is_some_and(|value| value < rule.as_f64().unwrap()) => {
                return wrong("too small".into());
            }
            "minItems" if value.as_array().is_some_and(Vec::is_empty) => return wrong("empty".into()),
            "minimum" | "minItems" => {}
            "pattern" => {
                let pattern = regex::Regex::new(rule.as_str().unwrap()).unwrap();
                if value.as_str().is_some_and(|text| !pattern.is_match(text)) {
                    return wrong(format!("{value} is not as {rule}"));
                }
            }
            "minProperties" | "maxProperties" => {
                let count = value.as_object().map_or(1, serde_json::Map::len) as u64;
                if (key == "minProperties" && count < rule.as_u64().unwrap())
                    || (key == "maxProperties" && count > rule.as_u64().unwrap())
                {
                    return wrong(format!("{count} keys"));
                }
            }
            "required" => {
                for name in rule.as_array().unwrap() {
                    if value.is_object() && value.get(name.as_str().unwrap()).is_none() {
                        return wrong(format!("{name} is missing"));
                    }
                }
            }
            "items" => {
                for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                    validate(item, rule, root, &format!("{at}[{number}]"))?;
                }
            }
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    value.get(name).map_or(Ok(()), |value| validate(value, rule, root, &format!("{at}.{name}")))?;
                }
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                for (name, value) in value.as_object().into_iter().flatten() {
                    if known.is_some_and(|known| known.contains_key(name)) {
                        continue;
                    }
                    match rule {
                        Value::Bool(false) => return wrong(format!("unknown key {name}")),
                        rule => validate(value, rule, root, &format!("{at}.{name}"))?,
                    }
                }
            }
            "anyOf" => {
                let tried: Vec<_> =
                    rule.as_array().unwrap().iter().map(|rule| validate(value, rule, root, at)).collect();
                if tried.iter().all(Result::is_err) {
                    return wrong(format!(
                        "fits none: {}",
                        tried.into_iter().filter_map(Result::err).collect::<Vec<_>>().join("; ")
                    ));
                }
            }
            other => panic!("the test knows no {other}"),
        }
    }
    Ok(())
}

fn toml(text: &str) -> Value {
    toml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::document);

fn is_valid(text: &str) -> Result<(), String> {
    validate(&toml(text), &SCHEMA, &SCHEMA, "")
}

fn with_rules(text: &str) -> Result<(), String> {
    let rules = &toml(text)["rules"];
    validate(&json!({ "sets": { "x": { "rules": rules } } }), &SCHEMA, &SCHEMA, "")
}

/// The rules of the golden cases, by their file.
fn golden() -> Vec<(String, String)> {
    let cases = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden")).unwrap();
    let paths = cases.map(|case| case.unwrap().path().join("rules.toml"));
    paths.map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap())).collect()
}

/// What `check` says of a list of rules.
fn problems(rules: &Value) -> Vec<String> {
    let text = toml::Value::try_from(rules).unwrap().to_string();
    let list = RuleList::parse("rules", &text).unwrap_or_else(|problems| panic!("{problems}"));
    let problems = Chain::build(&list, &BuildContext::default()).err();
    problems.iter().flat_map(|problems| problems.iter().map(|problem| problem.message.clone())).collect()
}

#[test]
fn a_missing_key_is_refused_by_the_schema_as_by_check() {
    let examples = Kind::ALL.iter().flat_map(|kind| docs::examples(&kind.docs()));
    let mut required = std::collections::BTreeSet::new();
    for text in golden().into_iter().map(|(_, text)| text).chain(examples) {
        let rules = toml(&text)["rules"].clone();
        let rules = rules.as_array().into_iter().flatten().filter_map(Value::as_object).flatten();
        for (rule, settings) in rules.filter_map(|(rule, settings)| Some((rule, settings.as_object()?))) {
            for key in settings.keys() {
                let mut without = settings.clone();
                without.remove(key);
                let without = json!([{ rule: without }]);
                let is_missed = problems(&without).contains(&format!("missing key `{key}`"));
                let listed = SCHEMA.pointer(&format!("/$defs/rule/anyOf/1/properties/{rule}/anyOf/0/required"));
                let is_listed =
                    listed.and_then(Value::as_array).is_some_and(|keys| keys.iter().any(|listed| listed == key));
                assert_eq!(is_missed, is_listed, "{rule}: {key}");
                if is_missed {
                    let whole = json!({ "sets": { "x": { "rules": without } } });
                    assert!(validate(&whole, &SCHEMA, &SCHEMA, "").is_err(), "{rule} without {key}");
                    required.insert(format!("{rule} {key}"));
                }
            }
        }
    }
    assert!(required.len() > 5, "{required:?}");
}

#[test]
fn a_rule_without_settings_is_valid_where_it_works() {
    for kind in Kind::ALL {
        let works = problems(&json!([{ kind.name(): true }])).is_empty();
        assert_eq!(with_rules(&format!("rules = [{{ {} = true }}]", kind.name())).is_ok(), works, "{}", kind.name());
    }
}

#[test]
fn every_configuration_and_example_of_the_tree_is_valid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["refeed.example.toml", "src/cli/demo.toml"] {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        is_valid(&text).unwrap_or_else(|why| panic!("{file}: {why}"));
    }
    for set in Sets::embedded().iter() {
        with_rules(set.text).unwrap_or_else(|why| panic!("{}: {why}", set.name));
    }
    for kind in Kind::ALL {
        for example in docs::examples(&kind.docs()) {
            with_rules(&example).unwrap_or_else(|why| panic!("{}: {why}\n{example}", kind.name()));
        }
    }
    for (path, text) in golden() {
        with_rules(&text).unwrap_or_else(|why| panic!("{path}: {why}"));
    }
}

#[test]
fn what_an_editor_should_mark_is_not_valid() {
    for wrong in [
        "[sever]",
        "[server]\nlisten = 5",
        "[server]\nlsiten = 'x'",
        "[server]\nopen = 'all'",
        "[fetch]\nmax_redirects = -1",
        "[feeds.a]\nrules = []",
        "[feeds.a]\nurl = 'x'\nrelative = 'maybe'",
        "[feeds.a]\nurl = 'x'\nrules = [5]",
        "[feeds.a]\nurl = 'x'\nrules = [{ limmit = 5 }]",
        "[feeds.a]\nurl = 'x'\nrules = [{ limit = 5, sort = 'newest' }]",
        "[feeds.a]\nurl = 'x'\nrules = [{ limit = { cuont = 5 } }]",
        "[feeds.a]\nurl = 'x'\nrules = [{ sort = 'loudest' }]",
        "[feeds.a]\nurl = 'x'\nrules = [{ keep = { title = 5 } }]",
        "[sets.a]\nrule = []",
    ] {
        assert!(is_valid(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn keys_and_rules_say_what_they_do() {
    let text = |pointer: &str| SCHEMA.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    assert!(text("/properties/server/properties/listen/description").contains("Where to listen"));
    assert!(text("/$defs/rule/anyOf/1/properties/limit/description").contains("first items"));
}
