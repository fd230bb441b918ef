#!/usr/bin/env python3
"""Writes seeds for the fuzz targets into fuzz/corpus/: the feeds of fixtures/ (and of $REFEED_CORPUS, where it is set), the
HTML and the dates that they hold, and the keys of OpenCC's dictionaries, which also become fuzz/corpus/opencc.dict."""

import hashlib
import html
import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "fuzz" / "corpus"
LONGEST = 16 * 1024  # bytes of one seed: longer ones make every run slow
DATE = re.compile(r"<(?:pubDate|lastBuildDate|updated|published|issued|modified|dc:date)[^>]*>([^<]+)<|\"date_\w+\": *\"([^\"]+)\"")
FIELD = re.compile(r"<(?:description|content:encoded|summary|content)[^>]*>(.*?)</(?:description|content:encoded|summary|content)>", re.S)
CONFIGURATIONS = 16  # the target `opencc` takes its configuration from the first byte


def write(target: str, seed: bytes) -> None:
    if seed and len(seed) <= LONGEST:
        (CORPUS / target / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)


def main() -> None:
    for target in ("document", "html", "dates", "opencc"):
        (CORPUS / target).mkdir(parents=True, exist_ok=True)
    feeds = [*(ROOT / "fixtures/feeds").iterdir(), *(ROOT / "fixtures/golden").glob("*/input.*")]
    if real := os.environ.get("REFEED_CORPUS"):
        feeds += (path for path in Path(real).iterdir() if path.suffix in (".xml", ".json"))
    for path in feeds:
        body = path.read_bytes()
        write("document", body)
        text = body.decode("utf-8", "replace")
        for field in FIELD.findall(text):
            inside = field.removeprefix("<![CDATA[").removesuffix("]]>")
            write("html", (inside if inside != field else html.unescape(field)).encode())
        for one in DATE.findall(text):
            write("dates", "".join(one).encode())
    words = []
    for path in sorted((ROOT / "data/opencc/dictionary").iterdir()):
        lines = (line.split("\t")[0] for line in path.read_text("utf-8").splitlines())
        words += (key for key in lines if key and not key.startswith("#"))
    for at, key in enumerate(words):
        write("opencc", bytes([at % CONFIGURATIONS]) + (key + words[at * 7919 % len(words)]).encode())
    quoted = ("".join(f"\\x{byte:02X}" for byte in key.encode()) for key in words[::20])
    (CORPUS / "opencc.dict").write_text("".join(f'"{key}"\n' for key in quoted))


main()
