"""Run with `python3 -m unittest` in this folder. Loopback only, no clock, no sleep."""

import contextlib
import hashlib
import hmac
import io
import json
import os
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple
from unittest import mock

import countersign

VECTORS = Path(__file__).resolve().parents[3] / "packages" / "vectors"
NOW = 1700000000
NONCE = "n-0123456789abcdef"
SECRET = bytes(range(32))
LARGE_SECRET = bytes(range(64))


def tests_of(name: str, group_type: str) -> List[Dict[str, Any]]:
    file = json.loads((VECTORS / name).read_text(encoding="utf-8"))
    return [test for group in file["testGroups"] if group["type"] == group_type for test in group["tests"]]


def sign(**changes: Any) -> Dict[str, str]:
    arguments = {
        "key_id": "billing",
        "secret": SECRET,
        "audience": "orders",
        "method": "POST",
        "target": "/orders",
        "timestamp": NOW,
        "nonce": NONCE,
    }
    return countersign.sign_request(**{**arguments, **changes})


class Vectors(unittest.TestCase):
    def test_builds_the_canonical_text_of_every_vector(self) -> None:
        for test in tests_of("canonical-text.json", "CanonicalText"):
            with self.subTest(test["id"]):
                text = countersign.canonical_text(
                    key_id=test["keyId"],
                    timestamp=test["timestamp"],
                    nonce=test["nonce"],
                    audience=test["audience"],
                    method=test["method"],
                    target=test["target"],
                    content_type=test["contentType"],
                    authorization=test["authorization"],
                    content_sha256=hashlib.sha256(bytes.fromhex(test["bodyHex"])).hexdigest(),
                )
                self.assertEqual(text, test["expected"]["canonicalText"])

    def test_sends_the_headers_of_every_request_vector(self) -> None:
        for test in tests_of("request-mac.json", "Sign"):
            given, key = test["sign"], test["key"]
            with self.subTest(test["id"]):
                headers = countersign.sign_request(
                    key_id=given["keyId"],
                    secret=bytes.fromhex(key["secretHex"]),
                    audience=test["audience"],
                    method=test["method"],
                    target=test["target"],
                    body=bytes.fromhex(test["bodyHex"]),
                    content_type=given["contentType"],
                    authorization=given["authorization"],
                    algorithm=key["algorithm"],
                    timestamp=int(given["timestamp"]),
                    nonce=given["nonce"],
                )
                self.assertEqual(list(headers.items()), [tuple(header) for header in test["expected"]["headers"]])

    def test_sends_the_headers_of_every_body_timestamp_vector(self) -> None:
        for test in tests_of("body-timestamp.json", "Sign"):
            with self.subTest(test["id"]):
                headers = countersign.sign_body_timestamp(
                    secret=bytes.fromhex(test["key"]["secretHex"]),
                    body=bytes.fromhex(test["bodyHex"]),
                    timestamp=int(test["sign"]["timestamp"]),
                    allow_weak_secret=True,
                )
                self.assertEqual(list(headers.items()), [tuple(header) for header in test["expected"]["headers"]])

    def test_cannot_be_made_to_send_a_nonce_or_key_id_that_the_vectors_call_malformed(self) -> None:
        for test in tests_of("request-mac.json", "Verify"):
            headers = dict(test["headers"])
            if test["flags"][0] not in ("NonceGrammar", "KeyIdGrammar"):
                continue
            with self.subTest(test["id"]), self.assertRaises(ValueError):
                sign(nonce=headers["x-hmac-nonce"], key_id=headers["x-hmac-key-id"])


