//! `huangpu`: a whole financial market in one binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    huangpu::cli::main()
}
