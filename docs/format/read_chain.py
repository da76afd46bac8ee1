#!/usr/bin/env python3
"""Rebuilds a graph from a chain in a directory, without Varve.

An example of a reader written from the pages beside it: manifest.md, segment.md, topology.md,
change.md and, for encrypted repositories, encryption.md. It keeps the whole graph in memory.

    read_chain.py [--key FILE] [--at vv:neo4j@1=57 | --at latest]... [--list] DIRECTORY GRAPH

For each moment it prints one line of JSON: how many vertices and edges, and the fingerprint of what
it rebuilt. It checks lengths, hashes and checksums on the way, every element's hash, and what the
manifest promises; anything that is not as it should be ends it with exit code 2.

Needs python3-avro, python3-zstandard and, to decrypt, python3-cryptography (Debian's names).
"""

import argparse
import base64
import datetime
import hashlib
import hmac
import io
import json
import math
import os
import re
import struct
import sys

from avro.datafile import DataFileReader
from avro.io import DatumReader


class Damaged(Exception):
    """Something is not what was written there."""


# --- repositories: manifest.md "Where objects are", encryption.md ------------------------------


class Directory:
    """Objects as files."""

    def __init__(self, root):
        self.root = root

    def read(self, name):
        try:
            with open(os.path.join(self.root, name), "rb") as file:
                return file.read()
        except FileNotFoundError:
            raise Damaged(name + " is missing")

    def list(self, directory):
        path = os.path.join(self.root, directory)
        return sorted(n for n in os.listdir(path) if not n.startswith(".")) if os.path.isdir(path) else []


class Encrypted:
    """Objects that are decrypted when they are read."""

    MAGIC = b"VARVECR\x01"
    HEADER = 84
    CHUNK = 65536 + 16

    def __init__(self, directory, master):
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self.directory, self.aes, self.invalid = directory, AESGCM, InvalidTag
        self.keys = self.keyring(master)

    def list(self, directory):
        return self.directory.list(directory)

    def keyring(self, master):
        def derived(what):
            return hmac.new(master, b"varve master key: " + what, hashlib.sha256).digest()

        for name in reversed(self.directory.list("keys")):
            name = "keys/" + name
            text = self.directory.read(name)
            ring = checked_json(name, text, "varve-keyring", ["1"])
            if ring["masterKeyId"] != derived(b"id")[:8].hex():
                continue  # of another master key; an older one may be ours
            signed = text[: text.rindex(b'"mac"')]
            mac = hmac.new(derived(b"mac"), signed, hashlib.sha256).hexdigest()
            if not hmac.compare_digest(mac, ring["mac"]):
                raise Damaged(name + " was not written with this key")
            keys = {}
            for key in ring["keys"]:
                wrapped = base64.b64decode(key["wrapped"])
                associated = b"varve repository key " + key["id"].encode("ascii")
                keys[key["id"]] = self.open(name, derived(b"wrap"), wrapped[:12], wrapped[12:], associated)
            return keys
        raise Damaged("this is not the key")

    def read(self, name):
        sealed = self.directory.read(name)
        header = sealed[: self.HEADER]
        if len(header) < self.HEADER or header[:8] != self.MAGIC:
            raise Damaged(name + " does not begin as an encrypted object does")
        key = self.keys.get(header[8:24].hex())
        if key is None:
            raise Damaged(name + ": its key is not in the keyring")
        path = name.encode("utf-8")
        data_key = self.open(name, key, header[24:36], header[36:84], header[:24] + path)
        content = []
        chunks = max(1, math.ceil((len(sealed) - self.HEADER) / self.CHUNK))
        for i in range(chunks):
            start = self.HEADER + i * self.CHUNK
            chunk = sealed[start : start + self.CHUNK]
            last = i == chunks - 1
            if len(chunk) < 16 or (len(chunk) == 16 and i > 0):
                raise Damaged(name + " is cut off")
            nonce = i.to_bytes(11, "big") + (b"\x01" if last else b"\x00")
            content.append(self.open(name, data_key, nonce, chunk, header + path))
        return b"".join(content)

    def open(self, name, key, nonce, sealed, associated):
        try:
            return self.aes(key).decrypt(nonce, sealed, associated)
        except self.invalid:
            raise Damaged(name + " does not decrypt")


def master_key(file):
    with open(file, "rb") as opened:
        content = opened.read()
    if len(content) == 32:
        return content
    text = content.decode("ascii").strip()
    if re.fullmatch("[0-9a-fA-F]{64}", text):
        return bytes.fromhex(text)
    return base64.urlsafe_b64decode(text.replace("+", "-").replace("/", "_") + "=" * (-len(text) % 4))


