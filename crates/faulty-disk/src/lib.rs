//! A disk in memory behind the journal's [`Disk`]: it loses power, forgets what was not synced, sector by sector, fails when told
//! to, and lies in known ways. The tests of the journal and the simulator run on it.
//!
//! What is on the medium is kept apart from what reads would see (the cache). A write changes the cache and is remembered; a sync
//! brings what is remembered to the medium; names (creating, renaming, removing) are remembered by directory and brought to the
//! medium in their order. When the power goes, each unsynced sector is on the medium as it was after any one of its writes or
//! before all of them, and of a directory's unsynced names the first few are: torn writes in every way a sector allows.
//!
//! Nothing here is random but what the disk's [`Dice`] say, so a run is the same every time.

mod dice;
mod inode;

pub use dice::Dice;

use inode::Inode;
use journal::{Disk, DiskFile, ReadAt};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is written or lost as a whole, bytes.
pub const SECTOR: usize = 512;

/// What goes wrong, when its turn comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The power goes before the step is carried out; nothing works after it until [`FaultyDisk::crash`].
    Power,
    /// The step fails and does nothing. A sync that fails forgets what was dirty: some of it is on the medium, all of
    /// it still reads well, and the next sync will say that all is fine.
    Error,
    /// As `Error`; but a sync that fails also drops what did not reach the medium, so that reads see what is there.
    Forget,
    /// A write stops in the middle, for want of space.
    Short,
    /// From this step on there is no space: writes stop in the middle and nothing is created, until the next restart.
    Full,
    /// From this step on syncs say that all is well and do nothing, until the power goes. No log outlives such a disk: it is what
    /// acknowledging before a sync looks like from below.
    Lie,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Power, Self::Error, Self::Forget, Self::Short, Self::Full, Self::Lie];
}

#[derive(Debug, Clone)]
enum NameStep {
    Add(PathBuf, usize),
    Move(PathBuf, PathBuf),
    Remove(PathBuf),
}

impl NameStep {
    fn dir(&self) -> Option<&Path> {
        match self {
            Self::Add(path, _) | Self::Move(path, _) | Self::Remove(path) => path.parent(),
        }
    }

    fn take(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Add(path, inode) => {
                names.insert(path.clone(), *inode);
            }
            Self::Move(from, to) => {
                if let Some(inode) = names.remove(from) {
                    names.insert(to.clone(), inode);
                }
            }
            Self::Remove(path) => {
                names.remove(path);
            }
        }
    }
}

#[derive(Debug, Clone)]
struct World {
    inodes: Vec<Inode>,
    names: BTreeMap<PathBuf, usize>,
    medium_names: BTreeMap<PathBuf, usize>,
    dirty_names: Vec<NameStep>,
    locks: BTreeSet<PathBuf>,
    steps: usize,
    fault: Option<(usize, Fault)>,
    off: bool,
    full: bool,
    lies: bool,
    failed: bool,
    dice: Dice,
    writes: usize,
    syncs: usize,
}

fn no_power() -> io::Error {
    io::Error::other("no power")
}

impl World {
    /// Counts a step that changes something; says what is wrong with it if its turn has come.
    fn step(&mut self) -> io::Result<Option<Fault>> {
        if self.off {
            return Err(no_power());
        }
        self.steps += 1;
        let due = self.fault.is_some_and(|(at, _)| at == self.steps);
        let Some((_, fault)) = self.fault.filter(|_| due) else { return Ok(None) };
        self.failed = true;
        match fault {
            Fault::Power => {
                self.off = true;
                Err(no_power())
            }
            Fault::Full => {
                self.full = true;
                Ok(None)
            }
            Fault::Lie => {
                self.lies = true;
                Ok(None)
            }
            Fault::Error | Fault::Forget | Fault::Short => Ok(Some(fault)),
        }
    }

    /// A step on names.
    fn name_step(&mut self) -> io::Result<()> {
        match self.step()? {
            None => Ok(()),
            Some(_) => Err(io::Error::other("told to fail")),
        }
    }

    fn change_name(&mut self, step: NameStep) -> io::Result<()> {
        self.name_step()?;
        if self.full && matches!(step, NameStep::Add(..)) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        step.take(&mut self.names);
        self.dirty_names.push(step);
        Ok(())
    }

