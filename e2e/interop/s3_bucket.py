"""A core that keeps files in a bucket, against PyPI's moto, which answers as S3 does: what is uploaded lies in the
bucket once, under its hash, and comes back whole and in parts.

Usage: s3_bucket.py FOLDER_OF_THE_BINARIES
"""

import contextlib
import hashlib
import json
import logging
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import boto3
import requests
from moto.server import ThreadedMotoServer

BINARIES = Path(sys.argv[1])
SECONDS = 30
MIB = 1024 * 1024
KEY, SECRET, REGION = "nobody", "nothing", "eu-central-1"

# One line for each request would be the most of what is said.
logging.getLogger("werkzeug").setLevel(logging.ERROR)


def until(what, condition):
    deadline = time.monotonic() + SECONDS
    while not (outcome := condition()):
        assert time.monotonic() < deadline, f"not within {SECONDS} s: {what}"
        time.sleep(0.02)
    return outcome


@contextlib.contextmanager
def s3():
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


@contextlib.contextmanager
def process(name, folder, *flags, **environment):
    """A binary on free ports, which it tells; in the end it stops as it should."""
    log = folder / f"{name}.log"
    anywhere = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log-format", "json"]
    command = [BINARIES / name, *anywhere, *flags]
    with log.open("w") as stderr:
        running = subprocess.Popen(command, stderr=stderr, env={**os.environ, **environment})

    def listening():
        assert running.poll() is None, f"{name} ended with {running.returncode}"
        lines = [json.loads(line)["fields"] for line in log.read_text().splitlines(True) if line.endswith("}\n")]
        return next((fields for fields in lines if fields["message"] == "listening"), None)

    try:
        where = until(f"{name} listens", listening)
        until(f"{name} is ready", lambda: requests.get(f"http://{where['admin']}/readyz", timeout=SECONDS).ok)
        yield where["address"]
        running.terminate()
        assert running.wait(SECONDS) == 0, f"{name} ended with {running.returncode}"
    except BaseException:
        print(log.read_text(), file=sys.stderr)
        raise
    finally:
        running.kill()
        running.wait()


def exercise(gateway, bucket):
    def call(method, path, status, token=None, **content):
        headers = {"authorization": f"Bearer {token}", **content.pop("headers", {})} if token else {}
        answer = requests.request(method, f"http://{gateway}{path}", headers=headers, timeout=SECONDS, **content)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text[:500])
        return answer

    def stored():
        return [(one["Key"], one["Size"]) for one in bucket.list_objects_v2(Bucket="holdfast").get("Contents", [])]

    account = {"userId": "somebody", "password": "correct horse battery"}
    token = call("POST", "/auth/signup", 201, json=account).json()["token"]
    content = random.Random(12).randbytes(12 * MIB)
    sha256 = hashlib.sha256(content).hexdigest()
    object_of_it = (f"files/sha256/{sha256[:2]}/{sha256}", len(content))

    uploads = []
    for name in ("first.bin", "again.bin"):
        file = call("POST", "/files", 201, token, files={"file": (name, content)}).json()
        assert (file["name"], file["size"], file["sha256"]) == (name, len(content), sha256), file
        assert stored() == [object_of_it], stored()
        uploads.append(file)
    assert uploads[0]["fileId"] != uploads[1]["fileId"], uploads
    in_bucket = bucket.get_object(Bucket="holdfast", Key=object_of_it[0])["Body"].read()
    assert in_bucket == content

    for file in uploads:
        path = f"/files/{file['fileId']}"
        assert call("GET", path, 200, token).content == content
        for first, last in ((0, 0), (65_535, 65_536), (5 * MIB - 1, 6 * MIB), (len(content) - 1, len(content) - 1)):
            part = call("GET", path, 206, token, headers={"range": f"bytes={first}-{last}"})
            assert part.headers["content-range"] == f"bytes {first}-{last}/{len(content)}", part.headers
            assert part.content == content[first : last + 1], (first, last)

    call("POST", "/files", 201, token, files={"file": ("small.txt", b"another")})
    assert len(stored()) == 2, stored()


with tempfile.TemporaryDirectory() as folder, s3() as endpoint:
    folder = Path(folder)
    bucket = boto3.client(
        "s3", endpoint_url=endpoint, region_name=REGION, aws_access_key_id=KEY, aws_secret_access_key=SECRET
    )
    bucket.create_bucket(Bucket="holdfast", CreateBucketConfiguration={"LocationConstraint": REGION})
    access = {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT": endpoint,
        "AWS_ALLOW_HTTP": "true",
    }
    data = folder / "data"
    flags = ["--data-dir", data, "--files-bucket", "s3://holdfast/files"]
    with process("core-service", folder, *flags, **access) as core:
        flags = ["--core", f"http://{core}", "--service-token-file", data / "service-token"]
        with process("ws-gateway", folder, *flags) as gateway:
            exercise(gateway, bucket)
            left = [path for path in (data / "files").rglob("*") if path.is_file()]
            assert not left, left
print("moto: 12 MiB uploaded twice, in the bucket once, and read whole and in parts")
