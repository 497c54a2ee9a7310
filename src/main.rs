//! The program: parse, run, exit code. Started as the launcher of a browser, it becomes that browser; started as a
//! converter, it converts one file.

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(failed) = bevara::capture::launcher::become_browser() {
        return failed;
    }
    if let Some(done) = bevara::render::apart::become_converter() {
        return done;
    }
    bevara::cli::main()
}
