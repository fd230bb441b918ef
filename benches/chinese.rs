//! Conversion against OpenCC's library, in one run on the same inputs.
//!
//! ```text
//! bench/chinese-inputs && tests/get-libopencc
//! cargo bench --bench chinese --features libopencc
//! ```
//! Without the feature the library's rows are left out. The targets are in issue 3: ≥ 10× on `s2t/feed`, ≥ 8× on
//! `s2t/plain`, ≥ 20× on `s2twp/feed`, ≥ 6× on `t2s/feed`; two threads ≥ 1.7× one; the rule on a feed ≥ 150 MB/s, ≥ 2 GB/s
//! where the feed holds no Chinese.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use refeed::base::clock::Time;
use refeed::chinese::{Config, Converter, Tally, fold};
use refeed::config::RuleList;
use refeed::feed::Feed;
use refeed::rules::{BuildContext, Chain, Context};
use std::{hint::black_box, time::Duration};

/// The program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CASES: [(Config, &str); 6] = [
    (Config::S2t, "feed.xml"),
    (Config::S2t, "plain.txt"),
    (Config::S2t, "titles.txt"),
    (Config::S2twp, "feed.xml"),
    (Config::T2s, "feed.t.xml"),
    (Config::S2t, "ascii.html"),
];

fn input(name: &str) -> String {
    let path = format!("target/bench-chinese/{name}");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}; run bench/chinese-inputs first"))
}

fn conversion(c: &mut Criterion) {
    for (config, name) in CASES {
        let text = input(name);
        // Titles are converted one by one, the others whole.
        let pieces: Vec<&str> = if name.starts_with("titles") { text.lines().collect() } else { vec![&text] };
        let mut group = c.benchmark_group(format!("{config}/{}", name.split('.').next().unwrap_or(name)));
        group.throughput(Throughput::Bytes(pieces.iter().map(|piece| piece.len() as u64).sum()));
        group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
        let converter = Converter::new(config);
        group.bench_function("han", |b| {
            b.iter(|| pieces.iter().map(|piece| black_box(converter.convert(piece)).len()).sum::<usize>());
        });
        let mut matches = Vec::new();
        group.bench_function("han with matches", |b| {
            b.iter(|| {
                pieces.iter().filter_map(|piece| black_box(converter.convert_spans(piece, &mut matches))).count()
            });
        });
        #[cfg(feature = "libopencc")]
        {
            let folder = std::path::Path::new("vendor/opencc/share/opencc");
            let library = refeed::chinese::Library::open(config, Some(folder)).unwrap();
            group.bench_function("opencc-rust", |b| {
                b.iter(|| pieces.iter().map(|piece| black_box(library.convert(piece).unwrap()).len()).sum::<usize>());
            });
        }
        group.finish();
    }
}

/// Printed, not sampled: a configuration is made ready once in a process.
#[allow(clippy::print_stderr)]
fn first_use(_: &mut Criterion) {
    for config in Config::ALL {
        let start = std::time::Instant::now();
        black_box(Converter::new(config).convert("第一次转换"));
        eprintln!("first use of {config}: {:?}", start.elapsed());
    }
}

fn threads(c: &mut Criterion) {
    let text = input("feed.xml");
    let mut group = c.benchmark_group("s2t/feed threads");
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    let converter = Converter::new(Config::S2t);
    for count in [1, 2] {
        // 20 texts for each thread, so that starting threads does not count.
        group.throughput(Throughput::Bytes(20 * count * text.len() as u64));
        group.bench_function(count.to_string(), |b| {
            b.iter(|| {
                std::thread::scope(|scope| {
                    for _ in 0..count {
                        scope.spawn(|| (0..20).for_each(|_| drop(black_box(converter.convert(&text)))));
                    }
                });
            });
        });
    }
    group.finish();
}

fn scripts(c: &mut Criterion) {
    let text = input("feed.xml");
    let mut group = c.benchmark_group("feed");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    group.bench_function("script", |b| {
        b.iter(|| {
            let mut tally = Tally::new();
            tally.add(black_box(&text));
            tally.script()
        });
    });
    group.bench_function("fold", |b| b.iter(|| fold(black_box(&text)).len()));
    group.finish();
}

/// The rule on whole feeds: by itself (detection, conversion, what came of it written), and with reading the feed before it.
fn rule(c: &mut Criterion) {
    let context = Context::new(Time::from_secs(1_764_000_000), None);
    for (config, name) in [("s2t", "feed.xml"), ("s2twp", "feed.xml"), ("t2s", "feed.t.xml"), ("s2t", "ascii.xml")] {
        let text = input(name);
        let rules = RuleList::parse("bench", &format!("[{{ opencc = '{config}' }}]")).unwrap();
        let chain = Chain::build(&rules, &BuildContext::default()).unwrap();
        let read = || Feed::read(black_box(text.as_bytes()), None, None).unwrap();
        let apply = |mut feed: Feed| {
            chain.apply(&mut feed, &context).unwrap();
            feed.into_string().len()
        };
        let mut group = c.benchmark_group(format!("rule {config}/{}", name.split('.').next().unwrap_or(name)));
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
        group.bench_function("alone", |b| b.iter_batched(read, apply, BatchSize::SmallInput));
        group.bench_function("with reading", |b| b.iter(|| apply(read())));
        group.finish();
    }
}

criterion_group!(benches, first_use, conversion, threads, scripts, rule);
criterion_main!(benches);
