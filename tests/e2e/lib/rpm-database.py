#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rpm-database.py FILE PAGESIZE NAME:EPOCH:VERSION:RELEASE:ARCH[:PADDING]...

A database as rpm makes it, of these packages; PADDING is how many bytes their headers have besides. An epoch may be empty.
"""

import sqlite3
import struct
import sys

INT32, STRING, BIN = 4, 6, 7


def header(name, epoch, version, release, arch, padding=0):
    tags = [(1000, STRING, name.encode() + b"\0"), (1001, STRING, version.encode() + b"\0"),
            (1002, STRING, release.encode() + b"\0"), (1022, STRING, arch.encode() + b"\0"), (1118, BIN, b"x" * int(padding))]
    if epoch:
        tags.insert(0, (1003, INT32, struct.pack(">I", int(epoch))))
    index, data = b"", b""
    for tag, kind, value in tags:
        index += struct.pack(">IIII", tag, kind, len(data), len(value) if kind == BIN else 1)
        data += value
    return struct.pack(">II", len(tags), len(data)) + index + data


def main():
    database = sqlite3.connect(sys.argv[1])
    database.execute("PRAGMA page_size = " + sys.argv[2])
    database.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
    database.execute("CREATE TABLE 'Name' (key TEXT NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL)")
    for package in sys.argv[3:]:
        database.execute("INSERT INTO Packages (blob) VALUES (?)", (header(*package.split(":")),))
    database.commit()


main()
