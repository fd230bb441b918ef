//! The JSON Schema of a configuration with all of its rules: what `refeed schema` prints for editors.

use serde_json::{Map, Value, json};

use super::Kind;
use super::docs::{one_line, summary};
use super::sets::Sets;
use crate::config::outline;

/// The whole schema.
pub fn document() -> Value {
    let properties: Map<_, _> = Kind::ALL.iter().map(|kind| (kind.name().to_owned(), rule(*kind))).collect();
    let sets: Vec<_> = Sets::embedded().names().map(str::to_owned).collect();
    outline::document(json!({
        "anyOf": [
            { "type": "string", "description": "The name of a rule set", "examples": sets },
            {
                "type": "object",
                "properties": properties,
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": {
                    "description": "A rule set, with its parameters",
                    "anyOf": [{ "const": true }, { "type": "object" }],
                },
            },
        ],
    }))
}

/// The settings of a rule: its table, its short form, or `true`.
fn rule(kind: Kind) -> Value {
    let mut table = kind.shape();
    let short = kind.short().map(|key| table["properties"][key].clone());
    if let Some(properties) = table["properties"].as_object_mut() {
        let when =
            json!({ "type": "string", "description": "An expression: the rule sees only the items that meet it" });
        properties.insert("when".into(), when);
    }
    let forms: Vec<_> = [table].into_iter().chain(short).chain([json!({ "const": true })]).collect();
    json!({ "description": one_line(summary(&kind.docs())), "anyOf": forms })
}
