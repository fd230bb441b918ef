//! Runs the program as a user does, without the environment of the test's own shell.
#![allow(dead_code)] // each test file uses a part

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};

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

/// Ends the server with the test.
pub struct Server(pub Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server, and the address that it says it listens on.
pub fn start(arguments: &[&str]) -> (Server, String) {
    let (server, said) = listening(command(arguments).stdout(Stdio::null()).spawn().unwrap());
    let address = said.lines().last().and_then(|line| line.strip_prefix("listening on http://")).unwrap();
    (server, address.to_owned())
}

/// What a server says up to the line that it listens; then it is ended.
pub fn said_until_listening(child: Child) -> String {
    listening(child).1
}

fn listening(mut child: Child) -> (Server, String) {
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let server = Server(child);
    let mut said = String::new();
    while !said.lines().last().is_some_and(|line| line.starts_with("listening on http://")) {
        assert_ne!(lines.read_line(&mut said).unwrap(), 0, "the server ended without listening:\n{said}");
    }
    // What it says later must not fill the pipe.
    std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
    (server, said)
}
