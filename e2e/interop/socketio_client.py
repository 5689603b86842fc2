"""PyPI's python-socketio against a gateway with demo data: over WebSocket alone and over polling alone it sends, is
acknowledged by event and by callback, and reads 1,000 messages by pages.

Usage: socketio_client.py GATEWAY_URL CORE_ADDRESS
"""

import queue
import sys
import uuid

import engineio.payload
import requests
import socketio

GATEWAY = sys.argv[1]
SECONDS = 30
MESSAGES = 1_000

# The library's default of 16 packets in one polling answer is below what Socket.IO servers send under load.
engineio.payload.Payload.max_decode_packets = 10_000


def post(path, body, token=None):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    answer = requests.post(GATEWAY + path, json=body, headers=headers, timeout=SECONDS)
    answer.raise_for_status()
    return answer.json()


def connect(transport, token):
    client = socketio.Client(reconnection=False)
    acks, news = queue.Queue(), queue.Queue()
    client.on("message_ack", acks.put)
    client.on("message_new", news.put)
    client.connect(GATEWAY, auth={"token": token, "protocol": 2}, transports=[transport])
    assert client.transport() == transport, client.transport()
    return client, acks, news


def send(client, room, text, callback=None):
    payload = {
        "clientMsgId": str(uuid.uuid4()),
        "roomId": room,
        "text": text,
        "sentAtClient": "2026-11-24T12:00:00.000Z",
    }
    client.emit("message_send", payload, callback=callback)
    return payload["clientMsgId"]


def pages(client, room):
    """Every message of the room, read by resync until there is no more."""
    messages, more = [], True
    while more:
        after = messages[-1]["seq"] if messages else 0
        page = client.call("message_resync", {"roomId": room, "afterSeq": after, "limit": 150}, timeout=SECONDS)
        assert page["ok"] and page["afterSeq"] == after, page
        messages += page["messages"]
        more = page["hasMore"]
    assert page["latestSeq"] == len(messages), page["latestSeq"]
    return messages


def exercise(transport, token):
    room = f"interop-{transport}-{uuid.uuid4().hex[:8]}"
    post("/social/rooms", {"roomId": room}, token)
    client, acks, news = connect(transport, token)
    joined = client.call("join_room", {"roomId": room}, timeout=SECONDS)
    assert joined["ok"] and joined["latestSeq"] == 0, joined

    called = queue.Queue()
    sent = send(client, room, "with a callback", called.put)
    answer, event = called.get(timeout=SECONDS), acks.get(timeout=SECONDS)
    assert answer["ok"] and answer["status"] == event["status"] == "accepted", (answer, event)
    assert answer["clientMsgId"] == event["clientMsgId"] == sent
    assert news.get(timeout=SECONDS)["seq"] == answer["seq"] == 1

    ids = [sent] + [send(client, room, f"message {number}") for number in range(2, MESSAGES + 1)]
    for _ in range(2, MESSAGES + 1):
        ack = acks.get(timeout=SECONDS)
        assert ack["status"] == "accepted", ack
    stored = pages(client, room)
    assert [message["seq"] for message in stored] == list(range(1, MESSAGES + 1))
    assert sorted(message["clientMsgId"] for message in stored) == sorted(ids)

    refused = client.call("message_resync", {"roomId": room, "afterSeq": MESSAGES + 1}, timeout=SECONDS)
    assert refused["ok"] is False and refused["error"]["code"] == "cursor_ahead", refused
    client.disconnect()
    print(f"python-socketio over {transport}: {MESSAGES} sent, acknowledged, and read by pages")


def refuse_strangers():
    client = socketio.Client(reconnection=False)
    said = queue.Queue()
    client.on("connect_error", said.put)
    try:
        client.connect(GATEWAY, auth={"token": "nobody's"}, transports=["websocket"])
    except socketio.exceptions.ConnectionError:
        assert said.get(timeout=SECONDS)["message"] == "unauthenticated"
    else:
        raise AssertionError("let in without a session")


token = post("/auth/login", {"userId": "alice", "password": "demo-password"})["token"]
for transport in ("websocket", "polling"):
    exercise(transport, token)
refuse_strangers()
