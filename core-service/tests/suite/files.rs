//! Files: in whole, or not at all, and seen by whom they were meant for.

use chat_proto::v1;
use chat_proto::v1::upload_file_request::Part;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::harness::{ACCEPTED, Caller, DUPLICATE, Server, code, fresh_id, refusal, send_request, soon};

/// Bytes of one part of a download at most (proto: FileService).
const PART: usize = 64 * 1024;
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

fn named(name: &str) -> v1::UploadFileHeader {
    v1::UploadFileHeader { name: name.to_owned(), ..v1::UploadFileHeader::default() }
}

fn header(header: v1::UploadFileHeader) -> v1::UploadFileRequest {
    v1::UploadFileRequest { part: Some(Part::Header(header)) }
}

fn chunk(bytes: &[u8]) -> v1::UploadFileRequest {
    v1::UploadFileRequest { part: Some(Part::Chunk(bytes.to_vec())) }
}

async fn upload(caller: &Caller, parts: Vec<v1::UploadFileRequest>) -> Result<v1::File, Status> {
    Ok(soon(caller.files().upload_file(tokio_stream::iter(parts))).await?.into_inner().file.unwrap())
}

async fn uploads(caller: &Caller, name: &str, content: &[u8]) -> v1::File {
    upload(caller, vec![header(named(name)), chunk(content)]).await.unwrap()
}

async fn get(caller: &Caller, id: &str) -> Result<v1::File, Status> {
    let request = v1::GetFileRequest { file_id: id.to_owned() };
    Ok(caller.files().get_file(request).await?.into_inner().file.unwrap())
}

async fn download(caller: &Caller, id: &str, offset: i64, length: Option<i64>) -> Result<Vec<u8>, Status> {
    let request = v1::DownloadFileRequest { file_id: id.to_owned(), offset, length };
    let mut parts = caller.files().download_file(request).await?.into_inner();
    let mut content = Vec::new();
    while let Some(part) = soon(parts.message()).await? {
        assert!((1..=PART).contains(&part.chunk.len()), "{}", part.chunk.len());
        content.extend(part.chunk);
    }
    Ok(content)
}

/// Sends a file, with a text or without.
async fn sends(
    caller: &Caller,
    room: &str,
    id: &str,
    text: &str,
    file: &str,
) -> Result<v1::SendMessageResponse, Status> {
    let file = Some(v1::FileReference { file_id: file.to_owned() });
    let request = v1::SendMessageRequest { file, ..send_request(room, id, text) };
    Ok(caller.chat().send_message(request).await?.into_inner())
}

/// Uploads of which a part is on disk.
fn unfinished(server: &Server) -> usize {
    std::fs::read_dir(server.data().join("files/uploads")).unwrap().count()
}

/// The contents on disk.
fn stored(server: &Server) -> usize {
    let shelves = std::fs::read_dir(server.data().join("files/sha256")).unwrap();
    shelves.map(|shelf| std::fs::read_dir(shelf.unwrap().path()).unwrap().count()).sum()
}

