//! What every gRPC server should have besides its own services: reflection and health.

use std::future::ready;

use futures::stream;
use prost::Message as _;
use prost_types::FileDescriptorProto;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::harness::{Server, soon};

const SERVICES: [&str; 5] = [
    "chat.v1.AuthService",
    "chat.v1.ChatService",
    "chat.v1.FileService",
    "chat.v1.SocialService",
    "grpc.health.v1.Health",
];

/// The two versions of reflection have the same messages in two packages.
macro_rules! reflection_test {
    ($name:ident, $version:ident) => {
        #[tokio::test]
        async fn $name() {
            use tonic_reflection::pb::$version::ServerReflectionRequest;
            use tonic_reflection::pb::$version::server_reflection_client::ServerReflectionClient;
            use tonic_reflection::pb::$version::server_reflection_request::MessageRequest;
            use tonic_reflection::pb::$version::server_reflection_response::MessageResponse;

            let server = Server::start().await;
            let ask = |request| {
                let channel = server.channel();
                async move {
                    let request = ServerReflectionRequest { host: String::new(), message_request: Some(request) };
                    let requests = Request::new(stream::once(ready(request)));
                    let answers = ServerReflectionClient::new(channel).server_reflection_info(requests).await;
                    let answer = soon(answers?.into_inner().message()).await?;
                    Ok::<_, tonic::Status>(answer.unwrap().message_response.unwrap())
                }
            };
            let listed = ask(MessageRequest::ListServices(String::new())).await.unwrap();
            let MessageResponse::ListServicesResponse(listed) = listed else { panic!("{listed:?}") };
            let names: Vec<_> = listed.service.into_iter().map(|service| service.name).collect();
            for service in SERVICES {
                assert!(names.iter().any(|name| name == service), "{service} is not in {names:?}");
                let found = ask(MessageRequest::FileContainingSymbol(service.to_owned())).await.unwrap();
                let MessageResponse::FileDescriptorResponse(files) = found else { panic!("{found:?}") };
                let file = FileDescriptorProto::decode(&*files.file_descriptor_proto[0]).unwrap();
                let described = file.service.iter().find(|known| service.ends_with(known.name()));
                assert!(!described.unwrap().method.is_empty());
            }
            let unknown = ask(MessageRequest::FileContainingSymbol("chat.v1.Nothing".to_owned())).await;
            assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
        }
    };
}

reflection_test!(reflection_v1_describes_the_services, v1);
reflection_test!(reflection_v1alpha_describes_the_services, v1alpha);

#[tokio::test]
async fn health_is_serving_until_the_stop() {
    let server = Server::start().await;
    let mut client = HealthClient::new(server.channel());
    let request = || HealthCheckRequest { service: String::new() };
    assert_eq!(client.check(request()).await.unwrap().into_inner().status(), ServingStatus::Serving);
    let unknown = HealthCheckRequest { service: "nothing".to_owned() };
    assert_eq!(client.check(unknown).await.unwrap_err().code(), Code::NotFound);

    let mut watch = client.watch(request()).await.unwrap().into_inner();
    assert_eq!(soon(watch.message()).await.unwrap().unwrap().status(), ServingStatus::Serving);
    server.shutdown.begin();
    assert_eq!(soon(watch.message()).await.unwrap().unwrap().status(), ServingStatus::NotServing);
    drop((watch, client));
    server.stop().await;
}
