//! The bytes of a segment header, a frame and a record. docs/journal-format.md describes the same in prose; what
//! differs between the two is a bug.

use crate::error::Flaw;
use crate::log::Outcome;

/// A BLAKE3 digest.
pub type Digest = [u8; 32];

/// The size of a segment's header block. Frames start here.
pub(crate) const SEGMENT_HEADER: usize = 4096;
/// The same, as an offset.
pub(crate) const FRAMES_START: u64 = SEGMENT_HEADER as u64;
/// The size of a frame's header.
pub(crate) const FRAME_HEADER: usize = 152;
/// The size of a frame's trailer.
pub(crate) const FRAME_TRAILER: usize = 8;
/// The size of the smallest frame: a seal.
pub(crate) const FRAME_MIN: u64 = (FRAME_HEADER + FRAME_TRAILER) as u64;
/// The size of a record's header.
pub(crate) const RECORD_HEADER: usize = 16;
/// What the medium writes whole or not at all.
pub(crate) const SECTOR: usize = 512;

/// The most bytes one frame may have, header and trailer included: 64 MiB.
pub const FRAME_BYTES_MAX: u64 = 64 << 20;
/// The fewest bytes a segment may have: 8 KiB.
pub const SEGMENT_BYTES_MIN: u64 = 8 << 10;
/// The most bytes a segment may have: 1 GiB.
pub const SEGMENT_BYTES_MAX: u64 = 1 << 30;
/// The format version this crate writes, and the only one so far.
pub const FORMAT_VERSION: u32 = 1;

const SEGMENT_MAGIC: [u8; 8] = *b"HPJSEGMT";
/// Opens every frame. At least two bits are set in each byte, so no single flip makes one zero.
pub(crate) const FRAME_MAGIC: [u8; 8] = *b"HPJFRAME";
/// Closes every frame header.
const HEADER_MARK: [u8; 4] = *b"HPJ:";
/// Closes every frame: the last byte written is never zero.
const TRAILER_MARK: [u8; 4] = *b"HPJ.";
const GENESIS: &[u8] = b"huangpu journal 1";

/// The chain digest before the first frame of a log.
#[must_use]
pub fn genesis(log_id: &[u8; 16]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(GENESIS);
    hasher.update(log_id);
    *hasher.finalize().as_bytes()
}

/// Takes the next `N` bytes off the front.
pub(crate) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

/// Copies fields one after another into a fixed block.
struct Fields<'a> {
    block: &'a mut [u8],
    at: usize,
}

impl Fields<'_> {
    fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.block[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
        self
    }
}

/// `bytes` rounded up to 8.
pub(crate) const fn padded(bytes: usize) -> usize {
    bytes.next_multiple_of(8)
}

/// How many whole, aligned sectors of `bytes` are all zero, when `bytes` lies at `offset` in a file.
pub(crate) fn blank_sectors(bytes: &[u8], offset: u64) -> u32 {
    let past = usize::try_from(offset % SECTOR as u64).unwrap_or(0);
    let skip = if past == 0 { 0 } else { SECTOR - past };
    let sectors = bytes.get(skip..).unwrap_or(&[]).chunks_exact(SECTOR);
    let blank = sectors.filter(|sector| sector.iter().all(|&byte| byte == 0)).count();
    u32::try_from(blank).unwrap_or(u32::MAX)
}

/// Where a log stands between two frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tip {
    pub(crate) next_seq: u64,
    pub(crate) epoch: u64,
    pub(crate) time: i64,
    pub(crate) chain: Digest,
}

impl Tip {
    pub(crate) fn first(log_id: &[u8; 16]) -> Self {
        Self { next_seq: 1, epoch: 0, time: i64::MIN, chain: genesis(log_id) }
    }
}

/// The header block of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) log_id: [u8; 16],
    pub(crate) index: u64,
    pub(crate) capacity: u64,
    pub(crate) start: Tip,
}

/// What a segment's header block turns out to be.
pub(crate) enum SegmentBlock {
    Known(SegmentHeader),
    OtherVersion(u32),
    Bad(Flaw),
}

