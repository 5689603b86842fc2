"""PyPI's schemathesis against a gateway: makes requests of what /openapi.json says, good ones and bad ones, and holds
every answer against it. A good request may name people, rooms and files that are there, so that each operation
succeeds as well.

Usage: rest_description.py GATEWAY_URL CORE_ADDRESS
"""

import os
import random
import sys
import tempfile
import uuid
from collections import Counter, defaultdict

import requests
import schemathesis
from schemathesis.cli import schemathesis as cli
from schemathesis.core.parameters import ParameterLocation

GATEWAY = sys.argv[1]
SECONDS = 30
SEED = 20_260
EXAMPLES = 50
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
PASSWORD = "correct horse battery"

dice = random.Random(SEED)
connection = requests.Session()


class Person:
    def __init__(self, name):
        self.id, self.token = named(name), None
        self.enter("signup")

    def enter(self, how="login"):
        body = {"userId": self.id, "password": PASSWORD}
        self.token = call("POST", f"/auth/{how}", json=body)["token"]

    def get(self, path):
        return call("GET", path, self.token)

    def post(self, path, **body):
        return call("POST", path, self.token, json=body)


def call(method, path, token=None, **content):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    answer = connection.request(method, GATEWAY + path, headers=headers, timeout=SECONDS, **content)
    answer.raise_for_status()
    return answer.json()


def named(name):
    return f"{name}-{uuid.UUID(int=dice.getrandbits(128)).hex[:12]}"


def room(owner):
    return owner.post("/social/rooms", roomId=named("room"))["room"]["roomId"]


def invite(owner, roomId, user):
    return owner.post("/social/rooms/invite", roomId=roomId, toUserId=user.id)["invite"]["id"]


def request(asking, asked):
    return asking.post("/social/friend-requests", toUserId=asked.id)["request"]["id"]


def member(roomId):
    person = Person("member")
    person.post("/social/rooms/invite/accept", inviteId=invite(caller, roomId, person))
    return person.id


def friend():
    person = Person("friend")
    caller.post(f"/social/friend-requests/{request(person, caller)}/accept")
    return person.id


def session():
    caller_again = call("POST", "/auth/login", json={"userId": caller.id, "password": PASSWORD})
    sessions = call("GET", "/auth/sessions", caller_again["token"])["sessions"]
    return next(one["id"] for one in sessions if one["current"])


def upload(name, content):
    return call("POST", "/files", caller.token, files={"file": (name, content)})["fileId"]


caller, other = Person("caller"), Person("other")
comrade = friend()
channel, direct = room(caller), caller.post("/social/dm/start", toUserId=comrade)["room"]["roomId"]
file = upload("text.txt", b"a text that is there")
for number in range(5):
    caller.post(f"/social/rooms/{channel}/messages", clientMsgId=str(uuid.uuid4()), text=f"message {number}")

