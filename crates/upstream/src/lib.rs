//! The only outbound HTTP client of the program, and the only sender of mail.
//!
//! # Why not one pooled client?
//!
//! hyper-util's client keeps one HTTP/2 connection per host and queues at the server's stream
//! limit ([hyper#2197], [hyper#3623]). Streams that last for minutes are exactly that load: with a
//! limit of ten, the eleventh would wait until one ends. So HTTP/2 has a pool of our own, which
//! asks each connection for the limit its server announced, puts a call on the connection with the
//! fewest calls that has room, and opens another when none has. Nothing is guessed and nothing is
//! sent twice. See the module `pool` for how.
//!
//! Over HTTP/1.1 a call takes a connection that is idle, or opens one. Connections have no tasks
//! there: each is driven by the call that uses it. See the module `http1`.
//!
//! Which of the two an origin speaks is learnt by TLS's protocol negotiation (ALPN) on the first
//! connection, and kept. Without TLS it is HTTP/1.1.
//!
//! # What is deliberately absent
//!
//! Retries (a provider may have been paid already: the engine decides) and any notion of what a
//! body means. A request that a connection gives back unsent, because it was closing, is not a
//! retry: it goes to another connection.
//!
//! [hyper#2197]: https://github.com/hyperium/hyper/issues/2197
//! [hyper#3623]: https://github.com/hyperium/hyper/issues/3623

mod body;
mod client;
mod connection;
mod error;
mod http1;
mod mail;
mod media;
mod pool;
mod public;
mod tls;

pub use body::{BodyTooLarge, UpstreamBody, read_bounded};
pub use client::{Upstream, UpstreamConfig};
pub use error::{UpstreamError, UpstreamErrorKind};
pub use mail::{MailError, Mailer};
pub use media::{Media, MediaConfig, MediaError, MediaFetcher};
pub use tls::{RootsError, roots_from_pem};
