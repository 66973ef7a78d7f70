"""nginx with a configuration of deploy/, in front of a hub on this machine."""

import datetime as dt
import ipaddress
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from requests.adapters import HTTPAdapter

DEPLOY = Path(__file__).parents[3] / "deploy"
CONFIGURATION = DEPLOY / "nginx" / "hub.conf"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
PUBLIC = "https://hub.example.com"
CLIENT = "127.0.0.2"  # an address of this machine other than the proxy's
MAIN = """\
daemon off; user {user}; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  include {folder}/hub.conf;
}}
"""


class FromClient(HTTPAdapter):
    """An adapter that sends requests from another address of this machine."""

    def init_poolmanager(self, *args: object, **options: object) -> None:
        options["source_address"] = (CLIENT, 0)
        super().init_poolmanager(*args, **options)  # type: ignore[arg-type, no-untyped-call]


@contextmanager
def proxy_in_front(
    hub: int,
    folder: Path,
    configuration: Path = CONFIGURATION,
    upstream: str = "127.0.0.1:8080",
    access_log: str = "/var/log/nginx/hub.log",
) -> Iterator[tuple[int, int]]:
    """Run nginx in front of the hub at a port; yield the ports of http and https.

    `upstream` is the address of the hub in the configuration, which that port replaces, and
    `access_log` the log there, which is written into the folder instead.
    """
    assert NGINX is not None
    folder.mkdir()
    make_certificate(folder)
    # nginx inherits open sockets as during an upgrade of its own program.
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    http, https = (socket_of_site.getsockname()[1] for socket_of_site in sockets)
    changes = {
        f"server {upstream};": f"server 127.0.0.1:{hub};",
        f"access_log {access_log} ": f"access_log {folder}/access.log ",
    }
    write_configuration(folder, configuration, changes, http, https)
    numbers = [socket_of_site.fileno() for socket_of_site in sockets]
    with (folder / "errors").open("wb") as errors:
        process = subprocess.Popen(
            [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")],
            env={"NGINX": "".join(f"{number};" for number in numbers)},
            pass_fds=numbers,
            stderr=errors,
        )
    for socket_of_site in sockets:
        socket_of_site.close()
    try:
        yield http, https
    finally:
        process.terminate()
        process.wait(60)


def make_certificate(folder: Path) -> None:
    """Create a self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hub.example.com")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    names = x509.SubjectAlternativeName([x509.DNSName("hub.example.com"), address])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)


def write_configuration(
    folder: Path, configuration: Path, changes: dict[str, str], http: int, https: int
) -> None:
    """Write the configuration with the ports and files of this test."""
    text = configuration.read_text()
    changes = changes | {
        "listen 80;": f"listen 127.0.0.1:{http};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{https} ssl http2;",
        "    listen [::]:80;\n": "",
        "    listen [::]:443 ssl http2;\n": "",
        "/etc/hub/tls/fullchain.pem": f"{folder}/certificate.pem",
        "/etc/hub/tls/privkey.pem": f"{folder}/key.pem",
        "allow 127.0.0.1;": "allow 127.0.0.0/8;",
    }
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "hub.conf").write_text(text)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=folder.owner()))
