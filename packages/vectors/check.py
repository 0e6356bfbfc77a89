#!/usr/bin/env python3
"""Recomputes the vector files with the Python standard library alone: `python3 check.py`.

Prints one line per file and a last line `N passed, N failed`; the exit code is 1 where something failed. Every test of a
file is one check, the structure of the file (its JSON Schema, unique ids, noted flags) is another.

Recomputed: canonical texts, content digests, the MACs of both HMAC profiles, HS and RS signatures of tokens.
Not recomputed: PS, ES and EdDSA signatures, which the standard library cannot verify.
"""

import base64
import hashlib
import hmac
import json
import math
import re
import sys
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

HERE = Path(__file__).resolve().parent
Json = Dict[str, Any]


def read(name: str) -> Json:
    return json.loads((HERE / name).read_text(encoding="utf-8"))


# JSON Schema: the keywords that the schemas here use, an unknown one is an error.

TYPES: Dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}
ANNOTATIONS = {"$schema", "$id", "$defs", "title", "description"}


def schema_errors(value: Any, schema: Any, root: Json, where: str = "") -> Iterator[str]:
    """Yields what in `value` does not agree with `schema`; `root` is the document that `#/` refers to."""
    if isinstance(schema, bool):
        if not schema:
            yield f"{where}: not allowed"
        return
    for keyword, rule in schema.items():
        if keyword in ANNOTATIONS:
            continue
        if keyword == "$ref":
            name, pointer = rule.split("#/$defs/")
            document = read(f"schema/{name}") if name else root
            yield from schema_errors(value, document["$defs"][pointer], document, where)
        elif keyword == "type":
            names = [rule] if isinstance(rule, str) else rule
            if not any(TYPES[name](value) for name in names):
                yield f"{where}: not of type {rule}"
        elif keyword == "const":
            if value != rule or isinstance(value, bool) != isinstance(rule, bool):
                yield f"{where}: not {rule!r}"
        elif keyword == "enum":
            if value not in rule:
                yield f"{where}: not one of {rule}"
        elif keyword == "allOf":
            for part in rule:
                yield from schema_errors(value, part, root, where)
        elif keyword == "oneOf":
            if sum(not any(schema_errors(value, part, root, where)) for part in rule) != 1:
                yield f"{where}: not exactly one of the alternatives"
        elif keyword in ("pattern", "minLength"):
            if isinstance(value, str):
                holds = re.search(rule, value) if keyword == "pattern" else len(value) >= rule
                if not holds:
                    yield f"{where}: {keyword} {rule}"
        elif keyword == "minimum":
            if isinstance(value, (int, float)) and value < rule:
                yield f"{where}: below {rule}"
        elif keyword in ("minItems", "maxItems", "items"):
            if not isinstance(value, list):
                continue
            if keyword == "minItems" and len(value) < rule or keyword == "maxItems" and len(value) > rule:
                yield f"{where}: {keyword} {rule}"
            if keyword == "items":
                for index, item in enumerate(value):
                    yield from schema_errors(item, rule, root, f"{where}/{index}")
        elif keyword in ("required", "properties", "additionalProperties"):
            if not isinstance(value, dict):
                continue
            if keyword == "required":
                yield from (f"{where}: without {name}" for name in rule if name not in value)
            elif keyword == "properties":
                for name in rule.keys() & value.keys():
                    yield from schema_errors(value[name], rule[name], root, f"{where}/{name}")
            else:
                for name in value.keys() - schema.get("properties", {}).keys():
                    yield from schema_errors(value[name], rule, root, f"{where}/{name}")
        else:
            yield f"{where}: the schema has an unknown keyword {keyword}"


def structure_errors(file: Json, schema_name: str) -> Iterator[str]:
    schema = read(schema_name)
    yield from schema_errors(file, schema, schema)
    tests = [test for group in file.get("testGroups", []) for test in group["tests"]]
    if not tests:
        return
    ids = [test["id"] for test in tests]
    if len(set(ids)) != len(ids):
        yield f"ids stand twice: {sorted({name for name in ids if ids.count(name) > 1})}"
    if file["numberOfTests"] != len(tests):
        yield f"numberOfTests is {file['numberOfTests']}, there are {len(tests)}"
    flags = {flag for test in tests for flag in test["flags"]}
    for flag in sorted(flags ^ file["notes"].keys()):
        yield f"flag {flag} has no note, or no test"


