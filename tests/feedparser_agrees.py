#!/usr/bin/env python3
"""PyPI's feedparser reads the same feed before and after refeed, for every feed of fixtures/feeds and REFEED_CORPUS.

    ./test                                                        installs feedparser and runs this
    python tests/feedparser_agrees.py --refeed target/debug/refeed [FILE|DIR …]

`refeed run FILE` without a rule must not change what a reader sees: every value that feedparser has of the feed and of
each entry is compared. Allowed: a relative URL made absolute, and, where feedparser had to guess before (bozo), another
reading, if no entry is lost but the last one of a document that breaks off inside it, and the result is well-formed.
What feedparser does not take for a feed at all, refeed may refuse, but not a fixture named broken-…. JSON Feed, which
this feedparser does not read, is compared by Python's json.

Prints a line for each difference, the counts, and `N passed, N failed` at the end; exits with 1 if one failed.
"""

import argparse
import io
import json
import multiprocessing
import os
import pathlib
import re
import subprocess
import sys
import urllib.parse

import feedparser

URLS = {"banner_image", "comments", "docs", "href", "icon", "image", "license", "link", "logo", "src", "uri", "url",
        "wfw_commentrss"}
LIMIT = 60  # seconds for one feed in a debug build
ROOT = pathlib.Path(__file__).resolve().parent.parent
ATTRIBUTE = re.compile(r"""(?<=[\s'"])(href|src|srcset|poster|cite|data|action|data-[\w-]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s>"']+)""", re.I)


def read(data):
    """feedparser's reading, its own resolving and sanitising off, so that bytes are compared and not its repairs."""
    return feedparser.parse(io.BytesIO(data), resolve_relative_uris=False, sanitize_html=False)


def guess(data):
    """The reading before refeed: feedparser itself fails on some broken feeds, which counts as having read nothing."""
    try:
        return read(data)
    except Exception as error:
        return feedparser.FeedParserDict(bozo=True, bozo_exception=error, feed={}, entries=[])


def is_relative(url):
    return bool(url) and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", url)


def absolute_of(before, after):
    """True where `after` is the relative reference `before` made absolute, against whatever base."""
    plain = lambda url: urllib.parse.unquote(url.strip()).replace("&amp;", "&")
    if plain(before) == plain(after):
        return True  # feedparser resolved it itself, without escaping what is not ASCII
    if not is_relative(before.strip()) or is_relative(after.strip()):
        return False
    tail = re.sub(r"^(//|(\.{0,2}/)+|\.$)", "", plain(before))
    return plain(after).rstrip("/").endswith(tail.rstrip("/"))


def same_text(key, before, after):
    """True where the strings are equal, or differ only in relative URLs: as a whole in a key that holds a URL, which ids
    never count as, or in attributes of HTML."""
    if before == after or (key in URLS and absolute_of(before, after)):
        return True
    urls = lambda text: [match.group(3).strip("\"'") for match in ATTRIBUTE.finditer(text)]
    rest = lambda text: ATTRIBUTE.sub(lambda match: match.group(1), text)
    old, new = urls(before), urls(after)
    if rest(before) != rest(after) or len(old) != len(new):
        return False
    parts = lambda url: [part.split()[0] if part.split() else "" for part in url.split(", ")]
    pairs = [pair for a, b in zip(old, new) for pair in zip(parts(a), parts(b))]
    return all(a == b or absolute_of(a, b) for a, b in pairs)


def differences(before, after, path=""):
    """Yields the places where two readings differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(set(before) | set(after), key=str):
            if key not in before or key not in after:
                yield f"{path}.{key} is only there {'before' if key in before else 'after'}"
            else:
                yield from differences(before[key], after[key], f"{path}.{key}")
    elif isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            yield f"{path} has {len(before)} before, {len(after)} after"
        for index, (old, new) in enumerate(zip(before, after)):
            yield from differences(old, new, f"{path}[{index}]")
    elif isinstance(before, str) and isinstance(after, str):
        if not same_text(path.rsplit(".", 1)[-1], before, after):
            at = next((i for i, (a, b) in enumerate(zip(before, after)) if a != b), min(len(before), len(after)))
            cut = slice(max(0, at - 20), at + 40)
            yield f"{path} from character {at}: {before[cut]!r} became {after[cut]!r}"
    elif before != after:
        yield f"{path}: {before!r} became {after!r}"


def plain(value):
    """A reading as dictionaries, lists and strings."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in dict.items(value)}
    if isinstance(value, (list, tuple)) and not hasattr(value, "tm_year"):
        return [plain(inner) for inner in value]
    return value


