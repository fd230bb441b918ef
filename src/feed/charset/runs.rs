//! One string at a time: documents in which some strings are not in the encoding of the rest.
//!
//! A run is the text between two of `<` and `>`; neither byte is ever a trail byte in the ASCII-compatible encodings, so
//! cutting there is safe before the encoding is known. Runs that fit the document's encoding are decoded by it; a run that
//! does not is read as UTF-8 where it is, as the document's with a few bad bytes where it mostly fits, else by a guess of
//! its own. Guesses are counted (`MAX_GUESSED_STRINGS`), so that many short bad runs cost no more than one long one.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use memchr::{memchr2_iter, memmem};

use super::{Labels, Note};
use crate::base::limits::{GUESS_WITHIN, MAX_GUESSED_STRINGS, XML_DECLARATION_WITHIN};

/// The runs of `body` with the delimiters that end them: concatenated they are `body`.
fn runs(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    memchr2_iter(b'<', b'>', body).map(|at| at + 1).chain(std::iter::once(body.len())).map(move |end| {
        let run = &body[start..end];
        start = end;
        run
    })
}

/// How the non-ASCII bytes of a run read as UTF-8.
#[derive(Clone, Copy, Default)]
struct Utf8Fit {
    two: usize,
    long: usize,
    bad: usize,
}

impl Utf8Fit {
    fn of(run: &[u8]) -> Utf8Fit {
        let mut fit = Utf8Fit::default();
        for chunk in run.utf8_chunks() {
            for c in chunk.valid().chars().filter(|c| !c.is_ascii()) {
                *(if c.len_utf8() == 2 { &mut fit.two } else { &mut fit.long }) += 1;
            }
            fit.bad += chunk.invalid().len();
        }
        fit
    }

    /// Too much valid UTF-8 to be chance in a text of `other`.
    fn is_surely_utf8(self, other: &'static Encoding) -> bool {
        // two-byte sequences are common by chance in GBK (one pair in five), not in a single-byte alphabet
        self.bad == 0 && (self.long >= 2 || (other.is_single_byte() && self.long + self.two >= 2))
    }

    /// Mostly UTF-8: a title cut in the middle of a character, a stray byte.
    fn is_mostly_utf8(self) -> bool {
        self.bad > 0 && (self.two + 2 * self.long) >= 3 * self.bad
    }
}

/// True where a legacy label outweighs the accident that the body is valid UTF-8 too: a double-byte label, and all that
/// is not ASCII is one or two characters (`模` in GBK is `ģ` in UTF-8) of a kind that such a feed would hardly hold.
pub(super) fn label_beats_utf8(label: &'static Encoding, text: &str) -> bool {
    const FEW: usize = 4;
    if label.is_single_byte() || !label.is_ascii_compatible() || text.is_ascii() {
        return false;
    }
    let mut odd = text.chars().filter(|c| !c.is_ascii()).take(FEW + 1).map(|c| ('\u{100}'..'\u{800}').contains(&c));
    let (mut count, mut all_odd) = (0, true);
    for is_odd in &mut odd {
        count += 1;
        all_odd &= is_odd;
    }
    all_odd && count <= FEW && fits(label, text.as_bytes()).is_some()
}

fn fits<'a>(encoding: &'static Encoding, run: &'a [u8]) -> Option<Cow<'a, str>> {
    encoding.decode_without_bom_handling_and_without_replacement(run)
}

/// The encoding of a document that is not wholly UTF-8: UTF-8 where strings of it surely are and the others are few, else
/// the first label that fits wholly, else a label that fits most strings, else the guess over all of it.
pub(super) fn encoding_of(body: &[u8], labels: &Labels) -> &'static Encoding {
    let (mut sure, mut mostly, mut bad) = (0_usize, 0_usize, 0_usize);
    for run in runs(body).filter(|run| !run.is_ascii()) {
        let fit = Utf8Fit::of(run);
        if fit.is_surely_utf8(labels.legacy().next().unwrap_or(encoding_rs::GBK)) {
            sure += 1;
        } else if fit.is_mostly_utf8() {
            mostly += 1;
        } else if fit.bad > 0 {
            bad += 1;
        }
    }
    let utf8 = sure + mostly;
    let fitting = labels.legacy().find(|label| fits(label, body).is_some());
    let legacy = fitting.or_else(|| labels.legacy().find(|label| fits_most(label, body)));
    // a legacy label that fits outweighs a string or two that are UTF-8 (those are still read as it); where nothing but
    // the bytes speaks for the rest, one sure string in five says UTF-8
    if utf8 > 0 && (if legacy.is_some() { utf8 > bad } else { utf8 * 5 >= bad }) {
        return UTF_8;
    }
    fitting.unwrap_or_else(|| {
        let guess = guess(body, hint(body));
        let sure = !guess.is_single_byte() && fits(guess, body).is_some();
        if sure { guess } else { legacy.unwrap_or(guess) }
    })
}

fn fits_most(label: &'static Encoding, body: &[u8]) -> bool {
    let (mut fit, mut all) = (0, 0);
    for run in runs(body).filter(|run| !run.is_ascii() && !Utf8Fit::of(run).is_surely_utf8(label)) {
        all += 1;
        fit += usize::from(fits(label, run).is_some());
    }
    fit * 2 > all
}

