//! TLS servers on loopback with certificates of a small authority of their own, made and served by `openssl`.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What a server shows for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Valid for 127.0.0.1, and signed by the authority.
    Good,
    /// The same, out of date.
    Expired,
    /// Signed by the authority for another host.
    OtherHost,
    /// Signed by nobody but itself.
    SelfSigned,
}

/// An authority with its certificates, in a directory.
#[derive(Debug)]
pub(crate) struct Authority {
    dir: PathBuf,
}

const CONFIG: &str = "[ca]\ndefault_ca = d\n[d]\ndatabase = index.txt\nnew_certs_dir = .\nrand_serial = yes\ncertificate = ca.pem\n\
private_key = ca.key\ndefault_md = sha256\npolicy = p\nunique_subject = no\n[p]\ncommonName = supplied\n";

impl Authority {
    /// Makes an authority in a new directory below `dir`.
    pub(crate) fn new(dir: &Path) -> Self {
        let authority = Self {
            dir: dir.join("authority"),
        };
        std::fs::create_dir(&authority.dir).unwrap();
        std::fs::write(authority.dir.join("ca.cnf"), CONFIG).unwrap();
        std::fs::write(authority.dir.join("index.txt"), "").unwrap();
        authority.sign_itself(
            "ca",
            "/CN=Exempelkommunens CA",
            "keyUsage=critical,keyCertSign,cRLSign",
        );
        authority
    }

    /// The authority's own certificate.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.dir.join("ca.pem")
    }

    /// Makes the browsers of a home directory trust the authority.
    pub(crate) fn trust_in(&self, home: &Path) {
        let database = home.join(".pki/nssdb");
        std::fs::create_dir_all(&database).unwrap();
        let database = format!("sql:{}", database.display());
        run(Command::new("certutil").args(["-N", "--empty-password", "-d", &database]));
        run(Command::new("certutil")
            .args(["-A", "-n", "exempel", "-t", "C,,", "-d", &database, "-i"])
            .arg(self.certificate()));
    }

    /// Starts a server that answers with a page of its own.
    pub(crate) fn serve(&self, shown: Shown) -> Server {
        self.serve_with(shown, &[])
    }

    /// The same with options of `openssl s_server`.
    pub(crate) fn serve_with(&self, shown: Shown, options: &[&str]) -> Server {
        let name = match shown {
            Shown::Good => self.sign("good", "IP:127.0.0.1", ["-days", "2"].as_slice()),
            Shown::OtherHost => self.sign("other", "DNS:annan.example", &["-days", "2"]),
            Shown::Expired => {
                let dates = [
                    "-startdate",
                    "20240101000000Z",
                    "-enddate",
                    "20240201000000Z",
                ];
                self.sign("expired", "IP:127.0.0.1", &dates)
            }
            Shown::SelfSigned => {
                self.sign_itself("self", "/CN=127.0.0.1", "subjectAltName=IP:127.0.0.1");
                "self"
            }
        };
        let mut command = Command::new("openssl");
        command.args(["s_server", "-www", "-accept", "127.0.0.1:0"]);
        command.args(options);
        command.args([
            "-cert",
            &format!("{name}.pem"),
            "-key",
            &format!("{name}.key"),
        ]);
        if shown != Shown::SelfSigned {
            command.args(["-cert_chain", "ca.pem"]);
        }
        let mut child = command
            .current_dir(&self.dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines
            .by_ref()
            .find_map(|line| {
                let line = line.unwrap();
                let port = line.strip_prefix("ACCEPT ")?.rsplit(':').next()?.parse();
                Some(port.unwrap())
            })
            .expect("the server says where it listens");
        // What it says of each connection is read, or it would stand still.
        std::thread::spawn(move || lines.for_each(drop));
        Server {
            child,
            port,
            certificate: self.dir.join(format!("{name}.pem")),
        }
    }

    fn sign_itself(&self, name: &str, subject: &str, extension: &str) {
        let mut command = self.new_key("req", name);
        command.args([
            "-x509", "-days", "2", "-subj", subject, "-addext", extension,
        ]);
        run(command.args(["-out", &format!("{name}.pem")]));
    }

    fn sign(&self, name: &'static str, host: &str, dates: &[&str]) -> &'static str {
        let request = format!("{name}.csr");
        run(self
            .new_key("req", name)
            .args(["-subj", "/CN=Exempel", "-out", &request]));
        let extension = format!("{name}.ext");
        std::fs::write(
            self.dir.join(&extension),
            format!("subjectAltName={host}\n"),
        )
        .unwrap();
        let mut command = Command::new("openssl");
        command.args([
            "ca", "-config", "ca.cnf", "-batch", "-notext", "-in", &request,
        ]);
        command.args(["-extfile", &extension, "-out", &format!("{name}.pem")]);
        run(command.args(dates).current_dir(&self.dir));
        name
    }

    fn new_key(&self, verb: &str, name: &str) -> Command {
        let mut command = Command::new("openssl");
        command.args([
            verb,
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ]);
        command.args(["-keyout", &format!("{name}.key")]);
        command.current_dir(&self.dir);
        command
    }
}

/// A running server; it ends with its value.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    port: u16,
    certificate: PathBuf,
}

impl Server {
    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What it shows for itself.
    pub(crate) fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("https://127.0.0.1:{}/", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            self.child.wait().expect("the server was ours");
        }
    }
}

fn run(command: &mut Command) {
    let made = command.output().unwrap();
    assert!(made.status.success(), "{command:?}: {made:?}");
}
