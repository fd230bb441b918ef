//! `refeed serve --offline` serves what it has, however old, and fetches nothing.
#![allow(clippy::unwrap_used)]

mod serve_support;

use std::time::Duration;

use refeed::base::clock::Clock;
use refeed::cache::Disk;
use refeed::pipeline::{Ask, How, Pipeline};
use serve_support::{NOW, Upstream, config, feed};

#[tokio::test]
async fn offline_everything_kept_is_served_however_old_and_nothing_is_fetched() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Clock::manual(NOW);
    let upstream = Upstream::start("").await;
    let mut config = config(&[("a", upstream.url("/feed"), ""), ("b", upstream.url("/other"), "")]);
    let open = || Disk::open(directory.path(), 8 << 20, clock.clone());
    let (disk, online) = (open(), config.clone());
    let pipeline = Pipeline::with_disk(&online, clock.clone(), disk.clone()).unwrap();
    pipeline.answer(Ask::named("a"), None).await.unwrap();
    disk.flush().await.unwrap();
    drop((pipeline, disk));
    clock.advance(Duration::from_secs(400 * 24 * 3600));
    config.fetch.offline = true;
    let pipeline = Pipeline::with_disk(&config, clock.clone(), open()).unwrap();
    let served = pipeline.answer(Ask::named("a"), None).await.unwrap();
    assert_eq!(served.answer.content.identity().body, feed(50));
    assert!(matches!(served.how, How::Kept(_)), "{:?}", served.how);
    let missing = pipeline.answer(Ask::named("b"), None).await.unwrap_err();
    assert!(missing.error.to_string().contains("--offline"), "{}", missing.error);
    assert_eq!(upstream.hits(), 1);
}
