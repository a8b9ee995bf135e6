//! A file seen through one bounded buffer.

use std::io;

use crate::disk::ReadAt;
use crate::layout::FRAME_HEADER;

const READ_AHEAD: usize = 256 << 10;

/// Reads ahead, and gives zeros past the end of the file: a preallocated segment reads the same whether its last
/// bytes were lost with the file's length or never written.
#[derive(Debug)]
pub(crate) struct Window<F> {
    file: F,
    size: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl<F: ReadAt> Window<F> {
    pub(crate) fn new(file: F) -> io::Result<Self> {
        let size = file.size()?;
        Ok(Self { file, size, start: 0, bytes: Vec::new() })
    }

    /// The file's size when it was opened.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The `count` bytes at `offset`. The caller has bounded `count`.
    pub(crate) fn get(&mut self, offset: u64, count: usize) -> io::Result<&[u8]> {
        if self.buffered(offset).is_none_or(|bytes| bytes.len() < count) {
            self.fill(offset, count)?;
        }
        Ok(self.buffered(offset).and_then(|bytes| bytes.get(..count)).unwrap_or(&[]))
    }

    /// As many bytes at `offset` as are at hand: a frame header's, or more.
    pub(crate) fn ahead(&mut self, offset: u64) -> io::Result<&[u8]> {
        if self.buffered(offset).is_none_or(|bytes| bytes.len() < FRAME_HEADER) {
            self.fill(offset, FRAME_HEADER)?;
        }
        Ok(self.buffered(offset).unwrap_or(&[]))
    }

    /// What was read last from `offset` on, without reading.
    pub(crate) fn buffered(&self, offset: u64) -> Option<&[u8]> {
        let at = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        self.bytes.get(at..)
    }

    /// Reads anew what is asked for next.
    pub(crate) fn forget(&mut self) {
        self.bytes.clear();
    }

    fn fill(&mut self, offset: u64, count: usize) -> io::Result<()> {
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        self.bytes.resize(count.max(READ_AHEAD.min(left)), 0);
        self.start = offset;
        let read = self.file.read_at(&mut self.bytes, offset);
        let read = read.inspect_err(|_| self.bytes.clear())?;
        if let Some(rest) = self.bytes.get_mut(read..) {
            rest.fill(0);
        }
        Ok(())
    }

    /// The offset after the last byte that is not zero, from `offset` on; `None` if all are zero.
    pub(crate) fn last_nonzero(&mut self, offset: u64) -> io::Result<Option<u64>> {
        let (mut at, mut last) = (offset, None);
        while at < self.size {
            let bytes = self.ahead(at)?;
            if let Some(found) = bytes.iter().rposition(|&byte| byte != 0) {
                last = Some(at + found as u64 + 1);
            }
            at += (bytes.len() as u64).max(1);
        }
        Ok(last)
    }
}
