#!/usr/bin/env python3
"""What refeed writes in another format has no error that the feed did not have before.

    python3 tests/valid_feeds.py --refeed target/debug/refeed [FILE|DIR …]        default: fixtures/feeds and REFEED_CORPUS

The W3C feed validator cannot be installed as a package. These are the checks it makes that end in an error, from its
documentation (validator.w3.org/feed/docs/#errors), for RSS 2.0 and Atom 1.0, and those of jsonfeed.org/version/1.1 for JSON
Feed: elements that must be there, at most once, known ones only, dates, addresses, identifiers, languages, mail addresses, media
types. Extensions are carried as they came and are not judged. Standard library only.

Prints a line for each error, and the counts; exits with 1 if there is one.
"""

import argparse
import collections
import email.utils
import json
import multiprocessing
import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

LIMIT = 120  # seconds for one feed in a debug build
ROOT = pathlib.Path(__file__).resolve().parent.parent
ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
XML = "{http://www.w3.org/XML/1998/namespace}"

URL = re.compile(r"^(https?|ftp)://[^\s/?#<>\"]+[^\s<>\"]*$", re.I)
IRI = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+$")
RFC822 = re.compile(r"^((Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\d{1,2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
                    r"\d\d:\d\d(:\d\d)? (UT|GMT|[ECMP][SD]T|[+-]\d{4}|[A-IK-Z])$")
RFC3339 = re.compile(r"^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$")
MAIL = re.compile(r"[^\s<>()@]+@[^\s<>()@]+\.[^\s<>()@]+")
MIME = re.compile(r"^[\w!#$&^.+-]+/[\w!#$&^.+*-]+(\s*;.*)?$")
LANGUAGE = re.compile(r"^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$")

CHANNEL_ONCE = {"title", "link", "description", "language", "copyright", "managingEditor", "webMaster", "pubDate",
                "lastBuildDate", "generator", "docs", "cloud", "ttl", "image", "rating", "textInput", "skipHours", "skipDays"}
CHANNEL = CHANNEL_ONCE | {"category", "item"}
ITEM_ONCE = {"title", "link", "description", "author", "comments", "guid", "pubDate", "source", CONTENT + "encoded"}
ITEM = ITEM_ONCE | {"category", "enclosure"}
FEED_ONCE = {"id", "title", "updated", "subtitle", "rights", "generator", "icon", "logo"}
FEED = FEED_ONCE | {"link", "author", "contributor", "category", "entry"}
ENTRY_ONCE = {"id", "title", "updated", "published", "summary", "content", "rights", "source"}
ENTRY = ENTRY_ONCE | {"link", "author", "contributor", "category"}


class Errors(list):
    """Errors as (kind, where)."""

    def unless(self, good, kind, where=""):
        if not good:
            self.append((kind, str(where)[:120]))


def text(element):
    return "".join(element.itertext()).strip()


def once(errors, element, names, prefix=""):
    counts = collections.Counter(child.tag for child in element)
    for name in names:
        tag = name if name.startswith("{") else prefix + name
        errors.unless(counts[tag] <= 1, "DuplicateElement " + name, counts[tag])


def known(errors, element, names, prefix=""):
    for child in element:
        if prefix and not child.tag.startswith(prefix):
            continue
        if not prefix and child.tag.startswith("{"):
            continue
        errors.unless(child.tag[len(prefix):] in names, "UndefinedElement", child.tag)


def required(errors, element, names, prefix="", blank=()):
    for name in names:
        child = element.find(prefix + name)
        errors.unless(child is not None, "MissingElement " + name)
        if child is not None and name not in blank:
            errors.unless(text(child), "NotBlank " + name)


