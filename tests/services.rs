//! The rule `http` and its recipes, against stand-ins of the documented APIs: what is asked, what becomes of the answer, and
//! that a service which fails costs nothing but its answer.
#![allow(clippy::unwrap_used, clippy::panic)]

mod serve_support;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use refeed::base::clock::Clock;
use refeed::config::RuleList;
use refeed::rules::{BuildContext, Chain};
use serde_json::{Value, json};
use serve_support::{NOW, Server, Upstream, config};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What a service answers: a status and a body.
type Answers = fn(&Value) -> (u16, Value);

/// A service: answers as its function says, and remembers what it was asked.
struct Service {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
    answer: Arc<Mutex<Answers>>,
}

impl Service {
    async fn start(answer: fn(&Value) -> (u16, Value)) -> Service {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = Service {
            address: listener.local_addr().unwrap(),
            asked: Arc::default(),
            answer: Arc::new(Mutex::new(answer)),
        };
        let (asked, answer) = (Arc::clone(&service.asked), Arc::clone(&service.answer));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(stream.read_u8().await?);
                    }
                    let head = String::from_utf8_lossy(&head).to_lowercase();
                    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
                    let mut body = vec![0; length.and_then(|length| length.parse().ok()).unwrap_or(0)];
                    stream.read_exact(&mut body).await?;
                    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
                    let (status, said) = answer.lock().unwrap()(&body);
                    asked.lock().unwrap().push((head, body));
                    let said = said.to_string();
                    let reply = format!(
                        "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{said}",
                        said.len()
                    );
                    stream.write_all(reply.as_bytes()).await?;
                    stream.shutdown().await
                });
            }
        });
        service
    }

    fn asked(&self) -> Vec<(String, Value)> {
        self.asked.lock().unwrap().clone()
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

const FEED: &str = "<rss version=\"2.0\"><channel><title>T</title><link>https://site.example/</link><description>d</description><language>zh</language>\
<item><title>台湾</title><guid>urn:1</guid><description>&lt;p&gt;人工智能&lt;/p&gt;</description></item></channel></rss>";

async fn served(rules: &str) -> (Server, Upstream) {
    let upstream = Upstream::start("Cache-Control: max-age=600\r\n").await;
    upstream.answers(200, "Cache-Control: max-age=600\r\n", FEED);
    let server = Server::start(&config(&[("a", upstream.url("/feed"), rules)])).await;
    (server, upstream)
}

/// LibreTranslate: `{ q, source, target, format, api_key }` → `{ translatedText }`.
fn libretranslate(asked: &Value) -> (u16, Value) {
    (200, json!({ "translatedText": format!("[{}]", asked["q"].as_str().unwrap()) }))
}

#[tokio::test]
async fn libretranslate_translates_titles_and_texts_once() {
    let service = Service::start(libretranslate).await;
    let rules =
        format!("[{{ libretranslate = {{ url = '{}', target = 'fr', key = 'k' }} }}]", service.url("/translate"));
    let (server, upstream) = served(&rules).await;
    let body = server.get("/feed/a", &[]).await.text();
    assert!(body.contains("<title>[台湾] | 台湾</title>"), "{body}");
    assert!(body.contains("[&lt;p&gt;人工智能&lt;/p&gt;]&lt;hr&gt;&lt;p&gt;人工智能&lt;/p&gt;"), "{body}");
    let asked = service.asked();
    assert_eq!(asked.len(), 2);
    let title = asked.iter().find(|(_, body)| body["q"] == "台湾").unwrap();
    assert_eq!(title.1, json!({ "q": "台湾", "source": "auto", "target": "fr", "format": "html", "api_key": "k" }));
    assert!(title.0.starts_with("post /translate ") && title.0.contains("content-type: application/json"));
    // the feed changes elsewhere: the answers are kept by what was asked
    upstream.answers(200, "", &FEED.replace("<title>T<", "<title>New<"));
    server.clock.advance(Duration::from_secs(3600));
    while !server.get("/feed/a", &[]).await.text().contains("<title>New<") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(service.asked().len(), 2);
}

#[tokio::test]
async fn an_answer_is_paid_for_once_also_over_a_restart() {
    let (service, directory) = (Service::start(libretranslate).await, tempfile::tempdir().unwrap());
    let upstream = Upstream::start("").await;
    upstream.answers(200, "", FEED);
    let config = |more: &str| {
        let rules =
            format!("[{more}{{ libretranslate = {{ url = '{}', target = 'fr' }} }}]", service.url("/translate"));
        config(&[("a", upstream.url("/feed"), &rules)])
    };
    let server = Server::on_disk(&config(""), directory.path(), Clock::manual(NOW)).await;
    assert!(server.get("/feed/a", &[]).await.text().contains("[台湾]"));
    let server = server.restarted(&config("{ limit = 9 }, "), directory.path()).await;
    assert!(server.get("/feed/a", &[]).await.text().contains("[台湾]"));
    assert_eq!(service.asked().len(), 2);
}

/// DeepL: `{ text: [...], target_lang }` with `Authorization: DeepL-Auth-Key …` → `{ translations: [{ text }] }`.
fn deepl(asked: &Value) -> (u16, Value) {
    let text = asked["text"][0].as_str().unwrap();
    (200, json!({ "translations": [{ "detected_source_language": "ZH", "text": format!("DeepL {text}") }] }))
}

#[tokio::test]
async fn deepl_is_asked_as_it_wants_and_the_title_alone_can_be_sent() {
    let service = Service::start(deepl).await;
    let rules = format!(
        "[{{ deepl = {{ url = '{}', key = 'secret', target = 'EN-GB', show = 'replace', fields = ['title'] }} }}]",
        service.url("/v2/translate")
    );
    let (server, _upstream) = served(&rules).await;
    let body = server.get("/feed/a", &[]).await.text();
    assert!(body.contains("<title>DeepL 台湾</title>") && body.contains("&lt;p&gt;人工智能&lt;/p&gt;"), "{body}");
    let [(head, asked)] = &service.asked()[..] else { panic!("one request") };
    assert!(head.contains("authorization: deepl-auth-key secret"), "{head}");
    assert_eq!(*asked, json!({ "text": ["台湾"], "target_lang": "EN-GB", "tag_handling": "html" }));
}

/// OpenAI: `{ model, messages }` with a bearer token → `{ choices: [{ message: { content } }] }`.
fn openai(asked: &Value) -> (u16, Value) {
    let text = asked["messages"][1]["content"].as_str().unwrap();
    (200, json!({ "choices": [{ "index": 0, "message": { "role": "assistant", "content": format!("AI {text}") } }] }))
}

#[tokio::test]
async fn a_language_model_is_asked_as_openai_documents_it() {
    let service = Service::start(openai).await;
    let rules = format!(
        "[{{ openai = {{ url = '{}', key = 'k', model = 'm', task = 'Summarise.', show = 'above' }} }}]",
        service.url("/v1/chat/completions")
    );
    let (server, _upstream) = served(&rules).await;
    let body = server.get("/feed/a", &[]).await.text();
    assert!(body.contains("<title>台湾 | AI 台湾</title>"), "{body}");
    let (head, asked) = &service.asked()[0];
    assert!(head.contains("authorization: bearer k"));
    assert_eq!(asked["messages"][0], json!({ "role": "system", "content": "Summarise." }));
}

#[tokio::test]
async fn an_answer_can_go_into_another_field() {
    let service = Service::start(|_| (200, json!({ "score": 87 }))).await;
    let rules = format!(
        "[{{ http = {{ url = '{}', body = {{ t = '{{{{ title }}}}: {{{{ text }}}}' }}, answer = 'score', fields = 'content', into = 'category' }} }}]",
        service.url("/score")
    );
    let (server, _upstream) = served(&rules).await;
    assert!(server.get("/feed/a", &[]).await.text().contains("<category>87</category>"));
    assert_eq!(service.asked()[0].1, json!({ "t": "台湾: <p>人工智能</p>" }));
}

#[tokio::test]
async fn a_service_that_fails_leaves_the_items_and_is_asked_again_later() {
    for answer in [|_: &Value| (500, json!({})), |_: &Value| (200, json!("nothing that was asked for"))] {
        let service = Service::start(answer).await;
        let rules = format!("[{{ libretranslate = {{ url = '{}', fields = ['title'] }} }}]", service.url("/translate"));
        let (server, _upstream) = served(&rules).await;
        let reply = server.get("/feed/a", &[]).await;
        assert_eq!(reply.status, 200);
        assert!(reply.text().contains("<title>台湾</title>"), "{}", reply.text());
    }
    let service = Service::start(|_| (503, json!({}))).await;
    let rules = format!("[{{ libretranslate = {{ url = '{}', fields = ['title'] }} }}]", service.url("/translate"));
    let (server, _upstream) = served(&rules).await;
    server.get("/feed/a", &[]).await;
    *service.answer.lock().unwrap() = libretranslate;
    server.clock.advance(Duration::from_secs(3 * 3600));
    let later = async {
        while !server.get("/feed/a", &[]).await.text().contains("[台湾]") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(serve_support::PATIENCE, later).await.expect("the service is asked again");
}

#[tokio::test]
async fn what_is_posted_follows_no_redirect() {
    let other = Service::start(libretranslate).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, to) = (listener.local_addr().unwrap(), other.url("/translate"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await;
            let reply = format!("HTTP/1.1 307 X\r\nLocation: {to}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            let _ = stream.write_all(reply.as_bytes()).await;
        }
    });
    let rules = format!("[{{ libretranslate = {{ url = 'http://{address}/translate' }} }}]");
    let (server, _upstream) = served(&rules).await;
    assert!(server.get("/feed/a", &[]).await.text().contains("<title>台湾</title>"));
    assert!(other.asked().is_empty());
}

#[test]
fn a_rule_that_cannot_work_is_refused() {
    let refused = |rules: &str| {
        let list = RuleList::parse("test", rules).unwrap();
        Chain::build(&list, &BuildContext::default()).unwrap_err().to_string()
    };
    for (rules, word) in [
        ("[{ http = { url = 'ftp://x/', body = {} } }]", "http:"),
        ("[{ http = { url = 'http://x.example/', body = { a = '{{ txt }}' } } }]", "`txt`"),
        ("[{ http = { url = 'http://x.example/', body = { a = '{{ text' } } }]", "bad template"),
        ("[{ http = { url = 'http://x.example/', body = {}, answer = 'a[' } }]", "bad path"),
        ("[{ http = { url = 'http://x.example/', body = {}, headers = { Host = 'x' } } }]", "no header"),
        ("[{ http = { url = 'http://x.example/', body = {}, fields = 'titel' } }]", "titel"),
    ] {
        let found = refused(rules);
        assert!(found.contains(word), "{rules}: {found}");
    }
}

#[tokio::test]
async fn what_cannot_be_posted_is_said() {
    let service = Service::start(libretranslate).await;
    let rules =
        format!("[{{ http = {{ url = '{}', body = {{ q = '{{{{ text }}}}' }} }} }}]", service.url("/translate"));
    let (server, upstream) = served(&rules).await;
    upstream.answers(200, "", &FEED.replace("人工智能", &"人工智能".repeat(20_000)));
    let explained = server.get("/feed/a?explain", &[]).await.text();
    assert!(explained.contains("for a content: it is too long"), "{explained}");
    assert_eq!(service.asked().len(), 1, "the title");

    for (rule, what) in [
        ("http = { url = 'http://127.0.0.1:1/', body = { q = '{{ text | shout }}' } }", "shout"),
        ("json = { items = 'a', title = 'name | shout' }", "shout"),
        ("full_text = { template = '{{ content | shout }}' }", "shout"),
    ] {
        let list = RuleList::parse("test", &format!("[{{ {rule} }}]")).unwrap();
        let refused = Chain::build(&list, &BuildContext::default()).unwrap_err().to_string();
        assert!(refused.contains(what), "{rule}: {refused}");
    }
}