/// The browsers' guess, helped by the top-level domain that goes with the document's language.
fn guess(bytes: &[u8], tld: Option<&'static str>) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut seen = 0;
    for run in runs(bytes).filter(|run| !run.is_ascii()) {
        detector.feed(run, false);
        seen += run.len();
        if seen > GUESS_WITHIN {
            break;
        }
    }
    detector.feed(b"", true);
    detector.guess(tld.map(str::as_bytes), Utf8Detection::Deny)
}

/// The domain that stands for the language the feed declares: short Chinese, Japanese and Korean texts look alike as bytes.
fn hint(body: &[u8]) -> Option<&'static str> {
    let head = &body[..body.len().min(4 * XML_DECLARATION_WITHIN)];
    let at = [b"<language>".as_slice(), b"xml:lang=\"", b"<dc:language>"]
        .iter()
        .find_map(|mark| memmem::find(head, mark).map(|at| at + mark.len()))?;
    let tag: Vec<u8> = head[at..].trim_ascii_start().iter().take(7).map(u8::to_ascii_lowercase).collect();
    let tlds: [(&[u8], &str); 12] = [
        (b"zh-tw", "tw"),
        (b"zh-hant", "tw"),
        (b"zh-hk", "hk"),
        (b"zh", "cn"),
        (b"ja", "jp"),
        (b"ko", "kr"),
        (b"ru", "ru"),
        (b"uk", "ua"),
        (b"el", "gr"),
        (b"pl", "pl"),
        (b"cs", "cz"),
        (b"th", "th"),
    ];
    tlds.iter().find(|(prefix, _)| tag.starts_with(prefix)).map(|(_, tld)| *tld)
}

/// `body` by `encoding`, run by run where it does not fit as a whole.
pub(super) fn decode<'a>(body: &'a [u8], encoding: &'static Encoding, notes: &mut Vec<Note>) -> Cow<'a, str> {
    if encoding != UTF_8
        && !runs(body).any(|run| !run.is_ascii() && Utf8Fit::of(run).is_surely_utf8(encoding))
        && let Some(text) = fits(encoding, body)
    {
        return text;
    }
    let fallback = guess_misfits(body, encoding);
    let mut out = String::with_capacity(body.len() + body.len() / 8);
    let (mut guesses, mut strings) = (0, 0);
    for run in runs(body) {
        // most runs are tags and ASCII
        match std::str::from_utf8(run) {
            Ok(text) if encoding == UTF_8 || run.is_ascii() => out.push_str(text),
            read => {
                let fit = Utf8Fit::of(run);
                if let (Ok(text), true) = (read, fit.is_surely_utf8(encoding)) {
                    out.push_str(text);
                } else if let Some(text) = fits(encoding, run) {
                    out.push_str(&text);
                    continue;
                } else {
                    out.push_str(&decode_misfit(run, fit, encoding, fallback, &mut guesses));
                }
                strings += 1;
            }
        }
    }
    if strings > 0 {
        notes.push(Note::StringsGuessed(strings));
    }
    Cow::Owned(out)
}

/// The guess over all runs that do not fit, in one: more to guess from than each alone. A single impossible byte among them
/// rules an encoding out, so a single-byte guess has to be the longest run's own guess too.
fn guess_misfits(body: &[u8], encoding: &'static Encoding) -> &'static Encoding {
    let misfits = || {
        runs(body).filter(|run| {
            !run.is_ascii()
                && fits(encoding, run).is_none()
                && (encoding != UTF_8 || !Utf8Fit::of(run).is_mostly_utf8())
        })
    };
    let hint = hint(body);
    let all = guess(&misfits().flatten().copied().collect::<Vec<u8>>(), hint);
    match misfits().max_by_key(|run| run.len()) {
        Some(longest) if all.is_single_byte() => guess(longest, hint),
        _ => all,
    }
}

fn decode_misfit<'a>(
    run: &'a [u8],
    fit: Utf8Fit,
    encoding: &'static Encoding,
    fallback: &'static Encoding,
    guesses: &mut usize,
) -> Cow<'a, str> {
    if fit.bad == 0 || fit.is_mostly_utf8() {
        return String::from_utf8_lossy(run);
    }
    if encoding != UTF_8 {
        let text = encoding.decode_without_bom_handling(run).0;
        let bad = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
        if bad * 8 <= run.iter().filter(|b| **b >= 0x80).count() {
            return text;
        }
    }
    if !fallback.is_single_byte()
        && let Some(text) = fits(fallback, run)
    {
        return text;
    }
    *guesses += 1;
    let own = if *guesses <= MAX_GUESSED_STRINGS { guess(run, None) } else { fallback };
    // a lone accented letter says nothing about its alphabet: what the other strings say, else the West's
    let own = if own.is_single_byte() { fallback } else { own };
    fits(own, run).or_else(|| fits(WINDOWS_1252, run)).unwrap_or_else(|| String::from_utf8_lossy(run))
}
