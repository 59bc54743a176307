//! The machine and this process on it.

use std::fs;
use std::time::Duration;

use anyhow::Result;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use nix::unistd::Pid;

/// The core of the clients, which run one at a time.
pub(crate) const CLIENT: usize = 0;
/// The core of the server.
pub(crate) const SERVER: usize = 1;

/// Keeps this process and its threads on one core, if there are two.
pub(crate) fn pin(core: usize) {
    let mut cores = CpuSet::new();
    // On a machine with one core there is nothing to choose.
    let _ = cores
        .set(core)
        .and_then(|()| sched_setaffinity(Pid::from_raw(0), &cores));
}

/// Lets this process open as many sockets as it may.
pub(crate) fn many_sockets() -> Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, most, most)?)
}

/// The CPU time that this process has used, in all threads and in the kernel.
pub(crate) fn cpu() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let part = |time: nix::sys::time::TimeVal| {
        Duration::new(
            u64::try_from(time.tv_sec()).unwrap_or(0),
            u32::try_from(time.tv_usec()).unwrap_or(0) * 1000,
        )
    };
    Ok(part(usage.user_time()) + part(usage.system_time()))
}

/// Its resident memory in bytes.
pub(crate) fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
    kilobytes.map_or(0, |kilobytes: u64| kilobytes << 10)
}

/// The linear memories of this process's instances in bytes: what they have grown to, and what of that is resident. A
/// linear memory is found by what wasmtime reserves behind it: gigabytes that nobody can access.
pub(crate) fn linear_memory() -> (u64, u64) {
    let maps = fs::read_to_string("/proc/self/smaps").unwrap_or_default();
    let (mut size, mut resident) = (0, 0);
    let mut last = None;
    for line in maps.lines() {
        if let Some((from, to, access)) = mapping(line) {
            if access.starts_with("---") && to - from > 1 << 30 {
                if let Some((end, grown, used)) = last
                    && end == from
                {
                    size += grown;
                    resident += used;
                }
                last = None;
            } else {
                last = access.starts_with("rw").then_some((to, to - from, 0));
            }
        } else if let (Some((_, _, used)), Some(kilobytes)) =
            (&mut last, line.strip_prefix("Rss:").and_then(kilobytes))
        {
            *used = kilobytes << 10;
        }
    }
    (size, resident)
}

fn kilobytes(text: &str) -> Option<u64> {
    text.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn mapping(line: &str) -> Option<(u64, u64, &str)> {
    let (range, rest) = line.split_once(' ')?;
    let (from, to) = range.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    Some((number(from)?, number(to)?, rest))
}

/// What it is, in a line: processor, cores, kernel.
pub(crate) fn describe() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |rest| {
            rest.trim_start_matches([' ', '\t', ':'])
        });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{model}, {cores} cores, Linux {}", kernel.trim())
}