class Refusals(unittest.TestCase):
    def test_refuses_a_line_feed_in_every_value(self) -> None:
        for name in ("key_id", "nonce", "audience", "method", "target", "content_type", "authorization"):
            value = {"nonce": NONCE, "target": "/orders"}.get(name, "value")
            for text in (f"{value}\n", f"{value}\nmethod:GET", f"{value}\r", f"\n{value}"):
                with self.subTest(name, text=text), self.assertRaises(ValueError):
                    sign(**{name: text})

    def test_refuses_a_target_that_would_not_travel_as_it_stands(self) -> None:
        for target in ("", "orders", "http://host/orders", "/orders#part", "/or ders", "/café", "?q=1", "/a\tb"):
            with self.subTest(target), self.assertRaises(ValueError):
                sign(target=target)

    def test_refuses_a_header_value_with_outer_spaces_because_they_are_lost_on_the_way(self) -> None:
        for value in (" application/json", "application/json ", "\tx", "", "caf\u00e9"):
            with self.subTest(value), self.assertRaises(ValueError):
                sign(content_type=value)

    def test_refuses_a_secret_of_31_bytes_and_takes_one_of_32(self) -> None:
        with self.assertRaises(ValueError):
            sign(secret=SECRET[:31])
        self.assertIn("x-hmac-sha256", sign(secret=SECRET[:32]))

    def test_refuses_a_sha512_secret_of_63_bytes_and_takes_one_of_64(self) -> None:
        with self.assertRaises(ValueError):
            sign(secret=LARGE_SECRET[:63], algorithm="sha512")
        self.assertIn("x-hmac-sha512", sign(secret=LARGE_SECRET[:64], algorithm="sha512"))

    def test_takes_a_short_secret_when_told_so_but_never_an_empty_one(self) -> None:
        self.assertIn("x-hmac-sha256", sign(secret=b"clave-secreta", allow_weak_secret=True))
        with self.assertRaises(ValueError):
            sign(secret=b"", allow_weak_secret=True)

    def test_refuses_text_where_bytes_are_needed(self) -> None:
        for name in ("secret", "body"):
            with self.subTest(name), self.assertRaises(TypeError):
                sign(**{name: "x" * 32})

    def test_refuses_a_timestamp_that_is_not_ten_digits(self) -> None:
        for timestamp in (999999999, 10000000000, -1700000000, 1700000000000):
            with self.subTest(timestamp), self.assertRaises(ValueError):
                sign(timestamp=timestamp)
        with self.assertRaises(TypeError):
            sign(timestamp=1700000000.5)

    def test_refuses_another_algorithm(self) -> None:
        for algorithm in ("md5", "sha1", "SHA256", ""):
            with self.subTest(algorithm), self.assertRaises(ValueError):
                sign(algorithm=algorithm)

    def test_refuses_a_client_option_that_its_profile_does_not_have(self) -> None:
        for options in (
            {"profile": "body-timestamp", "key_id": "billing"},
            {"profile": "body-timestamp", "audience": "orders"},
            {"profile": "body-timestamp", "algorithm": "sha512"},
            {"profile": "request", "key_id": "billing"},
            {"profile": "request", "audience": "orders"},
            {"profile": "other"},
        ):
            with self.subTest(options), self.assertRaises(ValueError):
                countersign.Client("http://127.0.0.1:1", secret=LARGE_SECRET, **options)

    def test_refuses_an_origin_with_a_path_or_a_user(self) -> None:
        for origin in ("http://host/path", "http://user@host", "ftp://host", "host", "http://ho\nst", "http://host?x"):
            with self.subTest(origin), self.assertRaises(ValueError):
                countersign.Client(origin, secret=SECRET, key_id="billing", audience="orders")

    def test_never_repeats_a_nonce_of_its_own(self) -> None:
        nonces = {sign(nonce=None)["x-hmac-nonce"] for _ in range(1000)}
        self.assertEqual(len(nonces), 1000)


class Handler(BaseHTTPRequestHandler):
    """Recomputes the MAC from the request as it arrived: 200 where it holds, 401 where not."""

    protocol_version = "HTTP/1.1"
    seen: List[Tuple[str, List[Tuple[str, str]], bytes]] = []

    def handle_request(self) -> None:
        request_line = self.raw_requestline.decode("latin-1").rstrip("\r\n")
        method, target, _ = request_line.split(" ")
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        Handler.seen.append((request_line, self.headers.items(), body))
        status, text = (302, b"elsewhere") if target == "/moved" else (200, b"done")
        if not self.mac_holds(method, target, body):
            status, text = 401, b"refused"
        self.send_response(status)
        if status == 302:
            self.send_header("location", "/orders")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def mac_holds(self, method: str, target: str, body: bytes) -> bool:
        header = self.headers.get
        if header("x-hmac-key-id") is None:
            mac = hmac.new(b"clave-secreta", body + header("x-hmac-timestamp").encode(), "sha256").hexdigest()
            return mac == header("x-hmac-sha256")
        algorithm = "sha512" if header("x-hmac-sha512") else "sha256"
        authorization = header("authorization")
        lines = [
            "countersign-hmac-v1",
            "key-id:" + header("x-hmac-key-id"),
            "timestamp:" + header("x-hmac-timestamp"),
            "nonce:" + header("x-hmac-nonce"),
            "audience:orders",
            "method:" + method,
            "target:" + target,
            "content-type:" + (header("content-type") or ""),
            "authorization-sha256:" + (hashlib.sha256(authorization.encode()).hexdigest() if authorization else ""),
            "content-sha256:" + hashlib.sha256(body).hexdigest(),
            "",
        ]
        secret = LARGE_SECRET if algorithm == "sha512" else SECRET
        return hmac.new(secret, "\n".join(lines).encode(), algorithm).hexdigest() == header(f"x-hmac-{algorithm}")

    do_GET = do_POST = do_PUT = do_DELETE = do_PROPFIND = handle_request

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Loopback(unittest.TestCase):
    server: ThreadingHTTPServer
    origin: str

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        cls.origin = f"http://127.0.0.1:{cls.server.server_address[1]}"
        threading.Thread(target=cls.server.serve_forever, args=(0.01,), daemon=True).start()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.server.shutdown()
        cls.server.server_close()

    def setUp(self) -> None:
        Handler.seen.clear()


