#!/usr/bin/env bash
# Requests per second of a cached answer of refeed against nginx serving the same bytes, in the same run.
#
#   bench/cached.sh            needs nginx (nginx-light will do), wrk, python3, curl
#
# Two feeds (217 KB and 48 KB), each as it is and gzipped; nginx has both on disk with sendfile and gzip_static, refeed in
# its cache. Runs alternate, so that what else the machine does meets both; the median of each counts.
#
#   WORKERS=1  threads of refeed and processes of nginx     CONNECTIONS=32  open at once
#   ROUNDS=3   runs of each                                 SECONDS_EACH=4  length of a run
#   REFEED=target/release/refeed, built if it is not set
set -eu
cd "$(dirname "$0")/.."
WORKERS=${WORKERS:-1} CONNECTIONS=${CONNECTIONS:-32} ROUNDS=${ROUNDS:-3} SECONDS_EACH=${SECONDS_EACH:-4}
PATH=$PATH:/usr/sbin

missing=
for tool in nginx wrk python3 curl; do
    command -v $tool >/dev/null || missing="$missing $tool"
done
if [ -n "$missing" ]; then
    echo "missing:$missing (on Debian or Ubuntu: sudo apt-get install nginx-light wrk python3 curl)" >&2
    exit 1
fi
if [ -z "${REFEED:-}" ]; then
    cargo build --release --locked --bin refeed
    REFEED=${CARGO_TARGET_DIR:-target}/release/refeed
fi

