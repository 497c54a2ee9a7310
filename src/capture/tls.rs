//! What the browser knows of the connection to the page's own host: protocol, cipher and the certificates shown, also of
//! a connection that was refused. `Network.getCertificate` knows only those that were accepted.

use base64::Engine as _;
use serde::Serialize;
use serde_json::Value;

use crate::model::digest::Sha256Hex;

/// Columns of base64 in PEM (RFC 7468).
const PEM_LINE: usize = 64;

/// A TLS connection, as the browser judged it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Tls {
    /// `TLS 1.3`; absent where the handshake did not come so far.
    pub(crate) protocol: Option<String>,
    /// Key exchange, where the protocol names one (before TLS 1.3).
    pub(crate) key_exchange: Option<String>,
    /// Group of the key exchange, where the browser tells it.
    pub(crate) group: Option<String>,
    /// Cipher.
    pub(crate) cipher: Option<String>,
    /// Why it was refused, `net::ERR_CERT_…`.
    pub(crate) error: Option<String>,
    /// The certificates, the host's own first.
    pub(crate) certificates: Vec<Certificate>,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Certificate {
    /// SHA-256 of its DER, which `openssl x509 -fingerprint -sha256` shows.
    pub(crate) sha256: Sha256Hex,
    /// The certificate (RFC 7468).
    pub(crate) pem: String,
}

impl Tls {
    /// Reads the parameters of `Security.visibleSecurityStateChanged`; `None` where the page shown has no certificate.
    pub(crate) fn of_event(params: &Value) -> Option<Self> {
        let state = params["visibleSecurityState"]
            .get("certificateSecurityState")
            .filter(|state| state.is_object())?;
        let text = |name: &str| {
            let text = state[name].as_str().filter(|text| !text.is_empty());
            text.map(str::to_owned)
        };
        let shown = state["certificate"].as_array().into_iter().flatten();
        let certificates = shown
            .filter_map(Value::as_str)
            .filter_map(Certificate::of_base64)
            .collect();
        Some(Self {
            protocol: text("protocol"),
            key_exchange: text("keyExchange"),
            group: text("keyExchangeGroup"),
            cipher: text("cipher"),
            error: text("certificateNetworkError"),
            certificates,
        })
    }
}

impl Certificate {
    /// From DER in base64. What is no base64 is no certificate.
    fn of_base64(text: &str) -> Option<Self> {
        let engine = base64::engine::general_purpose::STANDARD;
        let der = engine.decode(text).ok()?;
        let encoded = engine.encode(&der);
        let lines: Vec<&str> = (0..encoded.len())
            .step_by(PEM_LINE)
            .map(|from| &encoded[from..encoded.len().min(from + PEM_LINE)])
            .collect();
        Some(Self {
            sha256: Sha256Hex::of(&der),
            pem: format!(
                "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
                lines.join("\n")
            ),
        })
    }
}

/// Whether an error of the browser says that a TLS connection could not be trusted or made.
pub(crate) fn is_error(error: &str) -> bool {
    let code = error.trim_start_matches("net::");
    [
        "ERR_CERT",
        "ERR_SSL_",
        "ERR_BAD_SSL_",
        "ERR_ECH_",
        "ERR_TLS13_",
    ]
    .iter()
    .any(|word| code.starts_with(word))
}
