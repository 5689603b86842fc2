//! JSON over HTTP/1.1, in the clear: what is under test is the service, not its proxy's TLS.

use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// How long a call may take: a gateway without a core answers sooner.
const DEADLINE: Duration = Duration::from_secs(8);

/// Connections to one server. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
}

impl Http {
    /// Calls go to `base`, an URL such as `http://127.0.0.1:3000`.
    pub(crate) fn new(base: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(Duration::from_secs(2)));
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Self { client, base: base.trim_end_matches('/').to_owned() }
    }

    /// One exchange of text. Errors: no answer in time.
    pub(crate) async fn exchange(
        &self,
        method: Method,
        path: &str,
        headers: &[(header::HeaderName, &str)],
        body: String,
    ) -> Result<(StatusCode, String)> {
        self.exchange_within(DEADLINE, method, path, headers, body).await
    }

    /// The same with a deadline of its own.
    pub(crate) async fn exchange_within(
        &self,
        deadline: Duration,
        method: Method,
        path: &str,
        headers: &[(header::HeaderName, &str)],
        body: String,
    ) -> Result<(StatusCode, String)> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let request = request.body(Full::from(body))?;
        let exchanged = async {
            let response = self.client.request(request).await?;
            let status = response.status();
            let body = response.into_body().collect().await?.to_bytes();
            Ok((status, String::from_utf8(body.to_vec())?))
        };
        tokio::time::timeout(deadline, exchanged).await.context("no answer in time")?
    }

    /// One call with a session's token. The answer to an empty body is `null`. Errors: no answer in time, no JSON.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Result<(StatusCode, Value)> {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![(header::CONTENT_TYPE, "application/json")];
        headers.extend(bearer.iter().map(|bearer| (header::AUTHORIZATION, bearer.as_str())));
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let (status, text) = self.exchange(method, path, &headers, body).await?;
        let value = if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? };
        Ok((status, value))
    }
}
