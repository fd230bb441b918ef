//! Zones by name, as feeds mean them.
//!
//! An abbreviation that several places use goes to the one whose feeds use it (RFC 822's American ones first). Places with
//! summer time (`ET`, `America/Los_Angeles`, `Europe/Berlin`) follow their present rule.

/// Where a zone's offset comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Zone {
    /// Minutes east of UTC.
    Fixed(i32),
    /// A POSIX `TZ` rule.
    Rule(&'static str),
}

/// How many of the first ones are known in any letter case.
const COMMON: usize = 17;

const FIXED: [(&str, i32); 78] = [
    ("Z", 0),
    ("UT", 0),
    ("UTC", 0),
    ("GMT", 0),
    ("WET", 0),
    ("UCT", 0),
    ("Etc/GMT", 0),
    ("Etc/UTC", 0),
    ("Zulu", 0),
    ("EST", -300),
    ("EDT", -240),
    ("CST", -360),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
    ("AKST", -540),
    ("AKDT", -480),
    ("HST", -600),
    ("AST", -240),
    ("ADT", -180),
    ("NST", -210),
    ("NDT", -150),
    ("BRT", -180),
    ("BRST", -120),
    ("ART", -180),
    ("CLT", -240),
    ("CLST", -180),
    ("COT", -300),
    ("PET", -300),
    ("BST", 60),
    ("WEST", 60),
    ("CET", 60),
    ("MET", 60),
    ("MEZ", 60),
    ("WAT", 60),
    ("CEST", 120),
    ("MEST", 120),
    ("MESZ", 120),
    ("EET", 120),
    ("SAST", 120),
    ("CAT", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("TRT", 180),
    ("EAT", 180),
    ("MSD", 240),
    ("GST", 240),
    ("PKT", 300),
    ("YEKT", 300),
    ("IST", 330),
    ("NPT", 345),
    ("ICT", 420),
    ("WIB", 420),
    ("HKT", 480),
    ("CCT", 480),
    ("BJT", 480),
    ("SGT", 480),
    ("MYT", 480),
    ("PHT", 480),
    ("AWST", 480),
    ("WITA", 480),
    ("JST", 540),
    ("KST", 540),
    ("ACST", 570),
    ("AEST", 600),
    ("ACDT", 630),
    ("AEDT", 660),
    ("NZST", 720),
    ("NZDT", 780),
    ("Asia/Shanghai", 480),
    ("Asia/Hong_Kong", 480),
    ("Asia/Taipei", 480),
    ("Asia/Singapore", 480),
    ("Asia/Tokyo", 540),
    ("Asia/Seoul", 540),
    ("Asia/Kolkata", 330),
];

const EASTERN: &str = "EST5EDT,M3.2.0,M11.1.0";
const CENTRAL: &str = "CST6CDT,M3.2.0,M11.1.0";
const MOUNTAIN: &str = "MST7MDT,M3.2.0,M11.1.0";
const PACIFIC: &str = "PST8PDT,M3.2.0,M11.1.0";
const ATLANTIC: &str = "AST4ADT,M3.2.0,M11.1.0";
const BRITAIN: &str = "GMT0BST,M3.5.0/1,M10.5.0";
const MIDDLE_EUROPE: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
const EAST_EUROPE: &str = "EET-2EEST,M3.5.0/3,M10.5.0/4";
const EAST_AUSTRALIA: &str = "AEST-10AEDT,M10.1.0,M4.1.0/3";

const RULES: [(&str, &str); 36] = [
    ("ET", EASTERN),
    ("CT", CENTRAL),
    ("MT", MOUNTAIN),
    ("PT", PACIFIC),
    ("AT", ATLANTIC),
    ("America/New_York", EASTERN),
    ("America/Toronto", EASTERN),
    ("America/Detroit", EASTERN),
    ("America/Chicago", CENTRAL),
    ("America/Denver", MOUNTAIN),
    ("America/Los_Angeles", PACIFIC),
    ("America/Vancouver", PACIFIC),
    ("US/Eastern", EASTERN),
    ("US/Central", CENTRAL),
    ("US/Mountain", MOUNTAIN),
    ("US/Pacific", PACIFIC),
    ("Europe/London", BRITAIN),
    ("Europe/Dublin", BRITAIN),
    ("Europe/Berlin", MIDDLE_EUROPE),
    ("Europe/Paris", MIDDLE_EUROPE),
    ("Europe/Brussels", MIDDLE_EUROPE),
    ("Europe/Amsterdam", MIDDLE_EUROPE),
    ("Europe/Madrid", MIDDLE_EUROPE),
    ("Europe/Rome", MIDDLE_EUROPE),
    ("Europe/Vienna", MIDDLE_EUROPE),
    ("Europe/Zurich", MIDDLE_EUROPE),
    ("Europe/Stockholm", MIDDLE_EUROPE),
    ("Europe/Oslo", MIDDLE_EUROPE),
    ("Europe/Copenhagen", MIDDLE_EUROPE),
    ("Europe/Prague", MIDDLE_EUROPE),
    ("Europe/Warsaw", MIDDLE_EUROPE),
    ("Europe/Budapest", MIDDLE_EUROPE),
    ("Europe/Athens", EAST_EUROPE),
    ("Europe/Helsinki", EAST_EUROPE),
    ("Europe/Kiev", EAST_EUROPE),
    ("Australia/Sydney", EAST_AUSTRALIA),
];

/// The zone of that name; a single letter but `J` is RFC 822's military zone, which RFC 2822 §4.3 reads as UTC.
pub(super) fn named(name: &str) -> Option<Zone> {
    // in small letters only the commonest: `at`, `eat`, `art` are words
    let common = FIXED.iter().take(COMMON).find(|(known, _)| known.eq_ignore_ascii_case(name));
    if let Some((_, minutes)) = common.or_else(|| FIXED.iter().find(|(known, _)| *known == name)) {
        return Some(Zone::Fixed(*minutes));
    }
    if let Some((_, rule)) = RULES.iter().find(|(known, _)| *known == name) {
        return Some(Zone::Rule(rule));
    }
    match name.as_bytes() {
        [letter] if letter.is_ascii_uppercase() && *letter != b'J' => Some(Zone::Fixed(0)),
        _ => None,
    }
}
