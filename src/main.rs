//! Parse, run, exit code.

fn main() -> std::process::ExitCode {
    gandan::cli::main()
}
