//! The words of dates: months in the languages feeds are written in, weekdays, times of day, and the characters of Chinese,
//! Japanese and Korean dates.

use jiff::civil::Weekday;

use super::months::MONTHS;

/// What a word in letters says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Meaning {
    Month(u8),
    Weekday(Weekday),
    Part(Part),
    /// `yesterday`, `ago`: names no date by itself.
    Relative,
    /// A filler: `at`, `de`, `th`.
    Nothing,
}

/// A part of a date that has its own sign in East Asia.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    Unit(Unit),
    Day(TimeOfDay),
    Weekday,
    /// Years to add: the Republic of China's, Japan's eras.
    Era(i64),
    /// A zone's offset in minutes.
    Zone(i32),
    /// `3点半`
    Half,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unit {
    Year,
    Month,
    Date,
    Hour,
    Minute,
    Second,
}

/// Which half of the day a clock of twelve hours means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum TimeOfDay {
    Morning,
    Noon,
    Afternoon,
    Evening,
}

impl TimeOfDay {
    /// The hour of the day that `hour` means; one past twelve means itself.
    pub(super) fn hour(self, hour: u64) -> u64 {
        match (self, hour) {
            (TimeOfDay::Morning, 12) => 0,
            (TimeOfDay::Noon, 1..=3) | (TimeOfDay::Afternoon, 1..=11) | (TimeOfDay::Evening, 4..=11) => hour + 12,
            (TimeOfDay::Evening, 12) => 24, // 晚上12点 ends the day
            _ => hour,
        }
    }
}

/// Longer words first where one begins another.
const PARTS: [(&str, Part); 74] = [
    ("星期", Part::Weekday),
    ("礼拜", Part::Weekday),
    ("禮拜", Part::Weekday),
    ("曜日", Part::Weekday),
    ("요일", Part::Weekday),
    ("周", Part::Weekday),
    ("週", Part::Weekday),
    ("公元", Part::Era(0)),
    ("西元", Part::Era(0)),
    ("民國", Part::Era(1911)),
    ("民国", Part::Era(1911)),
    ("令和", Part::Era(2018)),
    ("平成", Part::Era(1988)),
    ("昭和", Part::Era(1925)),
    ("北京时间", Part::Zone(480)),
    ("北京時間", Part::Zone(480)),
    ("台北時間", Part::Zone(480)),
    ("臺北時間", Part::Zone(480)),
    ("香港時間", Part::Zone(480)),
    ("东京时间", Part::Zone(540)),
    ("日本時間", Part::Zone(540)),
    ("年", Part::Unit(Unit::Year)),
    ("년", Part::Unit(Unit::Year)),
    ("月份", Part::Unit(Unit::Month)),
    ("月", Part::Unit(Unit::Month)),
    ("월", Part::Unit(Unit::Month)),
    ("日", Part::Unit(Unit::Date)),
    ("号", Part::Unit(Unit::Date)),
    ("號", Part::Unit(Unit::Date)),
    ("일", Part::Unit(Unit::Date)),
    ("小时", Part::Unit(Unit::Hour)),
    ("时", Part::Unit(Unit::Hour)),
    ("時", Part::Unit(Unit::Hour)),
    ("点钟", Part::Unit(Unit::Hour)),
    ("點鐘", Part::Unit(Unit::Hour)),
    ("点", Part::Unit(Unit::Hour)),
    ("點", Part::Unit(Unit::Hour)),
    ("시", Part::Unit(Unit::Hour)),
    ("分钟", Part::Unit(Unit::Minute)),
    ("分", Part::Unit(Unit::Minute)),
    ("분", Part::Unit(Unit::Minute)),
    ("秒", Part::Unit(Unit::Second)),
    ("초", Part::Unit(Unit::Second)),
    ("半", Part::Half),
    ("凌晨", Part::Day(TimeOfDay::Morning)),
    ("清晨", Part::Day(TimeOfDay::Morning)),
    ("早晨", Part::Day(TimeOfDay::Morning)),
    ("早上", Part::Day(TimeOfDay::Morning)),
    ("上午", Part::Day(TimeOfDay::Morning)),
    ("午前", Part::Day(TimeOfDay::Morning)),
    ("오전", Part::Day(TimeOfDay::Morning)),
    ("中午", Part::Day(TimeOfDay::Noon)),
    ("正午", Part::Day(TimeOfDay::Noon)),
    ("下午", Part::Day(TimeOfDay::Afternoon)),
    ("午后", Part::Day(TimeOfDay::Afternoon)),
    ("午後", Part::Day(TimeOfDay::Afternoon)),
    ("오후", Part::Day(TimeOfDay::Afternoon)),
    ("傍晚", Part::Day(TimeOfDay::Evening)),
    ("晚上", Part::Day(TimeOfDay::Evening)),
    ("晚间", Part::Day(TimeOfDay::Evening)),
    ("晚間", Part::Day(TimeOfDay::Evening)),
    ("夜里", Part::Day(TimeOfDay::Evening)),
    ("夜裡", Part::Day(TimeOfDay::Evening)),
    ("深夜", Part::Day(TimeOfDay::Evening)),
    ("晚", Part::Day(TimeOfDay::Evening)),
    ("早", Part::Day(TimeOfDay::Morning)),
    // marks of a day of the week that its name would hide
    ("일요일", Part::Weekday),
    ("월요일", Part::Weekday),
    ("화요일", Part::Weekday),
    ("수요일", Part::Weekday),
    ("목요일", Part::Weekday),
    ("금요일", Part::Weekday),
    ("토요일", Part::Weekday),
    ("ㅤ", Part::Weekday),
];

