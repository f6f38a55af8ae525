//! Progress of long work: bars with the time left on a terminal, plain lines in a log.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Where progress goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Bars on standard error.
    Bars,
    /// A line every few seconds on standard error.
    Lines,
    /// Nothing.
    Silent,
}

impl Progress {
    /// Bars on a terminal, lines elsewhere.
    pub fn for_stderr() -> Self {
        if std::io::stderr().is_terminal() {
            Progress::Bars
        } else {
            Progress::Lines
        }
    }

    /// A stage of `total` steps.
    pub fn stage(self, name: &str, total: u64) -> Stage {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        if self != Progress::Bars {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let style = "{prefix:>18} [{bar:32}] {pos}/{len}  {elapsed} elapsed, {eta} left  {msg}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(name.to_owned());
        let now = Instant::now();
        let name = name.to_owned();
        Stage {
            bar,
            name,
            lines: self == Progress::Lines,
            began: now,
            said: Mutex::new(now),
        }
    }
}

/// Seconds between two lines in a log.
const QUIET: Duration = Duration::from_secs(10);

/// One long step of the work.
pub struct Stage {
    bar: ProgressBar,
    name: String,
    lines: bool,
    began: Instant,
    said: Mutex<Instant>,
}

impl Stage {
    /// One step further.
    pub fn step(&self) {
        self.bar.inc(1);
        self.say();
    }

    /// At the given step.
    pub fn set(&self, position: u64) {
        self.bar.set_position(position);
        self.say();
    }

    /// Words beside the bar.
    pub fn message(&self, text: &str) {
        self.bar.set_message(text.to_owned());
    }

    /// The stage is done.
    pub fn finish(&self) {
        self.bar.finish();
        if self.lines {
            eprintln!(
                "{}: done in {:.1} s",
                self.name,
                self.began.elapsed().as_secs_f64()
            );
        }
    }

    fn say(&self) {
        if !self.lines {
            return;
        }
        let mut said = self.said.lock().unwrap_or_else(|p| p.into_inner());
        if said.elapsed() < QUIET {
            return;
        }
        *said = Instant::now();
        let (at, of) = (self.bar.position(), self.bar.length().unwrap_or(0));
        let message = self.bar.message();
        let left = self.bar.eta().as_secs();
        eprintln!("{}: {at}/{of}, {left} s left {message}", self.name);
    }
}
