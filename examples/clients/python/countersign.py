#!/usr/bin/env python3
"""Signs HTTP requests for a Countersign service. Python 3.8 or later, standard library only.

As a module:

    client = Client("https://orders.example", key_id="billing", secret=secret, audience="orders")
    response = client.request("POST", "/orders?limit=10", b'{"amount":1000}', [("content-type", "application/json")])

As a command: `python3 countersign.py --help`.

Two profiles. `request` binds method, target, body, content type, Authorization, audience, a timestamp and a nonce; use it.
`body-timestamp` binds body and timestamp only, for services that already run the two-header scheme.
"""

import argparse
import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import secrets
import sys
import time
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

__all__ = ["Client", "Response", "canonical_text", "new_nonce", "sign_body_timestamp", "sign_request"]

Clock = Callable[[], float]
HeaderList = Sequence[Tuple[str, str]]

_LEAST_SECRET_BYTES = {"sha256": 32, "sha512": 64}
_KEY_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,128}")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(r"/[!-\"$-~]*|\*")
_FIELD_VALUE = re.compile(r"[!-~]([\t -~]*[!-~])?")
_URL = re.compile(r"(https?://[^/?#@\s]+)(/.*)?", re.IGNORECASE)
_ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?/?", re.IGNORECASE)


def new_nonce() -> str:
    """A fresh nonce: 32 characters, 24 random bytes in base64url."""
    return secrets.token_urlsafe(24)


def sign_request(
    *,
    key_id: str,
    secret: bytes,
    audience: str,
    method: str,
    target: str,
    body: bytes = b"",
    content_type: Optional[str] = None,
    authorization: Optional[str] = None,
    algorithm: str = "sha256",
    timestamp: Optional[int] = None,
    nonce: Optional[str] = None,
    allow_weak_secret: bool = False,
) -> Dict[str, str]:
    """Returns the five headers of profile `request`, to be sent beside those given here.

    key_id         1-128 characters of [A-Za-z0-9._:-]
    secret         bytes of the key, at least 32 for sha256 and 64 for sha512 unless `allow_weak_secret`
    audience       name of the service that is called, as configured there
    method         as it will stand in the request line; its case is signed
    target         path and query, byte for byte as they will stand in the request line, percent-encoded
    body           the bytes that travel, after content coding
    content_type   value of the Content-Type header, None where none is sent
    authorization  value of the Authorization header, None where none is sent
    timestamp      UNIX seconds of ten digits; the present where None
    nonce          16-128 characters of [A-Za-z0-9_-], never used twice; a fresh one where None

    Raises ValueError or TypeError for a value outside its grammar (a line feed is always outside); no message holds a secret.
    """
    _check_secret(secret, algorithm, allow_weak_secret)
    timestamp_text = _timestamp_text(int(time.time()) if timestamp is None else timestamp)
    nonce = new_nonce() if nonce is None else nonce
    content_sha256 = hashlib.sha256(_bytes("body", body)).hexdigest()
    text = canonical_text(
        key_id=key_id,
        timestamp=timestamp_text,
        nonce=nonce,
        audience=audience,
        method=method,
        target=target,
        content_type=content_type,
        authorization=authorization,
        content_sha256=content_sha256,
    )
    return {
        "x-hmac-key-id": key_id,
        "x-hmac-timestamp": timestamp_text,
        "x-hmac-nonce": nonce,
        "x-hmac-content-sha256": content_sha256,
        f"x-hmac-{algorithm}": hmac.new(secret, text.encode("utf-8"), algorithm).hexdigest(),
    }


def sign_body_timestamp(
    *, secret: bytes, body: bytes = b"", timestamp: Optional[int] = None, allow_weak_secret: bool = False
) -> Dict[str, str]:
    """Returns the two headers of profile `body-timestamp`: HMAC-SHA-256 over the body bytes followed at once by the timestamp.

    Binds neither method nor target, and two equal requests of one second are alike. Arguments and errors as in `sign_request`.
    """
    _check_secret(secret, "sha256", allow_weak_secret)
    timestamp_text = _timestamp_text(int(time.time()) if timestamp is None else timestamp)
    message = _bytes("body", body) + timestamp_text.encode("ascii")
    return {
        "x-hmac-timestamp": timestamp_text,
        "x-hmac-sha256": hmac.new(secret, message, "sha256").hexdigest(),
    }


