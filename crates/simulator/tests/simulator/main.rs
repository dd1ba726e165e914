//! The simulator over real sockets: every protocol, model and fault, as a client sees them.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod azure;
#[cfg(test)]
mod bedrock;
#[cfg(test)]
mod cohere;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod mistral;
#[cfg(test)]
mod ollama;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod responses;
#[cfg(test)]
mod running;
#[cfg(test)]
mod support;
#[cfg(test)]
mod vertex;
#[cfg(test)]
mod wire;
