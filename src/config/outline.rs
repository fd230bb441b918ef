//! The JSON Schema of a whole configuration, for editors: every table and key, with what its documentation says.
//!
//! The shape comes from the reader itself (`shape`), the words from the comments in `schema.rs`. What a rule is, `rules` knows.

use serde_json::{Map, Value, json};

use super::load::Plain;
use super::schema::{Cache, Fetch, Server};
use super::shape::schema;
use super::shown::{Shown, TemplateFiles};
use super::sources;

/// The schema of a configuration whose rules are as `rule` says.
pub fn document(rule: Value) -> Value {
    let rules = json!({ "$ref": "#/$defs/rules" });
    let around = json!({ "before": rules, "after": rules });
    let set = json!({ "rules": rules, "params": { "type": "object" } });
    let site = json!({ "rules": rules });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "refeed.toml",
        "description": "The configuration of refeed, a feed transformation proxy",
        "type": "object",
        "properties": {
            "server": section(schema::<Server>(), "Server"),
            "fetch": section(schema::<Fetch>(), "Fetch"),
            "cache": section(schema::<Cache>(), "Cache"),
            "templates": schema::<TemplateFiles>(),
            "feeds": by_name(feed(), "Feeds, each served at /feed/NAME"),
            "rules": table(around, &[], "What comes before and after the rules of every configured feed"),
            "sets": by_name(table(set, &["rules"], "A rule set"), "Rule sets, used by name; `params` are their parameters with defaults"),
            "sites": by_name(
                table(site, &["rules"], "A host and all below it"),
                "Rules of feeds that are asked for through refeed as an HTTP proxy, by host"
            ),
        },
        "additionalProperties": false,
        "$defs": {
            "rules": {
                "description": "Rules in the order in which they are applied: tables of one rule each, and names of rule sets",
                "type": "array",
                "items": { "$ref": "#/$defs/rule" },
            },
            "rule": rule,
            "parameter": {
                "description": "A parameter of the rule set",
                "type": "string",
                "pattern": "^\\$[\\w-]+$",
            },
        },
    })
}

/// A feed of an upstream, or of other feeds.
fn feed() -> Value {
    let mut properties = Map::new();
    for part in [schema::<sources::Plain>(), schema::<Plain>(), schema::<Shown>()] {
        if let Value::Object(mut part) = part
            && let Some(Value::Object(part)) = part.remove("properties")
        {
            properties.extend(part);
        }
    }
    let mut source = schema::<sources::Table>();
    source["properties"]["rules"] = json!({ "$ref": "#/$defs/rules" });
    properties.insert("rules".into(), json!({ "$ref": "#/$defs/rules" }));
    properties.insert(
        "sources".into(),
        json!({ "type": "array", "items": { "anyOf": [{ "type": "string" }, source] }, "minItems": 1 }),
    );
    let mut feed = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "anyOf": [{ "required": ["url"] }, { "required": ["sources"] }],
    });
    describe(&mut feed, "Feed");
    feed
}

fn section(mut schema: Value, of: &str) -> Value {
    describe(&mut schema, of);
    schema
}

fn by_name(of: Value, description: &str) -> Value {
    json!({ "type": "object", "additionalProperties": of, "description": description })
}

fn table(properties: Value, required: &[&str], description: &str) -> Value {
    json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "required": required,
        "description": description,
    })
}

/// Puts the documentation of the struct `of` and of its fields where they are described.
fn describe(schema: &mut Value, of: &str) {
    const SOURCE: &str = include_str!("schema.rs");
    let mut comment: Vec<&str> = Vec::new();
    let mut is_inside = false;
    for line in SOURCE.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            comment.push(text.trim());
            continue;
        }
        let name = line.strip_prefix("pub ").and_then(|line| line.split([':', ' ']).next()).unwrap_or_default();
        if line.starts_with(&format!("pub struct {of} ")) {
            is_inside = true;
            schema["description"] = comment.join(" ").into();
        } else if is_inside && line == "}" {
            return;
        } else if is_inside && let Some(property) = schema["properties"].get_mut(name) {
            property["description"] = comment.join(" ").into();
        }
        if !line.starts_with("#[") {
            comment.clear();
        }
    }
}
