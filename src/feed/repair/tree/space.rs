//! Start tags written out, with names, attributes and namespace prefixes made right.
//!
//! A prefix that nothing binds is bound on the root: to the namespace that everyone means by it, else to
//! `urn:x-unbound:PREFIX`. After `MAX_PREFIXES_BOUND` of those a name loses its colon instead.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::{FixKind, Out, Place, Tag, chars, names};
use crate::base::limits::MAX_PREFIXES_BOUND;

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// The bindings in force, and those that are missing.
#[derive(Default)]
pub(super) struct Namespaces<'a> {
    bound: HashMap<&'a str, Vec<&'a str>>,
    missing: Vec<&'a str>,
    /// Where, in the root's tag in the output, bindings can be added.
    root_at: Option<usize>,
}

impl<'a> Namespaces<'a> {
    /// Writes `tag`, self-closing where `close`; the element's name as written and the prefixes that were bound.
    pub(super) fn write(
        &mut self,
        out: &mut Out,
        tag: &Tag<'a>,
        at: usize,
        close: bool,
    ) -> (Cow<'a, str>, Vec<&'a str>) {
        let bound = self.bind(tag);
        let name = self.qualified(out, tag.name, at);
        out.push("<");
        out.push(&name);
        if tag.junk || !tag.closed {
            out.fix(FixKind::Tag, at);
        }
        let mut seen = Seen::default();
        for attribute in &tag.attributes {
            let written = match self.binding(attribute.name, attribute.value) {
                Binding::Refused => None,
                Binding::Accepted => Some(Cow::Borrowed(attribute.name)),
                Binding::None => Some(self.qualified(out, attribute.name, attribute.at)),
            };
            let Some(written) = written.filter(|name| seen.is_new(name, || self.expanded(name))) else {
                out.fix(FixKind::Attribute, attribute.at);
                continue;
            };
            if attribute.lead.is_empty() || attribute.quote.is_none() {
                out.fix(FixKind::Attribute, attribute.at);
            }
            out.push(if attribute.lead.is_empty() { " " } else { attribute.lead });
            out.push(&written);
            out.push(if attribute.equals.is_empty() { "=" } else { attribute.equals });
            let quote = attribute.quote.unwrap_or(b'"');
            out.text.push(char::from(quote));
            chars::copy(out, attribute.value, attribute.at, Place::Attribute(quote));
            out.text.push(char::from(quote));
        }
        self.root_at.get_or_insert(out.text.len());
        out.push(tag.tail);
        out.push(if close { "/>" } else { ">" });
        (name, bound)
    }

    fn bind(&mut self, tag: &Tag<'a>) -> Vec<&'a str> {
        let mut bound = Vec::new();
        for attribute in &tag.attributes {
            if let Some(prefix) = attribute.name.strip_prefix("xmlns:")
                && matches!(self.binding(attribute.name, attribute.value), Binding::Accepted)
                && !bound.contains(&prefix)
                && bound.len() < MAX_PREFIXES_BOUND
            {
                self.bound.entry(prefix).or_default().push(attribute.value);
                bound.push(prefix);
            }
        }
        bound
    }

    /// The bindings of an element that ends.
    pub(super) fn unbind(&mut self, bound: &[&'a str]) {
        for prefix in bound {
            if let Some(values) = self.bound.get_mut(prefix) {
                values.pop();
            }
        }
    }

    fn is_bound(&self, prefix: &str) -> bool {
        prefix == "xml" || self.bound.get(prefix).is_some_and(|values| !values.is_empty())
    }

    /// Whether an attribute is a namespace declaration, and one that Namespaces in XML §3 allows.
    fn binding(&self, name: &str, value: &str) -> Binding {
        let value = effective(value);
        let reserved = value == XML || value == XMLNS;
        match name.strip_prefix("xmlns:") {
            None if name == "xmlns" => {
                if reserved {
                    Binding::Refused
                } else {
                    Binding::Accepted
                }
            }
            None => Binding::None,
            Some("xml") if value == XML => Binding::Accepted,
            Some(prefix) => {
                let named = is_qualified(prefix) && !prefix.contains(':') && !matches!(prefix, "xml" | "xmlns");
                if named && !reserved && !value.is_empty() { Binding::Accepted } else { Binding::Refused }
            }
        }
    }

    /// `raw` as a qualified name whose prefix is, or will be, bound.
    fn qualified(&mut self, out: &mut Out, raw: &'a str, at: usize) -> Cow<'a, str> {
        let Some((prefix, _)) = raw.split_once(':') else { return Cow::Borrowed(raw) };
        if !is_qualified(raw) || prefix == "xmlns" {
            out.fix(FixKind::Tag, at);
            return Cow::Owned(raw.replace(':', "_"));
        }
        if !self.is_bound(prefix) && !self.missing.contains(&prefix) {
            out.fix(FixKind::Prefix, at);
            if self.missing.len() >= MAX_PREFIXES_BOUND {
                return Cow::Owned(raw.replace(':', "_"));
            }
            self.missing.push(prefix);
        }
        Cow::Borrowed(raw)
    }

    /// The namespace and local name of an attribute with a prefix.
    fn expanded(&self, name: &str) -> Option<(String, String)> {
        let (prefix, local) = name.split_once(':')?;
        if prefix == "xmlns" {
            return None;
        }
        let bound = self.bound.get(prefix).and_then(|values| values.last()).map(|value| (*value).to_owned());
        Some((bound.unwrap_or_else(|| meant(prefix).into_owned()), local.to_owned()))
    }

    /// Adds the missing bindings to the root's tag; false where no root was written.
    pub(super) fn declare_missing(self, out: &mut Out) -> bool {
        let Some(at) = self.root_at else { return false };
        let declared: String =
            self.missing.iter().map(|prefix| format!(" xmlns:{prefix}=\"{}\"", meant(prefix))).collect();
        out.text.insert_str(at, &declared);
        true
    }
}

/// What a namespace's name will read as once its attribute is written.
fn effective(value: &str) -> Cow<'_, str> {
    if chars::all_allowed(value) && !value.contains(['&', '<']) {
        return Cow::Borrowed(value);
    }
    let mut out = Out::default();
    chars::copy(&mut out, value, 0, Place::Attribute(b'"'));
    Cow::Owned(htmlize::unescape_attribute(out.text).into_owned())
}

enum Binding {
    Accepted,
    Refused,
    /// No declaration at all.
    None,
}

fn meant(prefix: &str) -> Cow<'static, str> {
    match names::namespace(prefix) {
        Some(namespace) => Cow::Borrowed(namespace),
        None => Cow::Owned(format!("urn:x-unbound:{prefix}")),
    }
}

/// QName (Namespaces in XML §4), for what is a Name already.
fn is_qualified(name: &str) -> bool {
    let mut parts = name.split(':');
    let part = |part: Option<&str>| part.is_some_and(|p| p.starts_with(chars::is_name_start));
    part(parts.next()) && (!name.contains(':') || part(parts.next())) && parts.next().is_none()
}

/// The attributes of one tag so far, by name and by expanded name.
#[derive(Default)]
struct Seen {
    names: HashSet<String>,
    expanded: HashSet<(String, String)>,
}

impl Seen {
    fn is_new(&mut self, name: &str, expanded: impl Fn() -> Option<(String, String)>) -> bool {
        if self.names.contains(name) {
            return false;
        }
        if let Some(expanded) = expanded()
            && !self.expanded.insert(expanded)
        {
            return false;
        }
        self.names.insert(name.to_owned())
    }
}
