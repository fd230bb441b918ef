//! What hubs say to us (WebSub): `GET /websub/TOKEN` asks whether a subscription is meant, `POST /websub/TOKEN` tells of a change.
//!
//! Only who was told a token has one; all others learn that nothing is served here. A ping is answered at once, whether it is
//! believed or not: who guesses at signatures learns nothing. Its body is read up to [`limits::MAX_PING`] within
//! [`limits::PING_TIME`], for its signature alone.

use bytes::{Buf, Bytes};
use http_body_util::{BodyExt, Full};
use hyper::body::Body;
use hyper::header::{self, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use tokio::time::timeout;

use super::reply::harden;
use super::status::Refused;
use crate::base::limits;
use crate::pipeline::Pipeline;
use crate::websub::subscription::Question;

/// The token in the path of a callback.
pub fn token(path: &str) -> Option<&str> {
    path.strip_prefix("/websub/")
}

/// The response to a request for the callback of `token`.
pub async fn respond<B: Body>(
    pipeline: &Pipeline,
    token: &str,
    parts: &Parts,
    body: B,
) -> Result<Response<Full<Bytes>>, Refused> {
    match parts.method {
        Method::GET => confirm(pipeline, token, parts.uri.query().unwrap_or_default()),
        // a stranger's body is not read
        Method::POST if !pipeline.awaits(token) => Err(Refused::NoSuchPath),
        Method::POST => {
            let read = timeout(limits::PING_TIME, read(body)).await;
            let body = read.ok().flatten().ok_or(Refused::Body)?;
            let signature = parts.headers.get("x-hub-signature").and_then(|value| value.to_str().ok());
            match pipeline.pinged(token, signature, &body) {
                true => Ok(empty(StatusCode::ACCEPTED)),
                false => Err(Refused::NoSuchPath),
            }
        }
        _ => Err(Refused::Method),
    }
}

fn confirm(pipeline: &Pipeline, token: &str, query: &str) -> Result<Response<Full<Bytes>>, Refused> {
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value);
    let (mode, topic, challenge) = (value("hub.mode"), value("hub.topic"), value("hub.challenge"));
    let question = Question { mode, topic, challenge, lease: value("hub.lease_seconds").parse().ok() };
    let challenge = pipeline.confirms(token, question).ok_or(Refused::NoSuchPath)?;
    let mut response = Response::new(Full::new(Bytes::from(challenge)));
    // what a stranger sent is shown to a browser as nothing but text
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    harden(response.headers_mut());
    Ok(response)
}

/// The body, if it is small and comes whole.
async fn read<B: Body>(body: B) -> Option<Vec<u8>> {
    let mut body = std::pin::pin!(body);
    let mut bytes = Vec::new();
    while let Some(frame) = body.as_mut().frame().await {
        let Ok(mut data) = frame.ok()?.into_data() else { continue };
        if bytes.len() + data.remaining() > limits::MAX_PING {
            return None;
        }
        while data.has_remaining() {
            let chunk = data.chunk();
            bytes.extend_from_slice(chunk);
            let length = chunk.len();
            data.advance(length);
        }
    }
    Some(bytes)
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
