//! What the journal asks of a disk, small enough that a simulator can answer it with torn writes and failed syncs.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

/// Bytes that can be read at an offset.
pub trait ReadAt {
    /// How many bytes there are.
    ///
    /// # Errors
    /// The system's.
    fn size(&self) -> io::Result<u64>;

    /// Reads into `into` from `offset`; gives how many bytes were read, fewer only at the end.
    ///
    /// # Errors
    /// The system's.
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize>;
}

/// An open segment file.
pub trait DiskFile: ReadAt {
    /// Writes all of `bytes` at `offset`: one system call unless the system takes fewer bytes than it was given.
    ///
    /// # Errors
    /// The system's; what was written then is not known.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes the bytes durable (`fdatasync`).
    ///
    /// # Errors
    /// The system's; what is durable then is not known, and is not to be asked again.
    fn sync_data(&mut self) -> io::Result<()>;

    /// Makes the bytes and the file's length durable (`fsync`).
    ///
    /// # Errors
    /// As [`DiskFile::sync_data`].
    fn sync_all(&mut self) -> io::Result<()>;
}

/// The files of a journal's directory.
pub trait Disk: Clone {
    /// An open file.
    type File: DiskFile;
    /// Held for as long as the journal is open; dropping it lets the next one in.
    type Lock;

    /// Makes a directory, and those above it, durably.
    ///
    /// # Errors
    /// The system's.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;

    /// The names of the files in a directory, in any order.
    ///
    /// # Errors
    /// The system's; `NotFound` if there is no such directory.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Opens a file to read, or to read and write.
    ///
    /// # Errors
    /// The system's.
    fn open(&self, path: &Path, writable: bool) -> io::Result<Self::File>;

    /// Makes a new, empty file to read and write.
    ///
    /// # Errors
    /// The system's; `AlreadyExists` if there is one.
    fn create(&self, path: &Path) -> io::Result<Self::File>;

    /// Gives a file another name in the same directory, in one step.
    ///
    /// # Errors
    /// The system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// The system's.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// The system's.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Locks a directory by a file in it, which is made if need be; `None` if another holds it. A lock file that is removed lets
    /// nobody in, where the directory itself can be locked too.
    ///
    /// # Errors
    /// The system's.
    fn lock(&self, path: &Path) -> io::Result<Option<Self::Lock>>;

    /// Locks an open file for as long as it is open; false if another holds it.
    ///
    /// # Errors
    /// The system's.
    fn hold(&self, _: &Self::File) -> io::Result<bool> {
        Ok(true)
    }

    /// Whether a path still names an open file, and no other.
    ///
    /// # Errors
    /// The system's.
    fn is_at(&self, _: &Self::File, _: &Path) -> io::Result<bool> {
        Ok(true)
    }

    /// Opens a file that holds a secret, to read.
    ///
    /// # Errors
    /// The system's; or others than its owner may read or write it.
    fn open_secret(&self, path: &Path) -> io::Result<Self::File> {
        self.open(path, false)
    }
}

/// The file system. What is made on it is its owner's alone, whatever the process's mask: files have the mode 0600, directories
/// 0700. A symbolic link in place of a file, or of a directory that is locked or asked for, is not followed.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

/// The locks on a directory: they last as long as this does.
#[derive(Debug)]
pub struct RealLock {
    _file: File,
    _dir: File,
}

impl Disk for RealDisk {
    type File = File;
    type Lock = RealLock;

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        if fs::symlink_metadata(dir).is_ok_and(|found| found.is_symlink()) {
            return Err(link());
        }
        make_dir(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir)? {
            // A name that is not UTF-8 is none of the journal's.
            names.extend(entry?.file_name().into_string().ok());
        }
        Ok(names)
    }

    fn open(&self, path: &Path, writable: bool) -> io::Result<File> {
        if writable {
            return mine(OpenOptions::new().read(true).write(true)).open(path).map_err(linked);
        }
        File::open(path)
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        mine(OpenOptions::new().read(true).write(true).create_new(true)).open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    #[cfg(unix)]
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    #[cfg(not(unix))]
    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<RealLock>> {
        let dir = mine(OpenOptions::new().read(true)).open(parent(path)).map_err(linked)?;
        let file =
            mine(OpenOptions::new().write(true).create(true).truncate(false)).open(path).map_err(linked)?;
        let held = self.hold(&dir)? && self.hold(&file)?;
        Ok(held.then_some(RealLock { _file: file, _dir: dir }))
    }

    fn hold(&self, file: &File) -> io::Result<bool> {
        match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    #[cfg(unix)]
    fn is_at(&self, file: &File, path: &Path) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt;
        let own = file.metadata()?;
        match fs::symlink_metadata(path) {
            Ok(found) => Ok((found.dev(), found.ino()) == (own.dev(), own.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    #[cfg(unix)]
    fn open_secret(&self, path: &Path) -> io::Result<File> {
        use std::os::unix::fs::PermissionsExt;
        let file = mine(OpenOptions::new().read(true)).open(path).map_err(linked)?;
        let mode = file.metadata()?.permissions().mode() & 0o777;
        if mode & 0o077 == 0 {
            return Ok(file);
        }
        let may = if mode & 0o022 == 0 { "read" } else { "write" };
        let told = format!(
            "others may {may} this secret (mode {mode:04o}): it is the owner's alone, chmod 600 says so; \
             if they may have read it, it is no secret any more"
        );
        Err(io::Error::new(io::ErrorKind::PermissionDenied, told))
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a directory and those above it, durably.
fn make_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let above = parent(dir);
    if dir.parent().is_some() {
        make_dir(above)?;
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)?;
    RealDisk.sync_dir(above)
}

/// For its owner alone, and nothing that a symbolic link leads to.
#[cfg(unix)]
fn mine(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600).custom_flags(libc::O_NOFOLLOW)
}

#[cfg(not(unix))]
fn mine(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

fn link() -> io::Error {
    io::Error::other("it is a symbolic link, and none is followed here: name or mount the place itself")
}

/// Says what the system's words for it do not.
fn linked(error: io::Error) -> io::Error {
    #[cfg(unix)]
    if error.raw_os_error() == Some(libc::ELOOP) {
        return link();
    }
    error
}

impl ReadAt for File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut done = 0;
        while let Some(rest) = into.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match read_some(self, rest, offset + done as u64) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }
}

impl DiskFile for File {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        write_whole(self, bytes, offset)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        File::sync_data(self)
    }

    fn sync_all(&mut self) -> io::Result<()> {
        File::sync_all(self)
    }
}

#[cfg(unix)]
fn read_some(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, into, offset)
}

#[cfg(unix)]
fn write_whole(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(not(unix))]
fn read_some(mut file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    use std::io::{Read, Seek, SeekFrom};
    file.seek(SeekFrom::Start(offset))?;
    file.read(into)
}

#[cfg(not(unix))]
fn write_whole(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    use std::io::{Seek, SeekFrom, Write};
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)
}

impl ReadAt for &[u8] {
    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let bytes = self.get(from..).unwrap_or(&[]);
        let read = bytes.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..read), bytes.get(..read)) {
            to.copy_from_slice(from);
        }
        Ok(read)
    }
}
