//! A small HTTP server of pages on loopback: the files of `fixtures/pages/`, and addresses that answer with errors,
//! redirect for ever, or never answer.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::repository;

/// A running server; its threads end with the test program.
#[derive(Clone, Debug)]
pub(crate) struct Pages {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    shown: Arc<Mutex<BTreeMap<String, (&'static str, String)>>>,
}

impl Pages {
    /// Listens on a free port of 127.0.0.1.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let pages = Self {
            address,
            asked: Arc::default(),
            shown: Arc::default(),
        };
        pages.serve(listener);
        pages
    }

    /// Answers at another address too, on the same port: to a browser it is another site.
    pub(crate) fn listen_too(&self, address: &str) {
        let listener =
            TcpListener::bind((address, self.port())).expect("the port is free there too");
        self.serve(listener);
    }

    fn serve(&self, listener: TcpListener) {
        let pages = self.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let pages = pages.clone();
                std::thread::spawn(move || pages.answer(&stream));
            }
        });
    }

    /// Shows a page at a path.
    pub(crate) fn show(&self, path: &str, html: String) {
        self.show_as(path, "text/html; charset=utf-8", html);
    }

    /// Shows a script at a path.
    pub(crate) fn show_script(&self, path: &str, script: String) {
        self.show_as(path, "text/javascript; charset=utf-8", script);
    }

    fn show_as(&self, path: &str, kind: &'static str, text: String) {
        let mut shown = self.shown.lock().expect("the pages");
        shown.insert(path.to_owned(), (kind, text));
    }

    /// The address of a page.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The port.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Every path asked for so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("the log").clone()
    }

    fn answer(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        let mut first = String::new();
        if reader.read_line(&mut first).is_err() {
            return;
        }
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
            line.clear();
        }
        let target = first.split(' ').nth(1).unwrap_or("/").to_owned();
        self.asked.lock().expect("the log").push(target.clone());
        if let Some((kind, text)) = self.shown.lock().expect("the pages").get(&target) {
            send(stream, "200 OK", kind, text.as_bytes());
            return;
        }
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        match path {
        "/colour.png" => {
            std::thread::sleep(Duration::from_millis(30));
            let number = query.trim_start_matches("n=").parse().unwrap_or(0);
            send(stream, "200 OK", "image/png", &colour_png(number));
        }
        "/batch" => {
            std::thread::sleep(Duration::from_millis(60));
            send(stream, "200 OK", "application/json", b"{}");
        }
        "/404" => send(stream, "404 Not Found", "text/html; charset=utf-8", b"<h1>Sidan finns inte</h1>"),
        "/500" => send(stream, "500 Internal Server Error", "text/html; charset=utf-8", b"<h1>Fel</h1>"),
        "/404-empty" => send(stream, "404 Not Found", "text/html; charset=utf-8", b""),
        "/500-empty" => send(stream, "500 Internal Server Error", "text/html; charset=utf-8", b""),
        "/mute" => {}
        "/no-http" => no_http(stream),
        "/loop" => redirect(stream, "/loop2"),
        "/loop2" => redirect(stream, "/loop"),
        "/konto" => redirect(stream, "/accounts/login/"),
        "/accounts/login/" => fixture(stream, "wall.html"),
        "/to" => redirect(stream, query),
        "/soon" => refresh(stream, query),
        "/hang" | "/hang.css" | "/hang.png" => std::thread::sleep(Duration::from_mins(2)),
        "/wait" => {
            std::thread::sleep(Duration::from_millis(query.parse().unwrap_or(0)));
            send(stream, "200 OK", "text/plain", b"");
        }
        "/slow" => send(stream, "200 OK", "text/html; charset=utf-8",
            "<!DOCTYPE html><html lang=sv><title>Hänger</title><article><p>Text som går att läsa fast en bild aldrig kommer.</p><img src=/hang.png width=100 height=100></article>".as_bytes()),
        "/spin" => send(stream, "200 OK", "text/html; charset=utf-8",
            b"<!DOCTYPE html><title>Snurrar</title><p>Text<script>addEventListener('load', () => { for (;;); })</script>"),
        "/broken" => send(stream, "200 OK", "text/html; charset=utf-8",
            "<!DOCTYPE html><html lang=sv><title>Trasig</title><article><p>En bild saknas.</p><img src=/404 width=100 height=100></article>".as_bytes()),
        "/file" => send(stream, "200 OK", "application/octet-stream", &[0; 100]),
        "/embed" => send(stream, "200 OK", "text/html; charset=utf-8",
            format!("<!DOCTYPE html><html lang=sv><title>Insprängd</title><article><p>Hämtar från ett annat nät.</p></article>
             <script>for (const u of {}) {{ fetch(u, {{mode: 'no-cors'}}).catch(() => 0); }} new WebSocket('ws://127.0.0.2:{}/ws');</script>", targets(query), query).as_bytes()),
        "/empty" => send(stream, "200 OK", "text/html; charset=utf-8", b"<!DOCTYPE html><title></title>"),
        "/" => fixture(stream, "short.html"),
        other => fixture(stream, other.trim_start_matches('/')),
    }
    }
}

/// Private addresses that a page tries to reach.
fn targets(port: &str) -> String {
    format!(
        "['http://127.0.0.2:{port}/secret', 'http://169.254.169.254/latest/meta-data/', 'http://[::ffff:127.0.0.3]:{port}/secret', 'http://localhost:{port}/secret']"
    )
}

fn fixture(stream: &TcpStream, name: &str) {
    assert!(!name.contains(".."), "{name}");
    match std::fs::read(repository().join("fixtures/pages").join(name)) {
        Ok(bytes) => send(stream, "200 OK", kind(name), &bytes),
        Err(_) => send(stream, "404 Not Found", "text/plain", b"no such page"),
    }
}

/// The media type by the name's ending.
fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        // It says itself what it is written in.
        "html" if name.ends_with("latin1.html") => "text/html",
        "xhtml" => "application/xhtml+xml",
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "bmp" => "image/bmp",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        _ => "text/html; charset=utf-8",
    }
}

/// An answer that is not HTTP.
fn no_http(mut stream: &TcpStream) {
    stream
        .write_all(b"220 mx.example ESMTP\r\n\r\n")
        .unwrap_or_default();
}

fn redirect(mut stream: &TcpStream, to: &str) {
    let head = format!(
        "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap_or_default();
}

/// A page that leads elsewhere by its header alone, a second later.
fn refresh(mut stream: &TcpStream, to: &str) {
    let body = "<!DOCTYPE html><p>Strax vidare.";
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nRefresh: 1;url={to}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap_or_default();
}

fn send(mut stream: &TcpStream, status: &str, kind: &str, body: &[u8]) {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // A browser that hangs up has had enough.
    if stream.write_all(head.as_bytes()).is_ok() {
        stream.write_all(body).unwrap_or_default();
    }
}

/// A picture of 32 × 8 pixels in the colour of post `number`; the feed paints the same with another blue beside it.
fn colour_png(number: u8) -> Vec<u8> {
    let [red, green, _] = colour(number, 0);
    let picture = image::RgbImage::from_pixel(32, 8, image::Rgb([red, green, 60]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("a small PNG");
    bytes.into_inner()
}

/// The colour of post `number` in the feed.
pub(crate) fn colour(number: u8, blue: u8) -> [u8; 3] {
    [16 + (number % 16) * 15, 16 + (number / 16) * 18, blue]
}
