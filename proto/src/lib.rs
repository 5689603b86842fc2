//! The gRPC surface of Holdfast, package `chat.v1`. The `.proto` files beside this crate are its reference.

/// Messages, clients and server traits generated from `chat/v1/*.proto`.
pub mod v1 {
    #![expect(missing_docs, clippy::allow_attributes, clippy::large_enum_variant, reason = "generated code")]
    tonic::include_proto!("chat.v1");
}

/// The encoded `FileDescriptorSet` of everything above, for server reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The domain that a `google.rpc.ErrorInfo` of this surface carries.
pub const ERROR_DOMAIN: &str = "chat.v1";
