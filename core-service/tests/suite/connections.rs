//! One connection carries the calls of many: what some of them do must not end it for the others.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{Server, soon};

const HEADERS: u8 = 0x1;
const RST_STREAM: u8 = 0x3;
const SETTINGS: u8 = 0x4;
const PING: u8 = 0x6;
const GOAWAY: u8 = 0x7;

const ACK: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const CANCEL: u32 = 0x8;

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The headers of a call in HPACK: some by their place in its table, the path in full.
fn headers(path: &str) -> Vec<u8> {
    let (post, http, path_follows) = (0x83, 0x86, 0x04);
    [&[post, http, path_follows, u8::try_from(path.len()).unwrap()], path.as_bytes()].concat()
}

/// A server that was stopped for a while finds the calls that a gateway gave up meanwhile all at once, each beside
/// its reset.
#[tokio::test]
async fn calls_that_were_given_up_before_the_server_saw_them_end_no_connection() {
    const CALLS: u32 = 1_000;
    let server = Server::start().await;
    let mut connection = TcpStream::connect(server.address).await.unwrap();
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    for stream in (1..).step_by(2).take(CALLS as usize) {
        bytes.extend(frame(HEADERS, END_HEADERS, stream, &headers("/chat.v1.ChatService/Resync")));
        bytes.extend(frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes()));
    }
    bytes.extend(frame(PING, 0, 0, b"to-last!"));
    connection.write_all(&bytes).await.unwrap();

    loop {
        let mut head = [0; 9];
        soon(connection.read_exact(&mut head)).await.expect("the connection ended");
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        soon(connection.read_exact(&mut payload)).await.unwrap();
        assert_ne!(head[3], GOAWAY, "{}", String::from_utf8_lossy(&payload));
        if (head[3], head[4]) == (PING, ACK) {
            assert_eq!(payload, b"to-last!");
            return;
        }
    }
}