def compare_json(before, after):
    return list(differences(json.loads(before), json.loads(after), "feed")), "json"


def compare_xml(before, after):
    old, new = guess(before), read(after)
    if not new.get("version"):
        return ["the output is no feed"], "failed"
    found = list(differences(plain(old.feed), plain(new.feed), "feed"))
    found += differences(plain(old.entries), plain(new.entries), "entries")
    if not old.bozo:
        if new.bozo:
            found.append(f"bozo: feedparser now stumbles: {new.bozo_exception}")
        return found, "same"
    breaks_off = not before.rstrip().endswith(b">")
    lost = len(old.entries) - len(new.entries) - breaks_off
    worse = [f"entries: {len(old.entries)} before, {len(new.entries)} after"] if lost > 0 else []
    if new.bozo:
        worse.append(f"still bozo after the repair: {new.bozo_exception}")
    return worse, "repaired" if found else "same"


def judge(job):
    """(file, verdict, differences) of one feed; the verdict is same, json, repaired, refused or failed."""
    refeed, path = job
    before = path.read_bytes()
    try:
        done = subprocess.run([refeed, "run", str(path)], stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return path, "failed", [f"no answer within {LIMIT} s"]
    errors = done.stderr.decode("utf-8", "replace").strip()
    is_json = path.suffix == ".json"
    if done.returncode != 0:
        known = is_json or path.name.startswith("broken-") or guess(before).get("version")
        ok = not known and errors and done.returncode > 0 and not done.stdout
        return path, "refused" if ok else "failed", [f"refused with {done.returncode}: {errors}"]
    try:
        found, verdict = (compare_json if is_json else compare_xml)(before, done.stdout)
    except ValueError as error:
        return path, "failed", [f"the output is not JSON: {error}"]
    return path, "failed" if found else verdict, found


def feeds(named):
    places = [pathlib.Path(place) for place in named]
    if not places:
        places = [ROOT / "fixtures" / "feeds"]
        if os.environ.get("REFEED_CORPUS"):
            places.append(pathlib.Path(os.environ["REFEED_CORPUS"]))
        else:
            print("REFEED_CORPUS is not set: the fixtures only")
    files = [file for place in places for file in (sorted(place.iterdir()) if place.is_dir() else [place])]
    return [file for file in files if file.suffix in (".xml", ".json", ".html")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--refeed", required=True, help="the built command")
    parser.add_argument("--all", action="store_true", help="print every difference, not the first three of a feed")
    parser.add_argument("feeds", nargs="*", help="files or folders; default: fixtures/feeds and REFEED_CORPUS")
    options = parser.parse_args()
    refeed = os.path.abspath(options.refeed)
    if not os.access(refeed, os.X_OK):
        sys.exit(f"{refeed} is not there: cargo build")
    counts = {"same": 0, "json": 0, "repaired": 0, "refused": 0, "failed": 0}
    with multiprocessing.Pool() as pool:
        for path, verdict, found in pool.imap(judge, [(refeed, file) for file in feeds(options.feeds)]):
            counts[verdict] += 1
            if verdict == "failed":
                shown = found if options.all else found[:3]
                more = [f"and {len(found) - len(shown)} more"] if len(found) > len(shown) else []
                print(f"{path.name}: " + f"\n{' ' * len(path.name)}  ".join(shown + more))
            elif verdict == "refused":
                print(f"{path.name}: {found[0]}")
    print(f"feedparser {feedparser.__version__}: {counts['same']} read the same, {counts['json']} JSON Feeds with the same "
          f"members, {counts['repaired']} read better, {counts['refused']} refused as no feed, {counts['failed']} differ")
    passed = sum(counts.values()) - counts["failed"]
    print(f"{passed} passed, {counts['failed']} failed")
    return 1 if counts["failed"] or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
