//! What is counted: each hot function with everyday work, prepared ahead and done once before it
//! counts.
//!
//! Everything is the same on every run: no clock, no chance, no map with a seed.

mod answers;
mod calls;
mod money;
mod planning;

use std::hint::black_box;

/// One piece of work, and its name in the baseline.
pub(crate) struct Case {
    name: String,
    work: Box<dyn FnMut()>,
}

impl Case {
    /// Work that takes nothing over from one time to the next. What it gives is thrown away where
    /// it counts: who makes something pays for its end.
    fn new<T>(name: &str, mut work: impl FnMut() -> T + 'static) -> Self {
        Self { name: name.to_owned(), work: Box::new(move || drop(black_box(work()))) }
    }
}

/// What all cases are called, in their order.
pub(crate) fn names() -> anyhow::Result<Vec<String>> {
    Ok(all()?.into_iter().map(|case| case.name).collect())
}

/// Does all the work, each piece once to warm up and once to count.
pub(crate) fn run_all() -> anyhow::Result<()> {
    for mut case in all()? {
        (case.work)();
        counted_by_callgrind(&mut case.work);
    }
    Ok(())
}

/// What Callgrind counts in.
#[inline(never)]
fn counted_by_callgrind(work: &mut dyn FnMut()) {
    // Something to do behind the call, or the compiler makes a jump of it, and there is no return.
    let behind = black_box(0_u8);
    work();
    black_box(behind);
}

fn all() -> anyhow::Result<Vec<Case>> {
    let mut all = planning::cases()?;
    all.extend(calls::cases()?);
    all.extend(answers::cases()?);
    all.extend(money::cases()?);
    Ok(all)
}
