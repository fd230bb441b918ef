//! A feed as JSON for a script, and what the script changed put back.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use crate::feed::{Enclosure, Feed, Field, Place, Slot, dates};

/// What a script gave back.
#[derive(Debug)]
pub(super) struct Answer {
    /// The feed.
    pub json: String,
    /// Lines of `console.log`.
    pub logged: Vec<String>,
}

impl Answer {
    #[cfg_attr(not(feature = "script"), allow(dead_code))]
    pub fn read(json: &str) -> Result<Answer, String> {
        let mut whole: Value = serde_json::from_str(json).map_err(|error| format!("its answer is no JSON: {error}"))?;
        let logged =
            whole["logged"].as_array().map(|lines| lines.iter().filter_map(Value::as_str).map(str::to_owned).collect());
        Ok(Answer { json: whole["feed"].take().to_string(), logged: logged.unwrap_or_default() })
    }
}

/// Fields that are one text, as the script calls them.
const TEXTS: [(&str, Field); 5] = [
    ("title", Field::Title),
    ("link", Field::Link),
    ("content", Field::Content),
    ("summary", Field::Summary),
    ("author", Field::Author),
];
const DATES: [(&str, Field); 2] = [("published", Field::Published), ("updated", Field::Updated)];

/// The feed as the script sees it.
pub(super) fn give(feed: &Feed) -> Value {
    let items: Vec<Value> =
        feed.items().into_iter().enumerate().map(|(index, place)| item(feed, place, index)).collect();
    let mut head = place_of(feed, Place::Head);
    head.insert("items".to_owned(), Value::Array(items));
    Value::Object(head)
}

fn place_of(feed: &Feed, place: Place) -> Map<String, Value> {
    let mut out = Map::new();
    for (name, field) in TEXTS {
        let slot = feed.slots(place).find(|slot| slot.field == field);
        let value = match field {
            Field::Content | Field::Summary => slot.map(|slot| feed.value(&slot).into_owned()),
            Field::Link => feed.link(place),
            _ => slot.map(|slot| feed.plain(&slot).into_owned()),
        };
        out.insert(name.to_owned(), value.map_or(Value::Null, Value::String));
    }
    out
}

fn item(feed: &Feed, place: Place, index: usize) -> Value {
    let mut out = place_of(feed, place);
    let time = |field| {
        let slots = feed.slots(place).filter(|slot| slot.field == field);
        let found = slots.filter_map(|slot| dates::parse(&feed.value(&slot))).next();
        found.map_or(Value::Null, |time| Value::String(dates::rfc3339(time)))
    };
    let first = |field| feed.first(place, field).map_or(Value::Null, |text| Value::String(text.into_owned()));
    out.insert("index".to_owned(), json!(index));
    out.insert("id".to_owned(), first(Field::Id));
    out.insert("image".to_owned(), first(Field::Image));
    for (name, field) in DATES {
        out.insert(name.to_owned(), time(field));
    }
    out.insert("categories".to_owned(), json!(categories(feed, place)));
    let enclosures: Vec<Value> = feed.enclosures(place).iter().map(enclosure).collect();
    out.insert("enclosures".to_owned(), Value::Array(enclosures));
    Value::Object(out)
}

fn categories(feed: &Feed, place: Place) -> Vec<String> {
    feed.slots(place).filter(|slot| slot.field == Field::Category).map(|slot| feed.plain(&slot).into_owned()).collect()
}

fn enclosure(file: &Enclosure) -> Value {
    json!({ "url": file.url, "type": file.mime, "length": file.length, "title": file.title })
}

