//! A flat-session DevTools client over one websocket. Every call has a limit of its own; a crashed or detached tab and
//! a closed socket fail every waiting call at once (`headless_chrome` waits for its idle limit, `capture.md` §3.1).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// Why a call gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CdpError {
    /// The browser is gone.
    #[error("the browser's connection is closed")]
    Closed,
    /// The tab's process died.
    #[error("the tab crashed")]
    Crashed,
    /// The tab was closed or taken over.
    #[error("the tab is gone")]
    Detached,
    /// No answer in time.
    #[error("{method} did not answer within {seconds} s")]
    TimedOut { method: &'static str, seconds: u64 },
    /// The browser answered with an error.
    #[error("{method} was refused: {message}")]
    Refused {
        method: &'static str,
        message: String,
    },
}

impl CdpError {
    /// Whether nothing more can be asked of the tab.
    pub(crate) fn is_fatal(&self) -> bool {
        matches!(self, Self::Closed | Self::Crashed | Self::Detached)
    }
}

/// Gets every event of a session, in order, before the answer of any later call.
pub(crate) type Listener = Arc<dyn Fn(&Session, &str, &Value) + Send + Sync>;

/// A connection to a browser.
#[derive(Clone)]
pub(crate) struct Client {
    shared: Arc<Shared>,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").finish_non_exhaustive()
    }
}

struct Shared {
    outgoing: mpsc::UnboundedSender<Message>,
    next: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    closed: bool,
    pending: BTreeMap<u64, Pending>,
    sessions: BTreeMap<String, SessionState>,
}

struct Pending {
    method: &'static str,
    session: Option<String>,
    answer: oneshot::Sender<Result<Value, CdpError>>,
}

struct SessionState {
    target: String,
    death: Option<CdpError>,
    listener: Listener,
}

/// A flat session with one target.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    client: Client,
    id: String,
}

impl Client {
    /// Connects to the browser's websocket.
    pub(crate) async fn connect(url: &str) -> Result<Self, CdpError> {
        let config = WebSocketConfig::default()
            .max_message_size(None)
            .max_frame_size(None);
        let (socket, _) = tokio_tungstenite::connect_async_with_config(url, Some(config), true)
            .await
            .map_err(|error| CdpError::Refused {
                method: "connect",
                message: error.to_string(),
            })?;
        let (mut sink, mut source) = socket.split();
        let (outgoing, mut queue) = mpsc::unbounded_channel::<Message>();
        let shared = Arc::new(Shared {
            outgoing,
            next: AtomicU64::new(1),
            state: Mutex::default(),
        });
        tokio::spawn(async move {
            while let Some(message) = queue.recv().await {
                if sink.send(message).await.is_err() {
                    break;
                }
            }
        });
        let client = Self { shared };
        let reader = client.clone();
        tokio::spawn(async move {
            while let Some(Ok(message)) = source.next().await {
                if let Message::Text(text) = message {
                    reader.receive(&text);
                }
            }
            reader.close();
        });
        Ok(client)
    }

    /// Whether the socket is open.
    pub(crate) fn is_open(&self) -> bool {
        !self.state().closed
    }

    /// A call to the browser itself.
    pub(crate) async fn call(
        &self,
        method: &'static str,
        params: Value,
        limit: Duration,
    ) -> Result<Value, CdpError> {
        self.send(None, method, params, limit).await
    }

    /// Attaches to a target; `listener` gets its events.
    pub(crate) async fn attach(
        &self,
        target: &str,
        listener: Listener,
        limit: Duration,
    ) -> Result<Session, CdpError> {
        let params = json!({"targetId": target, "flatten": true});
        let answer = self.call("Target.attachToTarget", params, limit).await?;
        let id = answer["sessionId"].as_str().unwrap_or_default().to_owned();
        let state = SessionState {
            target: target.to_owned(),
            death: None,
            listener,
        };
        self.state().sessions.insert(id.clone(), state);
        Ok(Session {
            client: self.clone(),
            id,
        })
    }