impl SegmentHeader {
    pub(crate) fn encode(&self) -> [u8; SEGMENT_HEADER] {
        let mut block = [0; SEGMENT_HEADER];
        Fields { block: &mut block, at: 0 }
            .put(&SEGMENT_MAGIC)
            .put(&FORMAT_VERSION.to_le_bytes())
            .put(&4096_u32.to_le_bytes())
            .put(&self.log_id)
            .put(&self.index.to_le_bytes())
            .put(&self.capacity.to_le_bytes())
            .put(&self.start.next_seq.to_le_bytes())
            .put(&self.start.epoch.to_le_bytes())
            .put(&self.start.time.to_le_bytes())
            .put(&self.start.chain);
        let crc = crc32c::crc32c(&block[..SEGMENT_HEADER - 4]);
        Fields { block: &mut block, at: SEGMENT_HEADER - 4 }.put(&crc.to_le_bytes());
        block
    }

    pub(crate) fn decode(block: &[u8]) -> SegmentBlock {
        let Some((mut fields, crc)) = block.split_last_chunk::<4>() else {
            return SegmentBlock::Bad(Flaw::SegmentHeader);
        };
        if block.len() != SEGMENT_HEADER
            || !block.starts_with(&SEGMENT_MAGIC)
            || crc32c::crc32c(fields) != u32::from_le_bytes(*crc)
        {
            return SegmentBlock::Bad(Flaw::SegmentHeader);
        }
        let version = fields.get(8..).and_then(|mut rest| take(&mut rest)).map_or(0, u32::from_le_bytes);
        if version != FORMAT_VERSION {
            return SegmentBlock::OtherVersion(version);
        }
        match Self::decode_fields(&mut fields) {
            Some(header) => SegmentBlock::Known(header),
            None => SegmentBlock::Bad(Flaw::SegmentField),
        }
    }

    fn decode_fields(fields: &mut &[u8]) -> Option<Self> {
        let _magic_and_version: [u8; 12] = take(fields)?;
        let size = u32::from_le_bytes(take(fields)?);
        let log_id = take(fields)?;
        let index = u64::from_le_bytes(take(fields)?);
        let capacity = u64::from_le_bytes(take(fields)?);
        let next_seq = u64::from_le_bytes(take(fields)?);
        let epoch = u64::from_le_bytes(take(fields)?);
        let time = i64::from_le_bytes(take(fields)?);
        let chain = take(fields)?;
        let start = Tip { next_seq, epoch, time, chain };
        let fits = (SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&capacity) && capacity % 4096 == 0;
        let sound = size == 4096 && index >= 1 && next_seq >= 1 && fits && fields.iter().all(|&b| b == 0);
        sound.then_some(Self { log_id, index, capacity, start })
    }

    /// Stands in every frame of the segment, so that a frame of another segment or log is known for one.
    pub(crate) fn tag(&self) -> u64 {
        let digest = blake3::hash(&self.encode());
        digest.as_bytes().first_chunk::<8>().map_or(0, |first| u64::from_le_bytes(*first))
    }
}

/// The header of a frame. The fields from `length` to `outcome` are chained; those above depend on where the
/// frame lies and are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct FrameHeader {
    pub(crate) tag: u64,
    pub(crate) offset: u64,
    pub(crate) durable_to: u64,
    pub(crate) length: u32,
    pub(crate) count: u32,
    pub(crate) first_seq: u64,
    pub(crate) epoch: u64,
    pub(crate) last_time: i64,
    pub(crate) outcome: Outcome,
    pub(crate) chain: Digest,
    pub(crate) blank: u32,
    pub(crate) body_crc: u32,
    pub(crate) header_crc: u32,
}

impl FrameHeader {
    /// Fills in what follows from the other fields, the digest before and the body; gives the header's bytes.
    pub(crate) fn finish(&mut self, previous: &Digest, body: &[u8]) -> [u8; FRAME_HEADER] {
        self.blank = blank_sectors(body, self.offset + FRAME_HEADER as u64);
        self.body_crc = crc32c::crc32c(body);
        self.chain = self.chain_after(previous, body);
        let mut block = self.encode();
        self.header_crc = crc32c::crc32c(&block[..144]);
        Fields { block: &mut block, at: 144 }.put(&self.header_crc.to_le_bytes());
        block
    }