def canonical_text(
    *,
    key_id: str,
    timestamp: str,
    nonce: str,
    audience: str,
    method: str,
    target: str,
    content_type: Optional[str],
    authorization: Optional[str],
    content_sha256: str,
) -> str:
    """The text that profile `request` MACs, as UTF-8. Every line ends in one line feed, the last one too.

    Raises ValueError for a value outside its grammar, so that no value can bring a line of its own.
    """
    _match("key_id", _KEY_ID, key_id)
    _match("nonce", _NONCE, nonce)
    _match("method", _TOKEN, method)
    _match("target", _TARGET, target)
    if not audience or re.search(r"[\x00-\x1f\x7f]", audience):
        raise ValueError("audience: empty, or with a control character")
    if content_type is not None:
        _match("content_type", _FIELD_VALUE, content_type)
    authorization_sha256 = ""
    if authorization is not None:
        _match("authorization", _FIELD_VALUE, authorization)
        authorization_sha256 = hashlib.sha256(authorization.encode("ascii")).hexdigest()
    return (
        "countersign-hmac-v1\n"
        f"key-id:{key_id}\n"
        f"timestamp:{timestamp}\n"
        f"nonce:{nonce}\n"
        f"audience:{audience}\n"
        f"method:{method}\n"
        f"target:{target}\n"
        f"content-type:{content_type or ''}\n"
        f"authorization-sha256:{authorization_sha256}\n"
        f"content-sha256:{content_sha256}\n"
    )


class Response(NamedTuple):
    """What the service answered. Header names as received; redirects are answers like any other."""

    status: int
    reason: str
    headers: List[Tuple[str, str]]
    body: bytes


class Client:
    """Signs each request and sends it on a connection of its own.

    origin           `http(s)://host[:port]` without path
    secret           bytes of the key
    key_id           and `audience`: required by profile `request`, refused by `body-timestamp`
    clock            returns UNIX seconds
    nonce            returns a value that was never used before
    timeout_seconds  for connecting and for each read

    Raises ValueError or TypeError for a wrong option. Does not follow redirects and does not retry: a signed request is sent
    once, as a service refuses its nonce the second time.
    """

    def __init__(
        self,
        origin: str,
        *,
        secret: bytes,
        key_id: Optional[str] = None,
        audience: Optional[str] = None,
        profile: str = "request",
        algorithm: str = "sha256",
        clock: Clock = time.time,
        nonce: Callable[[], str] = new_nonce,
        timeout_seconds: float = 10.0,
        allow_weak_secret: bool = False,
    ) -> None:
        parts = _ORIGIN.fullmatch(origin)
        if parts is None:
            raise ValueError("origin: not http(s)://host[:port]")
        self._scheme, self._host = parts.group(1).lower(), parts.group(2).strip("[]")
        self._port = int(parts.group(3)) if parts.group(3) else None
        if profile not in ("request", "body-timestamp"):
            raise ValueError("profile: not request or body-timestamp")
        if profile == "request" and (key_id is None or audience is None):
            raise ValueError("key_id and audience: required by profile request")
        if profile == "body-timestamp" and (key_id is not None or audience is not None or algorithm != "sha256"):
            raise ValueError("profile body-timestamp has no key_id and no audience, and its algorithm is sha256")
        _check_secret(secret, algorithm, allow_weak_secret)
        self._key_id, self._audience, self._secret = key_id, audience, secret
        self._algorithm, self._allow_weak_secret = algorithm, allow_weak_secret
        self._clock, self._nonce, self._timeout_seconds = clock, nonce, timeout_seconds

    def sign(self, method: str, target: str, body: bytes = b"", headers: HeaderList = ()) -> Dict[str, str]:
        """Returns the signature headers for a request; Content-Type and Authorization are taken from `headers`.

        Raises ValueError for a value outside its grammar, a covered header that stands twice, and a header that is not the
        caller's to set: the signature itself, Content-Length, Transfer-Encoding.
        """
        covered = _covered(headers)
        _match("method", _TOKEN, method)
        _match("target", _TARGET, target)
        timestamp = int(self._clock())
        if self._key_id is None or self._audience is None:
            return sign_body_timestamp(
                secret=self._secret, body=body, timestamp=timestamp, allow_weak_secret=self._allow_weak_secret
            )
        return sign_request(
            key_id=self._key_id,
            secret=self._secret,
            audience=self._audience,
            method=method,
            target=target,
            body=body,
            content_type=covered.get("content-type"),
            authorization=covered.get("authorization"),
            algorithm=self._algorithm,
            timestamp=timestamp,
            nonce=self._nonce(),
            allow_weak_secret=self._allow_weak_secret,
        )

    def request(self, method: str, target: str, body: bytes = b"", headers: HeaderList = ()) -> Response:
        """Signs and sends one request. The request line carries `method` and `target` as given.

        Raises what `sign` raises, and OSError or http.client.HTTPException where no answer comes.
        """
        signature = self.sign(method, target, body, headers)
        connect = http.client.HTTPSConnection if self._scheme == "https" else http.client.HTTPConnection
        connection = connect(self._host, self._port, timeout=self._timeout_seconds)
        try:
            own_host = any(name.lower() == "host" for name, _ in headers)
            connection.putrequest(method, target, skip_host=own_host, skip_accept_encoding=True)
            for name, value in [*headers, *signature.items()]:
                connection.putheader(name, value)
            if body or method.upper() in ("POST", "PUT", "PATCH"):
                connection.putheader("content-length", str(len(body)))
            connection.endheaders(body or None)
            answer = connection.getresponse()
            return Response(answer.status, answer.reason, answer.getheaders(), answer.read())
        finally:
            connection.close()


