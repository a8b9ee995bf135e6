//! A node in a process of its own, as it is started from a command line.
#![allow(dead_code, unreachable_pub)] // each test uses a part of it
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Lines};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// Runs the binary to its end.
pub fn huangpu(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_huangpu")).args(args).output().unwrap()
}

/// See the module. It does not outlive the test.
pub struct Process {
    child: Child,
    /// What it printed until it listened.
    pub said: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its data directory, `data` in the folder.
    pub data: PathBuf,
    /// What it wrote on standard error, `log` in the folder.
    pub log: PathBuf,
}

impl Process {
    /// Starts one on a free port, and waits until it listens. Everything it prints is read.
    pub fn start(folder: &Path, args: &[&str]) -> Self {
        let (started, lines) = Self::start_read(folder, args);
        std::thread::spawn(move || lines.for_each(drop));
        started
    }

    /// Starts one whose reader goes away as soon as it listens.
    pub fn start_unread(folder: &Path, args: &[&str]) -> Self {
        Self::start_read(folder, args).0
    }

    /// Starts one with a mask for the modes of what it makes.
    pub fn start_masked(folder: &Path, mask: &str, args: &[&str]) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("umask {mask}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_huangpu")]);
        let (started, lines) = Self::start_command(command, folder, args);
        std::thread::spawn(move || lines.for_each(drop));
        started
    }

    fn start_read(folder: &Path, args: &[&str]) -> (Self, Lines<BufReader<ChildStdout>>) {
        Self::start_command(Command::new(env!("CARGO_BIN_EXE_huangpu")), folder, args)
    }

    fn start_command(
        mut command: Command,
        folder: &Path,
        args: &[&str],
    ) -> (Self, Lines<BufReader<ChildStdout>>) {
        let (data, log) = (folder.join("data"), folder.join("log"));
        let mut child = command
            .args(args)
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = String::new();
        let address = lines.find_map(|line| {
            let line = line.unwrap();
            said.push_str(&format!("{line}\n"));
            let address = line.strip_prefix("console: http")?.trim_start_matches('s').strip_prefix("://")?;
            address.trim_end_matches('/').parse().ok()
        });
        let Some(address) = address else {
            let _ = child.kill();
            panic!("the node did not say where it listens: {said}{}", fs::read_to_string(&log).unwrap());
        };
        (Self { child, said, address, data, log }, lines)
    }

    /// Waits until it ends by itself; gives its exit code.
    pub fn ends(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Stops it as a service manager does.
    pub fn stop(&mut self) {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        let ended = self.child.wait().unwrap();
        assert!(ended.success(), "{ended}: {}", fs::read_to_string(&self.log).unwrap());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
