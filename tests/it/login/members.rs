//! A site whose page is for members: a form that logs in, cookies that are given, renewed and taken back, and a page that
//! writes the cookie back in every way that pages do.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;

/// What the site knows.
#[derive(Debug, Default)]
struct State {
    /// Values of cookies that let somebody in.
    valid: BTreeSet<String>,
    given: Vec<String>,
    /// Who saw the page logged in, by what the visitor's browser calls itself: the page's script has run, so the browser
    /// has its cookie.
    shown: Vec<String>,
}

/// The running site.
#[derive(Clone, Debug)]
pub(super) struct Members {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

/// A token in an address that is no cookie.
pub(super) const PICTURE_TOKEN: &str = "Zx81QlSpectrum48k";
/// A token in a form that is no cookie.
pub(super) const FORM_TOKEN: &str = "k3nt0kvS1nclairC5";

/// A token that stands in no page, but in an address that a script makes of it, backwards.
pub(super) const LATE_TOKEN: &str = "k3bakl4ngesTecken7";

/// What only members read.
pub(super) const POST: &str = "Styrgruppen ses på torsdag klockan tio.";

/// The page without a login: a form that a person's browser sends by itself, in the place of the person, to another host
/// that logs people in and leaves a cookie of its own.
const WALL: &str = "<!DOCTYPE html><html lang=sv><title>Logga in</title><h1>Logga in</h1>\
    <form id=f method=post action=SERVICE><input name=user value=kim><input type=password name=password value=hemligt></form>\
    <script>if (!/Headless/.test(navigator.userAgent)) f.submit()</script>";

impl Members {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let members = Self {
            address: listener.local_addr().expect("a bound port"),
            state: Arc::default(),
        };
        let serving = members.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                std::thread::spawn(move || serving.answer(&stream));
            }
        });
        members
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Every cookie value that was ever given.
    pub(super) fn given(&self) -> Vec<String> {
        self.state().given.clone()
    }

    /// How often somebody with a window saw the page logged in.
    pub(super) fn windows(&self) -> usize {
        let state = self.state();
        let persons = state.shown.iter().filter(|one| !one.contains("Headless"));
        persons.count()
    }

    /// Logs everybody out.
    pub(super) fn end_sessions(&self) {
        self.state().valid.clear();
    }

    /// A login that the site knows, as it is kept of a window.
    pub(super) fn login(&self) -> String {
        serde_json::json!({
            "v": 1, "site": {"platform": "blogg", "host": "127.0.0.1"}, "since": "2026-06-01T00:00:00Z",
            "cookies": [{"name": "sid", "value": self.give(), "domain": "127.0.0.1", "path": "/", "expires": UNTIL, "httpOnly": true, "secure": false}],
        })
        .to_string()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the site")
    }

    /// A value that nobody can take for anything else, with characters that are written in several ways.
    fn give(&self) -> String {
        let mut state = self.state();
        let value = format!(
            "s%3A{}/+h3ml1gt-{}",
            uuid::Uuid::new_v4().simple(),
            state.given.len()
        );
        state.valid.insert(value.clone());
        state.given.push(value.clone());
        value
    }

    /// A JSON Web Token that runs out in 2098.
    fn give_token(&self) -> String {
        let code = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        let mut state = self.state();
        let claims = format!("{{\"exp\":{UNTIL},\"n\":{}}}", state.given.len());
        let signature = uuid::Uuid::new_v4().simple().to_string();
        let token = format!(
            "{}.{}.{}",
            code("{\"alg\":\"none\"}"),
            code(&claims),
            code(&signature)
        );
        state.valid.insert(token.clone());
        state.given.push(token.clone());
        token
    }

    fn answer(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        let (mut lines, mut line) = (Vec::new(), String::new());
        while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
        }
        let header = |name: &str| {
            let found = lines.iter().filter_map(|line| line.split_once(": "));
            let found = found.filter(|(given, _)| given.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_owned()).next()
        };
        let length = header("content-length").and_then(|length| length.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let first = lines.first().cloned().unwrap_or_default();
        let path = first.split(' ').nth(1).unwrap_or("/");
        let cookies = header("cookie").unwrap_or_default();
        let sid = cookies
            .split("; ")
            .find_map(|cookie| cookie.strip_prefix("sid="))
            .filter(|sid| self.state().valid.contains(*sid));
        match (path.split('?').next().unwrap_or(path), sid) {
            ("/login", _) => {
                let own =
                    "Set-Cookie: service=0123456789abcdef0123; Path=/; HttpOnly; Max-Age=2592000";
                let back = format!("Location: {}enter", self.url());
                send(
                    stream,
                    "303 See Other",
                    &[own.to_owned(), back],
                    "text/html",
                    b"",
                );
            }
            ("/enter", _) => {
                let sid = self.give();
                send(
                    stream,
                    "303 See Other",
                    &[cookie(&sid), "Location: /".to_owned()],
                    "text/html",
                    b"",
                );
            }
            ("/", Some(sid)) => {
                // The next request has to come with a new one.
                let next = self.give();
                let echo = format!("X-Session: {sid}");
                send(
                    stream,
                    "200 OK",
                    &[cookie(&next), echo],
                    "text/html; charset=utf-8",
                    page(sid).as_bytes(),
                );
            }
            ("/", None) => {
                let service = format!("http://localhost:{}/login", self.address.port());
                let wall = WALL.replace("SERVICE", &service);
                send(stream, "200 OK", &[GONE.to_owned()], HTML, wall.as_bytes());
            }
            ("/sen", Some(sid)) => send(stream, "200 OK", &[], HTML, late(sid).as_bytes()),
            ("/utskrift", Some(_)) => {
                let page = printing(self.address.port());
                send(stream, "200 OK", &[], HTML, page.as_bytes());
            }
            ("/blad.css", _) => {
                let newest = self.state().given.last().cloned().unwrap_or_default();
                let sheet = format!(
                    "@media (max-width: 1100px) {{ #late::after {{ content: '{newest}' }} }}"
                );
                send(stream, "200 OK", &[], "text/css", sheet.as_bytes());
            }
            ("/ny", Some(_)) => {
                let next = self.give();
                send(
                    stream,
                    "200 OK",
                    &[cookie(&next)],
                    "text/plain",
                    next.as_bytes(),
                );
            }
            ("/oppen", None) => send(stream, "200 OK", &[GONE.to_owned()], HTML, OPEN.as_bytes()),
            ("/call", _) => {
                let agent = header("user-agent").unwrap_or_default();
                self.state().shown.push(agent);
                send(stream, "200 OK", &[], "text/plain", b"");
            }
            ("/app", _) => send(stream, "200 OK", &[], HTML, app().as_bytes()),
            ("/gast", _) => send(stream, "200 OK", &[], HTML, GUEST.as_bytes()),
            ("/app/enter", _) => {
                let token = self.give_token();
                send(stream, "200 OK", &[], "text/plain", token.as_bytes());
            }
            ("/app/me", _) => {
                let bearer = header("authorization").unwrap_or_default();
                let token = bearer.strip_prefix("Bearer ").unwrap_or_default();
                // Each token is good for one time.
                if self.state().valid.remove(token) {
                    let next = self.give_token();
                    send(stream, "200 OK", &[], "text/plain", next.as_bytes());
                } else {
                    send(stream, "401 Unauthorized", &[], "text/plain", b"");
                }
            }
            ("/pixel.png", _) => send(stream, "200 OK", &[], "image/png", PIXEL),
            _ => send(stream, "404 Not Found", &[], "text/plain", b""),
        }
    }
}

