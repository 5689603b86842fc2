//! Uploads against a core that tells what reached it.

use axum::Router;
use axum::routing::post;
use futures::stream;
use http::header;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::super::fake_core::FakeCore;
use super::*;

async fn upload(core: Core, body: Body) -> Result<Json<wire::Uploaded>, Refusal> {
    let request = Request::builder().method("POST").header(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
    let caller = Caller { token: "token".into() };
    file(State(core), caller, request.body(body).unwrap()).await.map(|(_, uploaded)| uploaded)
}

fn field(disposition: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("--b\r\nContent-Disposition: form-data; {disposition}\r\n\r\n");
    [head.as_bytes(), content, b"\r\n"].concat()
}

const FILE: &str = "name=\"file\"; filename=\"a.bin\"";

#[tokio::test]
async fn a_file_goes_to_the_core_in_parts() {
    let mut fake = FakeCore::start(usize::MAX).await;
    let other = field("name=\"note\"", b"ignored");
    let form = [other, field(FILE, &vec![7; 200_000]), b"--b--\r\n".to_vec()].concat();
    let uploaded = serde_json::to_value(upload(fake.core, form.into()).await.unwrap().0).unwrap();
    assert_eq!((&uploaded["name"], &uploaded["size"]), (&"a.bin".into(), &200_000.into()));
    let parts = fake.uploads.recv().await.unwrap().unwrap();
    assert_eq!(parts.iter().sum::<usize>(), 200_000);
    assert!(parts.iter().all(|part| *part <= PART), "{parts:?}");
}

/// A form whose file has begun to reach the core when `end` comes.
fn begun(fake: &FakeCore, end: Option<Result<Bytes, BoxError>>) -> Body {
    let arrived = fake.begun.clone();
    let end = stream::once(async move {
        arrived.notified().await;
        end
    });
    let file = Bytes::from(field(FILE, &vec![7; 100_000]));
    Body::from_stream(stream::iter([Ok(file)]).chain(end.filter_map(|end| end)))
}

#[tokio::test]
async fn a_file_that_is_torn_is_no_file() {
    for round in 0..100 {
        let mut fake = FakeCore::start(usize::MAX).await;
        let body = begun(&fake, (round % 2 == 0).then(|| Err("gone".into())));
        let refusal = upload(fake.core, body).await.unwrap_err();
        assert_eq!(refusal.message(), "body: broken off or malformed");
        assert_eq!(fake.uploads.recv().await.unwrap(), None, "the core took it for a whole file");
    }
}

#[tokio::test]
async fn whoever_goes_away_cancels() {
    let mut fake = FakeCore::start(usize::MAX).await;
    let body = begun(&fake, None);
    let body = Body::from_stream(body.into_data_stream().chain(stream::pending()));
    let (gone, arrived) = (fake.core.clone(), fake.begun.clone());
    let uploading = tokio::spawn(upload(gone, body));
    arrived.notified().await;
    uploading.abort();
    assert_eq!(fake.uploads.recv().await.unwrap(), None, "the core took it for a whole file");
}

#[tokio::test]
async fn an_early_refusal_is_the_answer() {
    let core = FakeCore::start(1_000_000).await.core;
    let begun = stream::iter([Bytes::from(field(FILE, b""))]).map(|mut bytes| {
        bytes.truncate(bytes.len() - 2);
        bytes
    });
    let endless = begun.chain(stream::repeat(Bytes::from_static(&[7; 100_000]))).map(Ok::<_, BoxError>);
    let answered = timeout(Duration::from_secs(20), upload(core, Body::from_stream(endless))).await;
    // The fake core's word has no code of the contract's.
    assert!(answered.unwrap().unwrap_err().is(Code::Unavailable));
}

#[tokio::test]
async fn a_client_that_looks_for_no_answer_before_its_end_gets_it() {
    let core = FakeCore::start(1_000_000).await.core;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/files", post(file)).with_state(core);
    let router = router.layer(axum::extract::DefaultBodyLimit::disable());
    tokio::spawn(axum::serve(listener, router).into_future());

    let mut client = TcpStream::connect(address).await.unwrap();
    let form = [field(FILE, &vec![7; 20_000_000]), b"--b--\r\n".to_vec()].concat();
    let head = format!(
        "POST /files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nConnection: close\r\n\
         Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n",
        form.len()
    );
    client.write_all(head.as_bytes()).await.unwrap();
    client.write_all(&form).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
}

#[tokio::test]
async fn what_is_no_file_is_refused_before_the_core_is_asked() {
    let core = Core::lazy("http://127.0.0.1:1").unwrap();
    let end = b"--b--\r\n".to_vec();
    for (form, why) in [
        ([field("name=\"other\"", b"x"), end.clone()].concat(), "file: missing"),
        ([field("name=\"file\"", b"x"), end.clone()].concat(), "file: needs a name"),
        ([field("name=\"file\"; filename=\"\"", b"x"), end].concat(), "file: needs a name"),
        (field("name=\"other\"", b"x"), "body: broken off or malformed"),
    ] {
        assert_eq!(upload(core.clone(), form.into()).await.unwrap_err().message(), why);
    }
    let flood = stream::repeat(Bytes::from_static(&[b'-'; 10_000])).map(Ok::<_, BoxError>);
    assert!(upload(core.clone(), Body::from_stream(flood)).await.unwrap_err().is(Code::TooLarge));
    let request = Request::builder().header(header::CONTENT_TYPE, "application/json").body(Body::empty()).unwrap();
    let refusal = file(State(core), Caller { token: "token".into() }, request).await.unwrap_err();
    assert!(refusal.message().starts_with("content-type: "));
}