tmp=$(mktemp -d)
started=()
finish() {
    for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM
mkdir -p "$tmp/feeds" "$tmp/www" "$tmp/nginx"
chmod 755 "$tmp" "$tmp/www"

# Feeds of exactly these sizes, of invented phrases that repeat as words do, so that they compress about as real ones do.
python3 - "$tmp/feeds" <<'PY'
import pathlib, random, sys
for name, size in (("big", 217_000), ("small", 48_000)):
    dice = random.Random(name)
    words = ["".join(chr(dice.randrange(0x4E00, 0x5800)) for _ in range(dice.choice((1, 2, 2, 3, 4)))) for _ in range(2000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    text = lambda n: "".join(dice.choices(words, weights, k=n))
    head = ('<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>'
            f"<title>{name}</title><link>https://bench.example/</link><description/>\n")
    tail = "</channel></rss>\n"
    body, number = head, 0
    while len((body + tail).encode()) < size - 6000:
        number += 1
        link = f"https://bench.example/{number}"
        html = "".join(f'<p>{text(50)}。<img src="{link}/{part}.jpg" alt="{text(3)}"></p>' for part in range(8))
        body += (f"<item><title>{text(8)}</title><link>{link}</link><guid>{link}</guid>"
                 f"<description><![CDATA[{html}]]></description></item>\n")
    rest = size - len((body + tail).encode()) - len("<!---->\n")
    pathlib.Path(sys.argv[1], f"{name}.xml").write_text(body + f"<!--{'=' * rest}-->\n" + tail)
PY

# Waits until FILE holds a line that matches, and prints what follows it.
announced() { # file, text before the address, what is started
    for _ in $(seq 100); do
        address=$(sed -n "s|.*$2\\(http://[0-9.:]*\\).*|\\1|p" "$1" 2>/dev/null | head -n 1)
        if [ -n "$address" ]; then return 0; fi
        sleep 0.1
    done
    echo "$3 did not start:" >&2
    cat "$1" >&2
    exit 1
}

python3 bench/serve_corpus.py "$tmp/feeds" --port 0 --quiet >"$tmp/upstream.log" 2>&1 &
started+=($!)
announced "$tmp/upstream.log" " on " "the upstream"
upstream=$address
cat >"$tmp/refeed.toml" <<TOML
[fetch]
allow = ["${upstream#http://}"]
[cache]
default_ttl = "24h"
min_ttl = "24h"
[feeds.big]
url = "$upstream/big.xml"
[feeds.small]
url = "$upstream/small.xml"
TOML
TOKIO_WORKER_THREADS=$WORKERS REFEED_LOG=${REFEED_LOG:-warn} "$REFEED" serve --config "$tmp/refeed.toml" --listen 127.0.0.1:0 >"$tmp/refeed.log" 2>&1 &
started+=($!)
announced "$tmp/refeed.log" "listening on " refeed
refeed=$address

# What refeed answers is what nginx serves.
for name in big small; do
    curl -sSf -H 'Accept-Encoding: identity' "$refeed/feed/$name" -o "$tmp/www/$name.xml"
    curl -sSf -H 'Accept-Encoding: gzip' "$refeed/feed/$name" -o "$tmp/www/$name.xml.gz"
    gzip -dc "$tmp/www/$name.xml.gz" | cmp - "$tmp/www/$name.xml"
done
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
user=
if [ "$(id -u)" = 0 ]; then user='user root;'; fi
cat >"$tmp/nginx.conf" <<NGINX
$user
daemon off;
worker_processes $WORKERS;
pid $tmp/nginx/pid;
error_log stderr warn;
events { worker_connections 1024; }
http {
    types { application/rss+xml xml; }
    access_log off;
    sendfile on;
    tcp_nopush on;
    open_file_cache max=16 inactive=1h;
    keepalive_requests 1000000000;
    client_body_temp_path $tmp/nginx/1; proxy_temp_path $tmp/nginx/2; fastcgi_temp_path $tmp/nginx/3;
    uwsgi_temp_path $tmp/nginx/4; scgi_temp_path $tmp/nginx/5;
    server { listen 127.0.0.1:$port; root $tmp/www; gzip_static on; gzip_vary on; }
}
NGINX
nginx -p "$tmp/nginx" -c "$tmp/nginx.conf" >"$tmp/nginx.log" 2>&1 &
started+=($!)
nginx=http://127.0.0.1:$port
if ! curl -sf --retry 20 --retry-delay 1 --retry-connrefused -o /dev/null "$nginx/big.xml"; then
    cat "$tmp/nginx.log" >&2
    exit 1
fi

# Both answer with the same bytes, or the comparison is void.
for name in big small; do
    for coding in identity gzip; do
        curl -sSf -H "Accept-Encoding: $coding" "$refeed/feed/$name" -o "$tmp/a"
        curl -sSf -H "Accept-Encoding: $coding" "$nginx/$name.xml" -o "$tmp/b"
        cmp "$tmp/a" "$tmp/b"
    done
done

# Requests per second of one run; a failed request voids it.
run() { # url, coding
    wrk -t1 -c"$CONNECTIONS" -d"${SECONDS_EACH}s" -H "Accept-Encoding: $2" "$1" >"$tmp/wrk"
    if grep -qE 'Non-2xx|Socket errors' "$tmp/wrk"; then
        cat "$tmp/wrk" >&2
        exit 1
    fi
    awk '/Requests\/sec/ { print $2 }' "$tmp/wrk"
}
median() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

echo "$(nproc) cores, $WORKERS worker(s), $CONNECTIONS connections, median of $ROUNDS runs of $SECONDS_EACH s, alternated"
echo "$(nginx -v 2>&1), $(wrk -v 2>&1 | head -n 1 | cut -d' ' -f1-2)"
printf '%-18s %9s %12s %12s %8s\n' answer bytes 'nginx req/s' 'refeed req/s' ratio
for name in big small; do
    for coding in identity gzip; do
        : >"$tmp/n" && : >"$tmp/r"
        for _ in $(seq "$ROUNDS"); do
            run "$nginx/$name.xml" "$coding" >>"$tmp/n"
            run "$refeed/feed/$name" "$coding" >>"$tmp/r"
        done
        file=$tmp/www/$name.xml
        if [ "$coding" = gzip ]; then file=$file.gz; fi
        n=$(median <"$tmp/n") r=$(median <"$tmp/r")
        printf '%-18s %9d %12.0f %12.0f %8.2f\n' "$name, $coding" "$(wc -c <"$file")" "$n" "$r" \
            "$(awk -v n="$n" -v r="$r" 'BEGIN { print r / n }')"
    done
done