/// Until when a login lasts that was not made in a window: 2098-12-21.
const UNTIL: i64 = 4_070_000_000;
const HTML: &str = "text/html; charset=utf-8";
/// Takes the cookie back.
const GONE: &str = "Set-Cookie: sid=; Path=/; HttpOnly; Max-Age=0";

/// What anybody may read: no wall.
const OPEN: &str = "<!DOCTYPE html><html lang=sv><title>Öppen</title><h1>Öppen sida</h1><article>Simhallen har stängt i veckan.</article>";

/// A page that writes its cookie anew when it is scrolled, when what sticks is let go and when a filter is taken away; the
/// cookie that it is given meanwhile too, and both into addresses.
fn late(sid: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=sv><title>Sen</title><style>nav {{ position: sticky; top: 0 }} b {{ filter: saturate(1) }}\
         h1::after {{ content: '{sid}' }} @media (min-width: 1px) {{ i {{ --own: '{sid}' }} }} i::before {{ content: var(--own) }}\
         u::before {{ content: attr(data-sid) }} s::before {{ content: attr(nyckel) }}</style>\
         <nav>Meny</nav><s nyckel='{sid}'></s><p id=cut></p><img id=drawn alt='' width=600 height=40><i></i><u data-sid='{sid}'></u><i style='--own: \"{sid}\"'></i><h1>Medlemmar</h1><article><p>{POST}</p></article><p id=old></p><p id=new></p><b>Fetstil</b><p style='height: 4000px'>\
         <script>const sid = '{sid}', write = () => {{ if (old.textContent !== sid) old.textContent = sid; }};\
         const old = document.querySelector('#old'); write(); cut.append(sid.slice(0, 9), document.createElement('wbr'), sid.slice(9, 20), sid.slice(20));\
         drawn.src = 'data:image/svg+xml,' + encodeURIComponent(`<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"600\" height=\"40\"><text y=\"20\">${{sid}}</text></svg>`);\
         history.replaceState(null, '', `/sen?sid=${{encodeURIComponent(sid)}}`);\
         addEventListener('scroll', write, {{ once: true }});\
         for (const one of document.querySelectorAll('nav, b')) new MutationObserver(write).observe(one, {{ attributes: true }});\
         fetch('/call?access_token=' + '{LATE_TOKEN}'.split('').reverse().join(''));\
         fetch('/ny').then((answer) => answer.text()).then((text) => {{ document.querySelector('#new').textContent = text; }});</script>"
    )
}