# The wire formats.


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def mac_hex(key: Json, message: bytes) -> str:
    return hmac.new(bytes.fromhex(key["secretHex"]), message, key["algorithm"]).hexdigest()


def canonical_text(fields: Json) -> str:
    authorization = fields["authorization"]
    return (
        "countersign-hmac-v1\n"
        f"key-id:{fields['keyId']}\n"
        f"timestamp:{fields['timestamp']}\n"
        f"nonce:{fields['nonce']}\n"
        f"audience:{fields['audience']}\n"
        f"method:{fields['method']}\n"
        f"target:{fields['target']}\n"
        f"content-type:{fields['contentType'] or ''}\n"
        f"authorization-sha256:{'' if authorization is None else sha256_hex(authorization.encode('latin-1'))}\n"
        f"content-sha256:{fields['contentSha256']}\n"
    )


def header_values(test: Json, name: str) -> List[str]:
    return [value for header, value in test["headers"] if header.lower() == name]


def received(test: Json, names: Dict[str, str], optional: Dict[str, str]) -> Optional[Json]:
    """The values of single headers by field; None where one is missing or repeated."""
    fields: Json = {}
    for field, name in {**names, **optional}.items():
        values = header_values(test, name)
        if len(values) > 1 or (not values and field in names):
            return None
        fields[field] = values[0] if values else None
    return fields


# One function per file: what is wrong with one test, in words.


def canonical_text_errors(test: Json, _group: Json, _file: Json) -> Iterator[str]:
    body = bytes.fromhex(test["bodyHex"])
    if test["bodyUtf8"] is not None and test["bodyUtf8"].encode("utf-8") != body:
        yield "bodyUtf8 is not bodyHex"
    digest = sha256_hex(body)
    if digest != test["expected"]["contentSha256"]:
        yield "contentSha256 differs"
    if canonical_text({**test, "contentSha256": digest}) != test["expected"]["canonicalText"]:
        yield "canonicalText differs"


def request_mac_errors(test: Json, _group: Json, _file: Json) -> Iterator[str]:
    key, body = test["key"], bytes.fromhex(test["bodyHex"])
    mac_header = f"x-hmac-{key['algorithm']}"
    if "sign" in test:
        fields = {**test, **test["sign"], "contentSha256": sha256_hex(body)}
        text = canonical_text(fields)
        mac = mac_hex(key, text.encode("utf-8"))
        headers = [
            ["x-hmac-key-id", fields["keyId"]],
            ["x-hmac-timestamp", fields["timestamp"]],
            ["x-hmac-nonce", fields["nonce"]],
            ["x-hmac-content-sha256", fields["contentSha256"]],
            [mac_header, mac],
        ]
        expected = {"canonicalText": text, "contentSha256": fields["contentSha256"], "mac": mac, "headers": headers}
        yield from (f"{name} differs" for name, value in expected.items() if test["expected"][name] != value)
        if [header for header in test["headers"] if header[0].startswith("x-hmac-")] != headers:
            yield "the request does not carry the expected headers"
    names = {
        "keyId": "x-hmac-key-id",
        "timestamp": "x-hmac-timestamp",
        "nonce": "x-hmac-nonce",
        "contentSha256": "x-hmac-content-sha256",
        "mac": mac_header,
    }
    fields = received(test, names, {"contentType": "content-type", "authorization": "authorization"})
    matches = None
    if fields is not None:
        matches = mac_hex(key, canonical_text({**test, **fields}).encode("utf-8")) == fields["mac"]
        if test["result"] == "valid" and fields["contentSha256"] != sha256_hex(body):
            yield "valid, but the digest is of another body"
        if test.get("reason") == "content_digest_mismatch" and fields["contentSha256"] == sha256_hex(body):
            yield "content_digest_mismatch, but the digest is of this body"
    yield from judgement_errors(test, matches)


def body_timestamp_errors(test: Json, _group: Json, _file: Json) -> Iterator[str]:
    key, body = test["key"], bytes.fromhex(test["bodyHex"])
    if "sign" in test:
        timestamp = test["sign"]["timestamp"]
        mac = mac_hex(key, body + timestamp.encode("ascii"))
        headers = [["x-hmac-timestamp", timestamp], ["x-hmac-sha256", mac]]
        if test["expected"] != {"mac": mac, "headers": headers}:
            yield "expected differs"
        if [header for header in test["headers"] if header[0].startswith("x-hmac-")] != headers:
            yield "the request does not carry the expected headers"
    fields = received(test, {"timestamp": "x-hmac-timestamp", "mac": "x-hmac-sha256"}, {})
    matches = None
    if fields is not None:
        matches = mac_hex(key, body + fields["timestamp"].encode("latin-1")) == fields["mac"]
    yield from judgement_errors(test, matches)


