#!/usr/bin/env python3
"""Serves a directory of feeds on loopback, as sites would, so that a person can try refeed on all of them at once.

    python3 bench/serve_corpus.py                      REFEED_CORPUS, or fixtures/feeds
    python3 bench/serve_corpus.py DIR --port 9000
    python3 bench/serve_corpus.py --slow 3000          each answer takes three seconds
    python3 bench/serve_corpus.py --fail 503           each answer is an error (429 and 503 with Retry-After)

`/` lists the feeds with the refeed address of each; `/refeed.toml` is a config that proxies them all by name. refeed
fetches from loopback only if told to: that config says so, `fetch.allow = ["127.0.0.1:9000"]`.

Sends a content type, a strong ETag, Last-Modified and a length; answers 304 and HEAD. Standard library only.
"""

import argparse
import email.utils
import hashlib
import html
import http.server
import os
import pathlib
import re
import sys
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
RETRY_AFTER = "120"


def content_type(name, data):
    """What a well-kept site would send; no charset, so that the document's own label counts."""
    if name.endswith(".json"):
        return "application/feed+json"
    if name.endswith(".html"):
        return "text/html"
    head = data[:4096].replace(b"\0", b"")
    if re.search(rb"<(\w+:)?feed[\s>]", head):
        return "application/atom+xml"
    return "application/rdf+xml" if re.search(rb"<(\w+:)?RDF[\s>]", head) else "application/rss+xml"


def feed_name(name, taken):
    """A name that refeed takes in a config and an address."""
    stem = re.sub(r"[^a-z0-9]+", "-", name.lower().rsplit(".", 1)[0]).strip("-")
    while stem in taken:
        stem += "-2"
    return stem


class Site:
    """The feeds, read once."""

    def __init__(self, directory):
        self.feeds = {}
        self.names = {}
        for path in sorted(directory.iterdir()):
            if path.suffix not in (".xml", ".json", ".html"):
                continue
            data = path.read_bytes()
            etag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
            self.names[path.name] = feed_name(path.name, self.names.values())
            self.feeds["/" + path.name] = (content_type(path.name, data), data, etag, int(path.stat().st_mtime))

    def index(self, base, refeed):
        rows = []
        for path, (kind, data, _, _) in self.feeds.items():
            ad_hoc = f"{refeed}/feed?url={urllib.parse.quote(base + path, safe='')}"
            named = f"{refeed}/feed/{self.names[path[1:]]}"
            rows.append(f'<tr><td><a href="{html.escape(path)}">{html.escape(path[1:])}</a><td>{kind}<td>{len(data)}'
                        f'<td><a href="{html.escape(ad_hoc)}">any URL</a><td><a href="{html.escape(named)}">by name</a>')
        return (f"<!doctype html><meta charset=utf-8><title>{len(rows)} feeds</title><h1>{len(rows)} feeds</h1>"
                f"<p>by name needs <a href=/refeed.toml>refeed.toml</a>: <code>refeed serve --config refeed.toml</code>"
                f"<table><tr><th>feed<th>type<th>bytes<th colspan=2>through refeed{''.join(rows)}</table>").encode()

    def config(self, base):
        host = base.removeprefix("http://")
        feeds = [f'[feeds.{name}]\nurl = "{base}/{urllib.parse.quote(file)}"\n' for file, name in self.names.items()]
        return (f'[fetch]\nallow = ["{host}"]\n\n' + "\n".join(feeds)).encode()


def handler(site, options):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            time.sleep(options.slow / 1000)
            base = "http://%s:%d" % self.server.server_address[:2]
            path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
            if path == "/":
                return self.answer(200, "text/html", site.index(base, options.refeed.rstrip("/")))
            if path == "/refeed.toml":
                return self.answer(200, "text/plain; charset=utf-8", site.config(base))
            if path not in site.feeds:
                return self.answer(404, "text/plain", b"no such feed\n")
            if options.fail:
                return self.answer(options.fail, "text/plain", b"told to fail\n", {"Retry-After": RETRY_AFTER})
            kind, data, etag, modified = site.feeds[path]
            headers = {"ETag": etag, "Last-Modified": email.utils.formatdate(modified, usegmt=True)}
            self.answer(304 if self.unchanged(etag, modified) else 200, kind, data, headers)

        do_HEAD = do_GET

        def unchanged(self, etag, modified):
            asked = self.headers.get("If-None-Match")
            if asked is not None:
                return asked.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in asked.split(","))
            since = self.headers.get("If-Modified-Since")
            try:
                return since is not None and email.utils.parsedate_to_datetime(since).timestamp() >= modified
            except (TypeError, ValueError):
                return False

        def answer(self, status, kind, body, headers=None):
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            if status != 304:
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if status != 304 and self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, text, *values):
            if not options.quiet:
                super().log_message(text, *values)

    return Handler


def main():
    corpus = os.environ.get("REFEED_CORPUS") or ROOT / "fixtures" / "feeds"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", nargs="?", type=pathlib.Path, default=pathlib.Path(corpus))
    parser.add_argument("--port", type=int, default=9000, help="0 picks one (default 9000)")
    parser.add_argument("--refeed", default="http://127.0.0.1:4600", help="where refeed listens, for the links")
    parser.add_argument("--slow", type=int, default=0, metavar="MS", help="wait so long before each answer")
    parser.add_argument("--fail", type=int, default=0, metavar="STATUS", help="answer each feed with this status")
    parser.add_argument("--quiet", action="store_true", help="no line for each request")
    options = parser.parse_args()
    if not options.directory.is_dir():
        sys.exit(f"{options.directory} is not a directory")
    site = Site(options.directory)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), handler(site, options))
    server.daemon_threads = True
    print(f"{len(site.feeds)} feeds of {options.directory} on http://127.0.0.1:{server.server_port}/", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
