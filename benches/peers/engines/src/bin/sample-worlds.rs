//! Writes worlds from a seed into `target/bench`, to try the engines without the host: `sample-worlds [SEED]`.
#![forbid(unsafe_code)]

use anyhow::Context;

fn main() -> anyhow::Result<()> {
    let seed = std::env::args().nth(1).map_or(Ok(1), |text| text.parse()).context("SEED is a whole number")?;
    peers::write_samples(&peers::folder(), seed)
}