# --- the chain: manifest.md ---------------------------------------------------------------------


def checked_json(name, text, form, versions):
    """A JSON object that ends with its own checksum."""
    try:
        document = json.loads(text)
    except ValueError as e:
        raise Damaged("%s is not JSON: %s" % (name, e))
    if document.get("format") != form or document["version"].split(".")[0] not in versions:
        raise Damaged("%s is not a %s of version %s" % (name, form, " or ".join(versions)))
    if hashlib.sha256(text[: text.rindex(b'"checksum"')]).hexdigest() != document["checksum"]:
        raise Damaged(name + ": the checksum is wrong")
    return document


def load_chain(repository, graph):
    """All snapshots by number, what is expired left out. A link that does not hold is damage."""
    entries, hashes = {}, {}
    for file in repository.list(graph + "/manifests"):
        if re.fullmatch(r"[0-9]{20}\.json", file):
            name = graph + "/manifests/" + file
            text = repository.read(name)
            entries[int(file[:20])] = checked_json(name, text, "varve-manifest", ["1", "2"])
            hashes[int(file[:20])] = hashlib.sha256(text).hexdigest()
    expired = []
    for number in sorted(entries, reverse=True):
        if entries[number]["kind"] == "ledger":
            expired = entries[number]["expired"]
            break
    snapshots = []
    for number in range(1, max(entries, default=0) + 1):
        if any(r["first"] <= number <= r["last"] for r in expired):
            continue
        if number not in entries:
            raise Damaged("number %d is missing" % number)
        child = entries.get(number + 1)
        if child is not None and child["parent"] != {"number": number, "sha256": hashes[number]}:
            raise Damaged("number %d is not what the next one names" % number)
        if entries[number]["kind"] != "ledger":
            snapshots.append(entries[number])
    return snapshots


def covers(vector, other):
    """Whether a version vector holds all that another one holds."""
    return all(vector.get(site, 0) >= seq for site, seq in other.items())


def refuse_inexact(snapshots, target):
    """Where the store's log lacked removals the graph is not known."""

    def lives_on(site):
        name, life = site.rsplit("@", 1)
        return any(o.rsplit("@", 1)[0] == name and int(o.rsplit("@", 1)[1]) > int(life) for o in target)

    for snapshot in snapshots:
        for span in snapshot.get("inexact", []):
            site = span["site"]
            if site in target and span["first"] <= target[site] <= span["last"] and not lives_on(site):
                raise Damaged("%s is not known exactly: %s" % (target, span))


def way_to(snapshots, target):
    """Snapshots that lead to a target: a whole one, then deltas, each beginning where one ends."""
    refuse_inexact(snapshots, target)

    def onward(reached):
        if reached == target:
            return []
        steps = [s for s in snapshots if s["kind"] in ("delta", "merged", "thinned") and s["from"] == reached]
        for step in sorted(steps, key=lambda s: sum(s["to"].values()), reverse=True):
            if covers(target, step["to"]):
                rest = onward(step["to"])
                if rest is not None:
                    return [step] + rest
            elif step["kind"] != "thinned" and covers(step["to"], target):
                return [step]  # the target lies inside it
        return None

    for whole in reversed([s for s in snapshots if s["kind"] in ("base", "checkpoint")]):
        if covers(target, whole["to"]):
            rest = onward(whole["to"])
            if rest is not None:
                return [whole] + rest
    raise Damaged("no way leads to %s" % target)


# --- segments: segment.md -----------------------------------------------------------------------


EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def utf16(text):
    """Sorts as Java sorts strings."""
    return text.encode("utf-16-be", "surrogatepass")


def elements_of(block):
    """What version 2 has in columns, as version 1 has it; the hash is made when it is needed."""
    if len({len(column) for name, column in block.items() if name != "sites"}) != 1:
        raise Damaged("the columns of a block are not of one length")
    last_id, index, seq, micros = b"", 0, 0, 0
    for i, shared in enumerate(block["shared"]):
        last_id = last_id[:shared] + block["rest"][i].encode("utf-8")
        index += block["index"][i]
        seq += block["seq"][i]
        micros += block["committedAt"][i]
        site = block["sites"][block["site"][i]]
        seen = block["seen"][i] or {"weight": seq, "vector": [{"site": site, "seq": seq}]}
        version = {
            "site": site,
            "seq": seq,
            "index": index,
            "committedAt": EPOCH + datetime.timedelta(microseconds=micros),
            "weight": seen["weight"],
            "vector": seen["vector"],
            "lost": block["lost"][i],
            "alteredLabels": block["alteredLabels"][i],
            "alteredProperties": block["alteredProperties"][i],
            "state": block["states"][i],
        }
        yield {"id": last_id.decode("utf-8"), "version": version}


