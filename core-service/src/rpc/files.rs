//! `FileService`: files come and go in parts, and are never whole in memory.

use std::time::Duration;

use chat_process::Shutdown;
use chat_proto::v1;
use chat_proto::v1::file_service_server::FileService;
use chat_proto::v1::upload_file_request::Part;
use futures::stream::{self, BoxStream, StreamExt as _};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use tonic::{Request, Response, Status, Streaming};

use super::gate::Gate;
use super::{convert, malformed};
use crate::config::FileLimits;
use crate::domain::{Credential, Error, FileId, FileName, MediaType, NewFile, Result, StoredFile};
use crate::files::{Files as Contents, PART, Spool};
use crate::store::Store;

/// How long an upload may rest, and how long all of it may take: nobody keeps a place for good.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(15 * 60));

/// The service.
#[derive(Clone)]
pub(crate) struct Files {
    store: Store,
    contents: Contents,
    limits: FileLimits,
    gate: Gate,
    shutdown: Shutdown,
}

/// What an upload says of itself, checked.
struct Announced {
    name: FileName,
    media_type: MediaType,
    size: Option<i64>,
    verify_type: bool,
    limit: i64,
}

impl Files {
    pub(super) fn new(store: Store, contents: Contents, limits: FileLimits, gate: Gate, shutdown: Shutdown) -> Self {
        Self { store, contents, limits, gate, shutdown }
    }

    async fn upload(
        &self,
        credential: Credential,
        parts: Streaming<v1::UploadFileRequest>,
    ) -> Result<StoredFile, Status> {
        let user = self.store.may_upload(credential.clone()).await?;
        let _place = self.contents.place_for_upload(&user)?;
        let mut parts = Parts { parts, until: Instant::now() + PATIENCE.1 };
        let announced = match parts.next().await? {
            Some(Part::Header(header)) => self.announced(header)?,
            _ => return Err(Error::invalid("header", "must be the first part").into()),
        };
        let mut spool = self.contents.spool().await?;
        while let Some(part) = parts.next().await? {
            let Part::Chunk(chunk) = part else { return Err(Error::invalid("header", "there is one already").into()) };
            if spool.write(&chunk).await? > announced.limit {
                return Err(too_large(announced.limit).into());
            }
        }
        // A call that was cancelled looks like one whose stream has ended: this is where it is dropped instead.
        tokio::task::yield_now().await;
        let (answer, kept) = oneshot::channel();
        let keeper = self.clone();
        // Runs to its end whether or not anybody waits for it: a content is not swept before it is named.
        self.shutdown.spawn(async move {
            // A caller that went away wants no answer.
            let _ = answer.send(keeper.keep(credential, announced, spool).await);
        });
        Ok(kept.await.unwrap_or(Err(Error::Unavailable))?)
    }

    fn announced(&self, header: v1::UploadFileHeader) -> Result<Announced> {
        let limit = if header.inline { self.limits.max_inline_bytes } else { self.limits.max_upload_bytes };
        match header.size {
            Some(size) if size < 0 => return Err(Error::invalid("size", "must not be negative")),
            Some(size) if size > limit => return Err(too_large(limit)),
            _ => {}
        }
        Ok(Announced {
            name: FileName::parse(&header.name)?,
            media_type: MediaType::parse(&header.mime_type)?,
            size: header.size,
            verify_type: header.verify_type,
            limit,
        })
    }

    /// Puts what was spooled in its place, and takes note of it.
    async fn keep(&self, credential: Credential, announced: Announced, spool: Spool) -> Result<StoredFile> {
        let content = spool.finish().await?;
        if announced.size.is_some_and(|size| size != content.size) {
            return Err(Error::invalid("size", "not the size of the content"));
        }
        if announced.verify_type {
            MediaType::verify(&announced.media_type, &content.head)?;
        }
        let new = NewFile {
            name: announced.name,
            media_type: MediaType::of(&announced.media_type, &content.head),
            size: content.size,
            sha256: content.sha256,
        };
        let _placed = self.contents.place(content).await?;
        self.store.keep_file(credential, new).await
    }
}

