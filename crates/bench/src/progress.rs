//! What is said while it runs, on standard error: one line that changes on a terminal, a line for
//! each cell elsewhere.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use tokio::time::Instant;

use crate::run::Measurement;

const CLEAR_LINE: &str = "\r\x1b[2K";

/// The line.
#[derive(Debug)]
pub(crate) struct Progress {
    terminal: bool,
    begin: Instant,
    done: f64,
    expected: f64,
    last: String,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            terminal: io::stderr().is_terminal(),
            begin: Instant::now(),
            done: 0.0,
            expected: 0.0,
            last: String::new(),
        }
    }

    /// From now on that many cells are to come.
    pub(crate) fn expect(&mut self, cells: f64) {
        self.begin = Instant::now();
        self.expected = cells;
    }

    /// Says what begins now.
    pub(crate) fn say(&mut self, what: &str) -> io::Result<()> {
        if !self.terminal {
            return Ok(());
        }
        let mut error = io::stderr();
        write!(error, "{CLEAR_LINE}{what}{}{}", self.left(), self.last)?;
        error.flush()
    }

    /// Says what a cell gave.
    pub(crate) fn done(&mut self, it: &Measurement) -> io::Result<()> {
        self.done += 1.0;
        let line = format!(
            "round {} {} {}: {:.0} {}s/s, {} errors, {:.2} CPUs taken by others",
            it.round,
            it.cell,
            it.target,
            it.per_second,
            it.cell.unit(),
            it.errors,
            it.spent.other_cpus,
        );
        if self.terminal {
            self.last = format!(" · last: {line}");
            return Ok(());
        }
        writeln!(io::stderr(), "{line}{}", self.left())
    }

    /// Makes room for the result.
    pub(crate) fn clear(&self) -> io::Result<()> {
        if self.terminal { write!(io::stderr(), "{CLEAR_LINE}") } else { Ok(()) }
    }

    fn left(&self) -> String {
        let per_cell = self.begin.elapsed().as_secs_f64() / self.done;
        let left = Duration::try_from_secs_f64(per_cell * (self.expected - self.done));
        left.map(|left| format!(" · {}", remaining(left))).unwrap_or_default()
    }
}

fn remaining(left: Duration) -> String {
    match left.as_secs() {
        seconds @ 0..120 => format!("{seconds} s left"),
        seconds => format!("{} min left", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Progress, remaining};

    #[test]
    fn the_rest_is_told_in_seconds_then_minutes() {
        assert_eq!(remaining(Duration::from_secs(119)), "119 s left");
        assert_eq!(remaining(Duration::from_secs(121)), "3 min left");
    }

    #[test]
    fn nothing_is_foretold_before_a_cell_is_done() {
        let mut progress = Progress::new();
        assert_eq!(progress.left(), "");
        progress.expect(4.0);
        assert_eq!(progress.left(), "");
        progress.done = 4.0;
        assert_eq!(progress.left(), " · 0 s left");
    }
}
