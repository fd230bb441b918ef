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

/// The settings of a rule: its table, its short form, or `true` where it needs no settings.
fn rule(kind: Kind) -> Value {
    let mut table = kind.shape();
    let short = kind.short().and_then(|key| table.get("properties")?.get(key).cloned());
    if let Some(properties) = table.get_mut("properties").and_then(Value::as_object_mut) {
        let when =
            json!({ "type": "string", "description": "An expression: the rule sees only the items that meet it" });
        properties.insert("when".into(), when);
    }
    let plain = kind.is_whole().then(|| json!({ "const": true }));
    let mut forms: Vec<_> = [table].into_iter().chain(short).chain(plain).collect();
    forms.iter_mut().for_each(parameters);
    json!({ "description": one_line(summary(&kind.docs())), "anyOf": forms })
}

/// Lets the parameter of a rule set (`"$NAME"`) stand for every value that is no text.
fn parameters(schema: &mut Value) {
    match schema {
        Value::Array(parts) => parts.iter_mut().for_each(parameters),
        Value::Object(parts) => {
            parts.values_mut().filter(|part| part.is_object() || part.is_array()).for_each(parameters);
            let kind = parts.get("type").and_then(Value::as_str);
            if parts.contains_key("enum") || matches!(kind, Some("integer" | "number" | "boolean" | "array")) {
                let own = std::mem::take(parts);
                parts.insert("anyOf".into(), json!([own, { "$ref": "#/$defs/parameter" }]));
            }
        }
        _ => {}
    }
}
