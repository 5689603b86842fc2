//! `POST /files`: a form's file on its way to the core, part by part.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::multipart::Field;
use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::{BoxError, Json};
use chat_proto::v1;
use chat_proto::v1::upload_file_request::Part;
use futures::stream::{pending, unfold};
use http::{StatusCode, header};
use tokio::sync::{mpsc, watch};
use tokio::task::yield_now;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::ToSchema;

use super::rooms::no_answer;
use crate::auth::Caller;
use crate::core::{Core, PART, answer, with_token};
use crate::error::{Code, Refusal};
use crate::wire;

/// Parts that wait for the core.
const WAITING: usize = 4;

/// Bytes that a form may have before its file.
const MAX_BEFORE: usize = 256 * 1024;

/// How long a client may send nothing.
const SILENCE: Duration = Duration::from_secs(30);

/// How long the core has to take a part, and to answer after the last one.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where in a form its reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the file, after so many bytes. The parser keeps what it has made no sense of yet.
    Before(usize),
    /// Before the file, and that is too much.
    Beyond,
    /// In the file: whatever is read is passed on.
    Within,
}

/// A form with a file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct Upload {
    /// The file with its name and its type. Other fields are ignored.
    #[schema(value_type = wire::FileBytes)]
    file: Vec<u8>,
}

/// Uploads a file.
#[utoipa::path(
    post, path = "/files", operation_id = "uploadFile", tag = "files",
    request_body(content = Upload, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "Stored; the same content under the same name is the same file",
            body = wire::Uploaded),
        (status = 413, description = "`too_large`: the file is over its limit, or what comes before it over 256 KiB"),
    ),
)]
pub(super) async fn file(
    State(mut core): State<Core>,
    caller: Caller,
    request: Request,
) -> Result<(StatusCode, Json<wire::Uploaded>), Refusal> {
    // Before anything is read, so that nobody sends in vain.
    answer(core.auth.get_me(with_token(&caller.token, v1::GetMeRequest {})?)).await?;
    let place = Arc::new(watch::Sender::new(Place::Before(0)));
    let request = request.map(|body| watched(body, place.clone()));
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let unreadable = match kind.split(';').next().map(str::trim) {
        Some(kind) if kind.eq_ignore_ascii_case("multipart/form-data") => {
            Refusal::invalid("content-type: has no boundary")
        }
        _ => not_a_form(),
    };
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| unreadable)?;
    let stored = store_from(&mut form, &place, core, &caller.token).await;
    Ok((StatusCode::CREATED, Json(stored?.into())))
}

/// Stores the form's first field of the name `file`.
async fn store_from(
    form: &mut Multipart,
    place: &watch::Sender<Place>,
    core: Core,
    token: &str,
) -> Result<v1::File, Refusal> {
    let until = Instant::now() + SILENCE;
    loop {
        let field = timeout_at(until, form.next_field()).await.map_err(|_| silent())?;
        let field = field.map_err(|_| torn(place))?.ok_or_else(|| Refusal::invalid("file: missing"))?;
        if field.name() == Some("file") {
            place.send_replace(Place::Within);
            return store(core, token, field).await;
        }
    }
}

/// Stores a file. Dropping this cancels it.
async fn store(mut core: Core, token: &str, field: Field<'_>) -> Result<v1::File, Refusal> {
    let name = field.file_name().unwrap_or_default().to_owned();
    if name.is_empty() {
        return Err(Refusal::invalid("file: needs a name"));
    }
    let mime_type = field.content_type().unwrap_or("application/octet-stream").to_owned();
    let header = v1::UploadFileHeader { name, mime_type, size: None, verify_type: false, inline: false };

    let (parts, sent) = mpsc::channel(WAITING);
    // A file that is torn must not look like a whole one: only an end that is said ends the stream.
    let sent = ReceiverStream::new(sent).chain(pending()).map_while(|part: Option<_>| part);
    let call = core.files.upload_file(with_token(token, sent)?);
    tokio::pin!(call);
    let answered = tokio::select! {
        answered = &mut call => answered,
        passed = pass_on(header, field, parts) => {
            passed?;
            timeout(PATIENCE, call).await.map_err(|_| Refusal::unavailable())?
        }
    };
    answered?.into_inner().file.ok_or_else(no_answer)
}

/// Passes a file on. Ends early where nobody takes it any more: then there is an answer.
async fn pass_on(
    header: v1::UploadFileHeader,
    mut field: Field<'_>,
    parts: mpsc::Sender<Option<v1::UploadFileRequest>>,
) -> Result<(), Refusal> {
    let give = async |part: Option<Part>| {
        let part = part.map(|part| v1::UploadFileRequest { part: Some(part) });
        timeout(PATIENCE, parts.send(part)).await.map_err(|_| Refusal::unavailable())
    };
    let mut taken = give(Some(Part::Header(header))).await?;
    loop {
        let read = timeout(SILENCE, field.chunk()).await.map_err(|_| silent())?;
        let Some(bytes) = read.map_err(|_| broken())? else { break };
        for part in bytes.chunks(PART) {
            if taken.is_err() {
                return Ok(());
            }
            taken = give(Some(Part::Chunk(part.to_vec()))).await?;
        }
    }
    // Where it is not taken there is an answer too.
    let _ = give(None).await?;
    Ok(())
}

/// A body that comes piece by piece, however much of it is there: the parser takes all it can get before it gives any
/// away.
fn watched(body: Body, place: Arc<watch::Sender<Place>>) -> Body {
    let bytes = unfold((body.into_data_stream(), place, false), async |(mut body, place, begun)| {
        if begun {
            yield_now().await;
        }
        let bytes = body.next().await?.map_err(BoxError::from).and_then(|bytes| pass(bytes, &place));
        Some((bytes, (body, place, true)))
    });
    Body::from_stream(bytes)
}

fn pass(bytes: Bytes, place: &watch::Sender<Place>) -> Result<Bytes, BoxError> {
    let at = *place.borrow();
    match at {
        Place::Before(read) if read <= MAX_BEFORE => {
            place.send_replace(Place::Before(read + bytes.len()));
            Ok(bytes)
        }
        Place::Before(_) | Place::Beyond => {
            place.send_replace(Place::Beyond);
            Err("too much before the file".into())
        }
        Place::Within => Ok(bytes),
    }
}

fn not_a_form() -> Refusal {
    Refusal::invalid("content-type: must be multipart/form-data").with_http(StatusCode::UNSUPPORTED_MEDIA_TYPE)
}

fn torn(place: &watch::Sender<Place>) -> Refusal {
    match *place.borrow() {
        Place::Beyond => Refusal::new(Code::TooLarge, "body: more than 256 KiB before the file"),
        _ => broken(),
    }
}

fn broken() -> Refusal {
    Refusal::invalid("body: broken off or malformed")
}

fn silent() -> Refusal {
    Refusal::invalid("body: nothing came for 30 s")
}

#[cfg(test)]
mod tests;