def judgement_errors(test: Json, matches: Optional[bool]) -> Iterator[str]:
    """What the reason says of the MAC, the timestamp and the nonce has to be so."""
    reason = test.get("reason")
    if matches is not test["macMatches"]:
        yield f"macMatches is {test['macMatches']}, computed {matches}"
    if reason == "signature_invalid" and matches:
        yield "signature_invalid, but the MAC matches"
    if reason == "content_digest_mismatch" and not matches:
        yield "content_digest_mismatch, but the MAC does not match"
    timestamps = header_values(test, "x-hmac-timestamp")
    if len(timestamps) == 1:
        well_formed = re.fullmatch("[1-9][0-9]{9}", timestamps[0], re.ASCII) is not None
        if well_formed is (reason == "timestamp_malformed"):
            yield f"the timestamp is {'well' if well_formed else 'mal'}formed, the reason {reason}"
        stale = well_formed and abs(test["now"] - int(timestamps[0])) > 300
        if stale is not (reason == "timestamp_out_of_range"):
            yield f"the timestamp is {'' if stale else 'not '}stale, the reason {reason}"
    nonces = header_values(test, "x-hmac-nonce")
    if len(nonces) == 1:
        well_formed = re.fullmatch("[A-Za-z0-9_-]{16,128}", nonces[0], re.ASCII) is not None
        if well_formed is (reason == "nonce_malformed"):
            yield f"the nonce is {'well' if well_formed else 'mal'}formed, the reason {reason}"


def base64url(text: str) -> bytes:
    """Strict: no padding, no other alphabet, no spare bits."""
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii") != text:
        raise ValueError("not canonical base64url")
    return data


DIGEST_INFO = {
    "256": "3031300d060960864801650304020105000420",
    "384": "3041300d060960864801650304020205000430",
    "512": "3051300d060960864801650304020305000440",
}


def rsa_holds(jwk: Json, bits: str, text: bytes, signature: bytes) -> bool:
    """RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2.2)."""
    n, e = (int.from_bytes(base64url(jwk[name]), "big") for name in ("n", "e"))
    size = (n.bit_length() + 7) // 8
    info = bytes.fromhex(DIGEST_INFO[bits]) + hashlib.new(f"sha{bits}", text).digest()
    encoded = b"\0\1" + b"\xff" * (size - len(info) - 3) + b"\0" + info
    return len(signature) == size and pow(int.from_bytes(signature, "big"), e, n) == int.from_bytes(encoded, "big")


def signature_holds(token: str, keys: Dict[str, Json]) -> Optional[bool]:
    """Whether the token has a right signature by the key it names; None where that cannot be told here."""
    try:
        header_part, payload_part, signature_part = token.split(".")
        header, signature = json.loads(base64url(header_part)), base64url(signature_part)
        base64url(payload_part)
        key, algorithm = keys[header["kid"]], header["alg"]
        if key["algorithm"] != algorithm or algorithm[:2] not in ("HS", "RS"):
            return None
    except (ValueError, KeyError, TypeError):
        return None
    text = f"{header_part}.{payload_part}".encode("ascii")
    if algorithm.startswith("HS"):
        return hmac.new(bytes.fromhex(key["secretHex"]), text, f"sha{algorithm[2:]}").digest() == signature
    return rsa_holds(key["publicJwk"], algorithm[2:], text, signature)


# Reasons that are given after the signature was found right.
AFTER_SIGNATURE = {
    "token_expired",
    "token_not_yet_valid",
    "audience_invalid",
    "token_type_invalid",
    "claim_missing",
    "claim_invalid",
}