async fn until_unfinished(server: &Server, count: usize) {
    soon(async {
        while unfinished(server) != count {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_file_comes_back_as_it_was_also_after_a_restart() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    let content: Vec<u8> = (0..300_000u32).flat_map(u32::to_le_bytes).collect();
    let size = i64::try_from(content.len()).unwrap();
    let said = v1::UploadFileHeader {
        mime_type: "Application/X-Own; version=1".to_owned(),
        size: Some(size),
        ..named("  numbers.bin ")
    };
    let parts = content.chunks(500_000).map(chunk);
    let file = upload(&alice, [header(said)].into_iter().chain(parts).collect()).await.unwrap();
    assert_eq!((&*file.name, &*file.mime_type, file.size), ("numbers.bin", "application/x-own", size));
    assert_eq!(file.sha256, Sha256::digest(&content).to_vec());
    assert_eq!(unfinished(&server), 0);
    let empty = upload(&alice, vec![header(named("empty"))]).await.unwrap();
    assert_eq!((empty.size, &*empty.sha256), (0, &*Sha256::digest(b"")));
    let token = alice.token();
    drop(alice);

    let server = server.stop().await.start().await;
    let alice = server.holder("alice", &token);
    for (file, content) in [(&file, &content[..]), (&empty, &[])] {
        assert_eq!(get(&alice, &file.file_id).await.unwrap(), *file);
        assert!(download(&alice, &file.file_id, 0, None).await.unwrap() == content, "{}", file.name);
    }
}

#[tokio::test]
async fn a_part_of_a_file_is_what_was_asked_for() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    let content: Vec<u8> = (0..100_000u32).map(|number| (number % 251) as u8).collect();
    let id = uploads(&alice, "a", &content).await.file_id;
    for (offset, length, range) in [
        (0, Some(1), 0..1),
        (99_999, None, 99_999..100_000),
        (100_000, None, 100_000..100_000),
        (5, Some(0), 5..5),
        (1, Some(65_536), 1..65_537),
        (0, Some(100_000), 0..100_000),
        (34_464, Some(65_536), 34_464..100_000),
    ] {
        assert!(download(&alice, &id, offset, length).await.unwrap() == content[range], "{offset} {length:?}");
    }
    for (offset, length) in [
        (-1, None),
        (100_001, None),
        (0, Some(100_001)),
        (99_999, Some(2)),
        (1, Some(-1)),
        (5, Some(i64::MAX)),
        (i64::MAX, Some(i64::MAX)),
        (i64::MIN, Some(i64::MIN)),
    ] {
        let refused = refusal(download(&alice, &id, offset, length).await);
        assert_eq!(refused, "invalid_argument", "{offset} {length:?}");
    }
}

#[tokio::test]
async fn what_is_no_file_is_refused_and_leaves_nothing_behind() {
    let server =
        Server::start_with(&["--no-rate-limits", "--max-upload-bytes", "1000", "--max-inline-file-bytes", "100"]).await;
    let alice = server.sign_up("alice").await;
    let limits = alice.me().await.unwrap().file_limits.unwrap();
    assert_eq!((limits.max_upload_bytes, limits.max_inline_bytes), (1_000, 100));
    let of_size = |size| v1::UploadFileHeader { size: Some(size), ..named("a") };
    let inline = || v1::UploadFileHeader { inline: true, ..named("a") };
    let typed = |mime_type: &str| v1::UploadFileHeader { mime_type: mime_type.to_owned(), ..named("a") };
    let verified = |mime_type: &str| v1::UploadFileHeader { verify_type: true, ..typed(mime_type) };

    for (parts, expected) in [
        (vec![], "invalid_argument"),
        (vec![chunk(b"x")], "invalid_argument"),
        (vec![v1::UploadFileRequest { part: None }], "invalid_argument"),
        (vec![header(named("a")), header(named("b"))], "invalid_argument"),
        (vec![header(named("a")), chunk(b"x"), v1::UploadFileRequest { part: None }], "invalid_argument"),
        (vec![header(named("")), chunk(b"x")], "invalid_argument"),
        (vec![header(named("../a")), chunk(b"x")], "invalid_argument"),
        (vec![header(named("a\0b")), chunk(b"x")], "invalid_argument"),
        (vec![header(named(&"x".repeat(256))), chunk(b"x")], "invalid_argument"),
        (vec![header(typed("no type")), chunk(b"x")], "invalid_argument"),
        (vec![header(verified("image/png")), chunk(b"<html>")], "invalid_argument"),
        (vec![header(of_size(-1)), chunk(b"x")], "invalid_argument"),
        (vec![header(of_size(2)), chunk(b"x")], "invalid_argument"),
        (vec![header(of_size(0)), chunk(b"x")], "invalid_argument"),
        (vec![header(of_size(1_001)), chunk(b"x")], "too_large"),
        (vec![header(named("a")), chunk(&[0; 600]), chunk(&[0; 401])], "too_large"),
        (vec![header(named("a")), chunk(&[0; 1024 * 1024])], "too_large"),
        (vec![header(inline()), chunk(&[0; 101])], "too_large"),
    ] {
        let shown = format!("{:.200}", format!("{parts:?}"));
        assert_eq!(refusal(upload(&alice, parts).await), expected, "{shown}");
    }
    until_unfinished(&server, 0).await;
    assert_eq!(stored(&server), 0);

    for (said, content) in [
        (of_size(1_000), &[0; 1_000][..]),
        (inline(), &[1; 100]),
        (verified("image/jpg"), PNG),
        (named(&"\u{e4}".repeat(255)), b"x"),
    ] {
        upload(&alice, vec![header(said), chunk(content)]).await.unwrap();
    }
    // What is not verified is called what it is.
    let lie = upload(&alice, vec![header(typed("image/png")), chunk(b"<!DOCTYPE html><p>")]).await.unwrap();
    assert_eq!(lie.mime_type, "text/html");
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing_behind() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    let (parts, stream) = mpsc::channel(2);
    let mut files = alice.files();
    let uploading = tokio::spawn(async move { files.upload_file(ReceiverStream::new(stream)).await });
    parts.send(header(named("a"))).await.unwrap();
    parts.send(chunk(&[7; 100_000])).await.unwrap();
    until_unfinished(&server, 1).await;
    uploading.abort();
    until_unfinished(&server, 0).await;
    assert_eq!(stored(&server), 0);
    uploads(&alice, "a", &[7; 100_000]).await;
}

#[tokio::test]
async fn the_same_content_of_one_name_is_one_file_of_each_user() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    let file = uploads(&alice, "a.txt", b"one").await;
    let parts = vec![header(named(" a.txt")), chunk(b"o"), chunk(b""), chunk(b"ne")];
    assert_eq!(upload(&alice, parts).await.unwrap(), file);
    let mut ids = vec![file.file_id];
    for (caller, name, content) in [(&alice, "b.txt", "one"), (&alice, "a.txt", "two"), (&bob, "a.txt", "one")] {
        ids.push(uploads(caller, name, content.as_bytes()).await.file_id);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4);
}

/// How somebody is refused who does not see a file, in every way that there is to ask for it.
async fn unseen(caller: &Caller, id: &str) -> [(String, String, Vec<u8>); 3] {
    let room = fresh_id();
    caller.creates(&room).await;
    [
        get(caller, id).await.unwrap_err(),
        download(caller, id, 0, None).await.unwrap_err(),
        sends(caller, &room, &fresh_id(), "", id).await.unwrap_err(),
    ]
    .map(|refused| (code(&refused), refused.message().to_owned(), refused.details().to_vec()))
}

#[tokio::test]
async fn a_file_is_seen_by_its_uploader_and_where_it_was_sent() {
    let server = Server::start().await;
    let alice = server.sign_up("alice").await;
    let (bob, carol) = (server.sign_up("bob").await, server.sign_up("carol").await);
    for room in ["den", "hall"] {
        alice.creates(room).await;
    }
    alice.brings("den", &bob).await;
    let id = uploads(&alice, "a.txt", b"for the den").await.file_id;
    let no_file = unseen(&bob, &fresh_id()).await;
    assert_eq!(no_file.clone().map(|(code, ..)| code), ["not_found"; 3]);
    for outsider in [&bob, &carol] {
        for id in [&*id, "junk"] {
            assert_eq!(unseen(outsider, id).await, no_file, "{} {id}", outsider.id);
        }
    }

    sends(&alice, "den", &fresh_id(), "", &id).await.unwrap();
    assert_eq!(get(&bob, &id).await.unwrap(), get(&alice, &id).await.unwrap());
    assert_eq!(download(&bob, &id, 4, Some(3)).await.unwrap(), b"the");
    assert_eq!(unseen(&carol, &id).await, no_file);
    // Whoever enters later sees it, and whoever is out does not.
    alice.brings("den", &carol).await;
    get(&carol, &id).await.unwrap();
    bob.leaves("den").await.unwrap();
    let removal = v1::RemoveMemberRequest { room_id: "den".to_owned(), user_id: "carol".to_owned() };
    alice.social().remove_member(removal).await.unwrap();
    for outsider in [&bob, &carol] {
        assert_eq!(unseen(outsider, &id).await, no_file, "{}", outsider.id);
    }
    // It goes where those who see it send it on.
    alice.brings("hall", &bob).await;
    assert_eq!(unseen(&bob, &id).await, no_file);
    sends(&alice, "hall", &fresh_id(), "again", &id).await.unwrap();
    bob.creates("cave").await;
    bob.brings("cave", &carol).await;
    sends(&bob, "cave", &fresh_id(), "look", &id).await.unwrap();
    get(&carol, &id).await.unwrap();
    alice.leaves("den").await.unwrap();
    alice.leaves("hall").await.unwrap();
    get(&alice, &id).await.unwrap();
}

#[tokio::test]
async fn a_message_shows_its_file_wherever_it_is_shown() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.befriends(&bob).await;
    let start = v1::StartDirectMessageRequest { to_user_id: "bob".to_owned() };
    alice.social().start_direct_message(start).await.unwrap();
    let room = "dm:alice:bob";
    let file = uploads(&alice, "cat.png", PNG).await;
    assert_eq!(file.mime_type, "image/png");
    let (mut watch, _) = bob.watches(room, Some(0)).await;

    for text in ["", "  a cat "] {
        let sent = sends(&alice, room, &fresh_id(), text, &file.file_id).await.unwrap();
        let message = sent.message.clone().unwrap();
        assert_eq!((sent.status(), &*message.text, message.file.as_ref()), (ACCEPTED, text.trim(), Some(&file)));
        assert_eq!(watch.message().await, message);
        assert_eq!(bob.reads(room).await.last(), Some(&message));
        assert_eq!(bob.rooms().await[0].last_message.as_ref(), Some(&message));
        let listed = bob.social().list_direct_rooms(v1::ListDirectRoomsRequest {}).await.unwrap().into_inner().rooms;
        let expected = if text.is_empty() { "cat.png" } else { "a cat" };
        assert_eq!(listed[0].last_message_preview(), expected);
    }
    let (mut replay, _) = bob.watches(room, Some(0)).await;
    assert!(replay.messages(2).await.iter().all(|message| message.file.as_ref() == Some(&file)));
}