def read_segment(repository, segment):
    """The versions in a segment, compared with what its manifest says of it."""
    name = segment["key"]
    content = repository.read(name)
    if len(content) != segment["bytes"] or hashlib.sha256(content).hexdigest() != segment["sha256"]:
        raise Damaged(name + " was altered")
    entries = list(DataFileReader(io.BytesIO(content), DatumReader()))
    one_each = bool(entries) and "shared" in entries[0]
    if one_each:
        entries = [element for block in entries for element in elements_of(block)]
    ids = [entry["id"] for entry in entries]
    order = [(len(utf16(i)), utf16(i)) for i in ids]
    removed = sum(1 for entry in entries if entry["version"]["state"] is None)
    if (
        len(entries) != segment["versions"]
        or removed != segment["tombstones"]
        or (ids[0], ids[-1]) != (segment["firstId"], segment["lastId"])
        or order != sorted(order)
        or (one_each and len(set(ids)) != len(ids))
    ):
        raise Damaged(name + " does not hold what its manifest says")
    return entries


def site_order(site):
    name, incarnation = site.rsplit("@", 1)
    return utf16(name), int(incarnation)


def version_order(version):
    """topology.md, "The order of versions"."""
    return (
        version["weight"],
        version["committedAt"],
        site_order(version["site"]),
        version["seq"],
        version["index"],
    )


def rebuild(repository, way, target):
    """Each element's greatest version that the target covers, without those that are removals."""
    newest = {}
    for snapshot in way:
        for segment in snapshot["segments"]:
            for entry in read_segment(repository, segment):
                version = entry["version"]
                if target.get(version["site"], 0) < version["seq"]:
                    continue
                key = (segment["kind"], entry["id"])
                if key not in newest or version_order(newest[key]) < version_order(version):
                    newest[key] = version
    return {key: version for key, version in newest.items() if version["state"] is not None}


# --- hashes: topology.md, "The hash of an element" -----------------------------------------------


def i32(number):
    return struct.pack(">i", number)


def i64(number):
    return struct.pack(">q", number)


def string(text):
    encoded = text.encode("utf-8")
    return i32(len(encoded)) + encoded


def double(number):
    return bytes.fromhex("7ff8000000000000") if math.isnan(number) else struct.pack(">d", number)


def properties(entries):
    keys = sorted(entries, key=utf16)
    return i32(len(keys)) + b"".join(string(k) + value(entries[k]) for k in keys)


def decimal_text(unscaled, scale):
    digits, sign = str(abs(unscaled)), "-" if unscaled < 0 else ""
    if unscaled == 0:
        return "0"
    while digits.endswith("0"):
        digits, scale = digits[:-1], scale - 1
    exponent = len(digits) - 1 - scale
    if scale >= 0 and exponent >= -6:
        if scale == 0:
            return sign + digits
        digits = digits.rjust(scale + 1, "0")
        return sign + digits[:-scale] + "." + digits[-scale:]
    fraction = "." + digits[1:] if len(digits) > 1 else ""
    return "%s%s%sE%+d" % (sign, digits[0], fraction, exponent)