class Requests(Loopback):
    def client(self, **options: Any) -> countersign.Client:
        usual = {"secret": SECRET, "key_id": "billing", "audience": "orders", "clock": lambda: NOW + 0.9, "nonce": lambda: NONCE}
        return countersign.Client(self.origin, **{**usual, **options})

    def test_a_service_that_recomputes_the_mac_accepts_a_request(self) -> None:
        response = self.client().request("POST", "/orders", b'{"amount":1}', [("Content-Type", "application/json")])
        self.assertEqual((response.status, response.body), (200, b"done"))

    def test_a_service_that_recomputes_the_mac_refuses_another_secret(self) -> None:
        self.assertEqual(self.client(secret=SECRET[::-1]).request("GET", "/orders").status, 401)

    def test_the_request_line_carries_the_target_byte_for_byte(self) -> None:
        for target in ("//orders//1", "/a/../b/./c", "/caf%C3%A9?q=a+b&r=%2b", "/orders?", "/%6frders;v=1"):
            with self.subTest(target):
                self.assertEqual(self.client().request("GET", target).status, 200)
                self.assertEqual(Handler.seen[-1][0], f"GET {target} HTTP/1.1")

    def test_binds_authorization_and_content_type_as_sent(self) -> None:
        headers = [("authorization", "Bearer a.b.c"), ("content-type", 'Text/Plain ;  charset="x"')]
        self.assertEqual(self.client().request("PUT", "/orders", b"x", headers).status, 200)

    def test_sends_binary_bodies_empty_bodies_and_other_methods(self) -> None:
        for method, body in (("POST", b"\x00\xff\r\n"), ("POST", b""), ("GET", b""), ("PROPFIND", b"x"), ("DELETE", b"")):
            with self.subTest(method, body=body):
                self.assertEqual(self.client().request(method, "/orders", body).status, 200)
                self.assertEqual(Handler.seen[-1][2], body)

    def test_signs_with_sha512(self) -> None:
        self.assertEqual(self.client(algorithm="sha512", secret=LARGE_SECRET).request("GET", "/orders").status, 200)

    def test_signs_with_the_two_header_profile(self) -> None:
        client = countersign.Client(
            self.origin, profile="body-timestamp", secret=b"clave-secreta", allow_weak_secret=True, clock=lambda: NOW
        )
        self.assertEqual(client.request("POST", "/orders", b"amount=1000").status, 200)
        names = [name for name, _ in Handler.seen[-1][1] if name.startswith("x-hmac-")]
        self.assertEqual(names, ["x-hmac-timestamp", "x-hmac-sha256"])

    def test_takes_time_and_nonce_from_what_is_injected(self) -> None:
        headers = self.client().sign("GET", "/orders")
        self.assertEqual((headers["x-hmac-timestamp"], headers["x-hmac-nonce"]), (str(NOW), NONCE))

    def test_does_not_follow_a_redirect(self) -> None:
        self.assertEqual(self.client().request("GET", "/moved").status, 302)
        self.assertEqual(len(Handler.seen), 1)

    def test_sends_nothing_where_a_header_is_refused(self) -> None:
        for headers in (
            [("content-type", "a/b"), ("Content-Type", "a/b")],
            [("authorization", "Bearer a"), ("authorization", "Bearer b")],
            [("x-hmac-nonce", NONCE)],
            [("content-length", "0")],
            [("transfer-encoding", "chunked")],
            [("x-name", "a\r\nx-other: b")],
            [("x-na me", "a")],
        ):
            with self.subTest(headers), self.assertRaises(ValueError):
                self.client().request("GET", "/orders", b"", headers)
        self.assertEqual(Handler.seen, [])


