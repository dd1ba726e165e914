//! Which CPU is whose.
//!
//! On its own CPU, what the server under test reaches is its rate per core, and the load can't
//! take time from it. The load and the upstream share the other one.

use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::child::Placement;
use crate::cli::Pin;
use crate::procfs;

/// Binds this process, and says where the others go.
pub(super) fn place(pin: Pin) -> anyhow::Result<Placement> {
    let placement = match pin {
        Pin::Off => return Ok(Placement::default()),
        Pin::Auto | Pin::On => bind(),
    };
    match placement {
        Err(_) if pin == Pin::Auto => Ok(Placement::default()),
        placement => placement.context("processes can't be bound to CPUs"),
    }
}

fn bind() -> anyhow::Result<Placement> {
    let allowed = procfs::allowed_cpus();
    let [load, server, ..] = allowed.as_slice() else { bail!("there is only one CPU") };
    let status = Command::new("taskset")
        .args(["-acp", &load.to_string(), &std::process::id().to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("taskset can't be run")?;
    if !status.success() {
        bail!("taskset failed");
    }
    Ok(Placement { server: Some(*server), load: Some(*load) })
}
