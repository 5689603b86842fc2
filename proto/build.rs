//! Compiles the `.proto` files with protox, so that no `protoc` is needed, and keeps the descriptors for reflection.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use prost::Message as _;

const FILES: [&str; 5] =
    ["chat/v1/auth.proto", "chat/v1/chat.proto", "chat/v1/file.proto", "chat/v1/message.proto", "chat/v1/social.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    for file in FILES {
        println!("cargo::rerun-if-changed={file}");
    }
    let descriptors = protox::compile(FILES, ["."])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
