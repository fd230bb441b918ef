//! WebSub (<https://www.w3.org/TR/websub/>): a hub tells when a feed has changed, so that it need not be asked.
//!
//! - [`discover`]: which hub a feed names, and whether it can be one. - [`subscription`]: what refeed asks of a hub, what it
//!   lets a hub confirm, when it asks again. - [`signature`]: whether a ping comes from who was subscribed to.
//!
//! All pure: text and times in, text and times out. Requests are made by `pipeline`, callbacks arrive through `serve`. What a
//! hub sends is never taken for the feed; it only means "ask now".

pub mod discover;
pub mod signature;
pub mod subscription;

pub use discover::Hub;
pub use subscription::Subscription;