# What a request may name, by its operation. What it uses up is made anew.
PATHS = {
    "revokeSession": {"id": session},
    "acceptFriendRequest": {"id": lambda: request(Person("asking"), caller)},
    "rejectFriendRequest": {"id": lambda: request(Person("asking"), caller)},
    "listFriends": {"userId": lambda: caller.id},
    "removeFriend": {"userId": friend},
    "listMembers": {"roomId": lambda: channel},
    "removeMember": {"roomId": lambda: channel, "userId": lambda: member(channel)},
    "leaveRoom": {"roomId": lambda: room(caller)},
    "markRead": {"roomId": lambda: channel},
    "listMessages": {"roomId": lambda: channel},
    "sendMessage": {"roomId": lambda: dice.choice([channel, direct])},
    "listInvites": {"userId": lambda: caller.id},
    "readDirectRoom": {"roomId": lambda: direct},
    "downloadFile": {"fileId": lambda: file},
}
BODIES = {
    "signUp": {"userId": lambda: named("new")},
    "createRoom": {"roomId": lambda: named("new")},
    "logIn": {"userId": lambda: other.id, "password": lambda: PASSWORD},
    "changePassword": {"currentPassword": lambda: PASSWORD, "newPassword": lambda: PASSWORD},
    "sendFriendRequest": {"toUserId": lambda: Person("asked").id},
    "addFriend": {"friendId": lambda: Person("asked").id},
    "markRead": {"seq": lambda: dice.randint(1, 5)},
    "sendMessage": {"fileId": lambda: file, "text": lambda: "a text"},
    "inviteToRoom": {"roomId": lambda: channel, "toUserId": lambda: dice.choice([comrade, other.id])},
    "acceptInvite": {"inviteId": lambda: invite(other, room(other), caller)},
    "rejectInvite": {"inviteId": lambda: invite(other, room(other), caller)},
    "startDirectRoom": {"toUserId": lambda: comrade},
}
QUERIES = {
    "searchUsers": {"query": lambda: "c"},
    "listMessages": {"afterSeq": lambda: dice.randint(0, 5), "beforeSeq": lambda: dice.randint(1, 6)},
}
# Few requests have one by themselves.
HEADERS = {
    "downloadFile": {
        "Range": lambda: dice.choice(["bytes=1-3", "bytes=-4", "bytes=2-", "bytes=99-"]),
        "If-None-Match": lambda: dice.choice(["*", '"another"']),
    },
}
KNOWN = {
    ParameterLocation.PATH: ("path_parameters", PATHS),
    ParameterLocation.BODY: ("body", BODIES),
    ParameterLocation.QUERY: ("query", QUERIES),
}
answered = defaultdict(Counter)


@schemathesis.auth(refresh_interval=None)
class Bearer:
    def get(self, case, context):
        return caller.token

    def set(self, case, token, context):
        # Now and then one comes without a session, or with one that is none.
        token = dice.choices([token, "nobody's", None], [20, 1, 1])[0]
        if token:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}


@schemathesis.hook
def map_case(context, case):
    """Puts what is there into what is good anyway."""
    good = {where for where, component in case.meta.components.items() if component.mode.is_positive}
    for where, (attribute, known) in KNOWN.items():
        values = getattr(case, attribute)
        if where not in good or not isinstance(values, dict) or dice.random() < 0.3:
            continue
        there = {name: make() for name, make in known.get(operation_id(case), {}).items() if name in values}
        # Cases share what they are made of.
        setattr(case, attribute, {**values, **there})
    if extra := HEADERS.get(operation_id(case)):
        name, make = dice.choice(list(extra.items()))
        case.headers = {**(case.headers or {}), name: make()}
    return case


@schemathesis.hook
def after_call(context, case, response):
    # There are calls by methods that are not described as well.
    if case.method.upper() == case.operation.method.upper():
        answered[operation_id(case)][response.status_code] += 1
    if response.status_code == 204 and operation_id(case) == "logOut":
        caller.enter()


def operation_id(case):
    return case.operation.definition.raw["operationId"]


options = {
    "--checks": ",".join(CHECKS),
    "--phases": "examples,coverage,fuzzing",
    "--max-examples": EXAMPLES,
    "--seed": SEED,
    "--generation-database": "none",
    "--warnings": "off",
}
arguments = [str(word) for option in options.items() for word in option]
with tempfile.TemporaryDirectory() as folder:
    # It leaves a cache where it runs.
    os.chdir(folder)
    try:
        cli(["run", f"{GATEWAY}/openapi.json", *arguments])
    except SystemExit as end:
        failed = end.code
for operation, counts in sorted(answered.items()):
    print(f"{operation}: {', '.join(f'{count} × {status}' for status, count in sorted(counts.items()))}")
missed = [operation for operation, counts in answered.items() if all(status >= 400 for status in counts)]
assert answered and not missed, f"never succeeded: {', '.join(missed)}"
sys.exit(failed)
