//! OpenCC's 16 configurations by name. Names are the ones OpenCC and RSSHub use; no alias is accepted here.

use std::{fmt, str::FromStr};

/// One of OpenCC's configurations: from which spelling to which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Config {
    /// Simplified → Traditional, OpenCC's standard.
    S2t,
    /// Traditional, OpenCC's standard → Simplified.
    T2s,
    /// Simplified → Traditional as written in Taiwan.
    S2tw,
    /// Traditional as written in Taiwan → Simplified.
    Tw2s,
    /// Simplified → Traditional as written in Taiwan, with its vocabulary.
    S2twp,
    /// Traditional as written in Taiwan → Simplified, with the mainland's vocabulary.
    Tw2sp,
    /// Simplified → Traditional as written in Hong Kong.
    S2hk,
    /// Traditional as written in Hong Kong → Simplified.
    Hk2s,
    /// Simplified → Traditional as written in Hong Kong, with its vocabulary.
    S2hkp,
    /// Traditional as written in Hong Kong → Simplified, with the mainland's vocabulary.
    Hk2sp,
    /// Traditional, OpenCC's standard → as written in Taiwan.
    T2tw,
    /// Traditional as written in Taiwan → OpenCC's standard.
    Tw2t,
    /// Traditional, OpenCC's standard → as written in Hong Kong.
    T2hk,
    /// Traditional as written in Hong Kong → OpenCC's standard.
    Hk2t,
    /// Old Japanese kanji → new.
    T2jp,
    /// New Japanese kanji → old.
    Jp2t,
}

/// A way of writing, as the source or target of a [`Config`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Variant {
    /// Simplified characters, mainland China and Singapore.
    Simplified,
    /// Traditional characters in OpenCC's standard forms.
    Traditional,
    /// Traditional characters as written in Taiwan.
    Taiwan,
    /// Traditional characters as written in Hong Kong and Macau.
    HongKong,
    /// Japanese new forms.
    Japanese,
}

impl Variant {
    /// The BCP 47 language tag of text in this variant.
    pub fn language_tag(self) -> &'static str {
        match self {
            Self::Simplified => "zh-Hans",
            Self::Traditional => "zh-Hant",
            Self::Taiwan => "zh-Hant-TW",
            Self::HongKong => "zh-Hant-HK",
            Self::Japanese => "ja",
        }
    }
}

impl Config {
    /// All of them, in the order of their index.
    pub const ALL: [Self; 16] = [
        Self::S2t,
        Self::T2s,
        Self::S2tw,
        Self::Tw2s,
        Self::S2twp,
        Self::Tw2sp,
        Self::S2hk,
        Self::Hk2s,
        Self::S2hkp,
        Self::Hk2sp,
        Self::T2tw,
        Self::Tw2t,
        Self::T2hk,
        Self::Hk2t,
        Self::T2jp,
        Self::Jp2t,
    ];

    /// The place of this configuration in [`Config::ALL`].
    pub(super) fn index(self) -> usize {
        self as usize
    }

    /// OpenCC's name, such as `s2twp`.
    pub fn name(self) -> &'static str {
        match self {
            Self::S2t => "s2t",
            Self::T2s => "t2s",
            Self::S2tw => "s2tw",
            Self::Tw2s => "tw2s",
            Self::S2twp => "s2twp",
            Self::Tw2sp => "tw2sp",
            Self::S2hk => "s2hk",
            Self::Hk2s => "hk2s",
            Self::S2hkp => "s2hkp",
            Self::Hk2sp => "hk2sp",
            Self::T2tw => "t2tw",
            Self::Tw2t => "tw2t",
            Self::T2hk => "t2hk",
            Self::Hk2t => "hk2t",
            Self::T2jp => "t2jp",
            Self::Jp2t => "jp2t",
        }
    }

    /// What the text is expected to be written in.
    pub fn source(self) -> Variant {
        match self {
            Self::S2t | Self::S2tw | Self::S2twp | Self::S2hk | Self::S2hkp => Variant::Simplified,
            Self::T2s | Self::T2tw | Self::T2hk | Self::T2jp => Variant::Traditional,
            Self::Tw2s | Self::Tw2sp | Self::Tw2t => Variant::Taiwan,
            Self::Hk2s | Self::Hk2sp | Self::Hk2t => Variant::HongKong,
            Self::Jp2t => Variant::Japanese,
        }
    }

    /// What the result is written in.
    pub fn target(self) -> Variant {
        match self {
            Self::T2s | Self::Tw2s | Self::Tw2sp | Self::Hk2s | Self::Hk2sp => Variant::Simplified,
            Self::S2t | Self::Tw2t | Self::Hk2t | Self::Jp2t => Variant::Traditional,
            Self::S2tw | Self::S2twp | Self::T2tw => Variant::Taiwan,
            Self::S2hk | Self::S2hkp | Self::T2hk => Variant::HongKong,
            Self::T2jp => Variant::Japanese,
        }
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name is none of OpenCC's 16.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an OpenCC configuration; write one of s2t, s2tw, s2twp, s2hk, s2hkp, t2s, tw2s, tw2sp, hk2s, hk2sp, t2tw, tw2t, t2hk, hk2t, t2jp, jp2t"
)]
pub struct UnknownConfig(pub String);

impl FromStr for Config {
    type Err = UnknownConfig;

    fn from_str(name: &str) -> Result<Self, UnknownConfig> {
        Self::ALL.into_iter().find(|config| config.name() == name).ok_or_else(|| UnknownConfig(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_and_stands_at_its_index() {
        for (index, config) in Config::ALL.into_iter().enumerate() {
            assert_eq!(config.to_string().parse(), Ok(config));
            assert_eq!(config.index(), index);
            assert_ne!(config.source(), config.target());
        }
        assert!("s2x".parse::<Config>().is_err());
        assert!("S2T".parse::<Config>().is_err());
    }
}