def value(wrapped):
    """The canonical form of a value. The records of the union differ in their fields."""
    v = wrapped["value"]
    if v is None:
        return b"\x00"
    if isinstance(v, bool):
        return b"\x01" + (b"\x01" if v else b"\x00")
    if isinstance(v, int):
        return b"\x02" + i64(v)
    if isinstance(v, float):
        return b"\x03" + double(v)
    if isinstance(v, str):
        return b"\x05" + string(v)
    if isinstance(v, bytes):
        return b"\x06" + i32(len(v)) + v
    fields = set(v)
    if fields == {"bits", "value"}:  # Int
        return b"\x02" + i64(v["value"])
    if fields == {"value"}:  # Float32, Character
        return value(v)
    if fields == {"unscaled", "scale"}:
        number = int.from_bytes(v["unscaled"], "big", signed=True)
        return b"\x04" + string(decimal_text(number, v["scale"]))
    if fields == {"high", "low"}:
        return b"\x07" + i64(v["high"]) + i64(v["low"])
    if fields == {"epochDay"}:
        return b"\x08" + i64(v["epochDay"])
    if fields == {"nanoOfDay", "offsetSeconds"}:
        return b"\x09" + i64(v["nanoOfDay"]) + i32(v["offsetSeconds"])
    if fields == {"nanoOfDay"}:
        return b"\x0a" + i64(v["nanoOfDay"])
    if fields == {"epochDay", "nanoOfDay"}:
        return b"\x0b" + i64(v["epochDay"]) + i64(v["nanoOfDay"])
    if fields == {"epochSecond", "nano", "offsetSeconds"}:
        return b"\x0c" + i64(v["epochSecond"]) + i32(v["nano"]) + i32(v["offsetSeconds"])
    if fields == {"epochSecond", "nano", "zone"}:
        return b"\x0d" + i64(v["epochSecond"]) + i32(v["nano"]) + string(v["zone"])
    if fields == {"epochSecond", "nano"}:
        return b"\x0e" + i64(v["epochSecond"]) + i32(v["nano"])
    if fields == {"months", "days", "seconds", "nanos"}:
        return b"\x0f" + i64(v["months"]) + i64(v["days"]) + i64(v["seconds"]) + i32(v["nanos"])
    if fields == {"srid", "coordinates"}:
        places = v["coordinates"]
        return b"\x10" + i32(v["srid"]) + i32(len(places)) + b"".join(map(double, places))
    if fields == {"wkt"}:
        return b"\x11" + string(v["wkt"])
    if fields == {"items", "stored"}:
        return b"\x12" + i32(len(v["items"])) + b"".join(map(value, v["items"]))
    if fields == {"entries"}:
        return b"\x13" + properties(v["entries"])
    raise Damaged("a value with the fields %s" % sorted(fields))


def element_hash(kind, element_id, state):
    if kind == "vertex":
        labels = sorted(state["labels"], key=utf16)
        form = b"V" + string(element_id) + i32(len(labels)) + b"".join(map(string, labels))
    else:
        form = b"E" + string(state["type"]) + string(state["start"]) + string(state["end"])
    return hashlib.sha256(form + properties(state["properties"])).digest()[:16]


def fingerprint(graph):
    total = 0
    for (kind, element_id), version in graph.items():
        computed = element_hash(kind, element_id, version["state"])
        if computed != version.get("hash", computed):
            raise Damaged("%s %s does not have the hash that it carries" % (kind, element_id))
        total += int.from_bytes(computed, "big")
    return "%032x" % (total % (1 << 128))


# ------------------------------------------------------------------------------------------------


def read_moment(repository, snapshots, target):
    way = way_to(snapshots, target)
    graph = rebuild(repository, way, target)
    vertices = sum(1 for kind, _ in graph if kind == "vertex")
    found = {
        "vector": target,
        "snapshots": [snapshot["number"] for snapshot in way],
        "vertices": vertices,
        "edges": len(graph) - vertices,
        "fingerprint": fingerprint(graph),
    }
    last = way[-1]
    if last["to"] == target:
        promised = dict(last["counts"], fingerprint=last["fingerprint"])
        for what in ("vertices", "edges", "fingerprint"):
            if promised[what] != found[what]:
                raise Damaged("%s: %s promised, %s found" % (what, promised[what], found[what]))
    return graph, found


def printable(anything):
    if isinstance(anything, dict):
        return {k: printable(v) for k, v in anything.items()}
    if isinstance(anything, list):
        return [printable(item) for item in anything]
    if isinstance(anything, bytes):
        return anything.hex()
    return anything


def main():
    arguments = argparse.ArgumentParser(description="Rebuild a graph from a chain in a directory.")
    arguments.add_argument("--key", metavar="FILE", help="the master key of an encrypted repository")
    arguments.add_argument("--at", action="append", help="latest, or vv:site=seq,...; may be repeated")
    arguments.add_argument("--list", action="store_true", help="print the elements too")
    arguments.add_argument("directory")
    arguments.add_argument("graph")
    options = arguments.parse_args()
    try:
        repository = Directory(options.directory)
        if options.key:
            repository = Encrypted(repository, master_key(options.key))
        snapshots = load_chain(repository, options.graph)
        if not snapshots:
            raise Damaged("there is no chain of " + options.graph)
        for at in options.at or ["latest"]:
            if at == "latest":
                target = max((s["to"] for s in snapshots), key=lambda to: sum(to.values()))
            else:
                target = {s: int(n) for s, n in (p.rsplit("=", 1) for p in at[3:].split(","))}
            graph, found = read_moment(repository, snapshots, target)
            print(json.dumps(found, sort_keys=True))
            if options.list:
                for (kind, element_id), version in sorted(graph.items(), key=lambda e: e[0]):
                    state = printable(version["state"])
                    print(json.dumps({"kind": kind, "id": element_id, "state": state}))
    except Damaged as damage:
        print("DAMAGED: %s" % damage, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
