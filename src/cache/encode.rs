//! Content codings (RFC 9110 §8.4.1): their names and one-shot compression of a body that is already in memory.
//!
//! Linear in the body, about 5 ms for 217 KB at the efforts of `base::limits`. Called on a blocking thread by `pipeline`.

use std::io::{self, Write};

use bytes::Bytes;

use crate::base::limits;

/// A content coding that refeed makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// `br`, RFC 7932.
    Brotli,
    /// `zstd`, RFC 8878.
    Zstd,
    /// `gzip`, RFC 1952.
    Gzip,
}

impl Encoding {
    /// All of them, the one we would rather send first.
    pub const ALL: [Encoding; 3] = [Encoding::Brotli, Encoding::Zstd, Encoding::Gzip];

    /// The token of `Content-Encoding` and `Accept-Encoding`.
    pub const fn token(self) -> &'static str {
        match self {
            Encoding::Brotli => "br",
            Encoding::Zstd => "zstd",
            Encoding::Gzip => "gzip",
        }
    }

    /// What the entity tag of this representation ends in: each representation has its own strong tag.
    pub const fn tag_suffix(self) -> &'static str {
        match self {
            Encoding::Brotli => "-br",
            Encoding::Zstd => "-zst",
            Encoding::Gzip => "-gz",
        }
    }

    /// Place in [`Encoding::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Encoding::Brotli => 0,
            Encoding::Zstd => 1,
            Encoding::Gzip => 2,
        }
    }
}

/// `body` in `encoding`, or `None` where that is not smaller. The bytes are the same for the same body.
pub fn compress(encoding: Encoding, body: &[u8]) -> Option<Bytes> {
    let packed = match encoding {
        Encoding::Gzip => gzip(body),
        Encoding::Brotli => brotli(body),
        Encoding::Zstd => zstd::bulk::compress(body, limits::ZSTD_LEVEL),
    };
    // writing to memory does not fail; if a library says so all the same, the reader gets the body as it is
    let mut packed = packed.ok().filter(|packed| packed.len() < body.len())?;
    packed.shrink_to_fit(); // the cache keeps this allocation and weighs its length
    Some(Bytes::from(packed))
}

fn gzip(body: &[u8]) -> io::Result<Vec<u8>> {
    let level = flate2::Compression::new(limits::GZIP_LEVEL);
    let mut encoder = flate2::write::GzEncoder::new(Vec::with_capacity(body.len() / 3), level);
    encoder.write_all(body)?;
    encoder.finish()
}

fn brotli(body: &[u8]) -> io::Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: limits::BROTLI_QUALITY,
        lgwin: limits::BROTLI_WINDOW,
        size_hint: body.len(),
        ..Default::default()
    };
    let mut packed = Vec::with_capacity(body.len() / 3);
    brotli::BrotliCompress(&mut &body[..], &mut packed, &parameters)?;
    Ok(packed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_shrink_is_not_kept() {
        let noise: Vec<u8> = (0..4096u32).map(|n| blake3::hash(&n.to_le_bytes()).as_bytes()[0]).collect();
        for encoding in Encoding::ALL {
            assert_eq!(compress(encoding, &noise), None, "{encoding:?}");
            assert_eq!(compress(encoding, b""), None, "{encoding:?}");
            assert!(compress(encoding, &[b'a'; 4096]).is_some_and(|packed| packed.len() < 200), "{encoding:?}");
        }
    }

    #[test]
    fn places_match_the_list() {
        for (place, encoding) in Encoding::ALL.into_iter().enumerate() {
            assert_eq!(encoding.index(), place);
        }
    }
}
