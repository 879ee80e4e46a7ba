//! What criterion estimated: the medians of all benchmarks that have run.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Medians by the names of benchmarks, which are paths: `decision/resolve/warm/1000`.
#[derive(Debug, Default)]
pub(crate) struct Estimates(BTreeMap<String, f64>);

/// A part of `benchmark.json`.
#[derive(Deserialize)]
struct Benchmark {
    full_id: String,
    throughput: Option<Throughput>,
}

/// How much an iteration handles. None of these benches counts bytes.
#[derive(Deserialize)]
enum Throughput {
    Elements(u64),
}

/// A part of `estimates.json`.
#[derive(Deserialize)]
struct Statistics {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

impl Estimates {
    /// Reads the newest estimates of every benchmark in criterion's folder.
    ///
    /// # Errors
    /// A file that is not what criterion writes.
    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut estimates = Self::default();
        estimates.search(folder)?;
        Ok(estimates)
    }

    fn search(&mut self, folder: &Path) -> anyhow::Result<()> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", folder.display())),
        };
        for entry in entries {
            let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
            if path.join("benchmark.json").is_file() {
                // Beside it are baselines, with files of the same names.
                if path.ends_with("new") {
                    let Benchmark { full_id, throughput } = file(&path.join("benchmark.json"))?;
                    let Statistics { median } = file(&path.join("estimates.json"))?;
                    let elements = throughput.map_or(1, |Throughput::Elements(elements)| elements);
                    self.insert(&full_id, elements, median.point_estimate);
                }
            } else if path.is_dir() {
                self.search(&path)?;
            }
        }
        Ok(())
    }

    /// Adds a benchmark whose iterations handle this many elements in so many nanoseconds.
    pub(crate) fn insert(&mut self, name: &str, elements: u64, nanoseconds: f64) {
        self.0.insert(name.to_owned(), nanoseconds / elements as f64);
    }

    /// The median nanoseconds of an element, or of an iteration where nothing is counted.
    pub(crate) fn nanoseconds(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// The benchmarks whose names begin with a path: the rest of the name, and its nanoseconds.
    pub(crate) fn below<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (&'a str, f64)> {
        self.0.iter().filter_map(move |(name, &nanoseconds)| Some((name.strip_prefix(path)?, nanoseconds)))
    }
}

fn file<T: DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is not what criterion writes", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_estimate_of_each_element_is_read() {
        let folder = std::env::temp_dir().join(format!("callsign-estimates-{}", std::process::id()));
        for (baseline, median) in [("base", 12_800.0), ("new", 6_400.0)] {
            let folder = folder.join("decision/resolve_batch_64/10").join(baseline);
            fs::create_dir_all(&folder).expect("a folder");
            let benchmark = r#"{"group_id":"decision","function_id":"resolve_batch/64","value_str":"10",
                "throughput":{"Elements":64},"full_id":"decision/resolve_batch/64/10","directory_name":"","title":""}"#;
            fs::write(folder.join("benchmark.json"), benchmark).expect("a file");
            let estimates = format!(r#"{{"mean":{{}},"median":{{"point_estimate":{median}}}}}"#);
            fs::write(folder.join("estimates.json"), estimates).expect("a file");
        }
        let estimates = Estimates::read(&folder).expect("estimates");
        fs::remove_dir_all(&folder).expect("removed");
        assert_eq!(estimates.nanoseconds("decision/resolve_batch/64/10"), Some(100.0));
        assert_eq!(estimates.below("decision/").collect::<Vec<_>>(), [("resolve_batch/64/10", 100.0)]);
        assert!(Estimates::read(&folder).expect("nothing").nanoseconds("decision/resolve_batch/64/10").is_none());
    }
}
