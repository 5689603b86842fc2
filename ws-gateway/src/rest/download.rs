//! `GET /files/:fileId`: the bytes of a file, fetched part by part as the client reads them. A slow reader holds one
//! part and holds up nobody, and each part is asked for with the caller's token anew. However many read at once, so
//! many calls are under way and no more: a part waits for its turn before its deadline begins, so that no crowd of
//! readers breaks a download off.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chat_proto::v1;
use chat_proto::v1::file_service_client::FileServiceClient;
use futures::stream::try_unfold;
use headers::{ETag, HeaderMapExt as _, IfNoneMatch, IfRange};
use http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, header};
use http_range_header::{EndPosition, RangeUnsatisfiableError, StartPosition, parse_range_header};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{sleep, timeout};
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Request, Status};

use super::body::Segment;
use super::disposition;
use super::rooms::no_answer;
use crate::auth::Caller;
use crate::core::{Core, PART, answer, with_token};
use crate::error::Refusal;
use crate::wire;

/// How long the core has to give a part. Whoever has the beginning would rather wait than begin anew.
const PATIENCE: Duration = Duration::from_secs(5);

/// A file's page runs nothing and loads nothing. What browsers show PDF with does not run in a sandbox.
fn csp(mime_type: &str) -> HeaderValue {
    let sandboxed = "default-src 'none'; sandbox";
    HeaderValue::from_static(if mime_type == "application/pdf" { "default-src 'none'" } else { sandboxed })
}

/// Which bytes a request is for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Whole,
    Part(Range<u64>),
    /// None that the file has.
    Nothing,
}

/// What is left to fetch of a file.
struct Rest {
    files: FileServiceClient<Channel>,
    turns: Arc<Semaphore>,
    metadata: MetadataMap,
    file_id: String,
    left: Range<u64>,
}

/// Downloads a file.
///
/// It is seen by its uploader and by the members of the rooms that it was sent to. It is shown in place where it is a
/// safe image, audio, video, text or PDF, otherwise it is an attachment. HEAD answers the same without the bytes.
#[utoipa::path(
    get, path = "/files/{fileId}", operation_id = "downloadFile", tag = "files",
    params(
        ("fileId" = Uuid, Path, description = "The file"),
        ("Range" = Option<String>, Header, nullable = false, description = "One range of bytes; others, and several, are ignored"),
        ("If-Range" = Option<String>, Header, nullable = false, description = "The `ETag` without which `Range` is ignored"),
        ("If-None-Match" = Option<String>, Header, nullable = false, description = "A list of `ETag`s that the client has, or `*`"),
    ),
    responses(
        (status = 200, description = "The bytes", body = wire::FileBytes, content_type = "*/*", headers(
            ("ETag" = String, description = "The SHA-256 of the content, in hexadecimal digits and quotes"),
            ("Accept-Ranges" = String, description = "`bytes`"),
            ("Content-Length" = u64, description = "Bytes that follow"),
            ("Content-Disposition" = String, description = "`inline` or `attachment`, with the file's name"),
        )),
        (status = 206, description = "The range", body = wire::FileBytes, content_type = "*/*", headers(
            ("ETag" = String, description = "The SHA-256 of the whole content, in hexadecimal digits and quotes"),
            ("Accept-Ranges" = String, description = "`bytes`"),
            ("Content-Length" = u64, description = "Bytes that follow"),
            ("Content-Range" = String, description = "Which bytes they are, of how many"),
            ("Content-Disposition" = String, description = "`inline` or `attachment`, with the file's name"),
        )),
        (status = 304, description = "The client has it", headers(
            ("ETag" = String, description = "The SHA-256 of the content, in hexadecimal digits and quotes"),
        )),
        (status = 404, description = "`not_found`: no such file, or none that the caller may see"),
        (status = 416, description = "`invalid_argument`: the range has no byte of the file", headers(
            ("Content-Range" = String, description = "How many bytes there are"),
        )),
    ),
)]
pub(super) async fn file(
    State(mut core): State<Core>,
    caller: Caller,
    Segment(file_id): Segment,
    method: Method,
    asked: HeaderMap,
) -> Result<Response, Refusal> {
    let request = with_token(&caller.token, v1::GetFileRequest { file_id })?;
    let metadata = request.metadata().clone();
    let turns = core.downloads;
    let found = answer(async {
        let _turn = turn(&turns).await?;
        core.files.get_file(request).await
    });
    let file = found.await?.file.ok_or_else(no_answer)?;
    let tag: ETag = format!("\"{}\"", wire::hex(&file.sha256)).parse().map_err(|_| no_answer())?;
    let size = u64::try_from(file.size).map_err(|_| no_answer())?;

    let mut response = if asked.typed_get::<IfNoneMatch>().is_some_and(|known| !known.precondition_passes(&tag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let rest = |left| Rest { files: core.files, turns, metadata, file_id: file.file_id.clone(), left };
        match wanted(&method, &asked, &tag, size) {
            Wanted::Nothing => return Ok(unsatisfiable(size)),
            Wanted::Whole => rest(0..size).response(StatusCode::OK),
            Wanted::Part(range) => {
                let named = format!("bytes {}-{}/{size}", range.start, range.end - 1);
                ([(header::CONTENT_RANGE, named)], rest(range).response(StatusCode::PARTIAL_CONTENT)).into_response()
            }
        }
    };
    let headers = response.headers_mut();
    headers.typed_insert(tag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_SECURITY_POLICY, csp(&file.mime_type));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_TYPE, disposition::content_type(&file.mime_type));
    headers.insert(header::CONTENT_DISPOSITION, disposition::disposition(&file.mime_type, &file.name));
    Ok(response)
}

