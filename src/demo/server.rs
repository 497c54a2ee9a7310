//! The fictional accounts on loopback: one server, whose pages stand as they did on a day that the story sets.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use chrono::NaiveDate;
use serde::Deserialize;
use tokio::task::JoinHandle;

use crate::demo::content::{Municipality, Site};
use crate::demo::pages::{self, Rendered};
use crate::demo::picture::{self, Scene};
use crate::model::account::Platform;

/// Where the next batch begins, for the page's script.
const NEXT: HeaderName = HeaderName::from_static("x-next");

/// The largest side of a picture that the server paints.
const LARGEST: u32 = 1600;

/// A running server. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    municipality: Municipality,
    today: Mutex<NaiveDate>,
    pictures: Mutex<BTreeMap<String, Bytes>>,
}

impl Server {
    /// Starts the server on a free port of 127.0.0.1.
    pub(crate) async fn start(
        municipality: Municipality,
        today: NaiveDate,
    ) -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            municipality,
            today: Mutex::new(today),
            pictures: Mutex::default(),
        });
        let router = Router::new()
            .route("/bild/{name}", get(picture))
            .route("/favicon.ico", get(favicon))
            .route("/linkedin/login", get(login))
            .route("/{site}/feed", get(feed))
            .fallback(page)
            .with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the demo's server ended");
            }
        });
        Ok(Self {
            address,
            shared,
            task,
        })
    }

    /// The address of an account's page.
    pub(crate) fn url(&self, site: &Site) -> String {
        format!("http://{}{}", self.address, site.path)
    }

    /// Sets the day as of which the pages stand.
    pub(crate) fn set_today(&self, today: NaiveDate) {
        *locked(&self.shared.today) = today;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A mutex whose content is only ever replaced whole, so a panic elsewhere cannot have left it half-written.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the Mastodon server is being mended: so on New Year's Day, and its snapshot comes late.
fn is_down(site: &Site, today: NaiveDate) -> bool {
    site.platform == Platform::Mastodon && NaiveDate::from_ymd_opt(2027, 1, 1) == Some(today)
}

async fn page(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    let today = *locked(&shared.today);
    let Some(site) = shared
        .municipality
        .sites
        .iter()
        .find(|site| site.path == uri.path())
    else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if is_down(site, today) {
        return match pages::down() {
            Ok(html) => (StatusCode::SERVICE_UNAVAILABLE, html_body(html)).into_response(),
            Err(error) => broken(&error),
        };
    }
    if site.platform == Platform::Linkedin {
        return Redirect::to("/linkedin/login").into_response();
    }
    let status = if site.platform == Platform::Tiktok {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::OK
    };
    match pages::page(site, today) {
        Ok(Rendered { html, .. }) => (status, html_body(html)).into_response(),
        Err(error) => broken(&error),
    }
}

async fn login(State(shared): State<Arc<Shared>>) -> Response {
    let today = *locked(&shared.today);
    let Some(site) = shared.municipality.site("linkedin") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match pages::page(site, today) {
        Ok(rendered) => html_body(rendered.html).into_response(),
        Err(error) => broken(&error),
    }
}

#[derive(Deserialize)]
struct From {
    from: usize,
}

async fn feed(
    State(shared): State<Arc<Shared>>,
    Path(alias): Path<String>,
    Query(From { from }): Query<From>,
) -> Response {
    let today = *locked(&shared.today);
    let Some(site) = shared.municipality.site(&alias) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match pages::batch(site, today, from) {
        Ok(Rendered { html, next }) => {
            let mut response = html_body(html).into_response();
            response.headers_mut().insert(NEXT, HeaderValue::from(next));
            response
        }
        Err(error) => broken(&error),
    }
}

/// A picture by its name: `<scene>-<number>-<width>x<height>.png`.
async fn picture(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response {
    if let Some(bytes) = locked(&shared.pictures).get(&name) {
        return png_body(bytes.clone());
    }
    let Some((scene, number, size)) = parse_picture(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match tokio::task::spawn_blocking(move || picture::png(scene, number, size)).await {
        Ok(Ok(bytes)) => {
            let bytes = Bytes::from(bytes);
            locked(&shared.pictures).insert(name, bytes.clone());
            png_body(bytes)
        }
        Ok(Err(error)) => broken(&error),
        Err(error) => broken(&error),
    }
}

async fn favicon(state: State<Arc<Shared>>) -> Response {
    picture(state, Path("vapen-1-32x32.png".to_owned())).await
}

fn parse_picture(name: &str) -> Option<(Scene, u32, (u32, u32))> {
    let mut parts = name.strip_suffix(".png")?.split('-');
    let (scene, number, size) = (parts.next()?, parts.next()?, parts.next()?);
    let (width, height) = size.split_once('x')?;
    let side = |text: &str| {
        text.parse::<u32>()
            .ok()
            .filter(|pixels| (16..=LARGEST).contains(pixels))
    };
    Some((
        Scene::named(scene)?,
        number.parse().ok()?,
        (side(width)?, side(height)?),
    ))
}

fn html_body(html: String) -> impl axum::response::IntoResponse {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html)
}

fn png_body(bytes: Bytes) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "image/png"),
        (header::CACHE_CONTROL, "max-age=86400"),
    ];
    (headers, Body::from(bytes)).into_response()
}

fn broken(error: &dyn std::error::Error) -> Response {
    tracing::error!(%error, "the demo's server could not make a page");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_of_a_sane_size_are_painted() {
        assert_eq!(
            parse_picture("sjo-3-640x360.png"),
            Some((Scene::Lake, 3, (640, 360)))
        );
        for name in [
            "sjo-3-640x36000.png",
            "sjo-3-640.png",
            "berg-3-640x360.png",
            "sjo-x-640x360.png",
            "sjo-3-640x360.jpg",
        ] {
            assert_eq!(parse_picture(name), None, "{name}");
        }
    }
}