    fn inode(&mut self, inode: usize) -> io::Result<&mut Inode> {
        self.inodes.get_mut(inode).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// The disk. Clones share it, also among threads.
#[derive(Debug, Clone)]
pub struct FaultyDisk(Arc<Mutex<World>>);

impl FaultyDisk {
    /// A thread that failed with the disk in its hands leaves it usable.
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An empty disk without a fault to come. The seed says what becomes of unsynced sectors.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(World {
            inodes: Vec::new(),
            names: BTreeMap::new(),
            medium_names: BTreeMap::new(),
            dirty_names: Vec::new(),
            locks: BTreeSet::new(),
            steps: 0,
            fault: None,
            off: false,
            full: false,
            lies: false,
            failed: false,
            dice: Dice(seed),
            writes: 0,
            syncs: 0,
        })))
    }

    /// Another disk with the same content, that no one has locked.
    #[must_use]
    pub fn fork(&self) -> Self {
        let mut world = self.world().clone();
        world.locks.clear();
        Self(Arc::new(Mutex::new(world)))
    }

    /// What becomes of unsynced sectors from now on.
    pub fn reseed(&self, seed: u64) {
        self.world().dice = Dice(seed);
    }

    /// The bytes of a file as a read sees them; none where there is no such file.
    #[must_use]
    pub fn bytes(&self, path: &Path) -> Vec<u8> {
        let world = self.world();
        let inode = world.names.get(path).and_then(|inode| world.inodes.get(*inode));
        inode.map(|inode| inode.cache.clone()).unwrap_or_default()
    }

    /// Puts a file there, durably, past every step.
    pub fn set_bytes(&self, path: &Path, bytes: Vec<u8>) {
        let world = &mut *self.world();
        let inode = world.names.get(path).copied().unwrap_or(world.inodes.len());
        if inode == world.inodes.len() {
            world.inodes.push(Inode::default());
            world.names.insert(path.to_path_buf(), inode);
            world.medium_names.insert(path.to_path_buf(), inode);
        }
        if let Some(slot) = world.inodes.get_mut(inode) {
            *slot = Inode::of(bytes);
        }
    }

    /// Takes a file away, durably, past every step.
    pub fn delete(&self, path: &Path) {
        let mut world = self.world();
        world.names.remove(path);
        world.medium_names.remove(path);
    }

    /// Turns one bit of a file over, on the medium and in the cache; false where the file has no such byte.
    pub fn flip(&self, path: &Path, offset: usize, bit: u8) -> bool {
        let world = &mut *self.world();
        let inode = world.names.get(path).copied();
        let Some(inode) = inode.and_then(|inode| world.inodes.get_mut(inode)) else { return false };
        inode.flip(offset, 1 << (bit % 8))
    }

    /// The files there are.
    #[must_use]
    pub fn names(&self) -> Vec<PathBuf> {
        self.world().names.keys().cloned().collect()
    }

    /// Every file's bytes: to see that nothing was changed, or to put it back.
    #[must_use]
    pub fn image(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        self.names().into_iter().map(|name| (name.clone(), self.bytes(&name))).collect()
    }

    /// Puts back what [`FaultyDisk::image`] gave, durably, and nothing else.
    pub fn restore(&self, image: &BTreeMap<PathBuf, Vec<u8>>) {
        self.names().iter().filter(|name| !image.contains_key(*name)).for_each(|name| self.delete(name));
        image.iter().for_each(|(name, bytes)| self.set_bytes(name, bytes.clone()));
    }

    /// Steps that changed something so far.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.world().steps
    }

    /// Whether the fault that was armed last has come.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.world().failed
    }

    /// Writes and syncs of file content so far.
    #[must_use]
    pub fn writes_and_syncs(&self) -> (usize, usize) {
        let world = self.world();
        (world.writes, world.syncs)
    }

    /// Fails the step that comes `after` that many more.
    pub fn fail_after(&self, after: usize, fault: Fault) {
        let mut world = self.world();
        world.fault = Some((world.steps + after + 1, fault));
        world.failed = false;
    }

    /// The process ends and starts again; the machine keeps running. A fault that has not come does not come.
    pub fn restart(&self) {
        let mut world = self.world();
        world.fault = None;
        (world.full, world.failed) = (false, false);
        world.locks.clear();
    }

    /// The machine loses power and starts again.
    pub fn crash(&self) {
        self.restart();
        let world = &mut *self.world();
        (world.off, world.lies) = (false, false);
        let dice = &mut world.dice;
        let steps = std::mem::take(&mut world.dirty_names);
        let mut kept: BTreeMap<Option<&Path>, usize> = BTreeMap::new();
        for step in &steps {
            *kept.entry(step.dir()).or_default() += 1;
        }
        kept.values_mut().for_each(|count| *count = dice.roll(*count + 1));
        for step in &steps {
            let left = kept.entry(step.dir()).or_default();
            if *left > 0 {
                *left -= 1;
                step.take(&mut world.medium_names);
            }
        }
        world.names.clone_from(&world.medium_names);
        for inode in &mut world.inodes {
            inode.settle(dice);
            inode.forget();
        }
    }
}

