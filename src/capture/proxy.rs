//! The way out of a page: a filtering proxy on loopback, one for each capture. It resolves a name, checks every address
//! and then connects to the very address it checked, so that redirects, subresources, websockets and names whose answer
//! changes between check and use cannot reach a private network. Interception inside the browser was not chosen: it
//! sees names, not the addresses that are connected to, and misses what is not a fetch. The browser itself resolves no
//! names and has no other way out (`launcher`).

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
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
/// How long nothing is taken where a connection could not be.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
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

/// The addresses of a host name and port.
type Answer = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;
/// Asks for them.
type Resolve = Arc<dyn Fn(String, u16) -> Answer + Send + Sync>;

/// Asks the system's resolver.
fn ask_system(host: String, port: u16) -> Answer {
    Box::pin(async move {
        let found = tokio::net::lookup_host((host, port)).await?;
        Ok(found.collect())
    })
}

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
        Self::resolving(allowed, Arc::new(ask_system)).await
    }

    async fn resolving(allowed: Option<Vec<Cidr>>, resolve: Resolve) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let log = Log::default();
        let gate = Arc::new(Gate {
            allowed,
            resolve,
            log: Arc::clone(&log),
        });
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => match accepted {
                        Ok((stream, _)) => {
                            let gate = Arc::clone(&gate);
                            connections.spawn(async move {
                                if let Err(error) = serve(&gate, stream).await {
                                    tracing::debug!(%error, "a connection ended early");
                                }
                            });
                        }
                        // Where no more files may be open, some are closed again soon.
                        Err(error) => {
                            tracing::warn!(%error, "a connection of the browser was not taken");
                            tokio::time::sleep(ACCEPT_PAUSE).await;
                        }
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

    /// What happened to connections to the host of `url`.
    pub(crate) fn contact(&self, url: &str) -> Option<Contact> {
        let url = Url::parse(url).ok()?;
        let key = key(url.host_str()?, url.port_or_known_default()?);
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.get(&key).cloned()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

struct Gate {
    allowed: Option<Vec<Cidr>>,
    resolve: Resolve,
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
        let found = (self.resolve)(bare.to_owned(), port)
            .await
            .map_err(|error| (Obstacle::Dns, error.to_string()))?;
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
    let line = first_line(&head);
    let mut words = line.split(' ');
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
    server.write_all(&one_shot(&head, &first)).await?;
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
            let status = first_line(&head).split(' ').nth(1).map(str::to_owned);
            if status.is_some_and(|status| status.starts_with('1')) {
                continue;
            }
            to_client
                .write_all(&one_shot(&head, &first_line(&head)))
                .await?;
            to_client.write_all(&rest).await?;
            tokio::io::copy(&mut from_server, &mut to_client).await?;
            break;
        }
        to_client.shutdown().await
    };
    tokio::select! {
        () = uploading => Ok(()),
        answered = answering => answered,
    }
}

/// The first line of a head. Only its ASCII is looked at.
fn first_line(head: &[u8]) -> String {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    String::from_utf8_lossy(line).into_owned()
}

/// The head with another first line, and a connection that is closed afterwards. Values stay the octets that they are.
fn one_shot(head: &[u8], first: &str) -> Vec<u8> {
    let mut bytes = first.as_bytes().to_vec();
    bytes.extend_from_slice(b"\r\n");
    for line in head.split(|byte| *byte == b'\n').skip(1) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        let hop = [&b"connection"[..], b"proxy-connection", b"keep-alive"]
            .iter()
            .any(|hop| name.trim_ascii().eq_ignore_ascii_case(hop));
        if !hop && !line.is_empty() {
            bytes.extend_from_slice(line);
            bytes.extend_from_slice(b"\r\n");
        }
    }
    bytes.extend_from_slice(b"Connection: close\r\n\r\n");
    bytes
}