/// A page that puts a guest's token where the person's was, and shows itself to everybody.
const GUEST: &str = "<!DOCTYPE html><html lang=sv><title>Gäst</title><h1>Öppen sida</h1><article>Simhallen har stängt i veckan.</article>\
    <script>localStorage.setItem('APP', JSON.stringify({ session: { accounts: [{ handle: 'gast', refreshJwt: 'g4st-0000-0000-0000' }] } }))</script>";

/// A page that holds its login in `localStorage` alone and lets the browser do the rest, as Bluesky's does: it asks with
/// the token that it has stored, is given the next, and shows both. A person's browser logs in by itself.
fn app() -> String {
    format!(
        "<!DOCTYPE html><html lang=sv><title>App</title><main></main><script>\
         const main = document.querySelector('main'), person = !/Headless/.test(navigator.userAgent);\
         const keep = (refreshJwt) => localStorage.setItem('APP', JSON.stringify({{ session: {{ accounts: [{{ handle: 'exempelkommun2.example', refreshJwt }}] }} }}));\
         const wall = () => {{ localStorage.removeItem('APP'); main.innerHTML = '<h1>Logga in</h1><form><input name=user><input type=password></form>'; }};\
         const enter = () => fetch('/app/enter').then((answer) => answer.text()).then((token) => {{ keep(token); location.reload(); }});\
         const show = (old, now) => {{ keep(now); main.innerHTML = `<h1>Medlemmar</h1><article><p>{POST}</p><p>exempelkommun2.example ${{old}} ${{now}}</p></article>`; fetch('/call'); }};\
         const stored = localStorage.getItem('APP');\
         if (!stored) person ? enter() : wall();\
         else {{ const old = JSON.parse(stored).session.accounts[0].refreshJwt;\
         fetch('/app/me', {{ headers: {{ Authorization: `Bearer ${{old}}` }} }}).then((answer) => answer.ok ? answer.text().then((now) => show(old, now)) : wall()); }}\
         </script>"
    )
}

/// A page for which another host's style sheet writes its cookie where there is less room, as on paper.
fn printing(port: u16) -> String {
    format!(
        "<!DOCTYPE html><html lang=sv><title>Utskrift</title><link rel=stylesheet href='http://localhost:{port}/blad.css'>\
         <h1>Medlemmar</h1><article><p>{POST}</p></article><p id=late></p><script>fetch('/ny')</script>"
    )
}

fn cookie(sid: &str) -> String {
    format!("Set-Cookie: sid={sid}; Path=/; HttpOnly; Max-Age=2592000")
}

/// The members' page: it echoes the cookie in text, form, links, script, comment and encodings.
fn page(sid: &str) -> String {
    let encoded = sid
        .replace('%', "%25")
        .replace('/', "%2F")
        .replace('+', "%2B");
    let coded = base64::engine::general_purpose::STANDARD.encode(format!("kim:{sid}"));
    format!(
        "<!DOCTYPE html><html lang=sv><meta name=csrf-token content={FORM_TOKEN}><title>Medlemmar {sid}</title><!-- {sid} -->\
         <script>const state = {{\"session\": \"{sid}\"}}; fetch('/call?session_id={encoded}')</script>\
         <h1>Medlemmar</h1><article><p>{POST}</p><p>Din session är {sid}.</p><a href='/x?sid={encoded}'>Inställningar</a></article>\
         <article><p>Protokollet är justerat.</p><img src='/pixel.png?access_token={PICTURE_TOKEN}' width=40 height=40 alt='{sid}'></article>\
         <form><input type=hidden name=sid value='{sid}'><input type=hidden name=authenticity_token value={FORM_TOKEN}>\
         <input name=q value='{sid}'></form><div data-auth='{coded}'></div>"
    )
}

fn send(mut stream: &TcpStream, status: &str, headers: &[String], kind: &str, body: &[u8]) {
    let headers: String = headers.iter().flat_map(|line| [line, "\r\n"]).collect();
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // A browser that hangs up has had enough.
    if stream.write_all(head.as_bytes()).is_ok() {
        stream.write_all(body).unwrap_or_default();
    }
}

/// A PNG of one pixel.
const PIXEL: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 0,
    1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0d, 0x49, 0x44, 0x41, 0x54,
    0x78, 0x9c, 0x62, 0, 1, 0, 0, 5, 0, 1, 0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0, 0x49, 0x45, 0x4e,
    0x44, 0xae, 0x42, 0x60, 0x82,
];