def _match(name: str, grammar: "re.Pattern[str]", value: str) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{name}: not a str")
    if grammar.fullmatch(value) is None:
        raise ValueError(f"{name}: outside its grammar")


def _bytes(name: str, value: bytes) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError(f"{name}: not bytes")
    return value


def _timestamp_text(timestamp: int) -> str:
    if isinstance(timestamp, bool) or not isinstance(timestamp, int):
        raise TypeError("timestamp: not an int")
    if not 1000000000 <= timestamp <= 9999999999:
        raise ValueError("timestamp: not UNIX seconds of ten digits")
    return str(timestamp)


def _check_secret(secret: bytes, algorithm: str, allow_weak: bool) -> None:
    least = _LEAST_SECRET_BYTES.get(algorithm)
    if least is None:
        raise ValueError("algorithm: not sha256 or sha512")
    length = len(_bytes("secret", secret))
    if length == 0 or (length < least and not allow_weak):
        raise ValueError(f"secret: {length} bytes, {algorithm} needs at least {least}")


def _covered(headers: HeaderList) -> Dict[str, str]:
    """Content-Type and Authorization by lower-case name, after a check of all headers."""
    covered: Dict[str, str] = {}
    for name, value in headers:
        _match("header name", _TOKEN, name)
        lower = name.lower()
        if value:
            _match(f"header {lower}", _FIELD_VALUE, value)
        if lower.startswith("x-hmac-") or lower in ("content-length", "transfer-encoding"):
            raise ValueError(f"header {lower}: set by the client itself")
        if lower not in ("content-type", "authorization"):
            continue
        if not value:
            raise ValueError(f"header {lower}: empty")
        if lower in covered:
            raise ValueError(f"header {lower}: stands twice")
        covered[lower] = value
    return covered


