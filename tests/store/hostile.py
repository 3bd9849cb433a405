"""A server on a loopback port that answers as it is told, byte by byte, and counts what is asked."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

Answer = Callable[["Server", str, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """`answers` are used in turn, the last one again and again; `asked` holds the request lines with headers."""

    def __init__(self, *answers: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.answers = list(answers)
        self.tls = tls
        self.asked: list[str] = []
        self.sent = 0
        self.port = 0

    @property
    def base(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                lengths = [
                    line.split(":")[1] for line in head.split("\r\n") if line.lower().startswith("content-length:")
                ]
                if lengths:
                    await reader.readexactly(int(lengths[0]))
                self.asked.append(head)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                await answer(self, head.split(" ")[1], writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@contextmanager
def serving(*answers: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run a server on a thread of its own."""
    server, loop, ready = Server(*answers, tls=tls), asyncio.new_event_loop(), threading.Event()

    async def begin() -> None:
        listening = await asyncio.start_server(server._serve, "127.0.0.1", 0, ssl=tls)
        server.port = listening.sockets[0].getsockname()[1]
        ready.set()

    thread = threading.Thread(target=lambda: (loop.run_until_complete(begin()), loop.run_forever()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_end(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _end() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def reply(
    body: bytes | str | Mapping[str, Any],
    *,
    status: int = 200,
    kind: str = "application/json",
    headers: Mapping[str, str] | None = None,
    length: int | None = None,
    packed: bool = False,
) -> Answer:
    """A whole answer. `length` lies about its size, `packed` sends it gzipped."""
    raw = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    raw = gzip.compress(raw) if packed else raw

    async def answer(server: Server, path: str, writer: asyncio.StreamWriter) -> None:
        more = {"content-encoding": "gzip"} if packed else {}
        lines = {"content-type": kind, "content-length": str(length or len(raw)), **more, **(headers or {})}
        writer.write(f"HTTP/1.1 {status} X\r\n".encode())
        writer.write("".join(f"{n}: {v}\r\n" for n, v in lines.items()).encode() + b"\r\n")
        writer.write(raw)
        server.sent += len(raw)
        if length:
            await writer.drain()
            writer.close()

    return answer


def endless(chunk: bytes, wait: float = 0) -> Answer:
    """A body without end."""

    async def answer(server: Server, path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n")
        while not writer.is_closing():
            writer.write(chunk)
            server.sent += len(chunk)
            await writer.drain()
            await asyncio.sleep(wait)

    return answer