/// Reads `Range`, which counts with GET alone (RFC 9110, 14.2). What is malformed and what asks for several ranges is as
/// if it were not there.
fn wanted(method: &Method, asked: &HeaderMap, tag: &ETag, size: u64) -> Wanted {
    let outdated = |known: IfRange| known.is_modified(Some(tag), None);
    if method != Method::GET
        || asked.contains_key(header::IF_RANGE) && asked.typed_get::<IfRange>().is_none_or(outdated)
    {
        return Wanted::Whole;
    }
    let range = asked.get(header::RANGE).and_then(|range| range.to_str().ok()).unwrap_or_default();
    let ranges = match parse_range_header(range) {
        Ok(parsed) => parsed.ranges,
        Err(RangeUnsatisfiableError::ZeroSuffix) => return Wanted::Nothing,
        Err(_) => return Wanted::Whole,
    };
    let [range] = ranges.as_slice() else { return Wanted::Whole };
    let range = match (range.start, range.end) {
        (StartPosition::FromLast(last), _) => size.saturating_sub(last)..size,
        (StartPosition::Index(start), EndPosition::LastByte) => start..size,
        (StartPosition::Index(start), EndPosition::Index(end)) if end < start => return Wanted::Whole,
        (StartPosition::Index(start), EndPosition::Index(end)) => start..size.min(end.saturating_add(1)),
    };
    if range.is_empty() { Wanted::Nothing } else { Wanted::Part(range) }
}

/// A turn among all downloads.
async fn turn(turns: &Semaphore) -> Result<SemaphorePermit<'_>, Status> {
    turns.acquire().await.map_err(|_| Status::unavailable("closed"))
}

fn unsatisfiable(size: u64) -> Response {
    let refusal = Refusal::invalid("range: no byte of the file").with_http(StatusCode::RANGE_NOT_SATISFIABLE);
    ([(header::CONTENT_RANGE, format!("bytes */{size}"))], refusal).into_response()
}

impl Rest {
    fn response(self, status: StatusCode) -> Response {
        let length = self.left.end - self.left.start;
        (status, [(header::CONTENT_LENGTH, length)], Body::from_stream(try_unfold(self, Self::next))).into_response()
    }

    /// The next part, and what is left then.
    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        if self.left.is_empty() {
            return Ok(None);
        }
        let bytes = loop {
            let turns = self.turns.clone();
            let turn = turn(&turns).await.map_err(io::Error::other)?;
            let part = timeout(PATIENCE, self.part()).await;
            drop(turn);
            match part.map_err(|_| Refusal::unavailable()).and_then(|part| Ok(part?)) {
                Ok(bytes) => break bytes,
                Err(refusal) => match refusal.retry_after_ms() {
                    Some(wait) => sleep(Duration::from_millis(wait)).await,
                    None => {
                        tracing::warn!(code = refusal.code(), "a download broke off");
                        return Err(io::Error::other(refusal.code()));
                    }
                },
            }
        };
        self.left.start += bytes.len() as u64;
        Ok(Some((bytes, self)))
    }

    async fn part(&mut self) -> Result<Bytes, Status> {
        let length = (PART as u64).min(self.left.end - self.left.start);
        let asked = v1::DownloadFileRequest {
            file_id: self.file_id.clone(),
            offset: i64::try_from(self.left.start).unwrap_or(i64::MAX),
            length: i64::try_from(length).ok(),
        };
        let request = Request::from_parts(self.metadata.clone(), Extensions::new(), asked);
        let mut stream = self.files.download_file(request).await?.into_inner();
        let mut bytes = Vec::new();
        while let Some(part) = stream.message().await? {
            bytes.extend_from_slice(&part.chunk);
        }
        if bytes.len() as u64 == length {
            Ok(bytes.into())
        } else {
            Err(Status::data_loss("not the bytes that were asked for"))
        }
    }
}

#[cfg(test)]
mod tests;
