//! The program in a process and a directory of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A directory of its own, in which the program is run with an empty environment.
pub(crate) struct Home {
    pub(crate) directory: TempDir,
    pub(crate) environment: Vec<(&'static str, String)>,
}

/// How a command ended.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A gateway in a process of its own.
pub(crate) struct Serving {
    pub(crate) child: Child,
    /// What it printed before the example, and the example.
    pub(crate) greeting: String,
    pub(crate) address: String,
    pub(crate) key: String,
    pub(crate) curl: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { directory: TempDir::new().unwrap(), environment: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    pub(crate) fn file(&self, text: &str) -> String {
        let path = self.directory.path().join("tollgate.toml");
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        command.args(arguments).current_dir(self.directory.path()).env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().unwrap();
        Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs a command that must work.
    pub(crate) fn does(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}{}", ran.out, ran.err);
        ran.out
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let out = self.does(arguments);
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {out}"))
    }

    pub(crate) fn serve(&self) -> Serving {
        self.serving(self.command(&["serve", "--listen", "127.0.0.1:0"]))
    }

    /// Starts what ends up as the program that serves.
    pub(crate) fn serving(&self, mut command: Command) -> Serving {
        command.current_dir(self.directory.path()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut greeting = String::new();
        let curl = loop {
            let line = lines.next().unwrap_or_else(|| panic!("it ended: {greeting}")).unwrap();
            if line.starts_with("curl ") {
                break line;
            }
            greeting.push_str(&line);
            greeting.push('\n');
            if line.starts_with("No model ") {
                break String::new();
            }
        };
        let word = |from: &str| {
            let (_, rest) = greeting.split_once(from)?;
            rest.split_whitespace().next().map(str::to_owned)
        };
        let address = word("listens on http://").unwrap();
        let key = word("shown only now:").unwrap_or_default();
        Serving { child, greeting, address, key, curl }
    }
}

impl Serving {
    /// Sends what a `curl` line says, as curl would.
    pub(crate) fn obey(&self, curl: &str) -> Value {
        let url = curl.split_whitespace().nth(1).unwrap();
        let path = url.split_once(&self.address).unwrap().1;
        let headers: Vec<&str> =
            curl.split("-H \"").skip(1).map(|it| it.split('"').next().unwrap()).collect();
        let body = curl.split("-d '").nth(1).unwrap().trim_end().trim_end_matches('\'');
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\n{}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            headers.join("\r\n"),
            body.len()
        );
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{answer}");
        serde_json::from_str(body).unwrap()
    }

    /// The page a browser lands on.
    pub(crate) fn page(&self) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let request =
            format!("GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address);
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it as an init system does, and returns its exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().unwrap_or_default();
        self.child.wait().ok();
    }
}