def bearer_errors(test: Json, group: Json, file: Json) -> Iterator[str]:
    configured = {kid for issuer in group["issuers"] for kid in issuer["kids"]}
    keys = {key["kid"]: key for key in file["keys"] if key["kid"] in configured}
    if len(keys) != len(configured):
        yield "a kid of the group has no key"
    reason, token = test.get("reason"), test["token"]
    holds = signature_holds(token, keys)
    if holds is False and (test["result"] == "valid" or reason in AFTER_SIGNATURE):
        yield "the signature does not hold"
    if holds is True and reason == "signature_invalid":
        yield "signature_invalid, but the signature holds"
    if (len(token) > 8192) is not (reason == "token_too_large"):
        yield f"{len(token)} bytes, the reason is {reason}"
    if reason in AFTER_SIGNATURE and reason != "token_type_invalid":
        yield from refused_claims_errors(json.loads(base64url(token.split(".")[1])), reason, group)
    if test["result"] == "valid":
        payload = json.loads(base64url(token.split(".")[1]))
        claims = {
            "sub": payload["sub"],
            "roles": payload.get("roles", []),
            "scopes": payload["scope"].split(" ") if "scope" in payload else [],
        }
        if claims != test["expected"]:
            yield f"expected differs from the claims {claims}"
        audiences = payload["aud"] if isinstance(payload["aud"], list) else [payload["aud"]]
        now, skew = group["now"], group["skewSeconds"]
        if group["audience"] not in audiences:
            yield "valid, but for another audience"
        if now >= payload["exp"] + skew or max(payload.get("nbf", 0), payload.get("iat", 0)) > now + skew:
            yield "valid, but outside its time"


def refused_claims_errors(payload: Json, reason: str, group: Json) -> Iterator[str]:
    """The claim has to be wrong in the way that the reason says."""
    now, skew = group["now"], group["skewSeconds"]
    numbers = [payload[name] for name in ("exp", "nbf", "iat") if name in payload]
    wrong_type = any(type(value) not in (int, float) or math.isinf(value) for value in numbers)
    holds = {
        "claim_missing": lambda: not {"exp", "sub"} <= payload.keys(),
        "claim_invalid": lambda: wrong_type or not isinstance(payload["sub"], str) or payload["sub"] == "",
        "audience_invalid": lambda: payload.get("aud") not in (group["audience"], [group["audience"]]),
        "token_expired": lambda: now >= payload["exp"] + skew,
        "token_not_yet_valid": lambda: max(payload.get("nbf", 0), payload["iat"]) > now + skew,
    }
    if not holds[reason]():
        yield f"the claims are no case of {reason}"


def key_errors(key: Json) -> Iterator[str]:
    if "secretJwk" in key and base64url(key["secretJwk"]["k"]).hex() != key["secretHex"]:
        yield "secretJwk is not secretHex"
    if "privateJwk" in key:
        differing = [name for name, value in key["publicJwk"].items() if key["privateJwk"].get(name) != value]
        if differing or "d" in key["publicJwk"]:
            yield "publicJwk is not the public part of privateJwk"


def target_errors(file: Json) -> Iterator[str]:
    for key in file["jwt"]:
        yield from (f"{key['kid']}: {error}" for error in key_errors(key))
    secrets = [key["secretHex"] for key in file["hmac"] + file["jwt"] if "secretHex" in key]
    if len(set(secrets)) != len(secrets):
        yield "two keys have one secret"
    ids = [key["id"] for key in file["hmac"]] + [key["kid"] for key in file["jwt"]]
    if len(set(ids)) != len(ids):
        yield "two keys have one id"
    for key in file["hmac"]:
        least = {"sha256": 32, "sha512": 64}[key["algorithm"]]
        if key["profile"] == "request" and len(key["secretHex"]) < least * 2:
            yield f"{key['id']}: a secret of less than {least} bytes"


def main() -> int:
    test_checks = {
        "canonical-text": canonical_text_errors,
        "request-mac": request_mac_errors,
        "body-timestamp": body_timestamp_errors,
        "bearer": bearer_errors,
    }
    total_passed = total_failed = 0
    for name in [*test_checks, "target"]:
        file = read(f"{name}.json")
        failures = [["structure", list(structure_errors(file, f"schema/{name}.schema.json"))]]
        if name == "target":
            failures.append(["keys", list(target_errors(file))])
        if name == "bearer":
            failures.append(["keys", [error for key in file["keys"] for error in key_errors(key)]])
        for group in file.get("testGroups", []):
            for test in group["tests"]:
                failures.append([test["id"], list(test_checks[name](test, group, file))])
        failed = [(check, errors) for check, errors in failures if errors]
        print(f"{name}.json: {len(failures) - len(failed)} passed, {len(failed)} failed", flush=True)
        for check, errors in failed:
            print(f"  {check}: {'; '.join(errors)}", file=sys.stderr)
        total_passed += len(failures) - len(failed)
        total_failed += len(failed)
    print(f"{total_passed} passed, {total_failed} failed")
    return 1 if total_failed else 0


if __name__ == "__main__":
    sys.exit(main())