def check_rss(root):
    errors = Errors()
    channel = root.find("channel")
    errors.unless(root.get("version") == "2.0" and channel is not None, "UndefinedElement", root.tag)
    if channel is None:
        return errors
    known(errors, channel, CHANNEL)
    once(errors, channel, CHANNEL_ONCE)
    required(errors, channel, ("title", "link", "description"), blank=("description",))
    for link in channel.findall("link"):
        errors.unless(URL.match(text(link)), "InvalidFullLink link", text(link))
    for language in channel.findall("language"):
        errors.unless(LANGUAGE.match(text(language)), "InvalidLanguage", text(language))
    for name in ("pubDate", "lastBuildDate"):
        for date in channel.findall(name):
            errors.unless(is_rfc822(text(date)), "InvalidRFC2822Date", text(date))
    for name in ("managingEditor", "webMaster"):
        for person in channel.findall(name):
            errors.unless(MAIL.search(text(person)), "InvalidContact", text(person))
    for image in channel.findall("image"):
        required(errors, image, ("url", "title", "link"))
        for name in ("url", "link"):
            for url in image.findall(name):
                errors.unless(URL.match(text(url)), "InvalidFullLink image", text(url))
    for link in channel.findall(ATOM + "link"):
        check_link(errors, link)
    seen = collections.Counter()
    for item in channel.findall("item"):
        known(errors, item, ITEM)
        once(errors, item, ITEM_ONCE)
        errors.unless(item.find("title") is not None or item.find("description") is not None, "MissingTitleOrDescription")
        for name in ("link", "comments"):
            for url in item.findall(name):
                errors.unless(URL.match(text(url)) or IRI.match(text(url)), "InvalidFullLink " + name, text(url))
        for guid in item.findall("guid"):
            seen[text(guid)] += 1
            errors.unless(text(guid), "NotBlank guid")
            if guid.get("isPermaLink", "true") == "true":
                errors.unless(URL.match(text(guid)), "InvalidHttpGUID", text(guid))
        for date in item.findall("pubDate"):
            errors.unless(is_rfc822(text(date)), "InvalidRFC2822Date", text(date))
        for author in item.findall("author"):
            errors.unless(MAIL.search(text(author)), "InvalidContact", text(author))
        for enclosure in item.findall("enclosure"):
            for name in ("url", "length", "type"):
                errors.unless(enclosure.get(name), "MissingAttribute enclosure " + name)
            errors.unless(IRI.match(enclosure.get("url", "")), "InvalidURLAttribute", enclosure.get("url"))
            errors.unless(re.match(r"^\d+$", enclosure.get("length", "")), "InvalidIntegerAttribute", enclosure.get("length"))
            errors.unless(MIME.match(enclosure.get("type", "")), "InvalidMIMEAttribute", enclosure.get("type"))
        for source in item.findall("source"):
            errors.unless(IRI.match(source.get("url", "")), "MissingAttribute source url", source.get("url"))
        for date in item.findall(ATOM + "updated"):
            errors.unless(RFC3339.match(text(date)), "InvalidRFC3339Date", text(date))
    for guid, count in seen.items():
        errors.unless(count == 1, "DuplicateGuid", guid)
    return errors


def is_rfc822(date):
    return bool(RFC822.match(date)) and email.utils.parsedate_tz(date) is not None


def check_link(errors, link):
    errors.unless(link.get("href") and IRI.match(link.get("href")), "InvalidURIAttribute href", link.get("href"))
    if link.get("type") is not None:
        errors.unless(MIME.match(link.get("type")), "InvalidMIMEAttribute", link.get("type"))
    if link.get("length") is not None:
        errors.unless(re.match(r"^\d+$", link.get("length")), "InvalidIntegerAttribute", link.get("length"))


def check_common(errors, element):
    """What an Atom feed and its entries have in common."""
    required(errors, element, ("id", "title", "updated"), ATOM, blank=("title",))
    for name in ("id", "icon", "logo"):
        for iri in element.findall(ATOM + name):
            errors.unless(IRI.match(text(iri)), "InvalidFullLink " + name, text(iri))
    for name in ("updated", "published"):
        for date in element.findall(ATOM + name):
            errors.unless(RFC3339.match(text(date)), "InvalidRFC3339Date", text(date))
    for person in element.findall(ATOM + "author") + element.findall(ATOM + "contributor"):
        once(errors, person, ("name", "uri", "email"), ATOM)
        required(errors, person, ("name",), ATOM)
        for mail in person.findall(ATOM + "email"):
            errors.unless(MAIL.fullmatch(text(mail)), "InvalidContact", text(mail))
        for uri in person.findall(ATOM + "uri"):
            errors.unless(IRI.match(text(uri)), "InvalidFullLink uri", text(uri))
    for category in element.findall(ATOM + "category"):
        errors.unless(category.get("term") is not None, "MissingAttribute term")
        if category.get("scheme") is not None:
            errors.unless(IRI.match(category.get("scheme")), "InvalidURIAttribute scheme", category.get("scheme"))
    alternates = collections.Counter()
    for link in element.findall(ATOM + "link"):
        check_link(errors, link)
        if link.get("rel", "alternate") == "alternate":
            alternates[(link.get("type"), link.get("hreflang"))] += 1
    errors.unless(all(count == 1 for count in alternates.values()), "DuplicateAtomLink", alternates)
    for name in ("title", "subtitle", "summary", "rights", "content"):
        for construct in element.findall(ATOM + name):
            kind = construct.get("type", "text")
            media = name == "content" and MIME.match(kind)
            errors.unless(kind in ("text", "html", "xhtml") or media, "InvalidTextType", kind)
            if kind in ("text", "html"):
                errors.unless(len(construct) == 0, "UndefinedElement", construct.tag)
    if element.get(XML + "lang"):
        errors.unless(LANGUAGE.match(element.get(XML + "lang")), "InvalidLanguage", element.get(XML + "lang"))


def check_atom(root):
    errors = Errors()
    known(errors, root, FEED, ATOM)
    once(errors, root, FEED_ONCE, ATOM)
    check_common(errors, root)
    has_author = root.find(ATOM + "author") is not None
    seen = collections.Counter()
    for entry in root.findall(ATOM + "entry"):
        known(errors, entry, ENTRY, ATOM)
        once(errors, entry, ENTRY_ONCE, ATOM)
        check_common(errors, entry)
        source = entry.find(ATOM + "source")
        if source is not None:
            check_common(errors, source)
        named = has_author or entry.find(ATOM + "author") is not None
        errors.unless(named or (source is not None and source.find(ATOM + "author") is not None), "MissingElement author")
        links = [link for link in entry.findall(ATOM + "link") if link.get("rel", "alternate") == "alternate"]
        errors.unless(links or entry.find(ATOM + "content") is not None, "MissingContentOrAlternate")
        seen[(text_of(entry, "id"), text_of(entry, "updated"))] += 1
    for entry, count in seen.items():
        errors.unless(count == 1, "DuplicateGuid", entry)
    return errors


