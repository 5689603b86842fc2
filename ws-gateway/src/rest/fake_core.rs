//! A core for tests that has one file, and tells what of an upload reached it.

use std::sync::Arc;

use chat_proto::v1;
use chat_proto::v1::file_service_server::{FileService, FileServiceServer};
use chat_proto::v1::upload_file_request::Part;
use futures::stream::{self, BoxStream, StreamExt as _};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio::task::yield_now;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status, Streaming};

use crate::core::Core;

/// The bytes of the file that it has.
pub(super) fn content() -> Vec<u8> {
    (0..200_000_u32).map(|at| (at % 251) as u8).collect()
}

/// What the tests see of it.
pub(super) struct FakeCore {
    pub(super) core: Core,
    /// An upload has begun.
    pub(super) begun: Arc<Notify>,
    /// What each upload came to: its parts' sizes, or nothing for one that broke off.
    pub(super) uploads: mpsc::UnboundedReceiver<Option<Vec<usize>>>,
}

impl FakeCore {
    /// One that refuses uploads of more than `limit` bytes.
    pub(super) async fn start(limit: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let core = Core::lazy(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let begun = Arc::new(Notify::new());
        let (ended, uploads) = mpsc::unbounded_channel();
        let service = FileServiceServer::new(Service { begun: begun.clone(), ended, limit });
        tokio::spawn(Server::builder().add_service(service).serve_with_incoming(TcpListenerStream::new(listener)));
        Self { core, begun, uploads }
    }
}

struct Service {
    begun: Arc<Notify>,
    ended: mpsc::UnboundedSender<Option<Vec<usize>>>,
    limit: usize,
}

/// Tells how an upload ended, also where it is dropped.
struct Ending(mpsc::UnboundedSender<Option<Vec<usize>>>, Option<Vec<usize>>);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.send(self.1.take());
    }
}

#[tonic::async_trait]
impl FileService for Service {
    type DownloadFileStream = BoxStream<'static, Result<v1::DownloadFileResponse, Status>>;

    async fn upload_file(
        &self,
        request: Request<Streaming<v1::UploadFileRequest>>,
    ) -> Result<Response<v1::UploadFileResponse>, Status> {
        let mut ending = Ending(self.ended.clone(), None);
        let mut parts = request.into_inner();
        let (mut file, mut sizes) = (v1::File::default(), Vec::new());
        while let Some(v1::UploadFileRequest { part }) = parts.message().await? {
            match part.unwrap() {
                Part::Header(header) => (file.name, file.mime_type) = (header.name, header.mime_type),
                Part::Chunk(chunk) => sizes.push(chunk.len()),
            }
            self.begun.notify_one();
            file.size = sizes.iter().sum::<usize>() as i64;
            if file.size as usize > self.limit {
                return Err(Status::invalid_argument("too much"));
            }
        }
        // A call that was cancelled looks like one that ended (hyper takes RST_STREAM with CANCEL for the end of a body),
        // until whoever answers it waits: then it is dropped.
        yield_now().await;
        ending.1 = Some(sizes);
        Ok(Response::new(v1::UploadFileResponse { file: Some(file) }))
    }

    async fn download_file(
        &self,
        request: Request<v1::DownloadFileRequest>,
    ) -> Result<Response<Self::DownloadFileStream>, Status> {
        let asked = request.into_inner();
        let from = asked.offset as usize;
        let bytes = content()[from..from + asked.length.unwrap() as usize].to_vec();
        let parts: Vec<_> =
            bytes.chunks(10_000).map(|part| Ok(v1::DownloadFileResponse { chunk: part.into() })).collect();
        Ok(Response::new(stream::iter(parts).boxed()))
    }

    async fn get_file(&self, request: Request<v1::GetFileRequest>) -> Result<Response<v1::GetFileResponse>, Status> {
        let file = v1::File {
            file_id: request.into_inner().file_id,
            name: "Plän.txt".into(),
            mime_type: "text/plain".into(),
            size: content().len() as i64,
            sha256: vec![0xab; 32],
        };
        Ok(Response::new(v1::GetFileResponse { file: Some(file) }))
    }
}