    async fn send(
        &self,
        session: Option<&str>,
        method: &'static str,
        params: Value,
        limit: Duration,
    ) -> Result<Value, CdpError> {
        let id = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let (answer, waiting) = oneshot::channel();
        {
            let mut state = self.state();
            if state.closed {
                return Err(CdpError::Closed);
            }
            if let Some(session) = session {
                match state.sessions.get(session) {
                    None => return Err(CdpError::Detached),
                    Some(SessionState {
                        death: Some(death), ..
                    }) => return Err(death.clone()),
                    Some(_) => {}
                }
            }
            let session = session.map(str::to_owned);
            state.pending.insert(
                id,
                Pending {
                    method,
                    session,
                    answer,
                },
            );
        }
        self.queue(id, session, method, &params);
        match tokio::time::timeout(limit, waiting).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(CdpError::Closed),
            Err(_) => {
                self.state().pending.remove(&id);
                Err(CdpError::TimedOut {
                    method,
                    seconds: limit.as_secs(),
                })
            }
        }
    }

    fn queue(&self, id: u64, session: Option<&str>, method: &str, params: &Value) {
        let mut message = json!({"id": id, "method": method, "params": params});
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        // A closed queue means a closed socket: the reader fails what is pending.
        if self
            .shared
            .outgoing
            .send(Message::text(message.to_string()))
            .is_err()
        {
            self.close();
        }
    }

    fn receive(&self, text: &str) {
        let Ok(mut message) = serde_json::from_str::<Value>(text) else {
            tracing::debug!("a DevTools message that is no JSON");
            return;
        };
        if let Some(id) = message["id"].as_u64() {
            let refusal = message.get("error").map(|error| {
                let text = error["message"].as_str().unwrap_or("no reason");
                text.to_owned()
            });
            match (self.state().pending.remove(&id), refusal) {
                (Some(pending), Some(message)) => {
                    let method = pending.method;
                    answer(pending, Err(CdpError::Refused { method, message }));
                }
                (Some(pending), None) => answer(pending, Ok(message["result"].take())),
                (None, Some(message)) => {
                    tracing::debug!(message, "a call was refused that nobody waits for");
                }
                (None, None) => {}
            }
            return;
        }
        let method = message["method"].as_str().unwrap_or_default().to_owned();
        let params = message["params"].take();
        match method.as_str() {
            "Target.targetCrashed" => {
                let target = params["targetId"].as_str().unwrap_or_default();
                self.kill(|_, state| state.target == target, &CdpError::Crashed);
            }
            "Target.detachedFromTarget" => {
                let session = params["sessionId"].as_str().unwrap_or_default();
                self.kill(|id, _| id == session, &CdpError::Detached);
            }
            _ => {}
        }
        let Some(session) = message["sessionId"].as_str() else {
            return;
        };
        if method == "Inspector.targetCrashed" {
            self.kill(|id, _| id == session, &CdpError::Crashed);
        }
        let listener = self
            .state()
            .sessions
            .get(session)
            .map(|state| Arc::clone(&state.listener));
        if let Some(listener) = listener {
            let session = Session {
                client: self.clone(),
                id: session.to_owned(),
            };
            listener(&session, &method, &params);
        }
    }

    /// Fails every waiting and every later call of the sessions chosen.
    fn kill(&self, chosen: impl Fn(&str, &SessionState) -> bool, death: &CdpError) {
        let mut state = self.state();
        let mut dead = Vec::new();
        for (id, session) in &mut state.sessions {
            if session.death.is_none() && chosen(id, session) {
                session.death = Some(death.clone());
                dead.push(id.clone());
            }
        }
        let calls: Vec<u64> = state
            .pending
            .iter()
            .filter(|(_, pending)| pending.session.as_ref().is_some_and(|id| dead.contains(id)))
            .map(|(id, _)| *id)
            .collect();
        for id in calls {
            if let Some(pending) = state.pending.remove(&id) {
                answer(pending, Err(death.clone()));
            }
        }
    }

    fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        for (_, pending) in std::mem::take(&mut state.pending) {
            answer(pending, Err(CdpError::Closed));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A caller that has stopped waiting needs no answer.
fn answer(pending: Pending, result: Result<Value, CdpError>) {
    drop(pending.answer.send(result));
}

impl Session {
    /// A call to the target.
    pub(crate) async fn call(
        &self,
        method: &'static str,
        params: Value,
        limit: Duration,
    ) -> Result<Value, CdpError> {
        self.client
            .send(Some(&self.id), method, params, limit)
            .await
    }

    /// Takes over a session that the browser attached by itself, from within the listener that is told of it: so none
    /// of its events is missed.
    pub(crate) fn adopt(&self, id: &str, target: &str, listener: Listener) -> Self {
        let state = SessionState {
            target: target.to_owned(),
            death: None,
            listener,
        };
        self.client.state().sessions.insert(id.to_owned(), state);
        Self {
            client: self.client.clone(),
            id: id.to_owned(),
        }
    }

    /// The browser's name for it.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// A call whose answer nobody waits for; for listeners.
    pub(crate) fn post(&self, method: &'static str, params: &Value) {
        let id = self.client.shared.next.fetch_add(1, Ordering::Relaxed);
        self.client.queue(id, Some(&self.id), method, params);
    }

    /// Reads a stream to its end and closes it.
    pub(crate) async fn read_stream(
        &self,
        handle: &str,
        limit: Duration,
    ) -> Result<Vec<u8>, CdpError> {
        const PIECE: u32 = 1 << 20;
        let mut bytes = Vec::new();
        loop {
            let params = json!({"handle": handle, "size": PIECE});
            let piece = self.call("IO.read", params, limit).await?;
            // Both are always there; a print that were cut short would be taken for a whole one.
            let (Some(data), Some(is_last)) = (piece["data"].as_str(), piece["eof"].as_bool())
            else {
                return Err(CdpError::Refused {
                    method: "IO.read",
                    message: "a piece without data or end".to_owned(),
                });
            };
            if piece["base64Encoded"].as_bool().unwrap_or(false) {
                bytes.extend(decode("IO.read", data)?);
            } else {
                bytes.extend_from_slice(data.as_bytes());
            }
            if is_last {
                self.post("IO.close", &json!({"handle": handle}));
                return Ok(bytes);
            }
        }
    }

    /// Forgets the session.
    pub(crate) fn forget(&self) {
        self.client.state().sessions.remove(&self.id);
    }
}

/// Bytes that the browser sent as base64.
pub(crate) fn decode(method: &'static str, data: &str) -> Result<Vec<u8>, CdpError> {
    base64::engine::general_purpose::STANDARD
        .decode(data)
        .map_err(|error| CdpError::Refused {
            method,
            message: error.to_string(),
        })
}
