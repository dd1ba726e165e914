//! The simulator over real sockets: every protocol, model and fault, as a client sees them.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod running;
#[cfg(test)]
mod support;
#[cfg(test)]
mod wire;
