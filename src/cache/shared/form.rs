//! The form of a copy in the shared store: a byte that names the form, the numbers of a record, its checksum, its description and
//! its body, packed as on disk. Anything else is nothing: the reader allocates no more than the bounds allow, whatever a value claims.

use crate::base::limits;
use crate::cache::disk::{Kind, Record, Sealed};
use crate::cache::store::VERSION;
use crate::cache::{About, Fetched, Key};

/// The form of names and values; a value of another one is nothing.
pub(super) const FORM: u8 = 1;

/// Form, version, codec, length of the body before packing, length of the description.
const HEAD: usize = 1 + 1 + 1 + 8 + 8;
const SUM: usize = 16;

/// `copy` as it is stored under `key`; nothing where it would be too large. CPU work.
pub(super) fn write(copy: &Fetched, key: &Key) -> Option<Vec<u8>> {
    let sealed = Record::new(VERSION, &copy.about, copy.body.clone()).seal(Kind::Fetched, key);
    let mut value = Vec::with_capacity(HEAD + SUM + sealed.meta.len() + sealed.body.len());
    value.extend([FORM, sealed.version, sealed.codec]);
    value.extend((sealed.length as u64).to_le_bytes());
    value.extend((sealed.meta.len() as u64).to_le_bytes());
    value.extend(sealed.sum);
    value.extend(&sealed.meta);
    value.extend(&sealed.body);
    (value.len() <= limits::SHARED_VALUE).then_some(value)
}

/// The copy that `value`, found under `key`, is; nothing where a single bit of it is another. CPU work.
pub(super) fn read(value: &[u8], key: &Key) -> Option<Fetched> {
    let (&[form, version, codec], rest) = value.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (described, rest) = rest.split_first_chunk()?;
    let (sum, rest) = rest.split_first_chunk()?;
    let (length, described) = (number(*length)?, number(*described)?);
    if form != FORM || length > limits::SHARED_BODY {
        return None;
    }
    let (meta, body) = rest.split_at_checked(described)?;
    let sealed = Sealed { version, meta: meta.to_vec(), codec, length, body: body.to_vec(), sum: *sum };
    let record = sealed.open(Kind::Fetched, key)?;
    let about: About = record.meta(VERSION)?;
    Some(Fetched { body: record.body, about })
}

fn number(bytes: [u8; 8]) -> Option<usize> {
    usize::try_from(u64::from_le_bytes(bytes)).ok()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn value(body: &[u8]) -> (Vec<u8>, Key) {
        let key = Key::of(&[b"k"]);
        let copy = Fetched { body: Bytes::copy_from_slice(body), about: About { items: 3, ..About::default() } };
        (write(&copy, &key).unwrap(), key)
    }

    #[test]
    fn a_copy_comes_back_whole_under_its_own_key_only() {
        let body = b"feed ".repeat(1000);
        let (value, key) = value(&body);
        assert!(value.len() < 1000, "packed");
        let copy = read(&value, &key).unwrap();
        assert_eq!((copy.body.as_ref(), copy.about.items), (body.as_ref(), 3));
        assert!(read(&value, &Key::of(&[b"another"])).is_none());
    }

    #[test]
    fn a_cut_value_and_one_of_another_form_are_nothing() {
        let (whole, key) = value(&b"feed ".repeat(100));
        for end in 0..whole.len() {
            assert!(read(&whole[..end], &key).is_none(), "cut at {end}");
        }
        for form in [0, FORM + 1, 255] {
            let mut other = whole.clone();
            other[0] = form;
            assert!(read(&other, &key).is_none(), "form {form}");
        }
    }

    /// The checksum is no secret: a length that nobody can hold must be refused before it is believed.
    #[test]
    fn a_length_beyond_the_bound_is_not_believed_with_a_right_checksum_either() {
        let key = Key::of(&[b"k"]);
        let copy = Fetched { body: Bytes::from(vec![0; limits::SHARED_BODY + 1]), about: About::default() };
        assert!(read(&write(&copy, &key).unwrap(), &key).is_none());
    }

    #[test]
    fn what_does_not_pack_into_the_bound_is_not_written() {
        let noise: Vec<u8> = (0..limits::SHARED_VALUE as u32 / 32 + 1)
            .flat_map(|n| *blake3::hash(&n.to_le_bytes()).as_bytes())
            .collect();
        let copy = Fetched { body: noise.into(), about: About::default() };
        assert!(write(&copy, &Key::of(&[b"k"])).is_none());
    }

    proptest! {
        #[test]
        fn no_value_panics_and_no_changed_byte_is_believed(noise in prop::collection::vec(any::<u8>(), 0..400), at in any::<prop::sample::Index>(), to in 1..=255u8) {
            let (mut value, key) = value(&noise);
            let mut junk = noise.clone();
            prop_assert!(read(&junk, &key).is_none());
            junk.insert(0, FORM);
            prop_assert!(read(&junk, &key).is_none());
            let at = at.index(value.len());
            value[at] = value[at].wrapping_add(to);
            prop_assert!(read(&value, &key).is_none());
        }
    }
}