def text_of(element, name):
    child = element.find(ATOM + name)
    return text(child) if child is not None else ""


def check_json(feed):
    errors = Errors()
    errors.unless(str(feed.get("version", "")).startswith("https://jsonfeed.org/version/1"), "version", feed.get("version"))
    errors.unless(isinstance(feed.get("title"), str), "title")
    errors.unless(isinstance(feed.get("items"), list), "items")
    for name in ("home_page_url", "feed_url", "icon", "favicon"):
        errors.unless(name not in feed or IRI.match(str(feed[name])), "address " + name, feed.get(name))
    check_people(errors, feed)
    seen = collections.Counter()
    for item in feed.get("items") or []:
        errors.unless(isinstance(item.get("id"), str) and item["id"], "id", item.get("id"))
        seen[item.get("id")] += 1
        errors.unless("content_html" in item or "content_text" in item, "content")
        for name in ("content_html", "content_text", "title", "summary", "language"):
            errors.unless(name not in item or isinstance(item[name], str), name)
        for name in ("url", "external_url", "image", "banner_image"):
            errors.unless(name not in item or IRI.match(str(item[name])), "address " + name, item.get(name))
        for name in ("date_published", "date_modified"):
            errors.unless(name not in item or RFC3339.match(str(item[name])), "date", item.get(name))
        errors.unless(all(isinstance(tag, str) for tag in item.get("tags", [])), "tags")
        check_people(errors, item)
        for file in item.get("attachments", []):
            errors.unless(IRI.match(str(file.get("url"))), "address attachment", file.get("url"))
            errors.unless(MIME.match(str(file.get("mime_type"))), "mime_type", file.get("mime_type"))
            for name in ("size_in_bytes", "duration_in_seconds"):
                errors.unless(isinstance(file.get(name, 0), (int, float)), name, file.get(name))
    for item, count in seen.items():
        errors.unless(count == 1, "DuplicateGuid", item)
    return errors


def check_people(errors, value):
    for person in value.get("authors", []):
        errors.unless(any(isinstance(person.get(name), str) for name in ("name", "url", "avatar")), "authors", person)


def check(data):
    """All errors of a feed, or None where it is of no format that is checked here."""
    if data.lstrip()[:1] == b"{":
        return check_json(json.loads(data))
    root = ET.fromstring(data)
    if root.tag == "rss":
        return check_rss(root)
    return check_atom(root) if root.tag == ATOM + "feed" else None


def shared_ids(data):
    """Whether two items of a feed, in whatever dialect, have one id."""
    if data.lstrip()[:1] == b"{":
        return set()
    local = lambda element: element.tag.rsplit("}", 1)[-1]
    items = [element for element in ET.fromstring(data).iter() if local(element) == "item"]
    about = [value for item in items for name, value in item.attrib.items() if name.endswith("about")]
    guids = [text(child) for item in items for child in item if local(child) == "guid"]
    return {"DuplicateGuid"} if any(len(set(ids)) < len(ids) for ids in (about, guids)) else set()


def run(refeed, path, target):
    command = [refeed, "run", "--url", "https://feeds.example.org/source", *target, str(path)]
    return subprocess.run(command, capture_output=True, timeout=LIMIT, check=False)


def look(job):
    """The lines about one file, and how many outputs were checked."""
    refeed, path = job
    plain = run(refeed, path, [])
    if plain.returncode != 0:
        return [], 0
    before = {kind for kind, _ in check(plain.stdout) or ()} | shared_ids(plain.stdout)
    lines = []
    for target in ("rss", "atom", "json"):
        made = run(refeed, path, ["--to", target])
        if made.returncode != 0:
            lines.append(f"{path.name} as {target}: {made.stderr.decode(errors='replace').strip()}")
            continue
        if made.stdout == plain.stdout:
            continue  # the document itself
        for (kind, where), count in collections.Counter(check(made.stdout)).items():
            if kind not in before:
                lines.append(f"{path.name} as {target}: {kind} ({where}) ×{count}")
    return lines, 3


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--refeed", required=True)
    parser.add_argument("paths", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    paths = options.paths or [ROOT / "fixtures/feeds", *map(pathlib.Path, filter(None, [os.environ.get("REFEED_CORPUS")]))]
    files = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
    files = [file for file in files if file.suffix in (".xml", ".json", ".rss", ".atom", ".rdf")]
    with multiprocessing.Pool() as pool:
        results = pool.map(look, [(options.refeed, file) for file in files], chunksize=1)
    lines = [line for found, _ in results for line in found]
    print("\n".join(lines))
    print(f"{sum(count for _, count in results)} outputs of {len(files)} feeds, {len(lines)} errors")
    sys.exit(bool(lines))


if __name__ == "__main__":
    main()
