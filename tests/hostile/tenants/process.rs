//! What the service's process uses, as the system counts it.

use std::fs;
use std::time::{Duration, Instant};

/// A process by its number.
#[derive(Debug, Clone, Copy)]
pub struct Process(pub u32);

impl Process {
    /// Bytes in memory.
    pub fn memory(self) -> u64 {
        self.field("VmRSS:")
    }

    /// The most bytes in memory since [`Self::forget_peak`].
    pub fn peak(self) -> u64 {
        self.field("VmHWM:")
    }

    /// Begins a new peak.
    pub fn forget_peak(self) {
        fs::write(format!("/proc/{}/clear_refs", self.0), "5").unwrap();
    }

    /// Waits until it has little to do, 5 s at most: what an attack left behind is not to be measured as quiet.
    pub fn until_idle(self) {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(5) {
            let before = self.ticks();
            std::thread::sleep(Duration::from_millis(100));
            if self.ticks().saturating_sub(before) <= 2 {
                return;
            }
        }
    }

    fn field(self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1_024
    }

    /// Time of the processor in hundredths of a second, with that of its children.
    fn ticks(self) -> u64 {
        // A child belongs to the thread that started it.
        let threads = fs::read_dir(format!("/proc/{}/task", self.0)).into_iter().flatten().map_while(Result::ok);
        let children = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
        let children: Vec<u32> = children
            .flat_map(|list| list.split_whitespace().filter_map(|child| child.parse().ok()).collect::<Vec<_>>())
            .collect();
        children.into_iter().chain([self.0]).map(ticks).sum()
    }
}

fn ticks(process: u32) -> u64 {
    let Ok(stat) = fs::read_to_string(format!("/proc/{process}/stat")) else { return 0 };
    // Behind the name, which may hold anything.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum()
}
