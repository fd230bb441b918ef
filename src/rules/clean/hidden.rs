//! What of a fragment nobody sees: pictures and frames of no size, hidden by their style, or inside what is hidden.

use crate::html::Fragment;

/// True of an element that is not shown: `hidden`, `display: none`, `visibility: hidden`.
pub(super) fn is_hidden(fragment: &Fragment, id: usize) -> bool {
    let raw = fragment.raw(id);
    // Cheap looks first: most tags say nothing of the kind.
    let says = |word: &str| memchr::memmem::find(raw.as_bytes(), word.as_bytes()).is_some();
    if says("hidden") && fragment.attr(id, "hidden").is_some() {
        return true;
    }
    (says("none") || says("NONE") || says("hidden"))
        && declares(fragment, id, |name, value| {
            name == "display" && value == "none" || name == "visibility" && value == "hidden"
        })
}

/// True of an element that is a pixel or less: by its attributes, or by its style.
pub(super) fn is_pixel(fragment: &Fragment, id: usize) -> bool {
    let size = |name| fragment.attr(id, name).and_then(|value| pixels(&value));
    let (width, height) = (size("width"), size("height"));
    let is_tiny = |size: Option<u32>| size.is_some_and(|size| size <= 1);
    if is_tiny(width) && is_tiny(height) || width == Some(0) || height == Some(0) {
        return true;
    }
    let mut tiny = (is_tiny(width), is_tiny(height), false);
    declares(fragment, id, |name, value| {
        match name {
            "width" | "max-width" => tiny.0 |= is_tiny(pixels(value)),
            "height" | "max-height" => tiny.1 |= is_tiny(pixels(value)),
            "left" | "top" | "right" | "text-indent" | "margin-left" => {
                // far off the page
                tiny.2 |= value.strip_prefix('-').and_then(pixels).is_some_and(|pixels| pixels >= 999);
            }
            "opacity" => tiny.2 |= value == "0",
            _ => {}
        }
        tiny.2 || tiny.0 && tiny.1
    })
}

/// True where any declaration of the element's style is so.
fn declares(fragment: &Fragment, id: usize, mut is_so: impl FnMut(&str, &str) -> bool) -> bool {
    let Some(style) = fragment.attr(id, "style") else { return false };
    let style = style.to_ascii_lowercase();
    let mut declarations = style.split(';').filter_map(|declaration| declaration.split_once(':'));
    declarations.any(|(name, value)| is_so(name.trim(), value.trim().trim_end_matches("!important").trim_end()))
}

/// `1`, `1px`, `0.5`, and not `100%` nor `1em`.
fn pixels(text: &str) -> Option<u32> {
    let text = text.trim();
    let number = text.strip_suffix("px").unwrap_or(text).trim_end();
    let whole = number.split('.').next()?;
    let is_number = !whole.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    is_number.then(|| whole.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::html::Syntax;

    #[test]
    fn what_nobody_sees_is_found() {
        for (tag, hidden, pixel) in [
            ("<img src=x>", false, false),
            ("<img width=1 height='1px'>", false, true),
            ("<img width=0>", false, true),
            ("<img width=1 height=200>", false, false),
            ("<img width='100%' height=1>", false, false),
            ("<hr style='height: 1px'>", false, false),
            ("<img style='Width: 1px; HEIGHT:0 !important'>", false, true),
            ("<iframe style='position:absolute;left:-9999px'>", false, true),
            ("<p style='text-indent:-2em'>", false, false),
            ("<iframe style=\"display:none;\">", true, false),
            ("<iframe hidden>", true, false),
            ("<p class=hidden>", false, false),
            ("<p style='visibility: hidden'>", true, false),
            ("<p style='border: none'>", false, false),
        ] {
            let fragment = Fragment::parse(tag.into(), Syntax::Html);
            assert_eq!((is_hidden(&fragment, 0), is_pixel(&fragment, 0)), (hidden, pixel), "{tag}");
        }
    }
}
