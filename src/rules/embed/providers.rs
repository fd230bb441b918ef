//! The players that are known: by the address of a frame, the page of what it plays; by a page, its player.

use crate::rules::places::{Address, Places};

/// Name, address of the player, address of the page: `{rest}` is what follows the player's address up to the query,
/// `{?name}` a parameter of its query, `{query}` what is left of the query when the player's own parameters are gone.
const PLAYERS: &[(&str, &str, &str)] = &[
    ("YouTube", "youtube.com/embed", "https://www.youtube.com/watch?v={rest}{query}"),
    ("YouTube", "youtube-nocookie.com/embed", "https://www.youtube.com/watch?v={rest}{query}"),
    ("YouTube", "youtube.com/v", "https://www.youtube.com/watch?v={rest}"),
    ("Vimeo", "player.vimeo.com/video", "https://vimeo.com/{rest}"),
    ("Bilibili", "player.bilibili.com/player.html", "https://www.bilibili.com/video/{?bvid}"),
    ("Bilibili", "player.bilibili.com/player.html", "https://www.bilibili.com/video/av{?aid}"),
    ("Bilibili", "bilibili.com/blackboard/html5mobileplayer.html", "https://www.bilibili.com/video/{?bvid}"),
    ("Bilibili", "live.bilibili.com/blackboard/activity-live.html", "https://live.bilibili.com/{?cid}"),
    ("Youku", "player.youku.com/embed", "https://v.youku.com/v_show/id_{rest}.html"),
    ("騰訊視頻", "v.qq.com/txp/iframe/player.html", "https://v.qq.com/x/page/{?vid}.html"),
    ("騰訊視頻", "v.qq.com/iframe/player.html", "https://v.qq.com/x/page/{?vid}.html"),
    ("AcFun", "acfun.cn/player", "https://www.acfun.cn/v/{rest}"),
    ("網易雲音樂", "music.163.com/outchain/player", "https://music.163.com/song?id={?id}"),
    ("喜馬拉雅", "ximalaya.com/thirdparty/player", ""),
    ("小宇宙", "xiaoyuzhoufm.com", ""),
    ("微博", "weibo.com/tv", ""),
    ("微博", "video.weibo.com", ""),
    ("ニコニコ動画", "embed.nicovideo.jp/watch", "https://www.nicovideo.jp/watch/{rest}"),
    ("Dailymotion", "dailymotion.com/embed/video", "https://www.dailymotion.com/video/{rest}"),
    ("Dailymotion", "geo.dailymotion.com/player.html", "https://www.dailymotion.com/video/{?video}"),
    ("Twitch", "player.twitch.tv", "https://www.twitch.tv/videos/{?video}"),
    ("Twitch", "player.twitch.tv", "https://www.twitch.tv/{?channel}"),
    ("Twitch", "clips.twitch.tv/embed", "https://clips.twitch.tv/{?clip}"),
    ("TED", "embed.ted.com/talks", "https://www.ted.com/talks/{rest}"),
    ("Internet Archive", "archive.org/embed", "https://archive.org/details/{rest}"),
    ("Odysee", "odysee.com/$/embed", "https://odysee.com/{rest}"),
    ("Rumble", "rumble.com/embed", ""),
    ("Streamable", "streamable.com/e", "https://streamable.com/{rest}"),
    ("Wistia", "fast.wistia.net/embed", ""),
    ("Loom", "loom.com/embed", "https://www.loom.com/share/{rest}"),
    ("TikTok", "tiktok.com/embed", ""),
    ("Facebook", "facebook.com/plugins", "{?href}"),
    ("Instagram", "instagram.com", ""),
    ("X", "platform.twitter.com/embed/tweet.html", "https://x.com/i/status/{?id}"),
    ("Telegram", "t.me", "https://t.me/{rest}"),
    ("Reddit", "embed.reddit.com", "https://www.reddit.com/{rest}"),
    ("Mastodon", "mastodon.social", ""),
    ("SoundCloud", "w.soundcloud.com/player", "{?url}"),
    ("Spotify", "open.spotify.com/embed", "https://open.spotify.com/{rest}"),
    ("Spotify", "open.spotify.com/embed-podcast", "https://open.spotify.com/{rest}"),
    ("Apple Podcasts", "embed.podcasts.apple.com", "https://podcasts.apple.com/{rest}"),
    ("Apple Music", "embed.music.apple.com", "https://music.apple.com/{rest}"),
    ("Bandcamp", "bandcamp.com/embeddedplayer", ""),
    ("Mixcloud", "player-widget.mixcloud.com/widget/iframe", ""),
    ("Deezer", "widget.deezer.com/widget", ""),
    ("Megaphone", "player.megaphone.fm", ""),
    ("Acast", "embed.acast.com", ""),
    ("Firstory", "open.firstory.me/embed", ""),
    ("SoundOn", "player.soundon.fm/embed", ""),
    ("CodePen", "codepen.io", ""),
    ("Datawrapper", "datawrapper.dwcdn.net", ""),
    ("Flourish", "flo.uri.sh", ""),
    ("Google Maps", "google.com/maps/embed", ""),
    ("OpenStreetMap", "openstreetmap.org/export/embed.html", ""),
];

