//! A disk in memory that loses power, forgets what was not synced, sector by sector, and fails when told to.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use journal::{Disk, DiskFile, ReadAt};

const SECTOR: usize = 512;

/// A small random source: a seed gives the same run anywhere.
#[derive(Debug, Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }
}

/// What goes wrong, when it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The power goes before the step is carried out; nothing works after it.
    Power,
    /// The step fails and does nothing. A sync that fails forgets what was dirty: some of it is on the medium, all of
    /// it still reads well, and the next sync will say that all is fine.
    Error,
    /// A write stops in the middle, for want of space.
    Short,
}

#[derive(Debug, Clone, Default)]
struct Inode {
    cache: Vec<u8>,
    medium: Vec<u8>,
    dirty: Vec<(usize, Vec<u8>)>,
}

#[derive(Debug, Clone)]
enum NameStep {
    Add(PathBuf, usize),
    Move(PathBuf, PathBuf),
    Remove(PathBuf),
}

#[derive(Debug, Clone, Default)]
struct World {
    inodes: Vec<Inode>,
    names: BTreeMap<PathBuf, usize>,
    medium_names: BTreeMap<PathBuf, usize>,
    dirty_names: Vec<NameStep>,
    locks: BTreeSet<PathBuf>,
    steps: usize,
    fault: Option<(usize, Fault)>,
    off: bool,
    dice: Option<Dice>,
    pub(crate) writes: usize,
    pub(crate) syncs: usize,
}

fn put(bytes: &mut Vec<u8>, at: usize, new: &[u8]) {
    if bytes.len() < at + new.len() {
        bytes.resize(at + new.len(), 0);
    }
    bytes[at..at + new.len()].copy_from_slice(new);
}

fn name_step(names: &mut BTreeMap<PathBuf, usize>, step: &NameStep) {
    match step {
        NameStep::Add(path, inode) => {
            names.insert(path.clone(), *inode);
        }
        NameStep::Move(from, to) => {
            let inode = names.remove(from).unwrap();
            names.insert(to.clone(), inode);
        }
        NameStep::Remove(path) => {
            names.remove(path);
        }
    }
}

impl Inode {
    /// Lets any of the unsynced sectors reach the medium: each as it was after any one of its writes, or none.
    fn settle(&mut self, dice: &mut Dice) {
        let dirty = std::mem::take(&mut self.dirty);
        let sectors: BTreeSet<usize> =
            dirty.iter().flat_map(|(at, new)| at / SECTOR..(at + new.len()).div_ceil(SECTOR)).collect();
        for sector in sectors {
            let (from, to) = (sector * SECTOR, (sector + 1) * SECTOR);
            let touching: Vec<_> =
                dirty.iter().filter(|(at, new)| *at < to && at + new.len() > from).collect();
            for (at, new) in &touching[..dice.roll(touching.len() + 1)] {
                let (start, end) = (from.max(*at), to.min(at + new.len()));
                put(&mut self.medium, start, &new[start - at..end - at]);
            }
        }
    }
}

impl World {
    /// Counts a step that changes something; fails it if its turn has come.
    fn step(&mut self) -> io::Result<Option<Fault>> {
        if self.off {
            return Err(io::Error::other("no power"));
        }
        self.steps += 1;
        match self.fault {
            Some((at, fault)) if at == self.steps => match fault {
                Fault::Power => {
                    self.off = true;
                    Err(io::Error::other("no power"))
                }
                Fault::Error | Fault::Short => Ok(Some(fault)),
            },
            _ => Ok(None),
        }
    }

    fn change_name(&mut self, step: NameStep) -> io::Result<()> {
        self.plain_step()?;
        name_step(&mut self.names, &step);
        self.dirty_names.push(step);
        Ok(())
    }

    fn plain_step(&mut self) -> io::Result<()> {
        match self.step()? {
            None => Ok(()),
            Some(_) => Err(io::Error::other("told to fail")),
        }
    }
}

/// The disk. Clones share it, also among threads.
#[derive(Debug, Clone, Default)]
pub(crate) struct SimDisk(Arc<Mutex<World>>);

impl SimDisk {
    /// A thread that failed its test with the disk in its hands leaves it usable.
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn new(seed: u64) -> Self {
        let disk = Self::default();
        disk.world().dice = Some(Dice(seed));
        disk
    }

    /// Another disk with the same content.
    pub(crate) fn fork(&self) -> Self {
        let mut world = self.world().clone();
        world.locks.clear();
        Self(Arc::new(Mutex::new(world)))
    }

    pub(crate) fn bytes(&self, path: &Path) -> Vec<u8> {
        let world = self.world();
        world.inodes[world.names[path]].cache.clone()
    }

    pub(crate) fn set_bytes(&self, path: &Path, bytes: Vec<u8>) {
        let mut world = self.world();
        let inode = match world.names.get(path) {
            Some(inode) => *inode,
            None => world.inodes.len(),
        };
        if inode == world.inodes.len() {
            world.inodes.push(Inode::default());
            world.names.insert(path.to_path_buf(), inode);
            world.medium_names.insert(path.to_path_buf(), inode);
        }
        world.inodes[inode] = Inode { cache: bytes.clone(), medium: bytes, dirty: Vec::new() };
    }

