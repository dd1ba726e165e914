//! Finding the lines in a stream, whatever its packets.
//!
//! # Invariants
//!
//! - Any split of the same bytes gives the same lines.
//! - A line larger than [`EVENT_BYTES_MAX`] is a fault, so a server can't make us buffer without
//!   bound.

use tollgate_wire::sse::EVENT_BYTES_MAX;

use crate::Fault;

/// Splits a stream into lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The line that has begun, as far as earlier packets had it.
    pending: Vec<u8>,
}

impl Lines {
    /// Takes the next packet; calls `visit` for each line it completes that is not blank.
    pub(super) fn push(
        &mut self,
        packet: &[u8],
        mut visit: impl FnMut(&[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut rest = packet;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            rest = after.get(1..).unwrap_or_default();
            if self.pending.is_empty() {
                visit_line(line, &mut visit)?;
            } else {
                self.pending.extend_from_slice(line);
                let line = std::mem::take(&mut self.pending);
                visit_line(&line, &mut visit)?;
            }
        }
        self.pending.extend_from_slice(rest);
        if self.pending.len() > EVENT_BYTES_MAX {
            return Err(Fault::malformed("a line is too large"));
        }
        Ok(())
    }

    /// The stream has ended: a last line that was not closed is given to `visit`.
    pub(super) fn finish(
        &mut self,
        mut visit: impl FnMut(&[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let line = std::mem::take(&mut self.pending);
        visit_line(&line, &mut visit)
    }
}

fn visit_line(
    line: &[u8],
    visit: &mut impl FnMut(&[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let line = line.trim_ascii();
    if line.is_empty() { Ok(()) } else { visit(line) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_do_not_matter_and_an_endless_line_is_a_fault() {
        let text = b"{\"a\":1}\r\n\n  \n{\"b\":2}\n{\"c\"";
        for size in 1..=text.len() {
            let (mut lines, mut seen) = (Lines::default(), Vec::new());
            for packet in text.chunks(size) {
                lines
                    .push(packet, |line| {
                        seen.push(String::from_utf8_lossy(line).into_owned());
                        Ok(())
                    })
                    .unwrap();
            }
            lines
                .finish(|line| {
                    seen.push(String::from_utf8_lossy(line).into_owned());
                    Ok(())
                })
                .unwrap();
            assert_eq!(seen, ["{\"a\":1}", "{\"b\":2}", "{\"c\""], "packets of {size}");
        }
        let mut lines = Lines::default();
        let packet = vec![b'x'; EVENT_BYTES_MAX / 2];
        assert!(lines.push(&packet, |_| Ok(())).is_ok());
        assert!(lines.push(&packet, |_| Ok(())).is_ok());
        assert!(lines.push(b"x", |_| Ok(())).is_err());
    }
}
