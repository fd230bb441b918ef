//! Tests of expressions: on a feed, and of what is refused.

use super::*;
use crate::base::clock::Time;
use crate::config::{Problems, Source, decode::decode, value::Value as Toml};

const FEED: &str = "<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>頻道</title>\
    <language>zh-TW</language>\
    <item><guid>1</guid><title>台灣 &amp; AI</title><link>https://www.example.org/a</link><category>news</category>\
    <category>科技</category><pubDate>Wed, 08 May 2024 06:00:00 +0800</pubDate>\
    <content:encoded>&lt;p&gt;這裡有 two words &lt;img src=\"https://cdn.example/1.png\"&gt;&lt;a href=\"/x\"&gt;x&lt;/a&gt;&lt;/p&gt;</content:encoded>\
    <enclosure url=\"https://cdn.example/1.mp3\" type=\"audio/mpeg\" length=\"5\"/></item>\
    <item><guid>2</guid><title>undated</title></item></channel></rss>";

/// 2024-05-08T00:00:00Z.
const NOW: Time = Time::from_secs(1_715_126_400);

fn compile(toml: &str) -> Result<Expression, Problems> {
    let mut report = Report::new(&Source::new("t", toml));
    let value = Toml::single(&mut report).unwrap();
    let text: Spanned<String> = decode(&value, &mut report).unwrap();
    let compiled = Expression::compile(&text, &mut report);
    report.finish().or(()).map(|()| compiled.unwrap())
}

/// What the expression says of the two items.
fn ask(text: &str) -> [Option<bool>; 2] {
    let feed = Feed::read(FEED.as_bytes(), None, None).unwrap();
    let cx = Context::new(NOW, crate::base::url::Url::parse("https://www.feeds.example/rss").ok());
    let expression = compile(&format!("'''{text}'''")).unwrap_or_else(|problems| panic!("{problems}"));
    [1, 2]
        .map(|at| expression.holds(&Look { feed: &feed, place: feed.items()[at - 1], position: at, cx: &cx }).unwrap())
}

#[test]
fn an_expression_sees_all_fields_of_an_item() {
    for text in [
        "title == '台灣 & AI'",
        "title is matches('臺湾|xyz') and title is matches('ai$')",
        "title is not matches('臺湾', exact=true)",
        "title is contains('台湾') and not (title is contains('台湾', exact=true))",
        "'科技' in categories and categories is matches('^NEWS$') and category == 'news, 科技'",
        "host == 'example.org' and link | host == host",
        "words == 5 + 1 and chars > 9",
        "images == ['https://cdn.example/1.png'] and links | length == 1",
        "has_image and has_audio and not has_video",
        "enclosures[0].type == 'audio/mpeg' and enclosures[0].medium == 'audio'",
        "script == 'hant' and language == 'zh-TW'",
        "age == duration('2h') and published < now and published > date('2024-05-07')",
        "published.hour == 22 and (published | zone('Asia/Taipei')).hour == 6 and published.weekday == 'tuesday'",
        "weekday == 'tuesday' and hour == 22 and weekday not in ['saturday', 'sunday']",
        "published | strftime('%Y-%m-%d') == '2024-05-07'",
        "position == 1 and id == '1'",
        r"text is matches('t\w+ words') and text is matches('\\bTWO\\b')",
        r"'用AI写' is matches('\\bai\\b') and '用AI写' is not matches('\\bAI\\b', exact=true)",
        "feed.title == '頻道' and feed.format == 'rss' and feed.host == 'feeds.example' and feed.items == 2",
        "content is matches('<img') and text | sub('two (words)', '$1') == '這裡有 words x'",
    ] {
        assert_eq!(ask(text)[0], Some(true), "{text}");
    }
}

#[test]
fn what_an_item_lacks_is_neither_yes_nor_no() {
    assert_eq!(ask("age < duration('7d')"), [Some(true), None]);
    assert_eq!(ask("not (published > now)"), [Some(true), None]);
    assert_eq!(ask("hour > 8"), [Some(true), None]);
    assert_eq!(ask("weekday is matches('day')"), [Some(true), None]);
    assert_eq!(ask("published is defined and age < duration('7d')"), [Some(true), Some(false)]);
    assert_eq!(ask("enclosures[0].url is matches('mp3')"), [Some(true), None]);
    assert_eq!(ask("has_image or author"), [Some(true), Some(false)]);
}

