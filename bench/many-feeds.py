#!/usr/bin/env python3
"""100 000 configured feeds, each refreshed once an hour, over a simulated upstream on loopback.

Prints: the time from start to "listening", the memory per idle feed (resident, against a start with ten feeds), and the
processor time while 28 feeds a second are refreshed, in percent of one core, fetching and reading included.

    bench/many-feeds.py [FEEDS] [SECONDS]       needs target/release/refeed
"""
import asyncio, os, re, signal, subprocess, sys, tempfile, time

FEEDS = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
SECONDS = int(sys.argv[2]) if len(sys.argv) > 2 else 120
HOSTS = 64
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = os.environ.get("REFEED", os.path.join(ROOT, "target/release/refeed"))
TICK = os.sysconf("SC_CLK_TCK")
ITEM = "<item><title>Item</title><guid>urn:{0}</guid><pubDate>Fri, 15 Jan 2027 08:00:00 GMT</pubDate><description>{1}</description></item>"
FEED = "<rss version='2.0'><channel><title>t</title><link>http://a/</link><description>d</description>%s</channel></rss>"
BODY = (FEED % "".join(ITEM.format(n, "word " * 40) for n in range(20))).encode()
requests = [0]


async def answer(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            requests[0] += 1
            if b"if-none-match" in head.lower():
                writer.write(b"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n")
            else:
                writer.write(b"HTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Type: application/rss+xml\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY)
            await writer.drain()
    except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
        writer.close()


def write_config(path, feeds, port, store):
    with open(path, "w") as out:
        out.write(f'[server]\nlisten = "127.0.0.1:0"\n[fetch]\nallow = ["127.0.0.0/8"]\n[cache]\npath = "{store}"\n')
        for n in range(feeds):
            out.write(f'[feeds.f{n}]\nurl = "http://127.0.1.{n % HOSTS + 1}:{port}/feed/{n}"\nrefresh = "1h"\n')


def memory(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read()).group(1)) * 1024


def processor(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


async def start(config):
    began = time.monotonic()
    process = subprocess.Popen([PROGRAM, "--log", "error", "serve", "--config", config], stderr=subprocess.PIPE)
    line = await asyncio.to_thread(process.stderr.readline)
    assert line.startswith(b"listening"), line
    return process, time.monotonic() - began


async def main():
    servers = [await asyncio.start_server(answer, "127.0.1.1", 0)]
    port = servers[0].sockets[0].getsockname()[1]
    for host in range(2, HOSTS + 1):
        servers.append(await asyncio.start_server(answer, f"127.0.1.{host}", port))
    with tempfile.TemporaryDirectory() as directory:
        idle = {}
        for feeds in (10, FEEDS):
            config = os.path.join(directory, f"{feeds}.toml")
            write_config(config, feeds, port, os.path.join(directory, f"store{feeds}"))
            process, took = await start(config)
            await asyncio.sleep(0.5)
            idle[feeds] = memory(process.pid)
            if feeds == FEEDS:
                print(f"start: {took:.2f} s with {feeds} feeds ({os.path.getsize(config) / 2**20:.1f} MiB of configuration)")
                print(f"memory: {idle[feeds] / 2**20:.1f} MiB, {(idle[feeds] - idle[10]) / feeds:.0f} bytes per idle feed")
                await asyncio.sleep(10)
                before, counted, began = processor(process.pid), requests[0], time.monotonic()
                await asyncio.sleep(SECONDS)
                span = time.monotonic() - began
                used, asked = processor(process.pid) - before, requests[0] - counted
                print(f"refreshing: {asked / span:.1f} feeds/s, {100 * used / span:.1f} % of a core, fetching and reading included")
                print(f"memory then: {memory(process.pid) / 2**20:.1f} MiB")
            process.send_signal(signal.SIGTERM)
            process.wait()


asyncio.run(main())
