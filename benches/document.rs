//! The document: reading and writing whole feeds, against a bare walk over the same bytes by quick-xml's events.
//!
//! `REFEED_CORPUS=dir cargo bench --bench document`: without a corpus the fixtures are measured.

#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use refeed::feed::Feed;
use std::hint::black_box;
use std::path::PathBuf;

/// The program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The bodies of a folder that refeed can read, and their names.
fn feeds() -> Vec<Vec<u8>> {
    let folder = std::env::var_os("REFEED_CORPUS").map_or_else(|| PathBuf::from("fixtures/feeds"), PathBuf::from);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
    files.sort();
    let bodies = files.iter().filter(|path| path.extension().is_some_and(|e| e == "xml" || e == "json"));
    bodies.map(|path| std::fs::read(path).unwrap()).filter(|body| Feed::read(body, None, None).is_ok()).collect()
}

fn whole(c: &mut Criterion) {
    let bodies = feeds();
    let bytes: usize = bodies.iter().map(Vec::len).sum();
    let mut group = c.benchmark_group("corpus");
    group.throughput(Throughput::Bytes(bytes as u64)).sample_size(30);
    group.bench_function("read and emit", |b| {
        b.iter(|| {
            for body in &bodies {
                black_box(Feed::read(black_box(body), None, None).unwrap().into_string().len());
            }
        });
    });
    let texts: Vec<String> = bodies.iter().map(|body| String::from_utf8_lossy(body).into_owned()).collect();
    group.bench_function("quick-xml events alone", |b| {
        b.iter(|| {
            for text in &texts {
                let mut reader = quick_xml::Reader::from_str(text);
                let mut events = 0;
                while let Ok(event) = reader.read_event() {
                    if matches!(event, quick_xml::events::Event::Eof) {
                        break;
                    }
                    events += 1;
                }
                black_box(events);
            }
        });
    });
    group.finish();
}

criterion_group!(benches, whole);
criterion_main!(benches);