    fn encode(&self) -> [u8; FRAME_HEADER] {
        let mut block = [0; FRAME_HEADER];
        Fields { block: &mut block, at: 0 }
            .put(&FRAME_MAGIC)
            .put(&self.tag.to_le_bytes())
            .put(&self.offset.to_le_bytes())
            .put(&self.durable_to.to_le_bytes())
            .put(&self.chained())
            .put(&self.chain)
            .put(&self.blank.to_le_bytes())
            .put(&self.body_crc.to_le_bytes())
            .put(&self.header_crc.to_le_bytes())
            .put(&HEADER_MARK);
        block
    }

    /// The header's bytes 32 to 104.
    fn chained(&self) -> [u8; 72] {
        let mut block = [0; 72];
        Fields { block: &mut block, at: 0 }
            .put(&self.length.to_le_bytes())
            .put(&self.count.to_le_bytes())
            .put(&self.first_seq.to_le_bytes())
            .put(&self.epoch.to_le_bytes())
            .put(&self.last_time.to_le_bytes())
            .put(&self.outcome.seq.to_le_bytes())
            .put(&self.outcome.digest);
        block
    }

    /// The chain digest of this frame, from the one before.
    pub(crate) fn chain_after(&self, previous: &Digest, body: &[u8]) -> Digest {
        let mut hasher = blake3::Hasher::new();
        hasher.update(previous);
        hasher.update(&self.chained());
        hasher.update(body);
        *hasher.finalize().as_bytes()
    }

    /// The header in `block`, if its marks and its checksum are right.
    pub(crate) fn decode(block: &[u8]) -> Option<Self> {
        let (summed, mut tail) = block.split_at_checked(144)?;
        let header_crc = u32::from_le_bytes(take(&mut tail)?);
        if !block.starts_with(&FRAME_MAGIC) || tail != HEADER_MARK || crc32c::crc32c(summed) != header_crc {
            return None;
        }
        let fields = &mut summed.get(8..)?;
        Some(Self {
            tag: u64::from_le_bytes(take(fields)?),
            offset: u64::from_le_bytes(take(fields)?),
            durable_to: u64::from_le_bytes(take(fields)?),
            length: u32::from_le_bytes(take(fields)?),
            count: u32::from_le_bytes(take(fields)?),
            first_seq: u64::from_le_bytes(take(fields)?),
            epoch: u64::from_le_bytes(take(fields)?),
            last_time: i64::from_le_bytes(take(fields)?),
            outcome: Outcome { seq: u64::from_le_bytes(take(fields)?), digest: take(fields)? },
            chain: take(fields)?,
            blank: u32::from_le_bytes(take(fields)?),
            body_crc: u32::from_le_bytes(take(fields)?),
            header_crc,
        })
    }

    /// Whether a block that is no header was not written whole: its first or its last mark is not there, give or
    /// take one bit. A header lies in at most two sectors; the first holds all of one mark, the second all of the
    /// other, so a torn one always shows here, and one damaged bit in a whole one never does.
    pub(crate) fn unwritten(block: &[u8]) -> bool {
        let bits = |bytes: Option<&[u8]>| bytes.map_or(0, |b| b.iter().map(|byte| byte.count_ones()).sum());
        let magic: u32 = bits(block.get(..8));
        let mark: u32 = bits(block.get(148..152));
        magic <= 1 || mark <= 1 || block.get(151).is_none_or(|&last| last == 0)
    }

    pub(crate) fn trailer(&self) -> [u8; FRAME_TRAILER] {
        let mut block = [0; FRAME_TRAILER];
        Fields { block: &mut block, at: 0 }.put(&self.header_crc.to_le_bytes()).put(&TRAILER_MARK);
        block
    }

    /// The offset of the first byte after the frame.
    pub(crate) fn end(&self) -> u64 {
        self.offset.saturating_add(u64::from(self.length))
    }

    /// The number of the first record after the frame.
    pub(crate) fn next_seq(&self) -> u64 {
        self.first_seq.saturating_add(u64::from(self.count))
    }
}