/// Address of the page, address of the player; `{rest}` and `{?name}` as above.
const PAGES: &[(&str, &str)] = &[
    ("youtube.com/watch", "https://www.youtube.com/embed/{?v}"),
    ("youtube.com/shorts", "https://www.youtube.com/embed/{rest}"),
    ("youtube.com/live", "https://www.youtube.com/embed/{rest}"),
    ("youtu.be", "https://www.youtube.com/embed/{rest}"),
    ("bilibili.com/video", "https://player.bilibili.com/player.html?bvid={rest}"),
    ("vimeo.com", "https://player.vimeo.com/video/{rest}"),
    ("dailymotion.com/video", "https://www.dailymotion.com/embed/video/{rest}"),
    ("nicovideo.jp/watch", "https://embed.nicovideo.jp/watch/{rest}"),
];

/// Parameters that speak to YouTube's player, not of the film.
const PLAYER_ONLY: &[&str] = &[
    "enablejsapi",
    "autoplay",
    "controls",
    "rel",
    "modestbranding",
    "origin",
    "feature",
    "showinfo",
    "wmode",
    "html5",
    "version",
    "fs",
    "playsinline",
    "iv_load_policy",
    "cc_load_policy",
    "hl",
    "mute",
    "loop",
    "color",
    "theme",
    "widgetid",
    "si",
    "pp",
];

/// What a frame shows.
pub(super) struct Player<'a> {
    /// For people.
    pub name: &'a str,
    /// The address of the player.
    pub source: String,
    /// Of the page that plays the same.
    pub page: String,
    /// Of a picture of it.
    pub picture: Option<String>,
}

/// The table, by host.
#[derive(Debug, Default)]
pub(super) struct Players {
    known: Places<(String, &'static str)>,
    pages: Places<&'static str>,
    /// The host that plays YouTube's films.
    pub youtube: Option<String>,
    pub privacy: bool,
}

impl Players {
    pub(super) fn known() -> Players {
        let mut players = Players::default();
        PLAYERS.iter().for_each(|(name, address, page)| players.known.add(address, ((*name).to_owned(), *page)));
        PAGES.iter().for_each(|(address, player)| players.pages.add(address, *player));
        players
    }

    /// One more host.
    pub(super) fn trust(&mut self, host: &str) {
        self.known.add(host, (host.to_owned(), ""));
    }

    /// What a frame with this address shows; none of an unknown host.
    pub(super) fn find(&self, source: &str) -> Option<Player<'_>> {
        let address = Address::of(source)?;
        let whole = || if source.starts_with("//") { format!("https:{source}") } else { source.to_owned() };
        let mut found = self.known.find(address).peekable();
        let (name, _) = found.peek()?.0;
        let name = name.as_str();
        let page = found.find_map(|((_, page), rest)| if page.is_empty() { Some(whole()) } else { filled(page, rest) });
        let mut player = Player { name, source: source.to_owned(), page: page.unwrap_or_else(whole), picture: None };
        if name == "YouTube" {
            let id = player.page.split_once("watch?v=").and_then(|(_, rest)| rest.split('&').next());
            player.picture =
                id.filter(|id| !id.is_empty()).map(|id| format!("https://i.ytimg.com/vi/{id}/hqdefault.jpg"));
            if let (Some(host), Some(own)) = (&self.youtube, host(source)) {
                player.source = source.replacen(own, host, 1);
                if !self.privacy {
                    player.page = player.page.replacen("www.youtube.com", host, 1);
                }
            }
        }
        if name == "Vimeo" && self.privacy && !source.contains("dnt=") {
            player.source.push_str(if source.contains('?') { "&dnt=1" } else { "?dnt=1" });
        }
        Some(player)
    }

