"""A mail server on the loopback, with a certificate of its own, and a system with a webhook."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.fakes import NOON


@dataclass
class Mails:
    """What arrived at the server on `port`; `commands` are what clients said."""

    port: int = 0
    refuses: bool = False
    received: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    was_secret: list[bool] = field(default_factory=list)


def certificate(folder: Path) -> Path:
    """Write a key and a certificate for the loopback; return the file, which both read."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOON - timedelta(days=36_500 // 10))
        .not_valid_after(NOON + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "localhost.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@asynccontextmanager
async def mail_server(file: Path, *, is_tls: bool = False) -> AsyncIterator[Mails]:
    """Yield a server that takes mail from anybody, by TLS from the start or after STARTTLS."""
    mails = Mails()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_secret = is_tls
        writer.write(b"220 localhost\r\n")
        while line := (await reader.readline()).decode().strip():
            command = line.partition(" ")[0].upper()
            mails.commands.append(command)
            if command == "EHLO":
                writer.write(b"250-localhost\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n")
            elif command == "STARTTLS":
                writer.write(b"220 go\r\n")
                await writer.drain()
                await writer.start_tls(context)
                is_secret = True
            elif command == "MAIL" and mails.refuses:
                writer.write(b"451 later\r\n")
            elif command == "AUTH":
                writer.write(b"235 yes\r\n")
            elif command == "DATA":
                writer.write(b"354 go on\r\n")
                text = (await reader.readuntil(b"\r\n.\r\n")).decode()
                mails.received.append(text)
                mails.was_secret.append(is_secret)
                writer.write(b"250 taken\r\n")
            elif command == "QUIT":
                writer.write(b"221 bye\r\n")
                await writer.drain()
                break
            else:
                writer.write(b"250 ok\r\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context if is_tls else None)
    mails.port = server.sockets[0].getsockname()[1]
    async with server:
        yield mails


@asynccontextmanager
async def webhook(*, status: int = 204) -> AsyncIterator[tuple[str, list[dict[str, str]]]]:
    """Yield the URL of a webhook that answers `status`, and what was posted to it."""
    posted: list[dict[str, str]] = []

    async def take(request: web.Request) -> web.Response:
        posted.append(await request.json())
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    application = web.Application()
    application.router.add_post("/notices", take)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}/notices", posted
    finally:
        await runner.cleanup()