# The command.


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="countersign",
        allow_abbrev=False,
        description="Signs and sends one HTTP request. Prints the status line and the body.",
        epilog="Exit code: 0 for a 2xx answer, 1 for any other or none, 2 for wrong usage.",
    )
    parser.add_argument("url", help="http(s)://host[:port]/path?query; path and query are sent as they stand")
    parser.add_argument("--profile", choices=["request", "body-timestamp"], default="request")
    parser.add_argument("--method", help="default: GET, or POST where there is a body")
    parser.add_argument("--key-id", help="profile request: the id of the key")
    parser.add_argument("--audience", help="profile request: the name of the service that is called")
    parser.add_argument("--algorithm", choices=["sha256", "sha512"], default="sha256")
    parser.add_argument("--header", action="append", default=[], metavar="'NAME: VALUE'", help="repeatable")
    body = parser.add_mutually_exclusive_group()
    body.add_argument("--data", help="the body, sent as UTF-8")
    body.add_argument("--data-file", metavar="PATH", help="the body from a file, - for standard input")
    secret = parser.add_mutually_exclusive_group()
    secret.add_argument("--secret-env", metavar="NAME", default="COUNTERSIGN_SECRET", help="default: COUNTERSIGN_SECRET")
    secret.add_argument("--secret-file", metavar="PATH")
    parser.add_argument("--secret-format", choices=["text", "hex", "base64"], default="text")
    parser.add_argument("--allow-weak-secret", action="store_true", help="below 32 bytes (sha512: 64)")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS")
    parser.add_argument("--dry-run", action="store_true", help="print the signature headers as JSON, send nothing")
    return parser


def _read_secret(options: argparse.Namespace) -> bytes:
    if options.secret_file is not None:
        data = Path(options.secret_file).read_bytes()
        # One line end belongs to the file, not to the secret.
        data = data[:-2] if data.endswith(b"\r\n") else data[:-1] if data.endswith(b"\n") else data
    else:
        text = os.environ.get(options.secret_env)
        if text is None:
            raise ValueError(f"secret: the environment has no {options.secret_env}")
        data = os.fsencode(text)
    if options.secret_format == "text":
        return data
    try:
        if options.secret_format == "hex":
            return bytes.fromhex(data.decode("ascii"))
        return base64.b64decode(data, validate=True)
    except ValueError:
        # The original message may hold a part of the secret.
        raise ValueError(f"secret: not {options.secret_format}") from None


def _read_body(options: argparse.Namespace) -> bytes:
    if options.data is not None:
        return os.fsencode(options.data)
    if options.data_file == "-":
        return sys.stdin.buffer.read()
    return Path(options.data_file).read_bytes() if options.data_file is not None else b""


def _header(line: str) -> Tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise ValueError("header: not 'Name: value'")
    return name, value.strip(" \t")


def _fail(exit_code: int, error: Exception) -> int:
    print(f"countersign: {str(error) or type(error).__name__}", file=sys.stderr)
    return exit_code


def main(argv: Optional[Sequence[str]] = None, *, clock: Clock = time.time, nonce: Callable[[], str] = new_nonce) -> int:
    """Runs the command and returns its exit code; `argv` without the program name."""
    parser = _parser()
    try:
        options = parser.parse_args(argv)
    except SystemExit as exit_:
        return int(exit_.code or 0)
    try:
        url = _URL.fullmatch(options.url)
        if url is None:
            raise ValueError("url: not http(s)://host[:port]/path?query")
        client = Client(
            url.group(1),
            secret=_read_secret(options),
            key_id=options.key_id,
            audience=options.audience,
            profile=options.profile,
            algorithm=options.algorithm,
            clock=clock,
            nonce=nonce,
            timeout_seconds=options.timeout,
            allow_weak_secret=options.allow_weak_secret,
        )
        has_body = options.data is not None or options.data_file is not None
        method = options.method or ("POST" if has_body else "GET")
        request = (method, url.group(2) or "/", _read_body(options), [_header(line) for line in options.header])
    except (ValueError, TypeError, OSError) as error:
        return _fail(2, error)
    try:
        if options.dry_run:
            print(json.dumps(client.sign(*request), indent=2))
            return 0
        response = client.request(*request)
    except (OSError, http.client.HTTPException) as error:
        return _fail(1, error)
    except (ValueError, TypeError) as error:
        return _fail(2, error)
    print(f"{response.status} {response.reason}", flush=True)
    sys.stdout.buffer.write(response.body)
    sys.stdout.buffer.flush()
    return 0 if 200 <= response.status < 300 else 1


if __name__ == "__main__":
    sys.exit(main())