class Command(Loopback):
    def run_command(
        self, *argv: str, environment: Optional[Dict[str, str]] = None, stdin: bytes = b""
    ) -> Tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True), io.StringIO()
        environment = {"COUNTERSIGN_SECRET": SECRET.hex()} if environment is None else environment
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), mock.patch.dict(os.environ, environment):
            with mock.patch("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin))):
                code = countersign.main(argv, clock=lambda: NOW, nonce=lambda: NONCE)
        return code, out.buffer.getvalue().decode("utf-8"), err.getvalue()

    def signed(self, *argv: str) -> List[str]:
        return ["--key-id", "billing", "--audience", "orders", "--secret-format", "hex", *argv]

    def test_prints_status_and_body_and_exits_with_0_for_a_2xx_answer(self) -> None:
        arguments = self.signed("--header", "Content-Type: application/json", "--data", "{}", f"{self.origin}/orders?a=b+c")
        self.assertEqual(self.run_command(*arguments), (0, "200 OK\ndone", ""))
        self.assertEqual(Handler.seen[-1][0], "POST /orders?a=b+c HTTP/1.1")

    def test_exits_with_1_for_any_other_answer(self) -> None:
        code, out, _ = self.run_command(*self.signed(f"{self.origin}/orders"), environment={"COUNTERSIGN_SECRET": "00" * 32})
        self.assertEqual((code, out), (1, "401 Unauthorized\nrefused"))

    def test_exits_with_1_where_nobody_answers(self) -> None:
        code, out, err = self.run_command(*self.signed("http://127.0.0.1:1/orders"))
        self.assertEqual((code, out), (1, ""))
        self.assertIn("countersign: ", err)

    def test_exits_with_2_for_wrong_usage_and_sends_nothing(self) -> None:
        url = f"{self.origin}/orders"
        for argv in (
            [],
            [url],
            ["--key-id", "billing", url],
            self.signed("--algorithm", "md5", url),
            self.signed("--header", "no colon", url),
            self.signed("--header", "x-a: b\nx-c: d", url),
            self.signed("--header", "x-hmac-nonce: n", url),
            self.signed("--method", "GE T", url),
            self.signed("--secret-env", "COUNTERSIGN_ABSENT", url),
            self.signed("--secret-file", "/nonexistent/secret", url),
            self.signed("--data", "a", "--data-file", "b", url),
            self.signed("--secret", "x", url),
            self.signed(f"{url}#part"),
            self.signed("file:///etc/passwd"),
            ["--profile", "body-timestamp", "--key-id", "billing", url],
        ):
            with self.subTest(argv):
                self.assertEqual(self.run_command(*argv)[0], 2)
        self.assertEqual(Handler.seen, [])

    def test_a_dry_run_prints_the_signature_headers_as_json_and_sends_nothing(self) -> None:
        code, out, _ = self.run_command(*self.signed("--dry-run", "--method", "GET", f"{self.origin}/orders"))
        self.assertEqual((code, json.loads(out)), (0, sign(method="GET")))
        self.assertEqual(Handler.seen, [])

    def test_reads_the_body_from_a_file_and_from_standard_input(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "body"
            path.write_bytes(b"\x00file\n")
            self.assertEqual(self.run_command(*self.signed("--data-file", str(path), f"{self.origin}/orders"))[0], 0)
        self.assertEqual(Handler.seen[-1][2], b"\x00file\n")
        self.assertEqual(self.run_command(*self.signed("--data-file", "-", f"{self.origin}/"), stdin=b"\xffpipe")[0], 0)
        self.assertEqual(Handler.seen[-1][2], b"\xffpipe")

    def test_reads_the_secret_from_a_file_without_its_last_line_end(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "secret"
            for data in (b"clave-secreta", b"clave-secreta\n", b"clave-secreta\r\n"):
                path.write_bytes(data)
                arguments = ["--profile", "body-timestamp", "--allow-weak-secret", "--secret-file", str(path)]
                with self.subTest(data):
                    self.assertEqual(self.run_command(*arguments, "--data", "amount=1000", f"{self.origin}/")[0], 0)

    def test_prints_no_part_of_a_secret_that_it_cannot_read(self) -> None:
        for secret_format in ("hex", "base64"):
            arguments = self.signed("--secret-format", secret_format, f"{self.origin}/orders")
            code, out, err = self.run_command(*arguments, environment={"COUNTERSIGN_SECRET": "s3cr3t-\u00fc-w\u00f6rd"})
            with self.subTest(secret_format):
                self.assertEqual((code, out), (2, ""))
                self.assertEqual(err, f"countersign: secret: not {secret_format}\n")


if __name__ == "__main__":
    unittest.main()