/// Puts back what differs between `given` and `taken`.
pub(super) fn take(feed: &mut Feed, given: &Value, taken: &Value) -> Result<(), String> {
    let places = feed.items();
    let Some(items) = taken["items"].as_array() else {
        return Err("the script's feed has no list `items`".to_owned());
    };
    set_texts(feed, Place::Head, given, taken)?;
    let mut order = Vec::with_capacity(items.len());
    let mut seen = HashSet::new();
    for item in items {
        let index = item["index"].as_u64().and_then(|index| usize::try_from(index).ok());
        let place = index.and_then(|index| Some((index, *places.get(index)?)));
        let Some((index, place)) = place.filter(|(index, _)| seen.insert(*index)) else {
            return Err(
                "the script's feed holds an item that it was not given, or one twice (`index` tells them apart)"
                    .to_owned(),
            );
        };
        let before = &given["items"][index];
        if let Some(name) = ["id", "image"].into_iter().find(|name| item[*name] != before[*name]) {
            return Err(format!("`{name}` cannot be changed"));
        }
        set_texts(feed, place, before, item)?;
        for (name, field) in DATES {
            if item[name] != before[name] {
                set(feed, place, name, field, &item[name])?;
            }
        }
        set_categories(feed, place, before, item)?;
        set_enclosures(feed, place, before, item)?;
        order.push(place);
    }
    if order != places {
        let ranks: HashMap<Place, usize> = order.iter().enumerate().map(|(rank, place)| (*place, rank)).collect();
        feed.retain(|_, place| ranks.contains_key(&place));
        feed.sort_by_key(|_, place| ranks.get(&place).copied());
    }
    Ok(())
}

fn set_texts(feed: &mut Feed, place: Place, before: &Value, after: &Value) -> Result<(), String> {
    for (name, field) in TEXTS {
        if after[name] != before[name] {
            set(feed, place, name, field, &after[name])?;
        }
    }
    Ok(())
}

fn set(feed: &mut Feed, place: Place, name: &str, field: Field, value: &Value) -> Result<(), String> {
    match value {
        Value::Null => {
            while let Some(slot) = feed.slots(place).find(|slot| slot.field == field) {
                if !feed.remove(place, &slot) {
                    break;
                }
            }
            Ok(())
        }
        Value::String(text) => match feed.set(place, field, text) {
            Some(_) => Ok(()),
            None => {
                Err(format!("`{name}` cannot be set: the format has no place for it, or it is too long or no date"))
            }
        },
        other => Err(format!("`{name}` must be a text or null, found {other}")),
    }
}

fn set_categories(feed: &mut Feed, place: Place, before: &Value, after: &Value) -> Result<(), String> {
    if after["categories"] == before["categories"] {
        return Ok(());
    }
    let wanted = after["categories"].as_array().map(|all| all.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
    let wanted = match (wanted, &after["categories"]) {
        (Some(Some(wanted)), _) => wanted,
        (_, Value::Null) => Vec::new(),
        _ => return Err("`categories` must be a list of texts".to_owned()),
    };
    let there = categories(feed, place);
    while let Some(slot) =
        feed.slots(place).find(|slot| slot.field == Field::Category && !wanted.contains(&&*feed.plain(slot)))
    {
        if !feed.remove(place, &slot) {
            break;
        }
    }
    for category in wanted.into_iter().filter(|category| !there.iter().any(|known| known == category)) {
        feed.add(place, Field::Category, category);
    }
    Ok(())
}

fn set_enclosures(feed: &mut Feed, place: Place, before: &Value, after: &Value) -> Result<(), String> {
    if after["enclosures"] == before["enclosures"] {
        return Ok(());
    }
    let empty = Vec::new();
    let wanted = after["enclosures"].as_array().unwrap_or(&empty);
    // those of the item that no wanted one has taken for itself yet: two may have one address
    let mut there: Vec<(Slot, Enclosure)> =
        feed.slots(place).filter_map(|slot| Some((slot, feed.enclosure(&slot)?))).collect();
    let (mut changed, mut added) = (Vec::new(), Vec::new());
    for file in wanted {
        let Some(url) = file["url"].as_str() else { return Err("an enclosure needs a `url`".to_owned()) };
        let new = Enclosure {
            mime: text(&file["type"]),
            length: file["length"].as_u64().filter(|length| *length > 0),
            title: text(&file["title"]),
            ..Enclosure::of(url)
        };
        match there.iter().position(|(_, known)| known.url == url) {
            Some(at) => {
                let (slot, old) = there.remove(at);
                if (&new.mime, new.length, &new.title) != (&old.mime, old.length, &old.title) {
                    changed.push((slot, new));
                }
            }
            None => added.push(new),
        }
    }
    for (slot, _) in there {
        feed.remove(place, &slot);
    }
    for (slot, new) in changed {
        let set = feed.set_enclosure(place, &slot, &new);
        set.ok_or(
            "an enclosure cannot be changed: the format has no place for its `title`, or the feed grows too much",
        )?;
    }
    for new in added {
        let set = feed.add_enclosure(place, &new);
        set.ok_or("an enclosure cannot be added: the item or the feed grows too much")?;
    }
    Ok(())
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}
