//! Tells the operator's hub (`server.hub`) of changes in the feeds that refeed serves (WebSub), so that readers need not poll.
//!
//! A feed of the configuration is announced under its public address when its bytes are others than before. Of a hub that
//! cannot be reached the log tells; its subscribers poll.

use hyper::header::HeaderValue;
use url::form_urlencoded::Serializer;

use super::Window;
use super::ask::Route;
use crate::base::url::Url;
use crate::cache::Answer;
use crate::fetch::{Client, Request};

/// The hub, if there is one.
pub(super) struct Publisher {
    hub: Option<Url>,
    client: Client,
}

impl Publisher {
    pub(super) fn new(hub: Option<&Url>, client: Client) -> Publisher {
        Publisher { hub: hub.cloned(), client }
    }

    /// `Link` of the answer of `route`: where its hub is, and under which address the hub knows it.
    pub(super) fn link(&self, route: &Route) -> Option<HeaderValue> {
        let (hub, topic) = self.topic(route)?;
        HeaderValue::try_from(format!("<{hub}>; rel=\"hub\", <{topic}>; rel=\"self\"")).ok()
    }

    /// `now` is the answer of `route` after `before`.
    pub(super) fn announce(&self, route: &Route, before: Option<&HeaderValue>, now: &Answer) {
        let Some((hub, topic)) = self.topic(route) else { return };
        if before.is_none_or(|before| before == now.content.etag(None)) {
            return;
        }
        let mut form = Serializer::new(String::new());
        form.append_pair("hub.mode", "publish").append_pair("hub.url", topic.as_str());
        form.append_pair("hub.topic", topic.as_str()); // as some hubs call it
        let request = Request::form(hub.as_str(), form.finish());
        let (client, feed) = (self.client.clone(), route.label.clone());
        tokio::spawn(async move {
            if let Err(error) = client.get(&request).await {
                tracing::warn!(feed = &*feed, %error, "the hub (`server.hub`) was not told of the change");
            }
        });
    }

    /// Only a whole feed under its own public address is a topic.
    fn topic<'a>(&'a self, route: &'a Route) -> Option<(&'a Url, &'a Url)> {
        let own = route.form.own_url.as_deref().filter(|_| route.form.window == Window::Newest);
        Some((self.hub.as_ref()?, own?))
    }
}