#[tonic::async_trait]
impl FileService for Files {
    async fn upload_file(
        &self,
        request: Request<Streaming<v1::UploadFileRequest>>,
    ) -> Result<Response<v1::UploadFileResponse>, Status> {
        let credential = self.gate.admit(&request)?;
        let stop = self.shutdown.token();
        let uploaded = stop.run_until_cancelled(self.upload(credential, request.into_inner())).await;
        let file = uploaded.unwrap_or(Err(Error::Unavailable.into()))?;
        Ok(Response::new(v1::UploadFileResponse { file: Some(convert::file(&file)) }))
    }

    type DownloadFileStream = BoxStream<'static, Result<v1::DownloadFileResponse, Status>>;

    async fn download_file(
        &self,
        request: Request<v1::DownloadFileRequest>,
    ) -> Result<Response<Self::DownloadFileStream>, Status> {
        let credential = self.gate.identify(request.metadata())?;
        let v1::DownloadFileRequest { file_id, offset, length } = request.into_inner();
        // A gateway asks for a file part by part.
        match length {
            Some(length) if length <= PART as i64 => self.gate.count_part(&credential)?,
            _ => self.gate.count(&credential)?,
        }
        let file = self.file(credential, &file_id).await?;
        let end = length.map_or(Some(file.size), |length| offset.checked_add(length)).filter(|end| *end <= file.size);
        let range = match (u64::try_from(offset), end.map(u64::try_from)) {
            (Ok(start), Some(Ok(end))) if start <= end => start..end,
            _ => return Err(Error::invalid("offset", "with length, outside of the file").into()),
        };
        let parts = self.contents.read(&file.sha256, range).map(|part| match part {
            Ok(chunk) => Ok(v1::DownloadFileResponse { chunk: chunk.to_vec() }),
            Err(error) => Err(error.into()),
        });
        let stop = self.shutdown.token();
        let stopped = stop.clone();
        let cut_off = stream::once(async move { stopped.is_cancelled().then(|| Err(Error::Unavailable.into())) });
        let parts = parts.take_until(stop.cancelled_owned()).chain(cut_off.filter_map(std::future::ready));
        Ok(Response::new(parts.boxed()))
    }

    async fn get_file(&self, request: Request<v1::GetFileRequest>) -> Result<Response<v1::GetFileResponse>, Status> {
        let credential = self.gate.admit(&request)?;
        let file = self.file(credential, &request.get_ref().file_id).await?;
        Ok(Response::new(v1::GetFileResponse { file: Some(convert::file(&file)) }))
    }
}

impl Files {
    async fn file(&self, credential: Credential, id: &str) -> Result<StoredFile> {
        match FileId::parse(id) {
            Ok(id) => self.store.file(credential, id).await,
            Err(refusal) => Err(self.store.refusal(credential, refusal).await),
        }
    }
}

/// The parts of an upload.
struct Parts {
    parts: Streaming<v1::UploadFileRequest>,
    until: Instant,
}

impl Parts {
    /// The next part; `None` at the end. Errors: what broke the stream, `unavailable` where nothing comes in time.
    async fn next(&mut self) -> Result<Option<Part>, Status> {
        let until = self.until.min(Instant::now() + PATIENCE.0);
        match timeout_at(until, self.parts.message()).await {
            Ok(Ok(Some(v1::UploadFileRequest { part: Some(part) }))) => Ok(Some(part)),
            Ok(Ok(Some(_))) => Err(Error::invalid("part", "neither header nor chunk").into()),
            Ok(Ok(None)) => Ok(None),
            Ok(Err(status)) => Err(malformed::relabel(&status).unwrap_or(status)),
            Err(_) => Err(Error::Unavailable.into()),
        }
    }
}

fn too_large(limit: i64) -> Error {
    Error::TooLarge { field: "file", limit: format!("{limit} bytes") }
}
