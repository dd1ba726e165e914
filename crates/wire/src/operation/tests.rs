//! Operations read, measured and written.

mod answers;
mod laws;
mod refusals;
mod requests;
mod shapes;
mod support;
