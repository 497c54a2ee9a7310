//! The way out of a page: a filtering proxy on loopback, one for each capture. It resolves a name, checks every address
//! and then connects to the very address it checked, so that redirects, subresources, websockets and names whose answer
//! changes between check and use cannot reach a private network. Interception inside the browser was not chosen: it
//! sees names, not the addresses that are connected to, and misses what is not a fetch. The browser itself resolves no
//! names and has no other way out (`launcher`).

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use url::{Host, Url};

use crate::capture::guard::{self, Cidr};

/// How long connecting to one host may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(15);
/// How long a head may be.
const HEAD_LIMIT: usize = 256 * 1024;
/// How many hosts are remembered.
const LOG_LIMIT: usize = 10_000;

/// Why a connection was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Obstacle {
    /// The address is private, loopback or otherwise not allowed.
    Blocked,
    /// The name does not resolve.
    Dns,
    /// Nobody answers there.
    Refused,
}

/// What happened to connections to one host and port; the last one counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Contact {
    /// The address connected to.
    pub(crate) address: Option<String>,
    /// Why no connection was made.
    pub(crate) obstacle: Option<Obstacle>,
    /// The reason in words.
    pub(crate) detail: Option<String>,
    /// How many connections were asked for.
    pub(crate) connections: u32,
}

type Log = Arc<Mutex<BTreeMap<String, Contact>>>;