/// An open file.
#[derive(Debug)]
pub struct OpenFile {
    disk: FaultyDisk,
    inode: usize,
}

impl ReadAt for OpenFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.disk.world().inode(self.inode)?.cache.len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let world = &mut *self.disk.world();
        if world.off {
            return Err(no_power());
        }
        world.inode(self.inode)?.cache.as_slice().read_at(into, offset)
    }
}

impl DiskFile for OpenFile {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let world = &mut *self.disk.world();
        let fault = world.step()?;
        world.writes += 1;
        let short = fault == Some(Fault::Short) || world.full;
        let written = match fault {
            _ if short => bytes.get(..bytes.len() / 2).unwrap_or_default(),
            None => bytes,
            Some(_) => return Err(io::Error::other("told to fail")),
        };
        let at = usize::try_from(offset).map_err(io::Error::other)?;
        world.inode(self.inode)?.write(at, written);
        if short { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync_data(&mut self) -> io::Result<()> {
        let world = &mut *self.disk.world();
        let fault = world.step()?;
        world.syncs += 1;
        if world.lies {
            return Ok(());
        }
        let mut dice = world.dice.fork();
        let inode = world.inode(self.inode)?;
        let Some(fault) = fault else {
            inode.sync();
            return Ok(());
        };
        inode.settle(&mut dice);
        if fault == Fault::Forget {
            inode.forget();
        }
        Err(io::Error::other("told to fail"))
    }

    fn sync_all(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Lets go of its path when dropped.
#[derive(Debug)]
pub struct Lock(FaultyDisk, PathBuf);

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.world().locks.remove(&self.1);
    }
}

/// Directories are there as soon as they are asked for: what is lost with one is its names.
impl Disk for FaultyDisk {
    type File = OpenFile;
    type Lock = Lock;

    fn create_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        if self.world().off {
            return Err(no_power());
        }
        let names = self.names().into_iter().filter(|path| path.parent() == Some(dir));
        Ok(names.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
    }

    fn open(&self, path: &Path, _: bool) -> io::Result<OpenFile> {
        let world = self.world();
        if world.off {
            return Err(no_power());
        }
        let inode = *world.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(OpenFile { disk: self.clone(), inode })
    }

    fn create(&self, path: &Path) -> io::Result<OpenFile> {
        let mut world = self.world();
        if world.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = world.inodes.len();
        world.change_name(NameStep::Add(path.to_path_buf(), inode))?;
        world.inodes.push(Inode::default());
        drop(world);
        Ok(OpenFile { disk: self.clone(), inode })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = self.world();
        if !world.names.contains_key(from) {
            return Err(io::ErrorKind::NotFound.into());
        }
        world.change_name(NameStep::Move(from.to_path_buf(), to.to_path_buf()))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        if !world.names.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        world.change_name(NameStep::Remove(path.to_path_buf()))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let world = &mut *self.world();
        world.name_step()?;
        if world.lies {
            return Ok(());
        }
        let (here, elsewhere) =
            std::mem::take(&mut world.dirty_names).into_iter().partition(|step| step.dir() == Some(dir));
        world.dirty_names = elsewhere;
        let here: Vec<NameStep> = here;
        here.iter().for_each(|step| step.take(&mut world.medium_names));
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let free = self.world().locks.insert(path.to_path_buf());
        Ok(free.then(|| Lock(self.clone(), path.to_path_buf())))
    }
}
