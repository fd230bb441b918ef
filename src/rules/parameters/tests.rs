//! RSSHub's parameters against the rules that they mean, and what is said of those that cannot be obeyed.

use super::*;
use crate::rules::{BuildContext, Chain};

fn parameters(query: &str) -> Parameters {
    let mut parameters = Parameters::default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        parameters.push(name, value);
    }
    parameters
}

fn chain(query: &str) -> Result<Chain, String> {
    let parameters = parameters(query);
    let list = parameters.list(&Sets::embedded()).map_err(|wrong| wrong.to_string())?;
    Chain::build(&list, &BuildContext::default()).map_err(|problems| parameters.blame(&problems).to_string())
}

fn names(query: &str) -> Vec<&'static str> {
    chain(query).unwrap_or_else(|wrong| panic!("{query}: {wrong}")).names().collect()
}

#[test]
fn the_order_is_rsshubs_whatever_the_order_in_the_address() {
    let query = "image_hotlink_template=https://p.example/${host}${pathname}&opencc=t2s&limit=5&filter_time=60&filterout=x&filter=y";
    assert_eq!(names(query), ["sort", "keep", "drop", "drop", "keep", "limit", "opencc", "images"]);
    assert_eq!(names("opencc=s2t&dedupe=title&use=weserv&links"), ["dedupe", "links", "images", "links", "opencc"]);
}

#[test]
fn a_parameter_is_the_rule_of_a_configuration() {
    let build = |rules| Chain::build(&RuleList::parse("--rules", rules).unwrap(), &BuildContext::default()).unwrap();
    for (query, rules) in [
        ("limit=3", "[{ sort = 'newest' }, { limit = 3 }]"),
        ("limit=3&sorted=false", "[{ limit = 3 }]"),
        ("sorted=true", "[{ sort = 'newest' }]"),
        ("opencc=s2t", "[{ opencc = 's2t' }]"),
        ("filter_time=3600", "[{ keep = { newer_than = '3600s' } }]"),
        (
            "filter_title=a&filter_author=b&filter_case_sensitive=false&sorted=false",
            "[{ keep = { title = '(?i)a', author = '(?i)b', exact = true, markup = true } }]",
        ),
        (
            "filter_title=\\bAI\\b|[[]&sorted=0",
            "[{ keep = { title = '(?-u:\\b)AI(?-u:\\b)|[\\[]', exact = true, markup = true } }]",
        ),
        ("filter=a&filter_title=b&sorted=false", "[{ keep = { any = 'a', exact = true, markup = true } }]"),
        (
            "filterout=a&filterout_title=b&filterout_category=c&sorted=false",
            "[{ drop = { title = 'b', exact = true, markup = true } }, \
             { drop = { description = 'a', exact = true, markup = true } }, \
             { drop = { category = 'c', exact = true, markup = true } }]",
        ),
        ("use=zh-hant,weserv", "['zh-hant', 'weserv']"),
        ("zh-hant&images=weserv", "['zh-hant', { images = 'weserv' }]"),
        ("keep=2024&sort=oldest", "[{ keep = '2024' }, { sort = 'oldest' }]"),
        ("limit=&filter=&opencc=s2t", "[{ opencc = 's2t' }]"),
        ("brief=100&mode=fulltext", "[{ full_text = true }, { brief = 100 }]"),
        ("max=2&sorted=0", "[{ limit = 2 }]"),
        (
            "multimedia_hotlink_template=https://r.example/${href}",
            "[{ multimedia = { via = 'https://r.example/${href}', posters = true } }]",
        ),
        (
            "multimedia_hotlink_template=https://r.example/${href}&image_hotlink_template=https://p.example/${href}&wrap_multimedia_in_iframe=1",
            "[{ images = 'https://p.example/${href}' }, { multimedia = { via = 'https://r.example/${href}', frame = true } }]",
        ),
        ("wrap_multimedia_in_iframe=0", "[]"),
        ("search=a.b&sorted=0", "[{ keep = { title = 'a\\.b', exact = true, markup = true } }]"),
    ] {
        assert_eq!(chain(query).map(|chain| chain.hash()), Ok(build(rules).hash()), "{query}");
    }
}

#[test]
fn what_cannot_be_obeyed_names_its_parameter() {
    for (query, wrong) in [
        (
            "foo=1&filter_titel=x",
            "unknown parameter `foo`, `filter_titel`: did you mean `filter_title`? accepted are sorted, filter",
        ),
        ("filter=a(", "`filter` cannot be used: bad pattern: unclosed group"),
        ("limit=2&filter_author=(?=x)", "`filter_author` cannot be used: bad pattern: look-around"),
        ("filterout=(a{900}){900}", "`filterout` cannot be used: this pattern needs more than"),
        ("limit=0", "`limit` must be a number of items above 0"),
        ("limit=ten", "`limit` must be"),
        ("filter_time=-1", "`filter_time` must be a number of seconds"),
        ("sorted=maybe", "`sorted` must be `true` or `false`"),
        ("opencc=s2x", "`opencc` cannot be used: unknown"),
        ("limit=1&limit=2", "`limit` is there twice"),
        ("mode=abridged", "`mode` can only be `fulltext`"),
        ("brief=99", "`brief` must be at least 100"),
        ("chatgpt=true", "`chatgpt` is RSSHub's"),
        ("tgiv=a%26b", "`tgiv` must be"),
        ("use=zh-hunt", "`use` cannot be used: unknown rule set `zh-hunt`; did you mean `zh-hant`?"),
        ("zh-hant=1", "`zh-hant` is a rule set and takes no value"),
        ("dedupe=colour", "`dedupe` cannot be used"),
        ("image_hotlink_template=https://p.example/${hrefs}", "`image_hotlink_template` cannot be used"),
        ("multimedia_hotlink_template=https://p.example/${hrefs}", "`multimedia_hotlink_template` cannot be used"),
        ("wrap_multimedia_in_iframe=yes", "`wrap_multimedia_in_iframe` must be `true` or `false`"),
    ] {
        let found = chain(query).err().unwrap_or_default();
        assert!(found.contains(wrong), "{query}: {found}");
    }
}

proptest::proptest! {
    #[test]
    fn nothing_panics(query in "((filter|limit|use|opencc|keep|images|x)=?\\PC{0,12}&?){0,6}") {
        let _ = chain(&query);
    }
}
