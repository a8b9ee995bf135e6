//! What the disk itself does: the time of one small write and its sync, to stand beside every durable figure.

use anyhow::Result;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Instant;

/// Median and 99th percentile of `fdatasync` after a write of 4 KiB into zeroed space, in microseconds.
pub(crate) fn sync_us(dir: &Path) -> Result<(u128, u128)> {
    const WRITES: usize = 200;
    let mut file = tempfile::tempfile_in(dir)?;
    file.write_all(&vec![0; 4_096 * WRITES])?;
    file.sync_all()?;
    let mut times = Vec::with_capacity(WRITES);
    for write in 0..WRITES {
        let start = Instant::now();
        file.seek(SeekFrom::Start(4_096 * write as u64))?;
        file.write_all(&[7; 4_096])?;
        file.sync_data()?;
        times.push(start.elapsed().as_micros());
    }
    times.sort_unstable();
    Ok((times[WRITES / 2], times[WRITES * 99 / 100]))
}
