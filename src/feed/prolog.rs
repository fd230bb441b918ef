//! What XML 1.0 allows before the root (§2.8): the declaration, and a document type that declares nothing itself.
//!
//! Used by the strict reader, which refuses what is none, and by repair, which writes or leaves out one instead.

use super::attributes::is_space;
use super::chars::{is_allowed, is_name};

/// True for an `XMLDecl`, byte for byte.
pub(super) fn is_declaration(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("<?xml").and_then(|rest| rest.strip_suffix("?>")) else { return false };
    let digits = |v: &str| v.strip_prefix("1.").is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
    let Some(rest) = pseudo_attribute(rest, "version", digits) else { return false };
    let charset = |v: &str| {
        v.starts_with(|c: char| c.is_ascii_alphabetic())
            && v.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    };
    let rest = pseudo_attribute(rest, "encoding", charset).unwrap_or(rest);
    let rest = pseudo_attribute(rest, "standalone", |v| matches!(v, "yes" | "no")).unwrap_or(rest);
    space_len(rest) == rest.len()
}

/// What follows ` name="value"` in `text`, where that stands there with a value that `fits`.
fn pseudo_attribute<'a>(text: &'a str, name: &str, fits: impl Fn(&str) -> bool) -> Option<&'a str> {
    let space = space_len(text);
    let rest = text[space..].strip_prefix(name).filter(|_| space > 0)?;
    let rest = rest[space_len(rest)..].strip_prefix('=')?;
    let rest = &rest[space_len(rest)..];
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (value, rest) = rest[1..].split_once(quote)?;
    fits(value).then_some(rest)
}

/// True for a `doctypedecl` without an internal subset; for that root, where one is named.
pub(super) fn is_doctype(text: &str, root: Option<&str>) -> bool {
    let inner = || {
        let rest = text.strip_prefix("<!DOCTYPE")?.strip_suffix('>')?;
        let rest = space(rest)?;
        let name = rest.split(|c: char| c == '>' || u8::try_from(c).is_ok_and(is_space)).next()?;
        let rest = rest.get(name.len()..).filter(|_| root.map_or(is_name(name), |root| root == name))?;
        if space_len(rest) == rest.len() {
            return Some(());
        }
        let rest = space(rest)?;
        let rest = match rest.strip_prefix("SYSTEM") {
            Some(rest) => rest,
            None => {
                let (public, rest) = literal(space(rest.strip_prefix("PUBLIC")?)?)?;
                let fits = |b: u8| b.is_ascii_alphanumeric() || b" \r\n-'()+,./:=?;!*#@$_%".contains(&b);
                public.bytes().all(fits).then_some(rest)?
            }
        };
        let (system, rest) = literal(space(rest)?)?;
        (system.chars().all(is_allowed) && space_len(rest) == rest.len()).then_some(())
    };
    inner().is_some()
}

fn space(text: &str) -> Option<&str> {
    let len = space_len(text);
    (len > 0).then(|| &text[len..])
}

fn literal(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text[1..].split_once(quote)
}

/// The length of the white space that begins `text`.
fn space_len(text: &str) -> usize {
    text.bytes().take_while(|b| is_space(*b)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_those_of_the_grammar() {
        for good in ["<?xml version=\"1.0\"?>", "<?xml version='1.1' encoding='' ?>"] {
            assert_eq!(is_declaration(good), !good.contains("''"), "{good}");
        }
        for bad in [
            "<?xml?>",
            "<?xml version=\"2\"?>",
            "<?xml version=\"1.0\"encoding=\"utf-8\"?>",
            "<?xml encoding=\"utf-8\" version=\"1.0\"?>",
            "<?xml version=\"1.0\" standalone=\"maybe\"?>",
        ] {
            assert!(!is_declaration(bad), "{bad}");
        }
    }

    #[test]
    fn document_types_are_those_of_the_grammar_that_declare_nothing() {
        for good in ["<!DOCTYPE rss>", "<!DOCTYPE rss SYSTEM 'a'>", "<!DOCTYPE rss PUBLIC \"-//N\" \"a\" >"] {
            assert!(
                is_doctype(good, None) && is_doctype(good, Some("rss")) && !is_doctype(good, Some("feed")),
                "{good}"
            );
        }
        for bad in ["<!DOCTYPE>", "<!DOCTYPE rss x>", "<!DOCTYPE rss PUBLIC 'a'>", "<!DOCTYPE rss [<!ELEMENT a ANY>]>"]
        {
            assert!(!is_doctype(bad, None), "{bad}");
        }
    }
}