#[tokio::test]
async fn a_repeat_has_the_same_file_by_its_content_and_its_name() {
    let server = Server::start().await;
    let (alice, bob) = (server.sign_up("alice").await, server.sign_up("bob").await);
    alice.creates("den").await;
    alice.brings("den", &bob).await;
    let file = uploads(&alice, "a.bin", &[0xff, 0, 1]).await.file_id;
    let (with, without) = (fresh_id(), fresh_id());
    let first = sends(&alice, "den", &with, "look", &file).await.unwrap().message;
    alice.sends("den", &without, "look").await.unwrap();

    let typed = v1::UploadFileHeader { mime_type: "application/x-own".to_owned(), ..named("a.bin") };
    let uploaded_again = upload(&alice, vec![header(typed), chunk(&[0xff, 0, 1])]).await.unwrap().file_id;
    for repeat in [&file, &uploaded_again] {
        let again = sends(&alice, "den", &with, " look", repeat).await.unwrap();
        assert_eq!((again.status(), again.message), (DUPLICATE, first.clone()));
    }
    let named_otherwise = uploads(&alice, "b.bin", &[0xff, 0, 1]).await.file_id;
    let other_content = uploads(&alice, "a.bin", &[0xff, 0, 2]).await.file_id;
    let unseen = uploads(&bob, "a.bin", &[0xff, 0, 1]).await.file_id;
    for other in [&named_otherwise, &other_content, &unseen, &fresh_id()] {
        assert_eq!(refusal(sends(&alice, "den", &with, "look", other).await), "idempotency_conflict");
    }
    assert_eq!(refusal(alice.sends("den", &with, "look").await), "idempotency_conflict");
    assert_eq!(refusal(sends(&alice, "den", &with, "", &file).await), "idempotency_conflict");
    assert_eq!(refusal(sends(&alice, "den", &without, "look", &file).await), "idempotency_conflict");
    assert_eq!(refusal(sends(&alice, "den", &fresh_id(), "look", "").await), "invalid_argument");
    assert_eq!(alice.reads("den").await.len(), 2);
}
