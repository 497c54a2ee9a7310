//! The program: parse, run, exit code. Started as the launcher of a browser, it becomes that browser.

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(failed) = bevara::capture::launcher::become_browser() {
        return failed;
    }
    bevara::cli::main()
}
