//! Parse, run, exit code.

#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    gandan::cli::main()
}
