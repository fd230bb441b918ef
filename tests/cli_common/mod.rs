//! Runs the program as a user does, without the environment of the test's own shell.
#![allow(dead_code)] // each test file uses a part

use std::io::Write;
use std::process::{Command, Output, Stdio};

/// The feed that `refeed serve` shows without a configuration.
pub const DEMO: &str = include_str!("../../src/cli/demo.xml");

/// The program with `arguments`; nothing of the environment reaches it.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_refeed"));
    command.args(arguments).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it without input.
pub fn refeed(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

/// Runs it with `input` on standard input; a program that does not read all of it is fine.
pub fn refeed_with(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = command(arguments).stdin(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// Output as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