    pub(crate) fn delete(&self, path: &Path) {
        let mut world = self.world();
        world.names.remove(path);
        world.medium_names.remove(path);
    }

    pub(crate) fn names(&self) -> Vec<PathBuf> {
        self.world().names.keys().cloned().collect()
    }

    /// Every file's bytes, to see that nothing was changed.
    pub(crate) fn image(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        self.names().into_iter().map(|name| (name.clone(), self.bytes(&name))).collect()
    }

    pub(crate) fn steps(&self) -> usize {
        self.world().steps
    }

    /// Whether the fault that was asked for has come.
    pub(crate) fn has_failed(&self) -> bool {
        let world = self.world();
        world.fault.is_some_and(|(at, _)| at <= world.steps)
    }

    /// Writes and syncs of file content so far.
    pub(crate) fn writes_and_syncs(&self) -> (usize, usize) {
        let world = self.world();
        (world.writes, world.syncs)
    }

    /// Fails the step that comes `after` that many more.
    pub(crate) fn fail_after(&self, after: usize, fault: Fault) {
        let mut world = self.world();
        world.fault = Some((world.steps + after + 1, fault));
    }

    /// The process ends and starts again; the machine keeps running.
    pub(crate) fn restart(&self) {
        let mut world = self.world();
        world.fault = None;
        world.locks.clear();
    }

    /// The machine loses power and starts again.
    pub(crate) fn crash(&self) {
        self.restart();
        let world = &mut *self.world();
        world.off = false;
        let dice = world.dice.as_mut().unwrap();
        let steps = std::mem::take(&mut world.dirty_names);
        for step in &steps[..dice.roll(steps.len() + 1)] {
            name_step(&mut world.medium_names, step);
        }
        world.names = world.medium_names.clone();
        for inode in &mut world.inodes {
            inode.settle(dice);
            inode.cache = inode.medium.clone();
        }
    }
}

#[derive(Debug)]
pub(crate) struct SimFile {
    disk: SimDisk,
    inode: usize,
}

impl ReadAt for SimFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.disk.world().inodes[self.inode].cache.len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        (&self.disk.world().inodes[self.inode].cache[..]).read_at(into, offset)
    }
}

impl DiskFile for SimFile {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut world = self.disk.world();
        let fault = world.step()?;
        world.writes += 1;
        let at = usize::try_from(offset).unwrap();
        let written = match fault {
            None => bytes,
            Some(Fault::Short) => &bytes[..bytes.len() / 2],
            Some(_) => return Err(io::ErrorKind::StorageFull.into()),
        };
        let inode = &mut world.inodes[self.inode];
        put(&mut inode.cache, at, written);
        // What goes to the medium is the sector as the cache has it, not the bytes that were written.
        let (from, to) = (at / SECTOR * SECTOR, (at + written.len()).next_multiple_of(SECTOR));
        let sectors = inode.cache[from..to.min(inode.cache.len())].to_vec();
        inode.dirty.push((from, sectors));
        fault.map_or(Ok(()), |_| Err(io::ErrorKind::StorageFull.into()))
    }

    fn sync_data(&mut self) -> io::Result<()> {
        let world = &mut *self.disk.world();
        let fault = world.step()?;
        world.syncs += 1;
        let inode = &mut world.inodes[self.inode];
        if fault.is_some() {
            inode.settle(world.dice.as_mut().unwrap());
            return Err(io::Error::other("told to fail"));
        }
        for (at, new) in std::mem::take(&mut inode.dirty) {
            put(&mut inode.medium, at, &new);
        }
        Ok(())
    }

    fn sync_all(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Lets go of its path when dropped.
#[derive(Debug)]
pub(crate) struct SimLock(SimDisk, PathBuf);

impl Drop for SimLock {
    fn drop(&mut self) {
        self.0.world().locks.remove(&self.1);
    }
}

impl SimDisk {
    fn change_name(&self, step: NameStep) -> io::Result<()> {
        self.world().change_name(step)
    }
}

impl Disk for SimDisk {
    type File = SimFile;
    type Lock = SimLock;

    fn create_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let names = self.names().into_iter().filter(|path| path.parent() == Some(dir));
        Ok(names.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect())
    }

    fn open(&self, path: &Path, _: bool) -> io::Result<SimFile> {
        let inode = *self.world().names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(SimFile { disk: self.clone(), inode })
    }

    fn create(&self, path: &Path) -> io::Result<SimFile> {
        let mut world = self.world();
        if world.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = world.inodes.len();
        world.change_name(NameStep::Add(path.to_path_buf(), inode))?;
        world.inodes.push(Inode::default());
        drop(world);
        Ok(SimFile { disk: self.clone(), inode })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change_name(NameStep::Move(from.to_path_buf(), to.to_path_buf()))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.change_name(NameStep::Remove(path.to_path_buf()))
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.plain_step()?;
        for step in std::mem::take(&mut world.dirty_names) {
            name_step(&mut world.medium_names, &step);
        }
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<SimLock>> {
        let free = self.world().locks.insert(path.to_path_buf());
        Ok(free.then(|| SimLock(self.clone(), path.to_path_buf())))
    }
}
