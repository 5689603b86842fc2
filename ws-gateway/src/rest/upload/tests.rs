//! Uploads as forms bring them.

use axum::extract::DefaultBodyLimit;
use futures::stream;
use http::header;

use super::super::tests::TestCore;
use super::*;

const FILE: &str = "name=\"file\"; filename=\"a.bin\"";

async fn upload(core: &TestCore, body: Body) -> Result<serde_json::Value, Refusal> {
    let request = Request::builder().method("POST").header(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
    let mut request = request.body(body).unwrap();
    // As the route has it: without a word axum ends bodies itself, after 2 MB.
    DefaultBodyLimit::disable().apply(&mut request);
    let (_, uploaded) = file(State(core.core.clone()), core.caller(), request).await?;
    Ok(serde_json::to_value(uploaded.0).unwrap())
}

fn field(disposition: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("--b\r\nContent-Disposition: form-data; {disposition}\r\n\r\n");
    [head.as_bytes(), content, b"\r\n"].concat()
}

/// The beginning of a form, up to within its file, as it arrives.
fn begun(bytes: usize) -> impl futures::Stream<Item = Result<Bytes, BoxError>> {
    let mut file = field(FILE, &vec![7; bytes]);
    file.truncate(file.len() - 2);
    let parts: Vec<_> = file.chunks(10_000).map(|part| Ok(Bytes::copy_from_slice(part))).collect();
    stream::iter(parts)
}

#[tokio::test]
async fn the_file_of_a_form_is_stored() {
    let core = TestCore::start(&[]).await;
    let form = [field("name=\"note\"", b"ignored"), field(FILE, &vec![7; 200_000]), b"--b--\r\n".to_vec()].concat();
    let uploaded = upload(&core, form.into()).await.unwrap();
    assert_eq!((&uploaded["name"], &uploaded["size"]), (&"a.bin".into(), &200_000.into()));
    assert_eq!(core.files().len(), 1);
}

#[tokio::test]
async fn a_file_that_is_torn_is_no_file() {
    let core = TestCore::start(&[]).await;
    for round in 0..60 {
        let end = (round % 2 == 0).then(|| Err("gone".into()));
        let body = Body::from_stream(begun(100_000 + round).chain(stream::iter(end)));
        assert_eq!(upload(&core, body).await.unwrap_err().message(), "body: broken off or malformed");
    }
    nothing_is_left(&core).await;
}

#[tokio::test]
async fn whoever_goes_away_leaves_nothing_behind() {
    let core = TestCore::start(&[]).await;
    let begins = async {
        while core.files().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        ended = upload(&core, Body::from_stream(begun(100_000).chain(stream::pending()))) => panic!("{ended:?}"),
        () = begins => {}
    }
    nothing_is_left(&core).await;
}

/// What was being written goes as soon as the core hears of it.
async fn nothing_is_left(core: &TestCore) {
    let gone = async {
        while !core.files().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), gone).await.expect("something was left behind");
}

#[tokio::test]
async fn an_early_refusal_is_the_answer() {
    let core = TestCore::start(&["--max-upload-bytes", "1000000"]).await;
    let endless = begun(1).chain(stream::repeat(Bytes::from_static(&[7; 100_000])).map(Ok));
    let answered = timeout(Duration::from_secs(20), upload(&core, Body::from_stream(endless))).await;
    let refusal = answered.unwrap().unwrap_err();
    assert!(refusal.is(Code::TooLarge), "{refusal:?}");
    nothing_is_left(&core).await;
}

#[tokio::test]
async fn what_is_no_file_is_refused() {
    let core = TestCore::start(&[]).await;
    let refusal = async |kind: &str, body: Body| {
        let request = Request::builder().header(header::CONTENT_TYPE, kind).body(body).unwrap();
        file(State(core.core.clone()), core.caller(), request).await.unwrap_err()
    };
    let end = b"--b--\r\n".to_vec();
    const FORM: &str = "multipart/form-data; boundary=b";
    for (kind, form, why) in [
        (FORM, [field("name=\"other\"", b"x"), end.clone()].concat(), "file: missing"),
        (FORM, [field("name=\"file\"", b"x"), end.clone()].concat(), "file: needs a name"),
        (FORM, [field("name=\"file\"; filename=\"\"", b"x"), end].concat(), "file: needs a name"),
        (FORM, field("name=\"other\"", b"x"), "body: broken off or malformed"),
        ("application/json", vec![], "content-type: must be multipart/form-data"),
        ("multipart/form-data", vec![], "content-type: has no boundary"),
    ] {
        assert_eq!(refusal(kind, form.into()).await.message(), why);
    }
    let flood = stream::repeat(Bytes::from_static(&[b'-'; 10_000])).map(Ok::<_, BoxError>);
    assert!(refusal(FORM, Body::from_stream(flood)).await.is(Code::TooLarge));
}