#[test]
fn a_sample_is_stable_and_about_as_large_as_asked() {
    assert_eq!(ask("sample(100)"), [Some(true); 2]);
    assert_eq!(ask("sample(0)"), [Some(false); 2]);
    let taken = (0..1000).filter(|id| functions::is_sampled(&id.to_string(), 25.0)).count();
    assert!((200..300).contains(&taken), "{taken}");
}

#[test]
fn what_cannot_work_is_refused_where_it_stands() {
    for (toml, at, message, help) in [
        ("'titel == 1'", 2, "unknown name `titel`", "`title`"),
        ("\"\\\"x\\\" == feed.titel\"", 11, "unknown name `feed.titel`", "`feed.title`"),
        ("'title | lowre'", 10, "unknown filter `lowre`", "`lower`"),
        ("'title is not machtes(\"x\")'", 15, "unknown test `machtes`", "`matches`"),
        ("'duraton(\"7d\")'", 2, "unknown name `duraton`", "`duration`"),
        ("'title ='", 8, "bad expression: unexpected", ""),
        ("'title is matches(\"(\")'", 20, "bad pattern: unclosed group", ""),
        ("'title is matches(category)'", 11, "`matches` needs its pattern written as a string", "matches("),
        ("'title is matches(\"\\bAI\\b\")'", 19, "`\\b` is a backspace here", "two backslashes"),
        ("'published > \"2024-01-01\"'", 14, "`published` is no text", "date("),
        ("'age < \"7d\"'", 8, "`age` is no text", "duration("),
        ("'title | replace(\"a\")'", 10, "bad expression: missing argument", ""),
        (
            "'range(9999) | map(\"abs\") | list | length > 1 and range(9999) | list | sort | length'",
            72,
            "bad expression: too much",
            "",
        ),
        ("' '", 1, "an expression is empty", "write a condition"),
    ] {
        let problems = compile(toml).err().unwrap_or_else(|| panic!("{toml} is taken"));
        let problem = problems.iter().next().unwrap();
        assert!(problem.message.starts_with(message), "{toml}: {}", problem.message);
        assert!(problem.help.as_deref().unwrap_or("").contains(help), "{toml}: {:?}", problem.help);
        assert_eq!(problem.position().1, at, "{toml}: {}", problem.message);
        assert_eq!(problems.len(), 1, "{toml}: {problems}");
    }
}

#[test]
fn hostile_expressions_are_bounded() {
    let deep = format!("'{}1{}'", "(".repeat(2000), ")".repeat(2000));
    assert!(compile(&deep).is_err());
    assert!(compile(&format!("'{}'", "title and ".repeat(1000) + "title")).is_err(), "longer than it may be");
    // out of fuel on an item, not in the trial
    let feed = Feed::read(FEED.as_bytes(), None, None).unwrap();
    let cx = Context::new(NOW, None);
    let endless = compile(
        "'''title == \"word\" or range(9000) | map(\"string\") | map(\"upper\") | map(\"lower\") | list | sort'''",
    )
    .unwrap();
    let trouble = endless.holds(&Look { feed: &feed, place: feed.items()[0], position: 1, cx: &cx }).unwrap_err();
    assert!(trouble.is_endless, "{trouble:?}");
    let mut troubles = Troubles::new("drop");
    let given_up = (0..=MAX_EXHAUSTED).find_map(|_| troubles.add(trouble.clone()).err()).unwrap().to_string();
    assert!(given_up.starts_with("the rule `drop` gave up on this feed: `title == \"word\" or range"), "{given_up}");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_compiler_panic(text in "[ -~\\n台灣]{0,40}|(title|age|\\||is|not|matches|sub|\\(|\"|'|,|\\.| |\\\\|1|==|feed){0,12}") {
        let spanned = Spanned::new(0..text.len(), text.clone());
        let mut report = Report::new(&Source::new("t", text));
        Expression::compile(&spanned, &mut report);
        Template::compile(&spanned, Makes::Html, &mut report);
        report.finish().to_string();
    }
}
