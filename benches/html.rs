//! How fast item HTML is read, searched for URLs and rewritten, on prose with the markup of a blog post.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use refeed::html::{Fragment, Syntax};

/// The program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A paragraph as blogs write it: prose, inline elements, links, references.
const PARAGRAPH: &str = "<p>The proxy reads a feed, applies the <em>rules</em> that its owner wrote, and serves what comes out \
    from a cache, also when the site it came from is slow or gone&#8217;s long away. What no rule touches comes out as it came \
    in, which is more than most tools promise: they rebuild the feed from a model and lose whatever the model does not know. \
    See <a href=\"https://example.org/2026/11/the-document?page=2&amp;part=3\" rel=\"nofollow\">the document</a> for how that \
    is done, and <strong>why</strong> it is not slower.</p>\n";

/// A figure with a responsive picture.
const FIGURE: &str = "<figure class=\"wp-block-image size-large\"><img decoding=\"async\" width=\"1024\" height=\"683\" \
    src=\"https://example.org/wp-content/uploads/2026/11/picture-1024x683.jpg\" alt=\"A picture\" \
    srcset=\"https://example.org/wp-content/uploads/2026/11/picture-1024x683.jpg 1024w, \
    https://example.org/wp-content/uploads/2026/11/picture-300x200.jpg 300w\" sizes=\"(max-width: 1024px) 100vw, 1024px\" />\
    </figure>\n";

fn html(c: &mut Criterion) {
    let prose = format!("{}{FIGURE}", PARAGRAPH.repeat(8)).repeat(16);
    let dense = FIGURE.repeat(128);
    let mut group = c.benchmark_group("html");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1)).sample_size(20);
    for (name, source) in [("prose", &prose), ("pictures", &dense)] {
        group.throughput(Throughput::Bytes(source.len() as u64));
        let parsed = Fragment::parse(source.clone(), Syntax::Html);
        // the clone of the source stands in for the string that a caller hands over
        group.bench_function(format!("{name}/parse"), |b| {
            b.iter(|| Fragment::parse(black_box(source.clone()), Syntax::Html))
        });
        group.bench_function(format!("{name}/visit_urls"), |b| {
            let mut fragment = parsed.clone();
            b.iter(|| {
                let mut length = 0;
                fragment.map_urls(|_, url| {
                    length += url.len();
                    None
                });
                length
            });
        });
        group.bench_function(format!("{name}/parse_map_urls_edits"), |b| {
            b.iter(|| {
                let mut fragment = Fragment::parse(source.clone(), Syntax::Html);
                fragment.map_urls(|_, url| url.ends_with(".jpg").then(|| format!("https://proxy.example/?url={url}")));
                fragment.edits().len()
            });
        });
        group.bench_function(format!("{name}/plain_text"), |b| b.iter(|| parsed.plain_text()));
    }
    group.finish();
}

criterion_group!(benches, html);
criterion_main!(benches);
