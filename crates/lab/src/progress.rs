//! What is said while it runs, on standard error: one line that changes, on a terminal only.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

const CLEAR_LINE: &str = "\r\x1b[2K";
/// Characters of a full bar.
const WIDTH: usize = 24;
/// Between two changes of the line.
const PAUSE: Duration = Duration::from_millis(80);

/// The line.
#[derive(Debug)]
pub(crate) struct Progress {
    is_terminal: bool,
    begin: Instant,
    said_at: Duration,
    what: String,
    what_began: Duration,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            is_terminal: io::stderr().is_terminal(),
            begin: clock(),
            said_at: Duration::ZERO,
            what: String::new(),
            what_began: Duration::ZERO,
        }
    }

    /// So much of something is done.
    pub(crate) fn say(&mut self, what: &str, done: usize, of: usize) {
        let now = self.elapsed();
        if what != self.what {
            what.clone_into(&mut self.what);
            self.what_began = now;
        }
        if self.is_terminal && now.saturating_sub(self.said_at) >= PAUSE {
            self.said_at = now;
            let line = line(what, (done, of), now.saturating_sub(self.what_began));
            let mut error = io::stderr();
            // Whoever closed standard error does not want to know.
            let _written = write!(error, "{CLEAR_LINE}{line}").and_then(|()| error.flush());
        }
    }

    /// Makes room for the result.
    pub(crate) fn clear(&self) {
        if self.is_terminal {
            let _written = write!(io::stderr(), "{CLEAR_LINE}");
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.begin.elapsed()
    }
}

#[expect(clippy::disallowed_methods, reason = "for the progress alone; nothing simulated sees it")]
fn clock() -> Instant {
    Instant::now()
}

fn line(what: &str, (done, of): (usize, usize), elapsed: Duration) -> String {
    let filled = (done * WIDTH).checked_div(of).unwrap_or(WIDTH).min(WIDTH);
    let bar = format!("{}{}", "━".repeat(filled), "╌".repeat(WIDTH - filled));
    let percent = (done * 100).checked_div(of).unwrap_or(100);
    let left = u32::try_from(percent).ok().filter(|percent| *percent > 0).map(|percent| {
        let left = elapsed * 100 / percent;
        format!(" · {:.0} s left", left.saturating_sub(elapsed).as_secs_f64())
    });
    format!("{bar} {percent:3} % · {what}{}", left.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_how_much_and_how_long() {
        let told = line("calm · random", (500, 1_000), Duration::from_secs(4));
        assert_eq!(
            told,
            format!("{}{}  50 % · calm · random · 4 s left", "━".repeat(12), "╌".repeat(12))
        );
        assert!(line("x", (0, 0), Duration::ZERO).contains("100 %"));
    }
}
