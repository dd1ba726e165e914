//! The client over real sockets, against servers that count what they see.

#[cfg(test)]
mod bodies;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod http1;
#[cfg(test)]
mod http2;
#[cfg(test)]
mod reuse;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tls;
