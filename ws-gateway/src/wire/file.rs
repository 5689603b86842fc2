//! Files, as messages and uploads show them.

use chat_proto::v1;
use serde::Serialize;
use utoipa::ToSchema;

use super::FileName;

/// A file that was sent with a message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct File {
    #[schema(format = Uuid)]
    file_id: String,
    #[schema(value_type = FileName)]
    name: String,
    mime_type: String,
    /// In bytes.
    #[schema(minimum = 0)]
    size: i64,
    #[schema(format = "uri-reference")]
    url: String,
}

impl From<v1::File> for File {
    fn from(file: v1::File) -> Self {
        Self {
            url: url(&file.file_id),
            file_id: file.file_id,
            name: file.name,
            mime_type: file.mime_type,
            size: file.size,
        }
    }
}

/// The answer to an upload.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Uploaded {
    #[schema(format = Uuid)]
    file_id: String,
    #[schema(value_type = FileName)]
    name: String,
    /// What the content was found to be; where it shows nothing, what the upload said.
    mime_type: String,
    /// In bytes.
    #[schema(minimum = 0)]
    size: i64,
    #[schema(pattern = "^[0-9a-f]{64}$")]
    sha256: String,
    #[schema(format = "uri-reference")]
    url: String,
}

impl From<v1::File> for Uploaded {
    fn from(file: v1::File) -> Self {
        Self {
            url: url(&file.file_id),
            file_id: file.file_id,
            name: file.name,
            mime_type: file.mime_type,
            size: file.size,
            sha256: hex(&file.sha256),
        }
    }
}

/// Where the bytes of a file are.
fn url(file_id: &str) -> String {
    format!("/files/{file_id}")
}

/// Bytes in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
