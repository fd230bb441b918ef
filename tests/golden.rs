//! Golden cases: each folder of `fixtures/golden/` is a feed, rules and what must come out. Adding a case is adding files.
//!
//! `UPDATE_GOLDEN=1` writes the expected files anew (read the diff before you commit it); it is refused in CI. Every rule needs a case.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::panic, clippy::print_stderr)]

use refeed::base::clock::Time;
use refeed::base::url::Url;
use refeed::config::{Report, RuleList, Source, Value};
use refeed::feed::Feed;
use refeed::rules::pages::Body;
use refeed::rules::{BuildContext, Chain, Context, Kind, Page, Raw, Want};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// 2024-05-08T00:00:00Z, for rules that ask for an age.
const NOW: Time = Time::from_secs(1_715_126_400);

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<_> = std::fs::read_dir("fixtures/golden").unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

fn chain(case: &Path) -> Chain {
    let path = case.join("rules.toml");
    let source = Source::new(path.to_str().unwrap(), std::fs::read_to_string(&path).unwrap());
    let mut report = Report::new(&source);
    let list = Value::document(&mut report)
        .and_then(|mut document| document.take("rules"))
        .and_then(|rules| RuleList::from_value(rules.value, &mut report));
    let problems = report.finish();
    assert!(problems.is_empty(), "{problems}");
    Chain::build(&list.unwrap(), &BuildContext::default()).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The input of a case and the ending of its name.
fn input(case: &Path) -> (Vec<u8>, &'static str) {
    let read = |ending| Some((std::fs::read(case.join(format!("input.{ending}"))).ok()?, ending));
    ["json", "html", "xml"].into_iter().find_map(read).unwrap_or_else(|| panic!("{} has no input", case.display()))
}

/// The output of a case, and the ending of its name: what a rule makes of no feed is RSS.
fn run(case: &Path) -> (String, &'static str) {
    let url = std::fs::read_to_string(case.join("url.txt")).ok().map(|url| Url::parse(url.trim()).unwrap());
    let (bytes, _) = input(case);
    let mut context = Context::new(NOW, url.clone());
    for (url, file) in pages(case) {
        let bytes = std::fs::read(case.join(file)).unwrap().into();
        let body = Body { bytes, content_type: Some("text/html".to_owned()), url: url.clone() };
        context.pages.put(Want::page(url), Page::Ready(Arc::new(body)));
    }
    let (chain, raw) = (chain(case), Raw { bytes: bytes.into(), content_type: None, url });
    let mut feed = chain.read(&raw, &context).unwrap_or_else(|error| panic!("{}: {error}", case.display()));
    chain.apply(&mut feed, &context).unwrap();
    let ending = if feed.format().is_json() { "json" } else { "xml" };
    (feed.into_string(), ending)
}

/// What a rule may read of the network: `pages.txt`, a URL and a file of the case on each line.
fn pages(case: &Path) -> Vec<(Url, String)> {
    let list = std::fs::read_to_string(case.join("pages.txt")).unwrap_or_default();
    let page = |line: &str| line.split_once(' ').map(|(url, file)| (Url::parse(url).unwrap(), file.to_owned()));
    list.lines().filter_map(page).collect()
}

#[test]
fn golden_cases_come_out_as_expected() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    assert!(!update || std::env::var_os("CI").is_none(), "UPDATE_GOLDEN is for people, not for CI");
    let mut wrong = Vec::new();
    for case in cases() {
        let (output, ending) = run(&case);
        let expected = case.join(format!("expected.{ending}"));
        if update {
            std::fs::write(&expected, &output).unwrap();
        }
        match std::fs::read_to_string(&expected) {
            Ok(text) if text == output => {}
            Ok(text) => {
                let line = text.lines().zip(output.lines()).position(|(a, b)| a != b);
                let at = line.unwrap_or(text.lines().count().min(output.lines().count()));
                let show = |text: &str| text.lines().nth(at).unwrap_or("(end)").to_owned();
                wrong.push(format!(
                    "{} line {}\n  expected {}\n  is       {}",
                    case.display(),
                    at + 1,
                    show(&text),
                    show(&output)
                ));
            }
            Err(error) => wrong.push(format!("{}: {error}", expected.display())),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_golden_case() {
    let names: Vec<_> = cases().iter().map(|case| case.file_name().unwrap().to_string_lossy().into_owned()).collect();
    for rule in Kind::names() {
        assert!(names.iter().any(|name| name.starts_with(&format!("{rule}-"))), "no case for `{rule}`");
    }
}

/// Rules that make a feed, and the one whose answers come from a service (`tests/services.rs`).
const WITHOUT_FEEDS: [&str; 4] = ["http", "json", "page", "sitemap"];

#[test]
fn every_rule_has_a_case_of_rss_atom_and_json_feed() {
    let format = |case: &Path| {
        let feed = Feed::read(&input(case).0, None, None);
        feed.ok().map(|feed| feed.format().name().split(' ').next().unwrap_or_default().to_owned())
    };
    for rule in Kind::names().filter(|rule| !WITHOUT_FEEDS.contains(rule)) {
        let own = |case: &PathBuf| case.file_name().unwrap().to_string_lossy().starts_with(&format!("{rule}-"));
        let formats: Vec<_> = cases().into_iter().filter(own).filter_map(|case| format(&case)).collect();
        for wanted in ["RSS", "Atom", "JSON"] {
            assert!(formats.iter().any(|format| format == wanted), "no case of {wanted} for `{rule}`");
        }
    }
}

#[test]
fn every_rule_has_a_row_of_cost() {
    let rows = std::fs::read_to_string("benches/rules.rs").unwrap();
    for rule in Kind::names() {
        assert!(rows.contains(&format!("{{ {rule} = ")), "no row for `{rule}` in benches/rules.rs");
    }
}

#[test]
fn without_rules_every_case_comes_out_as_it_came_in() {
    for case in cases() {
        if chain(&case).reader().is_some() {
            continue; // its input is no feed
        }
        let (input, _) = input(&case);
        let feed = Feed::read(&input, None, None).unwrap();
        assert_eq!(feed.emit().as_bytes(), input, "{}", case.display());
    }
}