/// The East Asian word that starts `rest`, and its length; a weekday's with the character that names the day.
pub(super) fn part(rest: &str) -> Option<(Part, usize)> {
    if rest.as_bytes().first().is_none_or(u8::is_ascii) {
        return None;
    }
    // `日曜日`, `월요일`, Korean's `월,` of a weekday before a date
    let mut chars = rest.chars();
    let first = chars.next()?;
    let after = chars.as_str();
    if ("月火水木金土日".contains(first) && after.starts_with("曜日")) || after.starts_with("요일") {
        return Some((Part::Weekday, first.len_utf8() + "曜日".len()));
    }
    if "화수목금토".contains(first) || ("월일".contains(first) && after.starts_with(',')) {
        return Some((Part::Weekday, first.len_utf8()));
    }
    let (word, part) = PARTS.iter().find(|(word, _)| rest.starts_with(word))?;
    let mut len = word.len();
    if matches!(part, Part::Weekday) && !word.ends_with('일') && !word.ends_with("曜日") {
        let day = rest[len..].chars().next().filter(|c| "一二三四五六日天末".contains(*c))?;
        len += day.len_utf8();
    }
    Some((*part, len))
}

/// False for a character that begins an East Asian word, which ends one in letters.
pub(super) fn part_char(c: char) -> bool {
    !matches!(c, '\u{3041}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}')
}

/// `13h05`, `13 Uhr`, `13 ч`.
pub(super) fn is_hour_mark(word: &str) -> bool {
    ["h", "uhr", "hrs", "ч", "час", "часов"].iter().any(|mark| same(word, mark))
}

/// Equal but for letter case, without allocating.
fn same(a: &str, b: &str) -> bool {
    a.chars().flat_map(char::to_lowercase).eq(b.chars())
}

fn begins(word: &str, whole: &str, at_least: usize) -> bool {
    word.len() >= at_least && whole.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
}

/// What `word` says; `None` where it is unknown.
pub(super) fn meaning(word: &str) -> Option<Meaning> {
    const WEEKDAYS: [(&str, Weekday); 7] = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    const ENGLISH: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    if let Some(month) = ENGLISH.iter().position(|whole| begins(word, whole, 3)) {
        return Some(Meaning::Month(u8::try_from(month + 1).ok()?));
    }
    if let Some((_, weekday)) = WEEKDAYS.iter().find(|(whole, _)| begins(word, whole, 3)) {
        return Some(Meaning::Weekday(*weekday));
    }
    let one_of = |known: &[&str]| known.iter().any(|known| same(word, known));
    if one_of(&["am", "πμ"]) {
        return Some(Meaning::Part(Part::Day(TimeOfDay::Morning)));
    }
    if one_of(&["pm", "μμ"]) {
        return Some(Meaning::Part(Part::Day(TimeOfDay::Afternoon)));
    }
    if one_of(&[
        "yesterday",
        "today",
        "tomorrow",
        "now",
        "ago",
        "last",
        "next",
        "gestern",
        "heute",
        "hier",
        "вчера",
        "сегодня",
    ]) {
        return Some(Meaning::Relative);
    }
    const FILLERS: [&str; 37] = [
        "at", "on", "of", "the", "st", "nd", "rd", "th", "de", "del", "do", "da", "le", "er", "ere", "den", "der",
        "um", "à", "a", "las", "ore", "alle", "kl", "klo", "г", "года", "року", "в", "о", "r", "and", "hours", "m",
        "uhr", "h", "hrs",
    ];
    if one_of(&FILLERS) {
        return Some(Meaning::Nothing);
    }
    let month = MONTHS.iter().position(|names| names.split(' ').any(|name| same(word, name)))?;
    Some(Meaning::Month(u8::try_from(month + 1).ok()?))
}
