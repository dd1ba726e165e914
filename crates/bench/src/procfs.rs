//! CPU time and memory, as Linux counts them in `/proc`.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, anyhow};

use crate::statistics::float;

/// Length of a tick in `/proc`: USER_HZ is 100 on every architecture that matters, see proc(5).
const TICK_MS: u64 = 10;
/// Where user and system time stand in `/proc/PID/stat`, counted behind the command's name.
const USER_TIME: usize = 11;
const SYSTEM_TIME: usize = 12;
const KIB_PER_MIB: f64 = 1024.0;

/// CPU time of a process since its start: all threads, ended ones too.
pub(crate) fn process_cpu(pid: u32) -> anyhow::Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).with_context(|| format!("{path} can't be read"))?;
    parse_process(&text).ok_or_else(|| anyhow!("{path} is not as expected"))
}

/// CPU time that the machine spent on any process, and that the hypervisor took, over all CPUs.
///
/// Interrupts are left out: they are billed to nobody on some kernels, and then would look like
/// the work of other processes.
pub(crate) fn machine_cpu() -> anyhow::Result<Duration> {
    let text = fs::read_to_string("/proc/stat").context("/proc/stat can't be read")?;
    parse_machine(&text).ok_or_else(|| anyhow!("/proc/stat is not as expected"))
}

/// Memory of a process in KiB: what is resident now.
pub(crate) fn resident_kib(pid: u32) -> Option<u64> {
    status(pid, "VmRSS")
}

/// Memory of a process in KiB: the most that was resident since [`reset_peak`].
pub(crate) fn peak_kib(pid: u32) -> Option<u64> {
    status(pid, "VmHWM")
}

/// Memory in MiB.
pub(crate) fn mib(kib: u64) -> f64 {
    float(kib) / KIB_PER_MIB
}

/// How many files a process of this one's may have open.
pub(crate) fn open_files_max() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/limits").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// Forgets a process's peak; where that isn't allowed, the peak is the one since its start.
pub(crate) fn reset_peak(pid: u32) {
    // 5 is the value for the peak in proc(5).
    let _not_everywhere = fs::write(format!("/proc/{pid}/clear_refs"), "5");
}

/// The CPUs that this process may use.
pub(crate) fn allowed_cpus() -> Vec<u32> {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    field(&text, "Cpus_allowed_list").map(parse_cpus).unwrap_or_default()
}

fn status(pid: u32, name: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    field(&text, name)?.strip_suffix("kB")?.trim().parse().ok()
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = status.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(one, _)| *one == name).map(|(_, value)| value.trim())
}

/// The command's name, in parentheses, may itself contain spaces and parentheses.
fn parse_process(stat: &str) -> Option<Duration> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(USER_TIME);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.nth(SYSTEM_TIME - USER_TIME - 1)?.parse().ok()?;
    Some(ticks(user.saturating_add(system)))
}

fn parse_machine(stat: &str) -> Option<Duration> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let fields: Vec<u64> = line.split_ascii_whitespace().map_while(|it| it.parse().ok()).collect();
    let [user, nice, system, _idle, _wait, _interrupts, _soft_interrupts, stolen, ..] =
        fields.as_slice()
    else {
        return None;
    };
    Some(ticks(user.saturating_add(*nice).saturating_add(*system).saturating_add(*stolen)))
}

/// Reads a list such as `0-2,5`; what isn't understood is left out.
fn parse_cpus(list: &str) -> Vec<u32> {
    let ranges = list.split(',').filter_map(|part| {
        let (lowest, highest) = part.split_once('-').unwrap_or((part, part));
        Some(lowest.trim().parse::<u32>().ok()?..=highest.trim().parse::<u32>().ok()?)
    });
    ranges.flatten().collect()
}

const fn ticks(ticks: u64) -> Duration {
    Duration::from_millis(ticks.saturating_mul(TICK_MS))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{field, machine_cpu, parse_cpus, parse_machine, parse_process, process_cpu};
    use super::{open_files_max, peak_kib, resident_kib};

    #[test]
    fn process_times_stand_behind_any_name() {
        let stat = "42 (a) (b) c) S 1 42 42 0 -1 4194560 900 0 0 0 130 20 7 8 20 0 4 0 9 1 2 3";
        assert_eq!(parse_process(stat), Some(Duration::from_millis(1500)));
        for broken in ["", "42 (a) S 1 2", "42 (a) S 1 42 42 0 -1 4194560 900 0 0 0 x 20"] {
            assert_eq!(parse_process(broken), None, "{broken}");
        }
    }

    #[test]
    fn the_machine_is_busy_with_processes_only() {
        let stat = "cpu  100 10 50 100000 70 3 4 40 5 6\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
        assert_eq!(parse_machine(stat), Some(Duration::from_secs(2)));
        assert_eq!(parse_machine("cpu  1 2 3\n"), None);
        assert_eq!(parse_machine("intr 1 2 3 4 5 6 7 8\n"), None);
    }

    #[test]
    fn status_fields_are_found_by_their_whole_name() {
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(field(status, "VmRSS"), Some("1024 kB"));
        assert_eq!(field(status, "Vm"), None);
    }

    #[test]
    fn lists_of_cpus() {
        for (list, expected) in
            [("0-1", vec![0, 1]), ("0,2-4,7", vec![0, 2, 3, 4, 7]), ("3", vec![3]), ("", vec![])]
        {
            assert_eq!(parse_cpus(list), expected, "{list}");
        }
    }

    #[test]
    fn this_process_can_be_read() {
        let pid = std::process::id();
        assert!(process_cpu(pid).unwrap() <= machine_cpu().unwrap());
        assert!(open_files_max().is_some_and(|most| most > 3));
        assert!(resident_kib(pid).unwrap() > 0 && peak_kib(pid).unwrap() > 0);
    }
}