/// Reads up to the empty line. `None` where the other side closes first or sends no head.
async fn read_head(
    stream: &mut (impl tokio::io::AsyncRead + Unpin),
) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
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
            return Ok(Some((bytes, rest)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a request for `http://{host}/` brings through the proxy: the body, or nothing.
    async fn asked(proxy: &Proxy, host: &str, port: u16) -> String {
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        let request = format!("GET http://{host}:{port}/ HTTP/1.1\r\nHost: {host}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let body = answer.split_once("\r\n\r\n");
        body.map_or_else(String::new, |(_, body)| body.to_owned())
    }

    /// Two servers on one port: 127.0.0.1 may be reached and says `open`, 127.0.0.2 may not and says `inner`.
    async fn servers() -> u16 {
        let open = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = open.local_addr().unwrap().port();
        let inner = TcpListener::bind(("127.0.0.2", port)).await.unwrap();
        for (listener, says) in [(open, "open"), (inner, "inner")] {
            tokio::spawn(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    read_head(&mut stream).await.unwrap().unwrap();
                    let answer = format!("HTTP/1.1 200 OK\r\n\r\n{says}");
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
        port
    }

    fn obstacle(proxy: &Proxy, url: &str) -> Option<Obstacle> {
        proxy.contact(url).unwrap().obstacle
    }

    fn allowed() -> Vec<Cidr> {
        vec!["127.0.0.1/32".parse().unwrap()]
    }

    /// A resolver that gives one answer after the other, and the last for ever.
    fn rebinding(answers: &'static [&'static [[u8; 4]]]) -> (Resolve, Arc<Mutex<usize>>) {
        let asked = Arc::new(Mutex::new(0));
        let count = Arc::clone(&asked);
        let resolve: Resolve = Arc::new(move |_, port| {
            let mut count = count.lock().unwrap();
            let answer = answers[(*count).min(answers.len() - 1)];
            *count += 1;
            let found = answer.iter().map(|ip| SocketAddr::from((*ip, port)));
            let found: Vec<SocketAddr> = found.collect();
            Box::pin(async move { Ok(found) })
        });
        (resolve, asked)
    }

    #[tokio::test]
    async fn a_name_that_is_bound_anew_reaches_nothing_private() {
        let port = servers().await;
        let (resolve, count) = rebinding(&[&[[127, 0, 0, 1]], &[[127, 0, 0, 2]]]);
        let proxy = Proxy::resolving(Some(allowed()), resolve).await.unwrap();
        assert_eq!(asked(&proxy, "namn.example", port).await, "open");
        // Asked once: what was checked is what was connected to.
        assert_eq!(*count.lock().unwrap(), 1);
        assert_eq!(asked(&proxy, "namn.example", port).await, "");
        assert_eq!(*count.lock().unwrap(), 2);
        let contact = proxy.contacts()[&format!("namn.example:{port}")].clone();
        assert_eq!(contact.obstacle, Some(Obstacle::Blocked));
        assert_eq!(contact.connections, 2);
        assert_eq!(contact.detail.as_deref(), Some("127.0.0.2 is loopback"));
    }

    #[tokio::test]
    async fn of_several_addresses_only_those_that_may_be_reached_are() {
        let port = servers().await;
        let (resolve, _) = rebinding(&[&[[127, 0, 0, 2], [169, 254, 169, 254], [127, 0, 0, 1]]]);
        let proxy = Proxy::resolving(Some(allowed()), resolve).await.unwrap();
        assert_eq!(asked(&proxy, "namn.example", port).await, "open");
        let (resolve, _) = rebinding(&[&[[127, 0, 0, 2], [10, 0, 0, 1]]]);
        let proxy = Proxy::resolving(Some(allowed()), resolve).await.unwrap();
        assert_eq!(asked(&proxy, "namn.example", port).await, "");
        assert_eq!(
            obstacle(&proxy, &format!("http://NAMN.example:{port}/")),
            Some(Obstacle::Blocked)
        );
        let (resolve, _) = rebinding(&[&[]]);
        let proxy = Proxy::resolving(Some(allowed()), resolve).await.unwrap();
        assert_eq!(asked(&proxy, "namn.example", port).await, "");
        assert_eq!(
            obstacle(&proxy, &format!("http://namn.example:{port}/")),
            Some(Obstacle::Dns)
        );
    }

    #[tokio::test]
    async fn every_spelling_of_a_private_address_is_that_address() {
        let port = servers().await;
        for host in [
            "127.0.0.2",
            "127.2",
            "127.0.2",
            "2130706434",
            "0x7f000002",
            "0x7f.2",
            "0177.0.0.2",
            "017700000002",
            "0x7f.0x0.0x0.0x2",
            "127.0.0.2.",
            "%31%32%37.0.0.2",
            "\u{ff11}27.0.0.2",
            "[::ffff:127.0.0.2]",
            "[::ffff:7f00:2]",
            "[0:0:0:0:0:ffff:127.0.0.2]",
            "[::127.0.0.2]",
            "[64:ff9b::7f00:2]",
            "[2002:7f00:2::]",
            "[::1]",
            "[::]",
            "0.0.0.0",
            "0",
            "169.254.169.254",
            "100.64.0.1",
            "224.0.0.1",
            "[ff02::1]",
            "[fe80::1]",
        ] {
            let proxy = Proxy::start(Some(allowed())).await.unwrap();
            assert_eq!(asked(&proxy, host, port).await, "", "{host}");
            let contacts = proxy.contacts();
            assert_eq!(contacts.len(), 1, "{host}: {contacts:?}");
            let obstacle = contacts.values().next().unwrap().obstacle;
            assert_eq!(obstacle, Some(Obstacle::Blocked), "{host}: {contacts:?}");
        }
        // A zone stands in no address of the web, and a number too great for an address is no host.
        for host in [
            "[fe80::1%25lo]",
            "[::1%25lo]",
            "4294967296",
            "127.0.0.256",
            "0x1ffffffff",
        ] {
            let proxy = Proxy::start(Some(allowed())).await.unwrap();
            assert_eq!(asked(&proxy, host, port).await, "", "{host}");
            assert!(proxy.contacts().is_empty(), "{host}");
        }
    }

    #[tokio::test]
    async fn a_tunnel_is_held_to_the_same() {
        let port = servers().await;
        let proxy = Proxy::start(Some(allowed())).await.unwrap();
        for (host, status) in [
            ("127.0.0.1", "HTTP/1.1 200"),
            ("127.0.0.2", "HTTP/1.1 502"),
            ("[::ffff:127.0.0.2]", "HTTP/1.1 502"),
            ("2130706434", "HTTP/1.1 502"),
            ("[fe80::1%25lo]", "HTTP/1.1 502"),
        ] {
            let mut stream = TcpStream::connect(proxy.address).await.unwrap();
            let request = format!("CONNECT {host}:{port} HTTP/1.1\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let (head, _) = read_head(&mut stream).await.unwrap().unwrap();
            assert!(first_line(&head).starts_with(status), "{host}");
        }
    }

    #[tokio::test]
    async fn without_a_list_nothing_gets_out() {
        let port = servers().await;
        let proxy = Proxy::start(None).await.unwrap();
        assert_eq!(asked(&proxy, "127.0.0.1", port).await, "");
    }

    #[test]
    fn heads_keep_the_octets_of_their_values() {
        let head = b"HTTP/1.1 302 Found\r\nLocation: /\xe5r\r\nConnection: keep-alive\r\nkeep-alive: 5\r\n\r\n";
        assert_eq!(
            one_shot(head, &first_line(head)),
            b"HTTP/1.1 302 Found\r\nLocation: /\xe5r\r\nConnection: close\r\n\r\n"
        );
    }
}