    /// The player of what a page plays.
    pub(super) fn of_page(&self, page: &str) -> Option<String> {
        let address = Address::of(page)?;
        self.pages.find(address).find_map(|(player, rest)| filled(player, rest))
    }
}

/// The host of an address of the web.
pub(super) fn host(url: &str) -> Option<&str> {
    Address::of(url).map(Address::host)
}

/// A template with its parts put in; `None` where one of them is missing or no plain name.
fn filled(template: &str, rest: &str) -> Option<String> {
    let (path, query) = match rest.split('#').next().unwrap_or_default().split_once('?') {
        Some((path, query)) => (path, query),
        None => (rest.split('#').next().unwrap_or_default(), ""),
    };
    let mut out = String::new();
    let mut left = template;
    while let Some((before, after)) = left.split_once('{') {
        let (part, next) = after.split_once('}')?;
        out.push_str(before);
        match part {
            "rest" => {
                let path = path.trim_matches('/');
                let is_plain =
                    !path.is_empty() && path.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./@%:".contains(&b));
                out.push_str(Some(path).filter(|_| is_plain)?);
            }
            "query" => out.push_str(&film_only(query)),
            name => {
                let name = name.trim_start_matches('?');
                let (_, value) =
                    query.split('&').filter_map(|part| part.split_once('=')).find(|(found, _)| *found == name)?;
                let value = percent_encoding::percent_decode_str(value).decode_utf8().ok()?;
                let is_whole = template.len() == name.len() + 3;
                let is_good = match is_whole {
                    true => value.starts_with("https://") || value.starts_with("http://"),
                    false => {
                        !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
                    }
                };
                out.push_str(is_good.then_some(&*value)?);
            }
        }
        left = next;
    }
    out.push_str(left);
    Some(out)
}

/// What of the query speaks of the film, after an `&`.
fn film_only(query: &str) -> String {
    let name = |part: &str| part.split('=').next().unwrap_or_default().to_owned();
    let kept: Vec<_> = query.split('&').filter(|part| !PLAYER_ONLY.contains(&name(part).as_str())).collect();
    let timed =
        kept.iter().map(|part| part.strip_prefix("start=").map_or_else(|| (*part).to_owned(), |at| format!("t={at}")));
    match query.is_empty() || kept.is_empty() {
        true => String::new(),
        false => format!("&{}", timed.collect::<Vec<_>>().join("&")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_players_are_found_from_each_other() {
        let players = Players::known();
        for (source, name, page) in [
            (
                "https://www.youtube.com/embed/a-b_c?rel=0&start=9",
                "YouTube",
                "https://www.youtube.com/watch?v=a-b_c&t=9",
            ),
            ("//www.youtube-nocookie.com/embed/abc?rel=0", "YouTube", "https://www.youtube.com/watch?v=abc"),
            ("//player.bilibili.com/player.html?aid=12&cid=3", "Bilibili", "https://www.bilibili.com/video/av12"),
            (
                "https://w.soundcloud.com/player/?url=https%3A//soundcloud.com/a/b&x",
                "SoundCloud",
                "https://soundcloud.com/a/b",
            ),
            (
                "https://w.soundcloud.com/player/?url=javascript:x",
                "SoundCloud",
                "https://w.soundcloud.com/player/?url=javascript:x",
            ),
            ("https://open.spotify.com/embed/track/7?utm=1", "Spotify", "https://open.spotify.com/track/7"),
            ("//flo.uri.sh/visualisation/1/embed", "Flourish", "https://flo.uri.sh/visualisation/1/embed"),
        ] {
            let player = players.find(source).unwrap();
            assert_eq!((player.name, player.page.as_str()), (name, page));
        }
        assert!(players.find("https://evil.example/youtube.com/embed/x").is_none());
        for (page, player) in [
            ("https://www.youtube.com/watch?v=abc&t=7", Some("https://www.youtube.com/embed/abc")),
            ("https://youtu.be/abc?si=x", Some("https://www.youtube.com/embed/abc")),
            ("https://www.bilibili.com/video/BV1x/", Some("https://player.bilibili.com/player.html?bvid=BV1x")),
            ("https://www.youtube.com/@channel", None),
            ("https://www.youtube.com/watch?v=\"><script>", None),
        ] {
            assert_eq!(players.of_page(page).as_deref(), player);
        }
    }
}
