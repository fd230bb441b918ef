//! What rules know of places on the web: lists of addresses (`data/`), read once per rule and looked up by host.

use std::collections::HashMap;

/// An address as the lists see it: host without port and login, path with query; both as they are written.
#[derive(Clone, Copy)]
pub(super) struct Address<'a> {
    host: &'a str,
    path: &'a str,
}

impl<'a> Address<'a> {
    /// Of an `http:`, `https:` or scheme-relative address; none of others.
    pub(super) fn of(url: &'a str) -> Option<Address<'a>> {
        let rest = match url.find("//")? {
            0 => url.get(2..)?,
            5 if starts_with(url, "http:") => url.get(7..)?,
            6 if starts_with(url, "https:") => url.get(8..)?,
            _ => return None,
        };
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end)?;
        let host = authority.rsplit('@').next()?;
        let host = host.rfind(':').and_then(|colon| host.get(..colon)).unwrap_or(host);
        Some(Address { host, path })
    }

    pub(super) fn host(self) -> &'a str {
        self.host
    }

    /// What of the path comes after `prefix`, which ends where a name ends.
    fn after(self, prefix: &str) -> Option<&'a str> {
        let rest = self.path.get(prefix.len()..).filter(|_| starts_with(self.path, prefix))?;
        (prefix.is_empty() || rest.is_empty() || rest.starts_with(['/', '?', '#', '&'])).then_some(rest)
    }
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

/// Facts about addresses, by host.
#[derive(Debug)]
pub(super) struct Places<T> {
    by_host: HashMap<String, Vec<(String, T)>>,
}

impl<T> Default for Places<T> {
    fn default() -> Places<T> {
        Places { by_host: HashMap::new() }
    }
}

impl<T> Places<T> {
    /// Adds a fact about `host/path`.
    pub(super) fn add(&mut self, address: &str, fact: T) {
        let (host, path) = address.split_at(address.find('/').unwrap_or(address.len()));
        self.by_host.entry(host.to_ascii_lowercase()).or_default().push((path.to_owned(), fact));
    }

    /// What is known of an address, each with what follows the known part of its path: first of its own host, then of
    /// those above it, of `name.*`, and of `*`.
    pub(super) fn find<'s, 'a>(
        &'s self,
        address: Address<'a>,
    ) -> impl Iterator<Item = (&'s T, &'a str)> + use<'s, 'a, T> {
        let host = address.host.to_ascii_lowercase();
        let mut keys: Vec<String> = Vec::new();
        let mut rest = host.as_str();
        loop {
            keys.push(rest.to_owned());
            if let Some((name, _)) = rest.split_once('.').filter(|(_, ending)| ending.len() <= LONGEST_COUNTRY) {
                keys.push(format!("{name}.*"));
            }
            match rest.split_once('.') {
                Some((_, above)) => rest = above,
                None => break,
            }
        }
        keys.push("*".to_owned());
        let known = keys.into_iter().filter_map(|key| self.by_host.get(&key)).flatten();
        known.filter_map(move |(path, fact)| address.after(path).map(|rest| (fact, rest)))
    }

    pub(super) fn contains(&self, url: &str) -> bool {
        Address::of(url).is_some_and(|address| self.find(address).next().is_some())
    }
}

/// `com`, `co.uk`, `com.hk`.
const LONGEST_COUNTRY: usize = 6;

/// The facts of a list: the first word of each line, and what follows it.
pub(super) fn lines(list: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("# "));
    lines.map(|line| line.split_once(' ').unwrap_or((line, "")))
}

/// A list of addresses.
pub(super) fn addresses(list: &'static str) -> Places<()> {
    let mut places = Places::default();
    lines(list).for_each(|(address, _)| places.add(address, ()));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_by_host_and_path() {
        let mut places = Places::default();
        ["a.example", "b.example/x", "google.*/url", "*/count.php"].iter().for_each(|address| places.add(address, ()));
        for (url, is_known) in [
            ("https://a.example", true),
            ("http://me@c.A.example:80/y?z", true),
            ("//a.example/", true),
            ("https://aa.example/", false),
            ("https://b.example/x?y", true),
            ("https://b.example/X/y", true),
            ("https://b.example/xy", false),
            ("https://www.google.co.uk/url?q=x", true),
            ("https://google.evil.example/url?q=x", false),
            ("https://z.example/count.php?a", true),
            ("ftp://a.example/", false),
            ("a.example", false),
        ] {
            assert_eq!(places.contains(url), is_known, "{url}");
        }
    }

    #[test]
    fn comments_are_no_facts() {
        let list: Vec<_> = lines("# a\n\n x y z\n#id\n").collect();
        assert_eq!(list, [("x", "y z"), ("#id", "")]);
    }
}
