"""grpcio against a core with demo data, with nothing but what reflection tells: lists the services, describes them,
logs in, sends, and follows a room.

Usage: reflection_client.py GATEWAY_URL CORE_ADDRESS
"""

import queue
import sys
import uuid

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

CORE = sys.argv[2]
SECONDS = 30

channel = grpc.insecure_channel(CORE)
reflection = ProtoReflectionDescriptorDatabase(channel)
pool = DescriptorPool(reflection)


def message(name, **fields):
    return GetMessageClass(pool.FindMessageTypeByName(name))(**fields)


def stub(service, method):
    """The method of a described service as a callable."""
    described = pool.FindServiceByName(service).FindMethodByName(method)
    kinds = {
        (False, False): channel.unary_unary,
        (True, True): channel.stream_stream,
    }
    make = kinds[described.client_streaming, described.server_streaming]
    answer = GetMessageClass(described.output_type)
    return make(
        f"/{service}/{method}",
        request_serializer=lambda request: request.SerializeToString(),
        response_deserializer=answer.FromString,
    )


services = set(reflection.get_services())
expected = {"chat.v1.AuthService", "chat.v1.ChatService", "chat.v1.SocialService", "grpc.health.v1.Health"}
assert expected <= services, services
for service in sorted(services):
    methods = [method.name for method in pool.FindServiceByName(service).methods]
    assert methods, service
    print(f"{service}: {', '.join(methods)}")

health = stub("grpc.health.v1.Health", "Check")(message("grpc.health.v1.HealthCheckRequest"), timeout=SECONDS)
assert health.status == 1, health

login = message("chat.v1.LogInRequest", user_id="alice", password="demo-password")
session = stub("chat.v1.AuthService", "LogIn")(login, timeout=SECONDS)
bearer = [("authorization", f"Bearer {session.token}")]

wish = message("chat.v1.SubscribeRequest")
wish.watch_room.room_id = "lobby"
wish.watch_room.after_seq = 0


def wishes():
    yield wish
    yield from iter(done.get, None)


done = queue.Queue()
events = stub("chat.v1.ChatService", "Subscribe")(wishes(), metadata=bearer, timeout=SECONDS)
watching = next(events).watching
assert watching.room_id == "lobby" and watching.epoch, watching

send = message("chat.v1.SendMessageRequest", room_id="lobby", client_msg_id=str(uuid.uuid4()), text="by reflection")
send_message = stub("chat.v1.ChatService", "SendMessage")
first = send_message(send, metadata=bearer, timeout=SECONDS)
again = send_message(send, metadata=bearer, timeout=SECONDS)
assert (first.status, again.status) == (1, 2) and first.message == again.message, (first, again)
seen = [next(events).message for _ in range(watching.latest_seq + 1)]
assert [one.seq for one in seen] == list(range(1, watching.latest_seq + 2))
assert seen[-1] == first.message
done.put(None)

try:
    send_message(send, timeout=SECONDS)
except grpc.RpcError as refusal:
    assert refusal.code() == grpc.StatusCode.UNAUTHENTICATED, refusal
else:
    raise AssertionError("stored without a session")
print(f"grpcio by reflection: sent and followed seq {first.message.seq} of lobby")