/// A running proxy; ends when dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    log: Log,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port of loopback. `None` lets nothing through at all.
    pub(crate) async fn start(allowed: Option<Vec<Cidr>>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let log = Log::default();
        let gate = Arc::new(Gate {
            allowed,
            log: Arc::clone(&log),
        });
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                        let gate = Arc::clone(&gate);
                        connections.spawn(async move {
                            if let Err(error) = serve(&gate, stream).await {
                                tracing::debug!(%error, "a connection ended early");
                            }
                        });
                    },
                    Some(_) = connections.join_next() => {}
                }
            }
        });
        Ok(Self {
            address,
            log,
            accepting,
        })
    }

    /// As a browser context takes it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What happened, by `host:port`.
    pub(crate) fn contacts(&self) -> BTreeMap<String, Contact> {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Why the host of `url` could not be reached.
    pub(crate) fn obstacle(&self, url: &str) -> Option<Obstacle> {
        let url = Url::parse(url).ok()?;
        let key = key(url.host_str()?, url.port_or_known_default()?);
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)?
            .obstacle
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

struct Gate {
    allowed: Option<Vec<Cidr>>,
    log: Log,
}

fn key(host: &str, port: u16) -> String {
    format!("{}:{port}", host.to_ascii_lowercase())
}

impl Gate {
    /// Connects to a host if one of its addresses may be reached.
    async fn connect(&self, host: &str, port: u16) -> Option<TcpStream> {
        let made = match tokio::time::timeout(CONNECT_LIMIT, self.reach(host, port)).await {
            Ok(made) => made,
            Err(_) => Err((
                Obstacle::Refused,
                format!("no answer within {} s", CONNECT_LIMIT.as_secs()),
            )),
        };
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let name = key(host, port);
        if log.len() < LOG_LIMIT || log.contains_key(&name) {
            let contact = log.entry(name).or_default();
            contact.connections += 1;
            match &made {
                Ok((_, address)) => {
                    contact.address = Some(address.to_string());
                    contact.obstacle = None;
                    contact.detail = None;
                }
                Err((obstacle, detail)) => {
                    contact.obstacle = Some(*obstacle);
                    contact.detail = Some(detail.clone());
                }
            }
        }
        made.ok().map(|(stream, _)| stream)
    }

    async fn reach(
        &self,
        host: &str,
        port: u16,
    ) -> Result<(TcpStream, SocketAddr), (Obstacle, String)> {
        let Some(allowed) = &self.allowed else {
            return Err((Obstacle::Blocked, "nothing may be loaded".to_owned()));
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let found: Vec<SocketAddr> = tokio::net::lookup_host((bare, port))
            .await
            .map_err(|error| (Obstacle::Dns, error.to_string()))?
            .collect();
        if found.is_empty() {
            return Err((Obstacle::Dns, "no address".to_owned()));
        }
        let mut last = None;
        for address in found {
            if let Some(range) = guard::refusal(address.ip(), allowed) {
                last = last.or(Some((
                    Obstacle::Blocked,
                    format!("{} is {range}", address.ip()),
                )));
                continue;
            }
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok((stream, address)),
                Err(error) => last = Some((Obstacle::Refused, format!("{address}: {error}"))),
            }
        }
        Err(last.unwrap_or((Obstacle::Refused, "no address".to_owned())))
    }
}

async fn serve(gate: &Gate, mut client: TcpStream) -> io::Result<()> {
    let Some((head, rest)) = read_head(&mut client).await? else {
        return Ok(());
    };
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    let (method, target) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    if method == "CONNECT" {
        return tunnel(gate, client, target).await;
    }
    let Ok(url) = Url::parse(target) else {
        return client
            .write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            .await;
    };
    let (Some(host), Some(port), "http") =
        (url.host_str(), url.port_or_known_default(), url.scheme())
    else {
        return Ok(());
    };
    // No answer at all is what a page gets that asks for something it may not have.
    let Some(mut server) = gate.connect(host, port).await else {
        return Ok(());
    };
    let first = format!("{method} {} HTTP/1.1", &url[url::Position::BeforePath..]);
    server.write_all(one_shot(&head, &first).as_bytes()).await?;
    server.write_all(&rest).await?;
    relay(client, server).await
}

/// CONNECT: bytes both ways, unread.
async fn tunnel(gate: &Gate, mut client: TcpStream, target: &str) -> io::Result<()> {
    let place = target.rsplit_once(':').and_then(|(host, port)| {
        let host = Host::parse(host).ok()?;
        Some((host.to_string(), port.parse::<u16>().ok()?))
    });
    let server = match place {
        Some((host, port)) => gate.connect(&host, port).await,
        None => None,
    };
    let Some(mut server) = server else {
        return client
            .write_all(
                b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            )
            .await;
    };
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

/// One request a connection: the answer says so too, or the browser would send another host's request down the same
/// connection.
async fn relay(client: TcpStream, mut server: TcpStream) -> io::Result<()> {
    let (mut from_client, mut to_client) = client.into_split();
    let (head, rest) = {
        let (mut from_server, mut to_server) = server.split();
        let uploading = async {
            let sent = tokio::io::copy(&mut from_client, &mut to_server).await;
            // The browser hung up, and wants no answer; a server that will not read more may still answer.
            if sent.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let answering = async {
            while let Some((head, rest)) = read_head(&mut from_server).await? {
                // 1xx answers come before the real one.
                if head
                    .split(' ')
                    .nth(1)
                    .is_some_and(|status| status.starts_with('1'))
                {
                    continue;
                }
                let first = head.lines().next().unwrap_or_default().to_owned();
                to_client
                    .write_all(one_shot(&head, &first).as_bytes())
                    .await?;
                to_client.write_all(&rest).await?;
                tokio::io::copy(&mut from_server, &mut to_client).await?;
                break;
            }
            io::Result::Ok((String::new(), Vec::<u8>::new()))
        };
        tokio::select! {
            () = uploading => return Ok(()),
            answered = answering => answered?,
        }
    };
    debug_assert!(head.is_empty() && rest.is_empty());
    to_client.shutdown().await
}

/// The head with another first line, and a connection that is closed afterwards.
fn one_shot(head: &str, first: &str) -> String {
    let mut text = format!("{first}\r\n");
    for line in head.lines().skip(1).filter(|line| !line.is_empty()) {
        let name = line.split(':').next().unwrap_or_default().trim();
        let hop = ["connection", "proxy-connection", "keep-alive"]
            .iter()
            .any(|hop| name.eq_ignore_ascii_case(hop));
        if !hop {
            text.push_str(line);
            text.push_str("\r\n");
        }
    }
    text.push_str("Connection: close\r\n\r\n");
    text
}

/// Reads up to the empty line. `None` where the other side closes first or sends no head.
async fn read_head(
    stream: &mut (impl tokio::io::AsyncRead + Unpin),
) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut bytes = Vec::new();
    let mut piece = vec![0_u8; 16 * 1024];
    loop {
        let read = stream.read(&mut piece).await?;
        if read == 0 || bytes.len() > HEAD_LIMIT {
            return Ok(None);
        }
        let from = bytes.len().saturating_sub(3);
        bytes.extend_from_slice(&piece[..read]);
        let end = bytes[from..]
            .windows(4)
            .position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let rest = bytes.split_off(from + end + 4);
            // Header values are octets: Latin-1 keeps each one, and back again below 0x80 it is ASCII.
            return Ok(Some((String::from_utf8_lossy(&bytes).into_owned(), rest)));
        }
    }
}
