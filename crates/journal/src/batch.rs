//! The records of one frame, on their way in and on their way out.

use crate::error::{Flaw, JournalError};
use crate::layout::{FRAME_BYTES_MAX, FRAME_HEADER, FRAME_TRAILER, RECORD_HEADER, padded, take};

/// Records to be written as one frame. The buffer is reused: [`Batch::clear`] keeps its memory.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    body: Vec<u8>,
    count: u32,
    times: Option<(i64, i64)>,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty batch with room for `bytes` of records and their headers (16 bytes a record).
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { body: Vec::with_capacity(bytes), ..Self::default() }
    }

    /// Forgets the records and keeps the memory.
    pub fn clear(&mut self) {
        self.body.clear();
        self.count = 0;
        self.times = None;
    }

    /// Adds a record.
    ///
    /// # Errors
    /// `TimeWentBack` if it is before the record ahead, `FrameTooLarge` if the frame would exceed
    /// [`FRAME_BYTES_MAX`]. The batch is as it was.
    pub fn push(&mut self, time_ns: i64, payload: &[u8]) -> Result<(), JournalError> {
        if let Some((_, last)) = self.times
            && time_ns < last
        {
            return Err(JournalError::TimeWentBack { last, given: time_ns });
        }
        let bytes = self.frame_bytes() + (RECORD_HEADER + padded(payload.len())) as u64;
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        if bytes > FRAME_BYTES_MAX {
            return Err(JournalError::FrameTooLarge { bytes, max: FRAME_BYTES_MAX });
        }
        self.body.extend_from_slice(&length.to_le_bytes());
        self.body.extend_from_slice(&[0; 4]);
        self.body.extend_from_slice(&time_ns.to_le_bytes());
        self.body.extend_from_slice(payload);
        self.body.resize(padded(self.body.len()), 0);
        self.count += 1;
        self.times = Some((self.times.map_or(time_ns, |(first, _)| first), time_ns));
        Ok(())
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there are none. An empty batch is written as a seal.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The records as they stand in the frame.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// How many bytes the frame takes in a segment.
    #[must_use]
    pub fn frame_bytes(&self) -> u64 {
        (FRAME_HEADER + self.body.len() + FRAME_TRAILER) as u64
    }

    /// The records, the first of them numbered `first_seq`.
    #[must_use]
    pub fn records(&self, first_seq: u64) -> Records<'_> {
        Records::new(&self.body, first_seq, 0)
    }

    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// The times of the first and the last record.
    pub(crate) fn times(&self) -> Option<(i64, i64)> {
        self.times
    }
}

/// One record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its number: 1, 2, 3… over the whole log.
    pub seq: u64,
    /// Its time, as the writer gave it: nanoseconds since 1970 UTC.
    pub time_ns: i64,
    /// What it says.
    pub payload: &'a [u8],
}

/// The records of a frame, in order.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    rest: &'a [u8],
    seq: u64,
    from: u64,
}

impl<'a> Records<'a> {
    /// Over a body that [`check`] has passed; records below `from` are left out.
    pub(crate) fn new(body: &'a [u8], first_seq: u64, from: u64) -> Self {
        Self { rest: body, seq: first_seq, from }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        loop {
            let raw = split(&mut self.rest).ok().flatten()?;
            let seq = self.seq;
            self.seq = self.seq.saturating_add(1);
            if seq >= self.from {
                return Some(Record { seq, time_ns: raw.time_ns, payload: raw.payload });
            }
        }
    }
}

struct Raw<'a> {
    time_ns: i64,
    payload: &'a [u8],
}

/// Takes one record off the front; `None` when nothing is left.
fn split<'a>(rest: &mut &'a [u8]) -> Result<Option<Raw<'a>>, Flaw> {
    if rest.is_empty() {
        return Ok(None);
    }
    let mut bytes = *rest;
    let length = take(&mut bytes).map(u32::from_le_bytes).ok_or(Flaw::RecordLayout)?;
    let reserved: [u8; 4] = take(&mut bytes).ok_or(Flaw::RecordLayout)?;
    let time_ns = take(&mut bytes).map(i64::from_le_bytes).ok_or(Flaw::RecordLayout)?;
    let length = usize::try_from(length).map_err(|_| Flaw::RecordLayout)?;
    let (payload, after) = bytes.split_at_checked(length).ok_or(Flaw::RecordLayout)?;
    let (padding, after) = after.split_at_checked(padded(length) - length).ok_or(Flaw::RecordLayout)?;
    if reserved != [0; 4] || padding.iter().any(|&byte| byte != 0) {
        return Err(Flaw::RecordPadding);
    }
    *rest = after;
    Ok(Some(Raw { time_ns, payload }))
}

/// Checks that `body` is exactly `count` records, none before `time` nor before the one ahead; gives the time of
/// the last, or `time` if there is none. On a flaw gives its offset in the body too.
pub(crate) fn check(body: &[u8], count: u32, mut time: i64) -> Result<i64, (u64, Flaw)> {
    let mut rest = body;
    let mut found = 0_u64;
    loop {
        let at = (body.len() - rest.len()) as u64;
        match split(&mut rest).map_err(|flaw| (at, flaw))? {
            Some(raw) if raw.time_ns < time => return Err((at, Flaw::Time { found: raw.time_ns })),
            Some(raw) => time = raw.time_ns,
            None if found == u64::from(count) => return Ok(time),
            None => return Err((at, Flaw::RecordLayout)),
        }
        found += 1;
    }
}
