import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bill_mcp.simulator.app import build_app
from bill_mcp.simulator.serve import base_url, listen, server_of
from bill_mcp.simulator.world import World


@pytest.fixture
def served() -> Iterator[httpx.Client]:
    """Serve the seed ``empty`` over HTTP in a thread."""
    listener = listen("127.0.0.1", 0)
    server = server_of(build_app(World.create("empty")))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.005)
    with httpx.Client(base_url=base_url(listener)) as client:
        yield client
    server.should_exit = True
    thread.join()
    listener.close()


def order(client: httpx.Client, **fault: object) -> None:
    url = str(client.base_url).replace("/connect/", "/simulator/faults")
    assert client.post(url, json=[fault]).status_code == 200


def test_the_api_is_served_over_http(served: httpx.Client) -> None:
    response = served.get("/v3/health")
    assert response.json()["appId"] == "bill-simulator"
    assert response.headers.get_list("date") == ["Mon, 23 Nov 2026 15:00:00 GMT"]
    assert "server" not in response.headers


@pytest.mark.parametrize("drop", ["before", "after", "mid_answer"])
def test_a_cut_connection_is_really_cut(served: httpx.Client, drop: str) -> None:
    order(served, path="/v3/health", drop=drop)
    with pytest.raises(httpx.RemoteProtocolError):
        served.get("/v3/health")
    assert served.get("/v3/health").status_code == 200


def test_an_answer_cut_in_the_middle_promised_more(served: httpx.Client) -> None:
    order(served, path="/v3/health", drop="mid_answer")
    port = served.base_url.port
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(
            b"GET /connect/v3/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        told = b""
        while part := connection.recv(4096):
            told += part
    head, _, body = told.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    promised = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert 0 < len(body) < promised


def test_it_listens_on_loopback_only() -> None:
    with pytest.raises(ValueError, match="loopback"):
        listen("0.0.0.0", 0)  # noqa: S104 - that is what is refused


def test_the_command_prints_its_address_and_keeps_its_state(tmp_path: Path) -> None:
    state_file = tmp_path / "state.db"
    for expected in (1, 2):
        process = start(state_file)
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:")
        assert url.endswith("/connect")
        control = url.replace("/connect", "/simulator")
        assert httpx.get(f"{control}/state").status_code == 403
        token = {"x-simulator-token": "hush"}
        httpx.post(f"{control}/credentials", json={}, headers=token)
        state = httpx.get(f"{control}/state", headers=token).json()
        names = [user["firstName"] for user in state["objects"]["user"].values()]
        assert names.count("Person") == expected
        assert state["now"].startswith("2026-12-01")
        process.kill()
        process.communicate()


def start(state_file: Path) -> subprocess.Popen[str]:
    program = (
        "from bill_mcp.simulator.serve import serve\n"
        f"serve(seed='empty', time='2026-12-01', control_token='hush',"
        f" state_file={str(state_file)!r})"
    )
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    )


def test_a_world_is_the_same_in_every_process() -> None:
    program = (
        "from bill_mcp.simulator.world import World\n"
        "from bill_mcp.simulator.state_json import digest\n"
        "print(digest(World.create('demo').state))"
    )
    digests = {
        subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
